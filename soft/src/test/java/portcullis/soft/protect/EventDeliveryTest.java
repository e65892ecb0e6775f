package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.soft.model.CpuModel;

class EventDeliveryTest {
    private static final int GP = 13;
    private static final int NP = 11;
    private static final int TS = 10;
    private static final int SS = 12;
    private static final int UD = 6;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL);
    }

    // ---- long mode ---------------------------------------------------------------------------------------------

    @Test
    void shouldSwitchStackAndSaveFrameFromUserTo64BitHandler() {
        try (Guest g = guest().longMode().level64(3).code("cd 80")) {
            g.longGate(0x80, Guest.CODE64, Guest.HANDLERS + 0x80, 0xee, 0);
            g.set(Register.RFLAGS, 0x4302).set(Register.RSP, Guest.STACK3 - 3);
            // Single step pends behind INT: TF is cleared and no trap is taken.
            assertEquals(0x80, g.runToHandler());
            assertEquals(Guest.STACK0 - 40, g.get(Register.RSP));
            assertEquals(Guest.CODE + 2, g.stack64(0));
            assertEquals(Guest.CODE64_3, g.stack64(1));
            assertEquals(0x4302, g.stack64(2));
            assertEquals(Guest.STACK3 - 3, g.stack64(3));
            assertEquals(Guest.DATA3, g.stack64(4));
            assertEquals(2, g.get(Register.RFLAGS));
            assertEquals(0, g.selector(SegmentRegister.SS));
            assertEquals(0, g.cpl());
            assertEquals(Guest.CODE64, g.selector(SegmentRegister.CS));
        }
    }

    @Test
    void shouldReturnToUserByIretq() {
        try (Guest g = guest().longMode().level64(3).code("cd 80 f4")) {
            g.longGate(0x80, Guest.CODE64, Guest.DATA, 0xef, 0);
            g.memory.putShort(Guest.DATA, (short) 0xcf48);
            g.set(Register.RFLAGS, 0x202);
            assertEquals(GP, g.runToHandler(), "HLT in user mode");
            assertEquals(Guest.CODE + 2, g.stack64(1));
            assertEquals(Guest.CODE64_3, g.stack64(2));
            assertEquals(0x10202, g.stack64(3));
            assertEquals(Guest.STACK3, g.stack64(4));
            assertEquals(Guest.DATA3, g.stack64(5));
        }
    }

    @Test
    void shouldAlignStackAndKeepItInsideOnePrivilegeLevel() {
        try (Guest g = guest().longMode().code("0f 0b")) {
            g.set(Register.RSP, Guest.STACK0 - 5);
            assertEquals(UD, g.runToHandler());
            assertEquals((Guest.STACK0 - 5 & ~15) - 40, g.get(Register.RSP));
            assertEquals(Guest.STACK0 - 5, g.stack64(3));
            assertEquals(Guest.DATA0, g.selector(SegmentRegister.SS));
        }
    }

    @Test
    void shouldUseInterruptStackTable() {
        try (Guest g = guest().longMode().code("0f 0b")) {
            g.longGate(UD, Guest.CODE64, Guest.HANDLERS + UD, 0x8e, 1);
            assertEquals(UD, g.runToHandler());
            assertEquals(Guest.IST1 - 40, g.get(Register.RSP));
        }
    }

    /** Gates of vector 0x40 reached by INT from user mode, and the exception that comes of them. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "too privileged for INT, 0x18, 0xa000, 0x8e, 0, 13, 0x202",
        "absent,                 0x18, 0xa000, 0x6e, 0, 11, 0x202",
        "16-bit,                 0x18, 0xa000, 0xe6, 0, 13, 0x202",
        "task gate,              0x38, 0xa000, 0xe5, 0, 13, 0x202",
        "null selector,          0x03, 0xa000, 0xee, 0, 13, 0x0",
        "32-bit code,            0x08, 0xa000, 0xee, 0, 13, 0x8",
        "data,                   0x10, 0xa000, 0xee, 0, 13, 0x10",
        "beyond the table,       0x200, 0xa000, 0xee, 0, 13, 0x200",
        "absent code,            0x88, 0xa000, 0xee, 0, 11, 0x88",
        "not canonical,          0x18, 0x800000000000, 0xee, 0, 13, 0x0",
        "stack not canonical,    0x18, 0xa000, 0xee, 2, 12, 0x0",
    })
    void shouldRefuseBadLongGates(
            String name, int selector, long target, int flags, int ist, int vector, int errorCode) {
        try (Guest g = guest().longMode().level64(3).code("cd 40")) {
            g.longGate(0x40, selector, target, flags, ist);
            g.memory.putLong(Guest.TSS + 44, 0x8000_0000_0000_1000L);
            assertEquals(vector, g.runToHandler());
            assertEquals(errorCode, g.stack64(0));
            assertEquals(Guest.CODE, g.stack64(1));
            assertEquals(Guest.STACK3, g.stack64(4));
        }
    }

    @Test
    void shouldSetExternalBitForFaultsOnTheWayToAnInterrupt() {
        try (Guest g = guest().longMode().code("f4")) {
            g.longGate(0x40, Guest.CODE64, Guest.HANDLERS, 0x0e, 0);
            g.set(Register.RFLAGS, 0x202);
            g.cpu.injectInterrupt(0x40);
            assertEquals(NP, g.runToHandler());
            assertEquals(0x40 * 8 + 3, g.stack64(0));
        }
    }

    @Test
    void shouldRaiseInvalidTssBeyondItsLimit() {
        try (Guest g = guest().longMode().level64(3).code("cd 40")) {
            g.longGate(0x40, Guest.CODE64, Guest.HANDLERS, 0xee, 7);
            g.longGate(TS, Guest.CODE64, Guest.HANDLERS + TS, 0x8e, 0);
            g.segment(SegmentRegister.TR, Guest.TSS_SELECTOR, Guest.TSS, 50, 0x8b);
            assertEquals(TS, g.runToHandler());
            assertEquals(Guest.TSS_SELECTOR, g.stack64(0));
        }
    }

    @Test
    void shouldShutDownOnThirdFault() {
        try (Guest g = guest().longMode().code("0f 0b")) {
            g.cpu.setIdt(new portcullis.engine.DescriptorTable(Guest.IDT, 0));
            assertEquals(ExitReason.SHUTDOWN, g.run());
        }
    }

    @Test
    void shouldReportWhatLedToTripleFault() {
        // xor %eax, %eax; jmp over nothing; nop; ud2
        try (Guest g = guest().longMode().code("31 c0 eb 00 90 0f 0b")) {
            g.cpu.setIdt(new portcullis.engine.DescriptorTable(Guest.IDT, 0));
            assertEquals(ExitReason.SHUTDOWN, g.run());
            String report = g.cpu.describe();
            List<String> exceptions = report.lines()
                    .filter(line -> line.contains("error="))
                    .map(line -> line.replaceFirst(" RIP=.*", "").strip())
                    .toList();
            assertEquals(
                    List.of(
                            "#UD error=0000",
                            "raised in its delivery: #GP error=0033",
                            "raised in its delivery: #GP error=006b",
                            "raised in its delivery: #GP error=0043"),
                    exceptions.size() == 4 ? exceptions : List.of(report));
            List<String> instructions = report.lines()
                    .dropWhile(line -> !line.equals("last instructions:"))
                    .skip(1)
                    .map(line -> line.strip().replaceFirst("^0*", "").replaceFirst(" +", " "))
                    .toList();
            assertEquals(4, instructions.size(), report);
            assertTrue(instructions.getFirst().startsWith(Long.toHexString(Guest.CODE) + " xor"), report);
            assertTrue(instructions.getLast().startsWith(Long.toHexString(Guest.CODE + 5) + " ud2"), report);
        }
    }

    @Test
    void shouldReadOnesWhereTableIsNoMemory() {
        try (Guest g = guest().protectedMode().code("0f 0b")) {
            g.cpu.setIdt(new portcullis.engine.DescriptorTable(0x8000_0000L, 0x7ff));
            assertEquals(ExitReason.SHUTDOWN, g.run());
        }
    }

    // ---- protected mode ----------------------------------------------------------------------------------------

    @Test
    void shouldEnterInnerLevelThroughTssInProtectedMode() {
        try (Guest g = guest().protectedMode().level(3).code("cd 40")) {
            g.gate(0x40, Guest.CODE1 & ~3, Guest.HANDLERS + 0x40, 0xef);
            g.set(Register.RFLAGS, 0x202);
            g.memory.putByte(Guest.HANDLERS + 0x40, (byte) 0xcc);
            g.gate(3, Guest.CODE0, Guest.HANDLERS + 3, 0xef);
            assertEquals(3, g.runToHandler());
            assertEquals(Guest.STACK0 - 20, g.get(Register.RSP));
            assertEquals(Guest.CODE1, g.stack32(1));
            assertEquals(0x202, g.get(Register.RFLAGS), "a trap gate leaves IF");
            assertEquals(Guest.STACK1 - 20, g.stack32(3));
            assertEquals(Guest.DATA1, g.stack32(4));
            long inner = Guest.STACK1 - 20;
            assertEquals(Guest.CODE + 2, g.memory.getInt(inner));
            assertEquals(Guest.CODE3, g.memory.getInt(inner + 4));
            assertEquals(Guest.STACK3, g.memory.getInt(inner + 12));
            assertEquals(Guest.DATA3, g.memory.getInt(inner + 16));
        }
    }

    @Test
    void shouldPushWordsThrough16BitGate() {
        try (Guest g = guest().protectedMode().code("cd 40")) {
            g.gate(0x40, Guest.CODE0, Guest.HANDLERS + 0x40, 0x86);
            g.set(Register.RSP, Guest.STACK0);
            assertEquals(0x40, g.runToHandler());
            assertEquals(Guest.STACK0 - 6, g.get(Register.RSP));
            assertEquals(2, g.stack16(0));
            assertEquals(Guest.CODE0, g.stack16(1));
        }
    }

    /** Descriptors of the inner stack: selector in the TSS, and what comes of it. */
    @ParameterizedTest(name = "SS {0} gives {1}({2})")
    @CsvSource({
        "0x0, 10, 0x0",
        "0x11, 10, 0x10",
        "0x08, 10, 0x8",
        "0x90, 10, 0x90",
        "0x80, 12, 0x80",
        "0x200, 10, 0x200",
        "0x98, 12, 0x98",
    })
    void shouldRefuseBadInnerStacks(int stack, int vector, int errorCode) {
        try (Guest g = guest().protectedMode().level(3).code("cd 40")) {
            g.gate(0x40, Guest.CODE0, Guest.HANDLERS + 0x40, 0xee);
            // A conforming handler stays on the user's stack: OUT to a port tells of it.
            g.gate(vector, Guest.CONFORMING, Guest.DATA, 0x8e);
            g.memory.putShort(Guest.DATA, (short) (vector << 8 | 0xe6));
            g.set(Register.RFLAGS, 0x3002);
            g.memory.putInt(Guest.TSS + 4, (int) Guest.DATA + 0x20);
            g.memory.putInt(Guest.TSS + 8, stack);
            assertEquals(ExitReason.PORT_WRITE, g.run());
            assertEquals(vector, g.cpu.exit().port);
            assertEquals(errorCode, g.stack32(0));
            assertEquals(Guest.CODE, g.stack32(1));
        }
    }

    @Test
    void shouldSaveDataSegmentsOfVirtual8086Mode() {
        try (Guest g = guest().protectedMode().virtual8086(3, 0x200).code("cd 40")) {
            g.gate(0x40, Guest.CODE0, Guest.HANDLERS + 0x40, 0xee);
            g.segment(SegmentRegister.GS, 0x1234, 0x12340, 0xffff, 0xf3);
            assertEquals(0x40, g.runToHandler());
            assertEquals(Guest.STACK0 - 36, g.get(Register.RSP));
            assertEquals(2, g.stack32(0));
            assertEquals(Guest.CODE >> 4, g.stack32(1));
            assertEquals(0x23202, g.stack32(2));
            assertEquals(0x6000, g.stack32(3));
            assertEquals(0x2000, g.stack32(4));
            assertEquals(0x1234, g.stack32(8));
            assertEquals(0x3002, g.get(Register.RFLAGS));
            assertTrue((g.cpu.segment(SegmentRegister.DS).attributes() & Segment.UNUSABLE) != 0);
            assertEquals(0, g.cpl());
        }
    }

    @Test
    void shouldReturnToVirtual8086Mode() {
        try (Guest g = guest().protectedMode().virtual8086(3, 0x200).code("cd 40 0f 0b")) {
            g.gate(0x40, Guest.CODE0, Guest.DATA, 0xee);
            g.memory.putByte(Guest.DATA, (byte) 0xcf);
            assertEquals(UD, g.runToHandler());
            assertEquals(2, g.stack32(0));
            assertEquals(0x33202, g.stack32(2));
            assertEquals(0x6000, g.stack32(3));
        }
    }

    @ParameterizedTest(name = "IOPL {0}, CR4 {1}, bitmap {2}: exception {3}")
    @CsvSource({"3, 0, 0, 0x40", "0, 0, 0, 13", "0, 1, 1, 13", "3, 1, 1, 0x40", "0, 1, 0, -1", "3, 1, 0, -1"})
    void shouldFollowMethodsOfSoftwareInterruptsInVirtual8086Mode(int iopl, int cr4, int bit, int vector) {
        try (Guest g = guest().protectedMode()
                .set(Register.CR4, cr4)
                .virtual8086(iopl, 0x80200)
                .code("cd 40")) {
            g.gate(0x40, Guest.CODE0, Guest.HANDLERS + 0x40, 0xee);
            g.memory.putShort(Guest.TSS + 102, (short) 0x200);
            g.memory.putByte(Guest.TSS + 0x200 - 32 + 8, (byte) bit);
            // The real-mode vector leads to UD2.
            g.memory.putInt(0x40 * 4, 0x3000_0010);
            g.memory.putShort(Guest.DATA + 0x10, (short) 0x0b0f);
            int reached = g.runToHandler();
            if (vector >= 0) {
                assertEquals(vector, reached);
                return;
            }
            assertEquals(UD, reached);
            assertEquals(0x10, g.stack32(0));
            assertEquals(0x3000, g.stack32(1));
            assertEquals(0x5ffa, g.stack32(3));
            long cleared = iopl == 3 ? 0x200 : 0x80000;
            assertEquals(0xb0202 & ~cleared | iopl << 12, g.stack32(2));
            assertEquals(0x3202, g.memory.getShort(0x20000 + 0x5ffe), "IOPL 3, IF or VIF");
        }
    }

    // ---- real mode ---------------------------------------------------------------------------------------------

    @Test
    void shouldUseVectorTableInRealMode() {
        try (Guest g = guest().realMode().code("cd 21")) {
            g.set(Register.RFLAGS, 0x40202);
            assertEquals(0x21, g.runToHandler());
            assertEquals(0x7000 - 6, g.get(Register.RSP));
            assertEquals(2, g.stack16(0));
            assertEquals(Guest.CODE >> 4, g.stack16(1));
            assertEquals(0x202, g.stack16(2));
            assertEquals(2, g.get(Register.RFLAGS));
        }
    }

    @Test
    void shouldReturnInRealModeWithAllFlags() {
        try (Guest g = guest().realMode().code("cd 21 f4")) {
            g.memory.putByte(Guest.HANDLERS + 0x21, (byte) 0xcf);
            g.set(Register.RFLAGS, 0x3202);
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(3, g.get(Register.RIP));
            assertEquals(0x3202, g.get(Register.RFLAGS));
        }
    }
}
