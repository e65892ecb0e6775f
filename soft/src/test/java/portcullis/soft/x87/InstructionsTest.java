package portcullis.soft.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

/** Operands, stack and results of x87 instructions; what the arithmetic makes of them is tested with it. */
class InstructionsTest {
    private static final String INDEFINITE = "ffff:c000000000000000";

    private final Workbench bench = new Workbench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static int[] bytes(String hex) {
        int[] code = new int[hex.length() / 2];
        for (int i = 0; i < code.length; i++) {
            code[i] = Integer.parseInt(hex, 2 * i, 2 * i + 2, 16);
        }
        return code;
    }

    @ParameterizedTest
    @CsvSource({
        // ST(0) = 3, ST(1) = 12; the manual's direction of every form.
        "D8C1, 15, 0", "D8C9, 36, 0", "D8E1, -9, 0", "D8E9, 9, 0", "D8F1, 0.25, 0", "D8F9, 4, 0",
        "DCC1, 15, 1", "DCC9, 36, 1", "DCE9, 9, 1", "DCE1, -9, 1", "DCF9, 4, 1", "DCF1, 0.25, 1",
        "DEC1, 15, 0", "DEC9, 36, 0", "DEE9, 9, 0", "DEE1, -9, 0", "DEF9, 4, 0", "DEF1, 0.25, 0"
    })
    void shouldTakeOperandsInTheOrderOfTheEncoding(String code, double expected, int register) {
        bench.stack(12, 3).ok(bytes(code));
        if (register == 1) {
            bench.ok(0xd9, 0xc9);
        }
        assertEquals(expected, bench.value());
    }

    @ParameterizedTest
    @CsvSource({
        "D807, 41200000, 13", "DC07, 4024000000000000, 13", "DE07, 000a, 13", "DA07, fffffff6, -7",
        "D82F, 41200000, 7", "DC37, 4008000000000000, 1", "DE3F, 000c, 4", "DA27, 1, 2"
    })
    void shouldReadOperandsFromMemory(String code, String operand, double expected) {
        bench.stack(3);
        bench.memory.putLong(LongMode.DATA, Long.parseUnsignedLong(operand, 16));
        bench.ok(bytes(code));
        assertEquals(expected, bench.value());
    }

    @ParameterizedTest
    @CsvSource({
        // 2.75, rounded to nearest, or cut off by FISTTP; memory is ones before.
        "D917, ffffffff40300000, 1",
        "D91F, ffffffff40300000, 0",
        "DD17, 4006000000000000, 1",
        "DD1F, 4006000000000000, 0",
        "DF17, ffffffffffff0003, 1",
        "DF1F, ffffffffffff0003, 0",
        "DB17, ffffffff00000003, 1",
        "DB1F, ffffffff00000003, 0",
        "DF3F, 3, 0",
        "DF0F, ffffffffffff0002, 0",
        "DB0F, ffffffff00000002, 0",
        "DD0F, 2, 0",
        "DF37, 3, 0",
        "DB3F, b000000000000000, 0"
    })
    void shouldStoreAndPop(String code, String expected, int left) {
        bench.stack(2.75);
        bench.memory.putLong(LongMode.DATA, -1);
        bench.memory.putLong(LongMode.DATA + 8, -1);
        bench.ok(bytes(code));
        assertEquals(expected, Long.toHexString(bench.memory.getLong(LongMode.DATA)));
        assertEquals(left == 1 ? 0x3fff : 0xffff, bench.tags());
    }

    @ParameterizedTest
    @CsvSource({
        // Both condition codes and flags: C3, C2, C0 and ZF, PF, CF.
        "1, 2, 0100, 001",
        "2, 1, 0000, 000",
        "2, 2, 4000, 040",
        "2, NaN, 4500, 045"
    })
    void shouldCompareIntoConditionCodesOrFlags(double first, double second, String codes, String flags) {
        bench.stack(second, first).ok(0xdd, 0xe1);
        assertEquals(Integer.parseInt(codes, 16), bench.status() & 0x4700);
        bench.stack(second, first);
        bench.machine.cpu.set(Register.RFLAGS, 0x8d7);
        bench.ok(0xdb, 0xe9);
        assertEquals(Integer.parseInt(flags, 16), bench.machine.cpu.get(Register.RFLAGS) & 0x8d5);
        assertEquals(0, bench.status() & 0x3f);
        bench.ok(0xda, 0xe9);
        assertEquals(0xffff, bench.tags());
    }

