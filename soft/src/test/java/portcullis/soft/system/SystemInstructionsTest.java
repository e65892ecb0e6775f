package portcullis.soft.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.model.CpuModel;
import portcullis.soft.protect.Guest;

class SystemInstructionsTest {
    private static final int GP = 13;
    private static final int UD = 6;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL);
    }

    /** Instructions that only level 0 may execute. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0f20c0",
                "0f22c0",
                "0f2003",
                "0f21c0",
                "0f23c0",
                "0f06",
                "0f01f0",
                "0f0113",
                "0f011b",
                "0f00d0",
                "0f00d8",
                "0f013b",
                "0f08",
                "0f09",
                "0f30",
                "0f32",
                "f4",
                "0f01f8",
                "0f01d1",
                "660f388203",
                "0f33",
                "fa",
                "fb",
                "ec",
                "6c",
                "480f07",
                "480f35"
            })
    void shouldRefuseOutsideLevelZero(String code) {
        try (Guest g = guest().longMode().level64(3).code(code)) {
            g.set(Register.CR4, 0x40020).set(Register.RBX, Guest.DATA);
            g.cpu.setMsr(0x174, Guest.CODE64);
            g.expect(GP, 0);
        }
    }

    /** Values of control registers: number, value, exception. */
    @ParameterizedTest(name = "CR{0} = {1}: {2}")
    @CsvSource({
        "0, 0x80010031, 3",
        "0, 0x180010031, 13",
        "0, 0x80000030, 13", // PG without PE
        "0, 0xa0010031, 13", // NW without CD
        "0, 0x00010031, 13", // PG off in 64-bit mode
        "0, 0x8001003f, 3",
        "3, 0x1018, 3",
        "3, 0x8000001000, 13", // beyond the physical width
        "3, 0x8000000000001000, 13", // keep bit without PCIDs
        "4, 0x20, 3",
        "4, 0x00, 13", // PAE off
        "4, 0x1020, 13", // LA57 on
        "4, 0x2020, 13", // VMXE
        "4, 0x20020, 3", // PCIDE
        "4, 0x100000020, 13",
        "8, 0x0f, 3",
        "8, 0x10, 13",
        "1, 0, 6",
        "5, 0, 6",
        "9, 0, 6",
        "15, 0, 6",
    })
    void shouldCheckControlRegisters(int number, String value, int vector) {
        String rex = number >= 8 ? "44" : "";
        String code = rex + "0f22" + "%02x".formatted(0xc0 | (number & 7) << 3);
        try (Guest g = guest().longMode().code(code + "cc")) {
            g.set(Register.RAX, Long.parseUnsignedLong(value.substring(value.startsWith("0x") ? 2 : 0), 16));
            g.expect(vector, 0);
        }
    }

    @Test
    void shouldIgnoreModOfControlRegisterMoves() {
        try (Guest g = guest().longMode().code("0f 20 05 cc")) {
            g.expect(Guest.DONE, 0);
            assertEquals(0x80010031L, g.get(Register.RBP));
        }
    }

    @Test
    void shouldLeaveWhenTaskPriorityIsLowered() {
        try (Guest g = guest().longMode().code("44 0f 22 c0 44 0f 22 c3 cc")) {
            g.set(Register.RAX, 9).set(Register.RBX, 3);
            assertEquals(ExitReason.TASK_PRIORITY, g.run());
            assertEquals(Guest.CODE + 8, g.get(Register.RIP));
            assertEquals(3, g.get(Register.CR8));
            g.expect(Guest.DONE, 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x10", "0x3b"})
    void shouldLeaveWhenTheTimeStampIsMoved(int msr) {
        try (Guest g = guest().longMode().code("0f 30 0f 31 cc")) {
            g.set(Register.RCX, msr).set(Register.RAX, 0).set(Register.RDX, 0x10);
            assertEquals(ExitReason.TIME_STAMP, g.run());
            assertEquals(Guest.CODE + 2, g.get(Register.RIP));
            g.expect(Guest.DONE, 0);
            assertEquals(0x10, g.get(Register.RDX));
        }
    }

    @ParameterizedTest(name = "{0} with CR0 bits {1}: {2}")
    @CsvSource({
        "0fae03, 0x4, 7", // FXSAVE: EM
        "0fae0b, 0x4, 7", // FXRSTOR
        "0fae03, 0x8, 7", // TS
        "0fae0b, 0x8, 7",
        "0fae03, 0x0, 3",
        "0fae0b, 0x2, 3", // MP alone
    })
    void shouldRaiseNmForSavedStateWhereThereIsNoUnit(String code, long bits, int vector) {
        for (CpuModel.Vendor vendor : CpuModel.Vendor.values()) {
            try (Guest g = new Guest(vendor).longMode().code(code + "cc")) {
                g.set(Register.CR4, 0x220).set(Register.CR0, 0x80010031L | bits).set(Register.RBX, Guest.DATA);
                g.expect(vector, 0);
            }
        }
    }

    @Test
    void shouldLoadStatusWordButNeverLeaveProtectedMode() {
        try (Guest g = guest().protectedMode().code("0f 01 f0 0f 01 e3 cc")) {
            g.set(Register.RAX, 0xfffa);
            g.expect(Guest.DONE, 0);
            assertEquals(0x3b, g.get(Register.CR0));
            assertEquals(0x3b, g.get(Register.RBX));
        }
    }

    @ParameterizedTest(name = "{0} with UMIP {1} at level {2}: {3}")
    @CsvSource({
        "0f0103, 1, 3, 13",
        "0f010b, 1, 3, 13",
        "0f01e0, 1, 3, 13",
        "0f00c0, 1, 3, 13",
        "0f00c8, 1, 3, 13",
        "0f0103, 0, 3, 3",
        "0f00c8, 0, 3, 3",
        "0f010b, 1, 0, 3",
    })
    void shouldPreventUserModeInstructions(String code, int umip, int cpl, int vector) {
        try (Guest g = guest().longMode().level64(cpl).code(code + "cc")) {
            g.set(Register.CR4, 0x20 | umip << 11).set(Register.RBX, Guest.DATA);
            g.expect(vector, 0);
        }
    }

    @Test
    void shouldLoadAndStoreTables() {
        try (Guest g = guest().longMode().code("0f 01 13 0f 01 09 cc")) {
            DescriptorTable before = g.cpu.idt();
            g.memory.putShort(Guest.DATA, (short) 0x3ff);
            g.memory.putLong(Guest.DATA + 2, Guest.GDT);
            g.set(Register.RBX, Guest.DATA).set(Register.RCX, Guest.DATA + 0x20);
            g.expect(Guest.DONE, 0);
            assertEquals(new DescriptorTable(Guest.GDT, 0x3ff), g.cpu.gdt());
            assertEquals(before.limit(), g.memory.getShort(Guest.DATA + 0x20));
            assertEquals(before.base(), g.memory.getLong(Guest.DATA + 0x22));
        }
    }

    @ParameterizedTest(name = "base {0}: {1}")
    @CsvSource({"0x7fffffffffff, 3", "0x800000000000, 3", "0xff000000000000, 3", "0x100000000000000, 13"})
    void shouldTakeTableBasesOfTheWidestPaging(long base, int vector) {
        try (Guest g = guest().longMode().code("0f 01 13 cc")) {
            g.memory.putShort(Guest.DATA, (short) 0xfff);
            g.memory.putLong(Guest.DATA + 2, base);
            g.set(Register.RBX, Guest.DATA);
            // INT3 needs no GDT that is there: its gate names a conforming... any descriptor must be read, so look at
            // the GDT.
            g.cpu.setBudget(1);
            g.run();
            assertEquals(vector == 3 ? base : Guest.GDT, g.cpu.gdt().base());
        }
    }

    @Test
    void shouldCutTableBaseTo24BitsWith16BitOperand() {
        try (Guest g = guest().realMode().code("0f 01 17 f4")) {
            g.memory.putShort(0x100, (short) 0xff);
            g.memory.putInt(0x102, 0xab123456);
            g.set(Register.RBX, 0x100);
            g.run();
            assertEquals(new DescriptorTable(0x123456, 0xff), g.cpu.gdt());
        }
    }

    // ---- debug registers
    // ---------------------------------------------------------------------------------------------

    @ParameterizedTest(name = "DR{0} = {1}, CR4 {2}: exception {3}, reads {4}")
    @CsvSource({
        "0, ffff800000000000, 20, 3, ffff800000000000",
        "4, 0, 20, 3, ffff0ff0",
        "4, 0, 28, 6, 0",
        "5, 0, 28, 6, 0",
        "6, ffffffff, 20, 3, ffffefff",
        "6, 100000000, 20, 13, 0",
        "7, 100000000, 20, 13, 0",
    })
    void shouldCheckDebugRegisters(int number, String value, String cr4, int vector, String read) {
        String load = "0f23%02x".formatted(0xc0 | number << 3);
        String store = "0f21%02x".formatted(0xc3 | number << 3);
        try (Guest g = guest().longMode().code(load + store + "cc")) {
            g.set(Register.RAX, Long.parseUnsignedLong(value, 16)).set(Register.CR4, Long.parseLong(cr4, 16));
            g.expect(vector, 0);
            if (vector == 3) {
                assertEquals(Long.parseUnsignedLong(read, 16), g.get(Register.RBX));
            }
        }
    }

    @Test
    void shouldDetectAccessToDebugRegisters() {
        try (Guest g = guest().longMode().code("0f 23 f8 0f 21 c3")) {
            g.set(Register.RAX, 0x2000);
            g.expect(1, 0);
            assertEquals(0xffff2ff0L, g.get(Register.DR6));
            assertEquals(0x400, g.get(Register.DR7), "the handler may use them");
            assertEquals(Guest.CODE + 3, g.stack64(0));
        }
    }

    @ParameterizedTest(name = "DR7 {0}, CR4.DE {1}: {2}")
    @CsvSource({"0x20402, 8, 1", "0x20402, 0, 3", "0x60402, 8, 1", "0x20400, 8, 3"})
    void shouldBreakOnPorts(long dr7, long cr4, int vector) {
        try (Guest g = guest().protectedMode().code("e6 41 cc")) {
            g.set(Register.CR4, cr4)
                    .set(Register.DR0, dr7 == 0x60402 ? 0x40 : 0x41)
                    .set(Register.DR7, dr7);
            assertEquals(ExitReason.PORT_WRITE, g.run());
            g.expect(vector, 0);
            assertEquals(vector == 1 ? 0xffff0ff1L : 0xffff0ff0L, g.get(Register.DR6));
        }
    }

    // ---- ports
    // -------------------------------------------------------------------------------------------------------

    /** Bits of the I/O bitmap from port 0x40 on; the bitmap ends behind port 0x5f. */
    @ParameterizedTest(name = "{0} at level {1}, IOPL {2}, bits {3}: {4}")
    @CsvSource({
        "e440, 3, 3, 0xff, 1",
        "e440, 3, 0, 0x00, 1",
        "e440, 3, 0, 0x01, 0",
        "e440, 3, 0, 0x02, 1",
        "66e540, 3, 0, 0x02, 0",
        "e540, 3, 0, 0x08, 0",
        "e547, 3, 0, 0x100, 0",
        "e547, 3, 0, 0x00, 1",
        "e458, 3, 0, 0x00, 0",
        "e440, 0, 0, 0xff, 1",
    })
    void shouldFollowPermissionBitmap(String code, int cpl, int iopl, int bits, int allowed) {
        try (Guest g = guest().protectedMode().level(cpl).code(code)) {
            g.set(Register.RFLAGS, 2 | iopl << 12);
            long tss = Guest.TSS;
            g.memory.putShort(tss + 102, (short) 0x68);
            g.segment(portcullis.engine.SegmentRegister.TR, Guest.TSS_SELECTOR, tss, 0x68 + 11, 0x8b);
            g.memory.putInt(tss + 0x68 + 8, bits);
            if (allowed != 0) {
                assertEquals(ExitReason.PORT_READ, g.run());
            } else {
                g.expect(GP, 0);
            }
        }
    }

    @Test
    void shouldUseBitmapInVirtual8086ModeWhateverIopl() {
        try (Guest g = guest().protectedMode().virtual8086(3, 0).code("e4 40")) {
            g.memory.putShort(Guest.TSS + 102, (short) 0x100);
            g.memory.putByte(Guest.TSS + 0x108, (byte) 1);
            g.expect(GP, 0);
        }
    }

    @Test
    void shouldRepeatStringInputElementByElement() {
        try (Guest g = guest().protectedMode().code("f3 66 6d cc")) {
            g.set(Register.RDI, Guest.DATA)
                    .set(Register.RCX, 3)
                    .set(Register.RDX, 0x1f0)
                    .set(Register.RFLAGS, 0x202);
            for (int i = 0; i < 3; i++) {
                assertEquals(ExitReason.PORT_READ, g.run());
                assertEquals(0x1f0, g.cpu.exit().port);
                assertEquals(2, g.cpu.exit().size);
                assertEquals(3 - i, g.get(Register.RCX));
                g.cpu.exit().value = 0x1111 * (i + 1);
            }
            g.expect(Guest.DONE, 0);
            assertEquals(0x2222_1111, g.memory.getInt(Guest.DATA));
            assertEquals(0x3333, g.memory.getInt(Guest.DATA + 4));
            assertEquals(Guest.DATA + 6, g.get(Register.RDI));
            assertEquals(0, g.get(Register.RCX));
        }
    }

    @Test
    void shouldCheckTargetOfStringInputBeforeReading() {
        try (Guest g = guest().longMode().code("6c")) {
            g.set(Register.RDI, 0x4000_0000L).set(Register.RDX, 0x60);
            g.expect(14, 2);
        }
    }

    @Test
    void shouldOutputStringDownwards() {
        try (Guest g = guest().protectedMode().code("fd f3 6e cc")) {
            g.memory.putShort(Guest.DATA, (short) 0x4241);
            g.set(Register.RSI, Guest.DATA + 1).set(Register.RCX, 2).set(Register.RDX, 0xe9);
            assertEquals(ExitReason.PORT_WRITE, g.run());
            assertEquals(0x42, g.cpu.exit().value);
            assertEquals(ExitReason.PORT_WRITE, g.run());
            assertEquals(0x41, g.cpu.exit().value);
            g.expect(Guest.DONE, 0);
            assertEquals(Guest.DATA - 1, g.get(Register.RSI));
        }
    }

    // ---- the others
    // --------------------------------------------------------------------------------------------------

    @ParameterizedTest(name = "INVPCID type {0}, {1}, {2}, CR4 {3}: {4}")
    @CsvSource({
        "0, 0, 0x1000, 0x20, 3",
        "0, 1, 0x1000, 0x20, 13",
        "0, 1, 0x1000, 0x20020, 3",
        "0, 0x1000, 0x1000, 0x20020, 13",
        "0, 0, 0x100000000000000, 0x20020, 13",
        "1, 1, 0x100000000000000, 0x20020, 3",
        "2, 0, 0, 0x20, 3",
        "3, 5, 0, 0x20, 3",
        "4, 0, 0, 0x20, 13",
        "0xffffffff00000000, 0, 0, 0x20, 13",
    })
    void shouldCheckInvpcid(String type, long space, long address, long cr4, int vector) {
        try (Guest g = guest().longMode().code("66 0f 38 82 03 cc")) {
            g.set(Register.CR4, cr4).set(Register.RBX, Guest.DATA);
            g.set(Register.RAX, type.startsWith("0x") ? 0xffffffff00000000L : Long.parseLong(type));
            g.memory.putLong(Guest.DATA, space);
            g.memory.putLong(Guest.DATA + 8, address);
            g.expect(vector, 0);
        }
    }

    @ParameterizedTest(name = "{0} with CR4 {1} at level {2}: {3}")
    @CsvSource({
        "f30faec0, 0x20, 0, 6", // RDFSBASE
        "f30faec0, 0x10020, 3, 3",
        "f3480faed0, 0x10020, 3, 13", // WRFSBASE, not canonical
        "f30faed0, 0x10020, 3, 3",
        "0f01ee, 0x20, 0, 6", // RDPKRU
        "0f01ee, 0x400020, 3, 3",
        "0f01cb, 0x20, 3, 6", // STAC
        "0f01ca, 0x20, 0, 3",
        "0f31, 0x24, 3, 13", // RDTSC
        "0f31, 0x20, 3, 3",
        "0f01f9, 0x24, 3, 13",
        "0f01d0, 0x20, 0, 6", // XGETBV
        "0f01d0, 0x40020, 3, 3",
        "0f01c8, 0x20, 0, 6", // MONITOR
        "0f01c9, 0x20, 0, 6", // MWAIT
        "0f0b, 0x20, 0, 6",
        "0fffc0, 0x20, 0, 6",
        "0fb9c0, 0x20, 0, 6",
        "0f33, 0x20, 0, 13", // RDPMC
        "0f0d03, 0x20, 3, 3",
        "0f1803, 0x20, 3, 3",
        "0f1f840000000000, 0x20, 3, 3",
        "f30f1efa, 0x20, 3, 3", // ENDBR64
        "f390, 0x20, 3, 3",
        "0faee8, 0x20, 3, 3",
        "0faef0, 0x20, 3, 3",
        "0faef8, 0x20, 3, 3",
        "0fae3b, 0x20, 3, 3", // CLFLUSH
        "660fae3b, 0x20, 3, 3",
        "660fae33, 0x20, 3, 3",
    })
    void shouldBeThereWhereItMay(String code, long cr4, int cpl, int vector) {
        try (Guest g = guest().longMode().level64(cpl).code(code + "cc")) {
            g.set(Register.CR4, cr4).set(Register.RAX, 0x100000000000000L).set(Register.RBX, Guest.DATA);
            g.expect(vector, 0);
        }
    }

    @Test
    void shouldFaultAsLoadWhereLineIsNotMapped() {
        try (Guest g = guest().longMode().code("0f ae 3b")) {
            g.set(Register.RBX, 0x4000_0000L);
            g.expect(14, 0);
            assertEquals(0x4000_0000L, g.get(Register.CR2));
        }
    }

    @Test
    void shouldSwapGsBase() {
        try (Guest g = guest().longMode().code("0f 01 f8 cc")) {
            g.cpu.setMsr(0xc0000101, 0x1111);
            g.cpu.setMsr(0xc0000102, 0x2222);
            g.expect(Guest.DONE, 0);
            assertEquals(0x2222, g.cpu.msr(0xc0000101));
            assertEquals(0x1111, g.cpu.msr(0xc0000102));
        }
    }

    @Test
    void shouldReadAndWriteModelSpecificRegistersInsideAndOutside() {
        try (Guest g = guest().longMode().code("0f 30 0f 32 89 f1 0f 32 cc")) {
            g.set(Register.RCX, 0xc0000082L).set(Register.RAX, 0x80001234L).set(Register.RDX, 0xffffffffL);
            g.set(Register.RSI, 0x1b);
            assertEquals(ExitReason.MSR_READ, g.run());
            assertEquals(0x1b, g.cpu.exit().msr);
            assertEquals(0xffffffff_80001234L, g.cpu.msr(0xc0000082));
            assertEquals(0x80001234L, g.get(Register.RAX));
            g.cpu.exit().value = 0xfee00900L;
            g.expect(Guest.DONE, 0);
            assertEquals(0xfee00900L, g.get(Register.RAX));
        }
    }

    @Test
    void shouldRefuseModelSpecificRegisterThatNobodyKnows() {
        try (Guest g = guest().longMode().code("0f 32")) {
            g.set(Register.RCX, 0x12345);
            assertEquals(ExitReason.MSR_READ, g.run());
            g.cpu.exit().fault = true;
            g.expect(GP, 0);
        }
    }

    @Test
    void shouldLeaveOnHypercallsOfBothVendors() {
        for (String code : new String[] {"0f 01 c1", "0f 01 d9"}) {
            try (Guest g = guest().longMode().code(code)) {
                assertEquals(ExitReason.HYPERCALL, g.run());
                assertEquals(Guest.CODE, g.get(Register.RIP));
                assertEquals(ExitReason.HYPERCALL, g.run(), "issued again");
            }
        }
    }

    @Test
    void shouldSetCarryWithRandomNumbers() {
        try (Guest g = guest().longMode().code("48 0f c7 f0 48 0f c7 fb cc")) {
            g.expect(Guest.DONE, 0);
            assertEquals(1, g.stack64(2) & 0x8d5);
            assertNotEquals(g.get(Register.RAX), g.get(Register.RBX));
        }
    }

    @Test
    void shouldTrapBehindHltInsteadOfHalting() {
        try (Guest g = guest().protectedMode().code("f4")) {
            g.set(Register.RFLAGS, 0x102);
            g.expect(1, 0);
            assertEquals(Guest.CODE + 1, g.stack32(0));
        }
    }
}
