package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.model.CpuModel;

class FlagStoreTest {
    private static final long VIF = 1 << 19;
    private static final long VIP = 1 << 20;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL);
    }

    /** CLI and STI: mode (0 and 3 are levels, 8 virtual-8086), IOPL, CR4, flags before; exception, flags after. */
    @ParameterizedTest(name = "{0} in {1}, IOPL {2}, CR4 {3}, flags {4}: {5}, {6}")
    @CsvSource({
        "fa, 0, 0, 0, 0x200,     3, 0",
        "fa, 3, 3, 0, 0x200,     3, 0",
        "fa, 3, 0, 0, 0x200,    13, 0x200",
        "fa, 3, 0, 2, 0x80200,   3, 0x200", // PVI
        "fb, 3, 0, 2, 0x200,     3, 0x80200",
        "fb, 3, 0, 2, 0x100200, 13, 0x100200", // VIP
        "fb, 0, 0, 0, 0,         3, 0x200",
        "fa, 8, 3, 0, 0x200,     3, 0",
        "fa, 8, 0, 0, 0x200,    13, 0x200",
        "fa, 8, 0, 1, 0x80200,   3, 0x200", // VME
        "fb, 8, 0, 1, 0x200,     3, 0x80200",
        "fb, 8, 0, 1, 0x100200, 13, 0x100200",
        "fb, 8, 3, 1, 0,         3, 0x200",
    })
    void shouldGuardInterruptFlag(String code, int mode, int iopl, int cr4, long before, int vector, long after) {
        try (Guest g = guest().protectedMode().set(Register.CR4, cr4)) {
            if (mode == 8) {
                g.virtual8086(iopl, before);
            } else {
                g.level(mode).set(Register.RFLAGS, before | (long) iopl << 12);
            }
            g.code(code + "cc");
            g.expect(vector, 0);
            long saved = g.stack32(vector == 13 ? 3 : 2);
            assertEquals(after, saved & (VIF | VIP | 0x200));
        }
    }

    /** POPF: what of all ones (but TF) arrives. */
    @ParameterizedTest(name = "POPF {0} at level {1}, IOPL {2}: {3}")
    @CsvSource({
        "9d,   0, 0, 0x247ed7",
        "669d, 0, 0, 0x7ed7",
        "9d,   3, 0, 0x244cd7",
        "9d,   3, 3, 0x247ed7",
        "669d, 3, 1, 0x5cd7",
    })
    void shouldPopWhatPrivilegeAllows(String code, int cpl, int iopl, long expected) {
        try (Guest g = guest().protectedMode().level(cpl).code(code + "cc")) {
            long top = g.get(Register.RSP) - 4;
            g.memory.putInt(top, 0xfffffeff);
            g.set(Register.RSP, top).set(Register.RFLAGS, 2L | iopl << 12);
            g.expect(Guest.DONE, 0);
            assertEquals(expected, g.stack32(2) & 0xffffffffL);
        }
    }

    @ParameterizedTest(name = "POPF of {0} with VME, flags {1}: {2}, {3}")
    @CsvSource({
        "0x3202, 0,        3, 0x80000",
        "0x3002, 0x80000,  3, 0",
        "0x0102, 0,       13, 0",
        "0x0202, 0x100000, 13, 0x100000",
        "0x0002, 0x100000, 3, 0x100000",
    })
    void shouldPopVirtualInterruptFlag(int image, long before, int vector, long after) {
        try (Guest g = guest().protectedMode().set(Register.CR4, 1)) {
            g.virtual8086(0, before).code("9d cc");
            g.memory.putShort(0x20000 + 0x6000, (short) image);
            g.expect(vector, 0);
            long saved = g.stack32(vector == 13 ? 3 : 2);
            assertEquals(after, saved & (VIF | VIP));
            assertEquals(0, saved & 0x3000, "IOPL");
        }
    }

    @Test
    void shouldPushVirtualInterruptFlag() {
        try (Guest g = guest().protectedMode().set(Register.CR4, 1)) {
            g.virtual8086(0, VIF).code("9c cc");
            g.expect(Guest.DONE, 0);
            assertEquals(0x3202, g.memory.getShort(0x20000 + 0x5ffe));
        }
        try (Guest g = guest().protectedMode().virtual8086(0, 0).code("9c cc")) {
            g.expect(13, 0);
        }
    }

    @Test
    void shouldNotPushResumeFlag() {
        try (Guest g = guest().protectedMode().code("9c cc")) {
            g.set(Register.RFLAGS, 0x10002);
            g.expect(Guest.DONE, 0);
            assertEquals(2, g.memory.getInt(Guest.STACK0 - 4));
        }
    }

    @Test
    void shouldTakeInterruptBehindInstructionThatFollowsSti() {
        try (Guest g = guest().protectedMode().code("fb 90 90 90")) {
            assertFalse(g.cpu.interruptible());
            g.cpu.requestInterruptWindow(true);
            assertEquals(ExitReason.INTERRUPT_WINDOW, g.run());
            assertEquals(Guest.CODE + 2, g.get(Register.RIP));
            assertTrue(g.cpu.interruptible());
            g.cpu.requestInterruptWindow(false);
            g.cpu.injectInterrupt(0x50);
            assertEquals(0x50, g.runToHandler());
            assertEquals(Guest.CODE + 2, g.stack32(0));
        }
    }

    @Test
    void shouldNotHoldInterruptsWhereTheyWereOn() {
        try (Guest g = guest().protectedMode().code("fb 90 90")) {
            g.set(Register.RFLAGS, 0x202);
            g.cpu.setBudget(1);
            g.run();
            assertTrue(g.cpu.interruptible());
        }
    }

    @Test
    void shouldBlockNmisUntilIret() {
        try (Guest g = guest().protectedMode().code("90 90")) {
            g.gate(2, Guest.CODE0, Guest.DATA, 0x8e);
            g.memory.putInt(Guest.DATA, 0x00cff4); // HLT, IRET
            g.cpu.postNmi();
            g.cpu.postNmi();
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(Guest.CODE, g.stack32(0));
            assertEquals(Guest.STACK0 - 12, g.get(Register.RSP));
            assertEquals(ExitReason.HALT, g.run(), "the second comes behind IRET");
            assertEquals(Guest.STACK0 - 12, g.get(Register.RSP));
        }
    }
}