    @ParameterizedTest
    @CsvSource({
        // Instruction, flag it looks at, value with the flag clear and set.
        "DAC1, 01, 3, 12", "DAC9, 40, 3, 12", "DAD1, 01, 3, 12", "DAD1, 40, 3, 12", "DAD9, 04, 3, 12",
        "DBC1, 01, 12, 3", "DBC9, 40, 12, 3", "DBD1, 01, 12, 3", "DBD1, 40, 12, 3", "DBD9, 04, 12, 3"
    })
    void shouldMoveOnConditions(String code, String flag, double clear, double set) {
        bench.stack(12, 3);
        bench.machine.cpu.set(Register.RFLAGS, 2);
        bench.ok(bytes(code));
        assertEquals(clear, bench.value());
        bench.stack(12, 3);
        bench.machine.cpu.set(Register.RFLAGS, 2 | Integer.parseInt(flag, 16));
        bench.ok(bytes(code));
        assertEquals(set, bench.value());
    }

    @ParameterizedTest
    @CsvSource({
        // Instruction on an empty stack: masked response, tags behind it, status.
        "D8C1, fffe, 0041", "DEC1, fffb, 0841", "D9C3, bfff, 3841", "D9FA, fffe, 0041", "D9F2, bffe, 3841",
        "D9F4, bffe, 3841", "D9FB, bffe, 3841", "D9F1, fffb, 0841", "D9F8, fffe, 0041", "D9E1, fffe, 0041"
    })
    void shouldAnswerStackUnderflowWithTheIndefinite(String code, String tags, String status) {
        bench.ok(0xdb, 0xe3).ok(bytes(code));
        assertEquals(Integer.parseInt(status, 16), bench.status());
        assertEquals(Integer.parseInt(tags, 16), bench.tags());
        assertEquals(INDEFINITE, bench.top());
    }

    @ParameterizedTest
    @CsvSource({"D9E8", "D9C0", "DD07", "DF07", "DB2F", "DF27", "D9F2", "D9F4", "D9FB"})
    void shouldAnswerStackOverflowWithTheIndefiniteAndC1(String code) {
        bench.stack(1, 1, 1, 1, 1, 1, 1, 1).ok(bytes(code));
        assertEquals(0x3a41, bench.status());
        assertEquals(INDEFINITE, bench.top());
    }

    @ParameterizedTest
    @CsvSource({
        "D91F, ffc00000",
        "DD1F, fff8000000000000",
        "DF1F, 8000",
        "DB1F, 80000000",
        "DF3F, 8000000000000000",
        "DF37, c000000000000000",
        "DB3F, c000000000000000"
    })
    void shouldStoreIndefinitesFromAnEmptyStack(String code, String expected) {
        bench.ok(0xdb, 0xe3);
        bench.memory.putLong(LongMode.DATA, 0);
        bench.ok(bytes(code));
        assertEquals(expected, Long.toHexString(bench.memory.getLong(LongMode.DATA)));
        assertEquals(0x0841, bench.status());
    }

    @Test
    void shouldExchangeFreeAndRotate() {
        bench.stack(1, 2, 3).ok(0xd9, 0xca);
        assertEquals(1, bench.value());
        bench.ok(0xd9, 0xf7);
        assertEquals(2, bench.value());
        bench.ok(0xd9, 0xf6, 0xdd, 0xc1);
        assertEquals(1, bench.value());
        bench.ok(0xdf, 0xc0);
        assertEquals(0xffff & ~(3 << 14), bench.tags());
    }

    @Test
    void shouldExamineEmptyRegistersToo() {
        bench.ok(0xdb, 0xe3, 0xd9, 0xe5);
        assertEquals(0x4100, bench.status());
        bench.stack(-0.0).ok(0xd9, 0xe5);
        assertEquals(0x4200, bench.status() & 0x4700);
    }

    @Test
    void shouldRaiseDenormalForNarrowOperandsInMemory() {
        bench.stack(1);
        bench.memory.putLong(LongMode.DATA, 1);
        bench.ok(0xdc, 0x07);
        assertEquals(0x22, bench.status() & 0x3f);
        bench.stack(1).control(0x37d);
        bench.memory.putLong(LongMode.DATA, 1);
        bench.ok(0xdc, 0x07);
        assertEquals(0x82, bench.status() & 0xff);
    }

    @ParameterizedTest
    @CsvSource({
        "D90F", "D9D1", "D9E2", "D9EF", "DAE0", "DAF8", "DB27", "DB37", "DBE5", "DBF8", "DD2F", "DDF0", "DED8", "DFE1",
        "DFF8"
    })
    void shouldNotKnowReservedEncodings(String code) {
        assertEquals(6, bench.run(bytes(code)));
    }
}
