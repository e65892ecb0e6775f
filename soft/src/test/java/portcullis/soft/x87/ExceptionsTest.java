package portcullis.soft.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

/** When x87 instructions raise #NM and #MF, and that faults change nothing. */
class ExceptionsTest {
    private static final int NM = 7;
    private static final int PF = 14;
    private static final int MF = 16;
    private static final long CR0 = 0x80010031L;
    private static final long MP = 2;
    private static final long EM = 4;
    private static final long TS = 8;
    private static final long NE = 0x20;
    private static final int RAM = 16 << 20;

    private final Workbench bench = new Workbench();

    @AfterEach
    void close() {
        bench.close();
    }

    private void cr0(long bits) {
        bench.machine.cpu.set(Register.CR0, CR0 & ~NE | bits);
    }

    /** Divides by zero with that exception unmasked. */
    private void divideByZero() {
        bench.stack(1).control(0x37b);
        bench.memory.putLong(LongMode.DATA, 0);
        bench.ok(0xdc, 0x37);
        assertEquals(0xb884, bench.status());
    }

    @ParameterizedTest
    @CsvSource({"D9E8", "DBE3", "DFE0", "D92F", "DD37", "0FAE07", "0FAE0F"})
    void shouldRaiseDeviceNotAvailableWhileSwitchedOff(String code) {
        for (long bit : new long[] {EM, TS, TS | MP}) {
            cr0(NE | bit);
            assertEquals(NM, bench.run(bytes(code)));
        }
    }

    @Test
    void shouldWaitUnlessMonitoringAndTaskSwitchedCoincide() {
        cr0(NE | TS);
        assertEquals(Workbench.NONE, bench.run(0x9b));
        cr0(NE | MP);
        assertEquals(Workbench.NONE, bench.run(0x9b));
        cr0(NE | EM);
        assertEquals(Workbench.NONE, bench.run(0x9b));
        cr0(NE | TS | MP);
        assertEquals(NM, bench.run(0x9b));
    }

    @ParameterizedTest
    @ValueSource(strings = {"D9E8", "D8C1", "9B", "D92F", "D927", "DD27", "D9D0", "DBE9"})
    void shouldReportAPendingExceptionAtTheNextWaitingInstruction(String code) {
        divideByZero();
        assertEquals(MF, bench.run(bytes(code)));
        assertEquals(0xb884, bench.status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"DBE3", "DBE2", "DFE0", "DD3F", "D93F", "D937", "DD37", "DBE4", "0FAE07"})
    void shouldNotReportItToInstructionsThatDoNotWait(String code) {
        divideByZero();
        assertEquals(Workbench.NONE, bench.run(bytes(code)));
    }

    @Test
    void shouldKeepItInTheStatusWordWhereErrorsGoToAPin() {
        cr0(MP);
        divideByZero();
        assertEquals(Workbench.NONE, bench.run(0xd9, 0xe8));
        assertEquals(0xb084, bench.status());
    }

    @Test
    void shouldMakePendingWhatTheControlWordUnmasks() {
        bench.stack(1);
        bench.memory.putLong(LongMode.DATA, 0);
        bench.ok(0xdc, 0x37);
        assertEquals(0x3804, bench.status());
        bench.control(0x37b);
        assertEquals(0xb884, bench.status());
        assertEquals(MF, bench.run(0x9b));
        bench.ok(0xdb, 0xe2);
        assertEquals(0x3800, bench.status());
    }

    @Test
    void shouldLeaveTheStackAloneWhenAStoreFaults() {
        bench.stack(1, 2);
        // The last bytes of RAM: ten bytes reach into a page that is not there.
        for (int[] code : new int[][] {{0xdb, 0xbf}, {0xdd, 0x9f}, {0xdf, 0xb7}, {0xdd, 0xb7}, {0x66, 0xdd, 0xb7}}) {
            int[] whole = new int[code.length + 4];
            System.arraycopy(code, 0, whole, 0, code.length);
            int displacement = RAM - 4 - (int) LongMode.DATA;
            for (int i = 0; i < 4; i++) {
                whole[code.length + i] = displacement >>> 8 * i & 0xff;
            }
            bench.memory.putInt(RAM - 4, 0x12345678);
            assertEquals(PF, bench.run(whole));
            assertEquals(0x12345678, bench.memory.getInt(RAM - 4));
            assertEquals(0x3000, bench.status());
            assertEquals(2, bench.value());
        }
    }

    private static int[] bytes(String hex) {
        int[] code = new int[hex.length() / 2];
        for (int i = 0; i < code.length; i++) {
            code[i] = Integer.parseInt(hex, 2 * i, 2 * i + 2, 16);
        }
        return code;
    }
}
