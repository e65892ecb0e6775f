package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.soft.model.CpuModel;

class FarTransferTest {
    private static final long TARGET = Guest.DATA + 0x100;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL);
    }

    private static String pointer(String opcode, int selector) {
        return opcode + "00010300" + "%02x%02x".formatted(selector & 0xff, selector >>> 8);
    }

    private static Guest withTarget(Guest g) {
        g.memory.putByte(TARGET, (byte) 0xcc);
        return g;
    }

    @ParameterizedTest(name = "JMP to {1} at level {0}: {2}({3})")
    @CsvSource({
        "0, 0x08,  3, 0",
        "0, 0x0b, 13, 0x8",
        "0, 0x00, 13, 0",
        "0, 0x10, 13, 0x10",
        "0, 0x88, 11, 0x88",
        "0, 0x23, 13, 0x20",
        "0, 0x68,  3, 0",
        "3, 0x23,  3, 0",
        "3, 0x20,  3, 0",
        "3, 0x68,  3, 0",
        "3, 0x08, 13, 0x8",
        "0, 0x58, 13, 0", // beyond the limit of 16-bit code
        "0, 0xb0, 13, 0xb0", // an interrupt gate
        "0, 0x200, 13, 0x200",
    })
    void shouldCheckDirectJumps(int cpl, int selector, int vector, int errorCode) {
        try (Guest g = withTarget(guest().protectedMode().level(cpl)).code(pointer("ea", selector))) {
            g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(Guest.CODE0, TARGET, 0x8e, 0));
            g.expect(vector, errorCode);
            if (vector == Guest.DONE) {
                assertEquals(cpl, g.stack32(1) & 3, "RPL of CS is the privilege level");
            }
        }
    }

    @Test
    void shouldCallAndReturnAcrossSegments() {
        try (Guest g = guest().protectedMode().code(pointer("9a", Guest.CONFORMING) + "cc")) {
            g.memory.putInt(TARGET, 0x000008ca); // RETF 8
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.STACK0 + 8 - 12, g.get(Register.RSP));
            assertEquals(Guest.CODE0, g.stack32(1));
        }
    }

    @Test
    void shouldCallInnerLevelWithParametersAndReturn() {
        try (Guest g = guest().protectedMode().level(3).code(pointer("9a", 0xb3) + "cc")) {
            g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(Guest.CODE0, TARGET, 0xec, 2));
            g.memory.putLong(Guest.STACK3 - 8, 0x2222_2222_1111_1111L);
            g.set(Register.RSP, Guest.STACK3 - 8);
            g.segment(SegmentRegister.ES, Guest.DATA0, 0, -1, 0xc093);
            g.memory.putInt(TARGET, 0x0008cacc); // INT3, then RETF 8
            g.expect(Guest.DONE, 0);
            long frame = Guest.STACK0 - 24;
            assertEquals(frame - 12, g.get(Register.RSP));
            assertEquals(Guest.CODE + 7, g.memory.getInt(frame));
            assertEquals(Guest.CODE3, g.memory.getInt(frame + 4));
            assertEquals(0x11111111, g.memory.getInt(frame + 8));
            assertEquals(0x22222222, g.memory.getInt(frame + 12));
            assertEquals(Guest.STACK3 - 8, g.memory.getInt(frame + 16));
            assertEquals(Guest.DATA3, g.memory.getInt(frame + 20));
            g.set(Register.RSP, frame).set(Register.RIP, TARGET + 1);
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.CODE3, g.stack32(1));
            assertEquals(Guest.STACK3, g.stack32(3));
            assertTrue((g.cpu.segment(SegmentRegister.ES).attributes() & Segment.UNUSABLE) != 0);
            assertEquals(0, g.selector(SegmentRegister.ES));
        }
    }

    @Test
    void shouldPushWordsThrough16BitCallGate() {
        try (Guest g = guest().protectedMode().level(3).code(pointer("9a", 0xb3) + "cc")) {
            g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(Guest.CODE0, 0xa003, 0xe4, 0));
            assertEquals(3, g.runToHandler());
            assertEquals(Guest.STACK0 - 8, g.get(Register.RSP));
            assertEquals(Guest.CODE3, g.stack16(1));
            assertEquals(Guest.DATA3, g.stack16(3));
        }
    }

    /** Call gates at 0xb0, called from level 3 in protected mode. */
    @ParameterizedTest(name = "{0}: {3}({4})")
    @CsvSource({
        "too privileged,      0x08, 0xcc, 13, 0xb0, 9a",
        "absent,              0x08, 0x6c, 11, 0xb0, 9a",
        "null,                0x00, 0xec, 13, 0x0,  9a",
        "data,                0x10, 0xec, 13, 0x10, 9a",
        "absent code,         0x88, 0xec, 11, 0x88, 9a",
        "outer by JMP,        0x08, 0xec, 13, 0x8,  ea",
        "conforming by JMP,   0x68, 0xec,  3, 0x0,  ea",
        "beyond the table,   0x200, 0xec, 13, 0x200, 9a",
    })
    void shouldCheckCallGates(String name, int selector, int flags, int vector, int errorCode, String opcode) {
        try (Guest g = withTarget(guest().protectedMode().level(3)).code(pointer(opcode, 0xb3))) {
            g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(selector, TARGET, flags, 0));
            g.expect(vector, errorCode);
        }
    }

    @Test
    void shouldCallThroughGateIn64BitMode() {
        try (Guest g = guest().longMode().level64(3).code("ff 1b cc")) {
            longCallGate(g, Guest.CODE64, TARGET);
            g.memory.putInt(TARGET, 0xcb48); // RETFQ
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.CODE64_3, g.stack64(1));
            assertEquals(Guest.STACK3, g.stack64(3));
            assertEquals(Guest.DATA3, g.stack64(4));
        }
    }

    private static void longCallGate(Guest g, int selector, long target) {
        g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(selector, target, 0xec, 0));
        g.memory.putLong(Guest.GDT + 0xb8, target >>> 32);
        g.memory.putInt(Guest.DATA + 4, 0xb3);
        g.set(Register.RBX, Guest.DATA);
    }

    @ParameterizedTest(name = "gate to {0} at {1}: {2}({3})")
    @CsvSource({"0x08, 0x30100, 13, 0x8", "0x18, 0x1800000000000, 13, 0", "0x18, 0x1f0000030100, 13, 0xb0"})
    void shouldCheckGatesIn64BitMode(int selector, long target, int vector, int errorCode) {
        try (Guest g = guest().longMode().level64(3).code("ff 1b cc")) {
            longCallGate(g, selector, target);
            if (errorCode == 0xb0) {
                g.memory.putLong(Guest.GDT + 0xb8, 0x1f00_0000_0000L);
            }
            g.expect(vector, errorCode);
        }
    }

    @Test
    void shouldJumpToCompatibilityModeAndBack() {
        try (Guest g = guest().longMode().code("ff 2b")) {
            g.memory.putInt(Guest.DATA, (int) TARGET);
            g.memory.putInt(Guest.DATA + 4, Guest.CODE0);
            g.set(Register.RBX, Guest.DATA);
            // 32-bit code: INC EAX (REX in 64-bit mode), far jump back.
            byte[] code = {0x40, (byte) 0xea, 0, 0, 4, 0, Guest.CODE64, 0};
            g.memory.write(TARGET, code, 0, code.length);
            g.memory.putInt(0x40000, 0xccc0ff48); // INC RAX
            g.set(Register.RAX, 0xffffffffL);
            g.expect(Guest.DONE, 0);
            assertEquals(1, g.get(Register.RAX));
        }
    }

    @ParameterizedTest(name = "RETF to {0} with SS {1}: {2}({3})")
    @CsvSource({
        "0x23, 0x2b,  3, 0",
        "0x23, 0x28, 13, 0x28",
        "0x23, 0x10, 13, 0x10",
        "0x23, 0x00, 13, 0",
        "0x20, 0x2b, 13, 0x20",
        "0x10, 0x2b, 13, 0x10",
        "0x00, 0x2b, 13, 0",
        "0x8b, 0x2b, 13, 0x88",
        "0x08, 0x00,  3, 0",
    })
    void shouldCheckReturns(int code, int stack, int vector, int errorCode) {
        try (Guest g = withTarget(guest().protectedMode()).code("cb")) {
            long top = Guest.STACK0 - 16;
            g.memory.putInt(top, (int) TARGET);
            g.memory.putInt(top + 4, code);
            g.memory.putInt(top + 8, (int) Guest.STACK3);
            g.memory.putInt(top + 12, stack);
            g.set(Register.RSP, top);
            g.expect(vector, errorCode);
        }
    }

    @Test
    void shouldRefuseReturnToInnerLevel() {
        try (Guest g = guest().protectedMode().level(3).code("cb")) {
            g.memory.putInt(Guest.STACK3 - 8, (int) TARGET);
            g.memory.putInt(Guest.STACK3 - 4, Guest.CODE0);
            g.set(Register.RSP, Guest.STACK3 - 8);
            g.expect(13, Guest.CODE0);
        }
    }

    @Test
    void shouldRaiseStackFaultForCallBeyondStackLimit() {
        try (Guest g = withTarget(guest().protectedMode()).code(pointer("9a", Guest.CODE0))) {
            g.segment(SegmentRegister.SS, Guest.SMALL_DATA, Guest.DATA, 0xf, 0x4093);
            g.set(Register.RSP, 4);
            // The handler's stack is the same: 16 bytes do not take the frame either.
            assertEquals(ExitReason.SHUTDOWN, g.run());
        }
    }

    // ---- SYSCALL and SYSENTER --------------------------------------------------------------------------------------

    private static Guest fast(CpuModel.Vendor vendor, String code) {
        Guest g = new Guest(vendor).longMode().level64(3).code(code);
        g.cpu.setMsr(0xc0000081, 0x0020_0018L << 32 | 0x123);
        g.cpu.setMsr(0xc0000082, TARGET);
        g.cpu.setMsr(0xc0000083, TARGET + 0x10);
        g.cpu.setMsr(0xc0000084, 0x200);
        g.cpu.setMsr(0x174, Guest.CODE64);
        g.cpu.setMsr(0x175, Guest.STACK0);
        g.cpu.setMsr(0x176, TARGET);
        return g;
    }

    @ParameterizedTest
    @CsvSource({"INTEL", "AMD"})
    void shouldEnterAndLeaveBySyscall(CpuModel.Vendor vendor) {
        try (Guest g = fast(vendor, "0f 05 cc")) {
            g.memory.putInt(TARGET, 0x070f48); // SYSRETQ
            g.set(Register.RFLAGS, 0x202);
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.CODE + 2, g.get(Register.RCX));
            assertEquals(0x202, g.get(Register.R11));
            assertEquals(0x33, g.stack64(1));
            assertEquals(0x202, g.stack64(2));
            assertEquals(0x2b, g.stack64(4));
        }
    }

    @Test
    void shouldMaskFlagsInSyscall() {
        try (Guest g = fast(CpuModel.Vendor.INTEL, "0f 05")) {
            g.memory.putByte(TARGET, (byte) 0xf4);
            g.set(Register.RFLAGS, 0x602);
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(0x402, g.get(Register.RFLAGS));
            assertEquals(0, g.cpl());
            assertEquals(0x18, g.selector(SegmentRegister.CS));
            assertEquals(0x20, g.selector(SegmentRegister.SS));
        }
    }

    @ParameterizedTest(name = "{0}, EFER {1}, {2} code: {3}")
    @CsvSource({"INTEL, 0xd00, 64, 6", "INTEL, 0xd01, 32, 6", "AMD, 0xd01, 32, -1", "AMD, 0xd00, 32, 6"})
    void shouldKnowSyscallByVendorAndMode(CpuModel.Vendor vendor, long efer, int bits, int vector) {
        try (Guest g = fast(vendor, "0f 05 cc")) {
            g.set(Register.EFER, efer);
            g.memory.putByte(TARGET + 0x10, (byte) 0xf4);
            if (bits == 32) {
                g.level(3);
            }
            if (vector < 0) {
                assertEquals(ExitReason.HALT, g.run());
                assertEquals(TARGET + 0x11, g.get(Register.RIP));
            } else {
                g.expect(vector, 0);
            }
        }
    }

    @ParameterizedTest(name = "{0}: exception at {1}")
    @CsvSource({"INTEL, 0x10000", "AMD, 0x800000000000"})
    void shouldRefuseNonCanonicalReturnByVendor(CpuModel.Vendor vendor, long where) {
        try (Guest g = fast(vendor, "48 0f 07").level64(0)) {
            g.set(Register.RCX, 0x8000_0000_0000L);
            g.expect(13, 0);
            assertEquals(where, g.stack64(1));
        }
    }

    @Test
    void shouldLeaveStackAttributesToAmd() {
        for (CpuModel.Vendor vendor : CpuModel.Vendor.values()) {
            try (Guest g = fast(vendor, "48 0f 07").level64(0)) {
                g.segment(SegmentRegister.SS, 0, 0, 0, Segment.UNUSABLE);
                g.memory.putInt(TARGET, 0x000000e6); // OUT 0, AL
                g.set(Register.RCX, TARGET).set(Register.R11, 0x3002);
                assertEquals(ExitReason.PORT_WRITE, g.run());
                int expected = vendor == CpuModel.Vendor.AMD ? Segment.UNUSABLE | 0x60 : 0xc0f3;
                assertEquals(expected, g.cpu.segment(SegmentRegister.SS).attributes());
                assertEquals(0x2b, g.selector(SegmentRegister.SS));
            }
        }
    }

    @Test
    void shouldEnterAndLeaveBySysenterOnIntelOnly() {
        try (Guest g = fast(CpuModel.Vendor.INTEL, "0f 34 cc")) {
            g.memory.putInt(TARGET, 0x350f48); // SYSEXITQ
            g.set(Register.RFLAGS, 0x202);
            g.set(Register.RCX, Guest.STACK3 - 64).set(Register.RDX, Guest.CODE + 2);
            g.expect(Guest.DONE, 0);
            assertEquals(0x3b, g.stack64(1));
            assertEquals(0x2, g.stack64(2), "interrupts stay off");
            assertEquals(Guest.STACK3 - 64, g.stack64(3));
            assertEquals(0x43, g.stack64(4));
        }
        try (Guest g = fast(CpuModel.Vendor.AMD, "0f 34 cc")) {
            g.expect(6, 0);
        }
    }
}
