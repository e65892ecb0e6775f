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

class SegmentLoadTest {
    private static final int LOCAL = 4;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL);
    }

    @ParameterizedTest(name = "DS = {1} at level {0}: {2}({3})")
    @CsvSource({
        "0, 0x10,  3, 0",
        "0, 0x13, 13, 0x10", // RPL 3 of level 0
        "0, 0x2b,  3, 0",
        "0, 0x28,  3, 0",
        "0, 0x00,  3, 0",
        "0, 0x03,  3, 0",
        "0, 0x08,  3, 0", // readable code
        "0, 0xa0, 13, 0xa0", // execute only
        "0, 0x80, 11, 0x80", // absent
        "0, 0x48, 13, 0x48", // a system descriptor
        "0, 0x200, 13, 0x200",
        "3, 0x10, 13, 0x10",
        "3, 0x2b,  3, 0",
        "3, 0x6b, 13, 0x68", // conforming, but not readable
        "3, 0xb3,  3, 0", // conforming and readable
    })
    void shouldCheckDataSegments(int cpl, int selector, int vector, int errorCode) {
        try (Guest g = guest().protectedMode().level(cpl).code("8e d8 cc")) {
            g.descriptor(Guest.CONFORMING, 0, 0xfffff, 0xc09c);
            g.descriptor(Guest.FREE, 0, 0xfffff, 0xc09e);
            g.set(Register.RAX, selector);
            g.expect(vector, errorCode);
        }
    }

    @ParameterizedTest(name = "SS = {1} at level {0}: {2}({3})")
    @CsvSource({
        "0, 0x10,  3, 0",
        "0, 0x00, 13, 0",
        "0, 0x2b, 13, 0x28",
        "0, 0x12, 13, 0x10",
        "0, 0x08, 13, 0x8",
        "0, 0x90, 13, 0x90",
        "0, 0x80, 12, 0x80",
        "3, 0x2b,  3, 0",
        "3, 0x28, 13, 0x28",
        "3, 0x00, 13, 0",
    })
    void shouldCheckStackSegments(int cpl, int selector, int vector, int errorCode) {
        try (Guest g = guest().protectedMode().level(cpl).code("8e d0 cc")) {
            g.set(Register.RAX, selector);
            g.expect(vector, errorCode);
        }
    }

    @ParameterizedTest(name = "SS = {1} at level {0} in 64-bit mode: {2}({3})")
    @CsvSource({"0, 0x00, 3, 0", "0, 0x03, 13, 0", "3, 0x03, 13, 0", "3, 0x00, 13, 0", "0, 0x10, 3, 0"})
    void shouldAllowNullStackBelowLevelThreeIn64BitMode(int cpl, int selector, int vector, int errorCode) {
        try (Guest g = guest().longMode().level64(cpl).code("8e d0 cc")) {
            g.set(Register.RAX, selector);
            g.expect(vector, errorCode);
        }
    }

    @Test
    void shouldSetAccessedBitAndLoadBaseLimitAndRights() {
        try (Guest g = guest().protectedMode().code("8e e8 cc")) {
            g.descriptor(Guest.FREE, 0x12345678, 0x9abcd, 0xc092);
            g.set(Register.RAX, Guest.FREE);
            g.expect(Guest.DONE, 0);
            assertEquals(new Segment(Guest.FREE, 0x12345678, 0x9abcdfff, 0xc093), g.cpu.segment(SegmentRegister.GS));
            assertEquals(0x93, g.memory.getByte(Guest.GDT + Guest.FREE + 5) & 0xff);
        }
    }

    @Test
    void shouldUseLocalTable() {
        try (Guest g = guest().protectedMode().code("8e d8 8b 03 cc")) {
            g.localDescriptor(3, Guest.DATA, 0xff, 0x4093);
            g.memory.putInt(Guest.DATA + 0x10, 0x11223344);
            g.set(Register.RAX, 3 * 8 | LOCAL).set(Register.RBX, 0x10);
            g.expect(Guest.DONE, 0);
            assertEquals(0x11223344, g.get(Register.RAX));
        }
    }

    @Test
    void shouldRefuseLocalTableThatIsNull() {
        try (Guest g = guest().protectedMode().code("66 0f 00 d0 8e db cc")) {
            g.set(Register.RAX, 0).set(Register.RBX, 3 * 8 | LOCAL);
            g.expect(13, 3 * 8 | LOCAL);
        }
    }

    @Test
    void shouldKeepLimitInBigRealMode() {
        try (Guest g = guest().realMode().code("8e d8 67 66 8b 03 f4")) {
            g.segment(SegmentRegister.DS, 0x10, 0, -1, 0xc093);
            g.memory.putInt(0x200010, 0x55667788);
            g.set(Register.RAX, 0x1000).set(Register.RBX, 0x1f0010);
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(0x55667788, g.get(Register.RAX));
        }
    }

    @Test
    void shouldHoldInterruptsAndTrapsAcrossLoadOfStackSegment() {
        try (Guest g = guest().protectedMode().code("8e d0 90 90 cc")) {
            g.set(Register.RAX, Guest.DATA0).set(Register.RFLAGS, 0x102);
            g.expect(1, 0);
            assertEquals(Guest.CODE + 3, g.stack32(0));
        }
    }

    @ParameterizedTest(name = "LTR {0} in {1}: {2}({3})")
    @CsvSource({
        "0x38, 32, 3, 0",
        "0x00, 32, 13, 0",
        "0x3c, 32, 13, 0x3c",
        "0x10, 32, 13, 0x10",
        "0xb0, 32, 13, 0xb0", // busy
        "0xb8, 32, 11, 0xb8", // absent
        "0xc0, 32, 3, 0", // 16-bit
        "0xc0, 64, 13, 0xc0",
        "0x38, 64, 3, 0",
        "0xd0, 64, 13, 0xd0", // base not canonical
        "0x1f8, 64, 13, 0x1f8", // upper half beyond the table
    })
    void shouldCheckTaskRegister(int selector, int bits, int vector, int errorCode) {
        try (Guest g = bits == 32 ? guest().protectedMode() : guest().longMode()) {
            g.code("0f 00 d8 cc");
            g.descriptor(0xb0, Guest.TSS, 0x67, 0x8b);
            g.descriptor(0xb8, Guest.TSS, 0x67, 0x09);
            g.descriptor(0xc0, Guest.TSS, 0x67, 0x81);
            g.descriptor(0xd0, Guest.TSS, 0x67, 0x89);
            g.memory.putLong(Guest.GDT + 0xd8, 0x01000000L);
            g.descriptor(0x1f8, Guest.TSS, 0x67, 0x89);
            g.set(Register.RAX, selector);
            g.expect(vector, errorCode);
            if (vector == Guest.DONE) {
                assertEquals(selector, g.selector(SegmentRegister.TR));
                assertTrue((g.memory.getByte(Guest.GDT + selector + 5) & 2) != 0, "busy");
            }
        }
    }

    @Test
    void shouldPushAndPopSegments() {
        try (Guest g = guest().protectedMode().code("1e 06 0f a1 66 0f a0 66 0f a9 cc")) {
            g.segment(SegmentRegister.ES, Guest.DATA3, 0, -1, 0xc0f3);
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.DATA3, g.selector(SegmentRegister.FS));
            assertEquals(Guest.DATA3, g.selector(SegmentRegister.GS));
            assertEquals(Guest.STACK0 - 4 - 12, g.get(Register.RSP));
        }
    }

    @Test
    void shouldLoadFarPointers() {
        try (Guest g = guest().protectedMode().code("c5 03 0f b4 4b 06 cc")) {
            g.memory.putInt(Guest.DATA, 0x12345678);
            g.memory.putInt(Guest.DATA + 4, Guest.DATA3);
            g.memory.putInt(Guest.DATA + 6, 0x55);
            g.memory.putShort(Guest.DATA + 10, (short) Guest.CODE0);
            g.set(Register.RBX, Guest.DATA);
            g.expect(Guest.DONE, 0);
            assertEquals(0x12345678, g.get(Register.RAX));
            assertEquals(0x55, g.get(Register.RCX));
            assertEquals(Guest.DATA3, g.selector(SegmentRegister.DS));
            assertEquals(Guest.CODE0, g.selector(SegmentRegister.FS));
        }
    }

    // ---- LAR, LSL, VERR, VERW, ARPL ---------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} of {1} at level {2}: ZF {3}, {4}")
    @CsvSource({
        "0f02c1, 0x10, 0, 1, 0xcf9300",
        "0f02c1, 0x10, 3, 0, 0",
        "0f02c1, 0x28, 3, 1, 0xcff300",
        "0f02c1, 0x38, 0, 1, 0x8900",
        "0f02c1, 0x00, 0, 0, 0",
        "0f02c1, 0xb0, 0, 0, 0", // an interrupt gate
        "0f02c1, 0xb8, 0, 1, 0xec00", // a call gate
        "0f03c1, 0x10, 0, 1, 0xffffffff",
        "0f03c1, 0x98, 0, 1, 0xf",
        "0f03c1, 0xb8, 0, 0, 0",
        "0f03c1, 0x38, 0, 1, 0xfff",
        "0f00e1, 0x10, 0, 1, 0",
        "0f00e1, 0xa0, 0, 0, 0",
        "0f00e9, 0x90, 0, 0, 0",
        "0f00e9, 0x10, 0, 1, 0",
        "0f00e9, 0x08, 0, 0, 0",
    })
    void shouldAnswerAboutSelectors(String code, int selector, int cpl, int zero, long value) {
        try (Guest g = guest().protectedMode().level(cpl).code(code + "cc")) {
            g.memory.putLong(Guest.GDT + 0xb0, Guest.gateBits(Guest.CODE0, 0x1000, 0xee, 0));
            g.memory.putLong(Guest.GDT + 0xb8, Guest.gateBits(Guest.CODE0, 0x1000, 0xec, 0));
            g.set(Register.RCX, selector).set(Register.RAX, 0);
            g.expect(Guest.DONE, 0);
            assertEquals(zero, g.stack32(2) >>> 6 & 1);
            assertEquals(value, g.get(Register.RAX));
        }
    }

    @ParameterizedTest(name = "ARPL {0}, {1}")
    @CsvSource({"0x10, 0x3, 0x13, 1", "0x13, 0x1, 0x13, 0", "0x11, 0x2, 0x12, 1"})
    void shouldAdjustPrivilegeOfSelector(int target, int source, int result, int zero) {
        try (Guest g = guest().protectedMode().code("63 c8 cc")) {
            g.set(Register.RAX, target).set(Register.RCX, source);
            g.expect(Guest.DONE, 0);
            assertEquals(result, g.get(Register.RAX));
            assertEquals(zero, g.stack32(2) >>> 6 & 1);
        }
    }

    @ParameterizedTest(name = "{0} in bounds: exception {1}")
    @CsvSource({"-5, 3", "-6, 5", "7, 3", "8, 5"})
    void shouldCheckBounds(int index, int vector) {
        try (Guest g = guest().protectedMode().code("62 03 cc")) {
            g.memory.putInt(Guest.DATA, -5);
            g.memory.putInt(Guest.DATA + 4, 7);
            g.set(Register.RBX, Guest.DATA).set(Register.RAX, index & 0xffffffffL);
            g.expect(vector, 0);
        }
    }

    @Test
    void shouldKnowNoDescriptorsInVirtual8086Mode() {
        for (String code : new String[] {"0f 02 c1", "0f 00 e1", "0f 00 d8", "0f 00 c0", "63 c8"}) {
            try (Guest g = guest().protectedMode().virtual8086(3, 0).code(code + "cc")) {
                g.expect(6, 0);
            }
        }
    }
}
