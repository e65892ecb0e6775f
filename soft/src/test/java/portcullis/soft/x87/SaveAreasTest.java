package portcullis.soft.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.soft.LongMode;

/** Layouts of FNSTENV, FNSAVE and FXSAVE, and the way back. */
class SaveAreasTest {
    private static final int ONE_HIGH = 0x3fff;
    private static final int THREE_HIGH = 0x4000;

    private final Workbench bench = new Workbench();
    private final long area = LongMode.DATA + 0x400;

    @AfterEach
    void close() {
        bench.close();
    }

    /** 1 in ST(1), 3 in ST(0), added from memory: FADD m64 is the last instruction. */
    @BeforeEach
    void compute() {
        bench.stack(1, 2);
        bench.memory.putLong(LongMode.DATA, Double.doubleToRawLongBits(1));
        bench.ok(0xdc, 0x07);
    }

    private int word(int offset) {
        return bench.memory.getShort(area + offset) & 0xffff;
    }

    private int dword(int offset) {
        return bench.memory.getInt(area + offset);
    }

    @Test
    void shouldStoreTheProtectedEnvironmentAndMaskExceptions() {
        bench.control(0x340).ok(0xd9, 0xb7, 0, 4, 0, 0);
        assertEquals(0xffff0340, dword(0));
        assertEquals(0xffff3000, dword(4));
        assertEquals(0xffff0fff, dword(8));
        assertEquals((int) LongMode.CODE, dword(12));
        assertEquals(0x0407 << 16 | 8, dword(16));
        assertEquals((int) LongMode.DATA, dword(20));
        assertEquals(0xffff0010, dword(24));
        bench.ok(0xd9, 0x3f);
        assertEquals(0x37f, bench.memory.getShort(LongMode.DATA));
    }

    @Test
    void shouldStoreTheNarrowProtectedEnvironment() {
        bench.ok(0x66, 0xd9, 0xb7, 0, 4, 0, 0);
        int[] expected = {0x37f, 0x3000, 0x0fff, (int) LongMode.CODE & 0xffff, 8, (int) LongMode.DATA & 0xffff, 0x10};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], word(i * 2), "word " + i);
        }
    }

    @Test
    void shouldSaveAllRegistersAndInitialize() {
        bench.ok(0xdd, 0xb7, 0, 4, 0, 0);
        assertEquals(0xc000_0000_0000_0000L, bench.memory.getLong(area + 28));
        assertEquals(THREE_HIGH, word(36));
        assertEquals(1L << 63, bench.memory.getLong(area + 38));
        assertEquals(ONE_HIGH, word(46));
        assertEquals(0xffff, bench.tags());
        bench.ok(0xdd, 0xa7, 0, 4, 0, 0);
        assertEquals(0x0fff, bench.tags());
        assertEquals(3, bench.value());
        bench.ok(0x66, 0xdd, 0xb7, 0, 4, 0, 0, 0x66, 0xdd, 0xa7, 0, 4, 0, 0);
        assertEquals(THREE_HIGH, word(22));
        assertEquals(0x0fff, bench.tags());
        assertEquals(3, bench.value());
    }

    @Test
    void shouldRecomputeErrorSummaryWhenLoading() {
        bench.ok(0xd9, 0xb7, 0, 4, 0, 0);
        bench.memory.putShort(area, (short) 0x37b);
        bench.memory.putShort(area + 4, (short) 0x3004);
        bench.ok(0xd9, 0xa7, 0, 4, 0, 0);
        assertEquals(0xb084, bench.status());
    }

    @Test
    void shouldSaveTheStackFromItsTopInFxsave() {
        bench.ok(0x48, 0x0f, 0xae, 0x87, 0, 4, 0, 0);
        assertEquals(0x37f, word(0));
        assertEquals(0x3000, word(2));
        assertEquals(0xc0, word(4));
        assertEquals(0x407, word(6));
        assertEquals(LongMode.CODE, bench.memory.getLong(area + 8));
        assertEquals(LongMode.DATA, bench.memory.getLong(area + 16));
        assertEquals(0x1f80, dword(24));
        assertEquals(0xffff, dword(28));
        assertEquals(0xc000_0000_0000_0000L, bench.memory.getLong(area + 32));
        assertEquals(THREE_HIGH, bench.memory.getLong(area + 40));
        assertEquals(ONE_HIGH, bench.memory.getLong(area + 56));
        bench.ok(0xdb, 0xe3).ok(0x48, 0x0f, 0xae, 0x8f, 0, 4, 0, 0);
        assertEquals(0x0fff, bench.tags());
        assertEquals(3, bench.value());
    }

    @Test
    void shouldKeepSelectorsWithoutRexAndRefuseWhatFxrstorMustRefuse() {
        bench.ok(0x0f, 0xae, 0x87, 0, 4, 0, 0);
        assertEquals(8, dword(12));
        assertEquals(0x10, dword(20));
        assertEquals(13, bench.run(0x0f, 0xae, 0x87, 8, 4, 0, 0));
        bench.memory.putInt(area + 24, 0x10000);
        assertEquals(13, bench.run(0x0f, 0xae, 0x8f, 0, 4, 0, 0));
    }

    @Test
    void shouldUseLinearAddressesInRealMode() {
        realMode();
        // fninit; fld qword [0x345]; fstenv [0x400]; fstenv (32 bits) [0x440]; hlt
        int[] code = {0xdb, 0xe3, 0xdd, 0x06, 0x45, 0x03, 0xd9, 0x36, 0x00, 0x04, 0x66, 0xd9, 0x36, 0x40, 0x04, 0xf4};
        for (int i = 0; i < code.length; i++) {
            bench.memory.putByte(0x21000 + i, (byte) code[i]);
        }
        assertEquals(ExitReason.HALT, bench.machine.cpu.run());
        long narrow = 0x30400;
        // FIP is 2000:1002, FDP 3000:0345, the opcode DD 06.
        assertEquals(0x1002, bench.memory.getShort(narrow + 6));
        assertEquals(0x2506, bench.memory.getShort(narrow + 8));
        assertEquals(0x0345, bench.memory.getShort(narrow + 10));
        assertEquals(0x3000, bench.memory.getShort(narrow + 12));
        long wide = 0x30440;
        assertEquals(0xffff1002, bench.memory.getInt(wide + 12));
        assertEquals(0x2506, bench.memory.getInt(wide + 16));
        assertEquals(0xffff0345, bench.memory.getInt(wide + 20));
        assertEquals(0x3000, bench.memory.getInt(wide + 24));
    }

    private void realMode() {
        var cpu = bench.machine.cpu;
        cpu.set(Register.CR0, 0x30);
        cpu.set(Register.EFER, 0);
        int data = 3 | Segment.S | Segment.P;
        cpu.setSegment(SegmentRegister.CS, new Segment(0x2000, 0x20000, 0xffff, 0xb | Segment.S | Segment.P));
        cpu.setSegment(SegmentRegister.DS, new Segment(0x3000, 0x30000, 0xffff, data));
        cpu.setSegment(SegmentRegister.SS, new Segment(0x1000, 0x10000, 0xffff, data));
        cpu.set(Register.RIP, 0x1000);
    }
}
