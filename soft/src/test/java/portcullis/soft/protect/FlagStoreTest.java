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

    /** NOP with both virtual flags set: mode (0 and 3 are levels, 8 virtual-8086), CR4; exception. */
    @ParameterizedTest(name = "in {0}, CR4 {1}: {2}")
    @CsvSource({"8, 1, 13", "8, 2, 3", "8, 0, 3", "3, 2, 13", "3, 1, 3", "0, 3, 3"})
    void shouldRaiseGpWhereAVirtualInterruptMeetsItsEnabledFlag(int mode, int cr4, int vector) {
        try (Guest g = guest().protectedMode().set(Register.CR4, cr4)) {
            if (mode == 8) {
                g.virtual8086(3, VIF | VIP);
            } else {
                g.level(mode).set(Register.RFLAGS, VIF | VIP);
            }
            g.code("90 cc");
            g.expect(vector, 0);
            long rip = mode == 8 ? 0 : Guest.CODE;
            assertEquals(vector == 13 ? rip : rip + 2, g.stack32(vector == 13 ? 1 : 0));
        }
    }

    @Test
    void shouldRaiseGpBehindIretThatLetsAVirtualInterruptIn() {
        try (Guest g = guest().protectedMode().set(Register.CR4, 1)) {
            int[] frame = {0, (int) Guest.CODE >> 4, 0x20002 | (int) (VIF | VIP), 0x6000, 0x2000, 0, 0, 0, 0};
            for (int i = 0; i < frame.length; i++) {
                g.memory.putInt(Guest.STACK0 - 64 + i * 4L, frame[i]);
            }
            g.set(Register.RSP, Guest.STACK0 - 64).set(Register.RIP, Guest.DATA);
            g.memory.putByte(Guest.DATA, (byte) 0xcf); // IRETD
            g.code("90 cc");
            g.expect(13, 0);
            assertEquals(0, g.stack32(1), "EIP");
            assertEquals(VIF | VIP | 0x20000, g.stack32(3) & (VIF | VIP | 0x20000));
        }
    }

    /** Interrupted with iterations left, behind the last one, and where there are none. */
    @ParameterizedTest(name = "{0}, count {1}, budget {2}: RF {3}")
    @CsvSource({
        "f3ac, 100000, 1, 0x10000",
        "f3ae, 100000, 1, 0x10000",
        "f3a6, 100000, 1, 0x10000",
        "f3a4, 1, 1, 0",
        "a4, 100000, 1, 0",
    })
    void shouldSaveResumeFlagBetweenIterations(String code, long count, int budget, long saved) {
        try (Guest g = guest().protectedMode().code(code + "cc")) {
            g.set(Register.RFLAGS, 0x202).set(Register.RCX, count);
            g.set(Register.RSI, 0x200000).set(Register.RDI, 0x300000);
            g.cpu.setBudget(budget);
            assertEquals(ExitReason.BUDGET, g.run());
            g.cpu.setBudget(10_000);
            g.cpu.injectInterrupt(0x50);
            assertEquals(0x50, g.runToHandler());
            assertEquals(saved, g.stack32(2) & 0x10000);
            boolean unfinished = saved != 0;
            assertEquals(unfinished ? Guest.CODE : Guest.CODE + code.length() / 2, g.stack32(0));
        }
    }

    @Test
    void shouldMeetABreakpointOnARepeatedInstructionOnce() {
        try (Guest g = guest().protectedMode().code("f3 a4 cc")) {
            g.gate(1, Guest.CODE0, Guest.DATA, 0x8e);
            byte[] handler = {(byte) 0x80, 0x4c, 0x24, 0x0a, 0x01, 0x43, (byte) 0xcf
            }; // RF into the frame; INC EBX; IRETD
            g.memory.write(Guest.DATA, handler, 0, handler.length);
            g.set(Register.RCX, 20_000).set(Register.RSI, 0x200000).set(Register.RDI, 0x300000);
            g.set(Register.DR0, Guest.CODE).set(Register.DR7, 2);
            g.expect(Guest.DONE, 0);
            assertEquals(0, g.get(Register.RCX));
            assertEquals(1, g.get(Register.RBX));
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
