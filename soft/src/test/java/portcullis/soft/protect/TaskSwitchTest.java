package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.soft.model.CpuModel;

class TaskSwitchTest {
    private static final int NEW_TSS = 0xb0;
    private static final int TASK_GATE = 0xb8;
    private static final int NEW_TSS16 = 0xc0;
    private static final long NEW = Guest.DATA + 0x1000;
    private static final long NEW16 = Guest.DATA + 0x2000;
    private static final long ENTRY = Guest.DATA + 0x100;

    private static Guest guest() {
        Guest g = new Guest(CpuModel.Vendor.INTEL).protectedMode();
        g.descriptor(NEW_TSS, NEW, 0x67, 0x89);
        g.descriptor(NEW_TSS16, NEW16, 0x2b, 0x81);
        g.memory.putLong(Guest.GDT + TASK_GATE, Guest.gateBits(NEW_TSS, 0, 0x85, 0));
        g.descriptor(Guest.TSS_SELECTOR, Guest.TSS, 0xfff, 0x8b);
        g.memory.putInt(NEW + 4, (int) Guest.STACK0);
        g.memory.putInt(NEW + 8, Guest.DATA0);
        g.memory.putInt(NEW + 32, (int) ENTRY);
        g.memory.putInt(NEW + 36, 0x402);
        for (int i = 0; i < 8; i++) {
            g.memory.putInt(NEW + 40 + i * 4, 0x100 + i);
            g.memory.putShort(NEW16 + 18 + i * 2, (short) (0x200 + i));
        }
        g.memory.putInt(NEW + 56, (int) Guest.STACK1);
        for (int i = 0; i < 6; i++) {
            g.memory.putInt(NEW + 72 + i * 4, Guest.DATA0);
        }
        g.memory.putInt(NEW + 76, Guest.CODE0);
        g.memory.putInt(NEW + 96, Guest.LDT_SELECTOR);
        g.memory.putShort(NEW16 + 14, (short) 0x9000);
        g.memory.putShort(NEW16 + 26, (short) 0x8800);
        for (int i = 0; i < 4; i++) {
            g.memory.putShort(NEW16 + 34 + i * 2, (short) Guest.DATA0);
        }
        g.memory.putShort(NEW16 + 36, (short) Guest.CODE0);
        g.memory.putInt(ENTRY, 0xf4f4);
        return g;
    }

    private static int busy(Guest g, int selector) {
        return g.memory.getByte(Guest.GDT + selector + 5) >>> 1 & 1;
    }

    @Test
    void shouldJumpToTask() {
        try (Guest g = guest().code("ea 00000000 b000")) {
            g.set(Register.RBX, 0x1234).set(Register.RFLAGS, 0x202);
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(ENTRY + 1, g.get(Register.RIP));
            assertEquals(0x103, g.get(Register.RBX));
            assertEquals(Guest.STACK1, g.get(Register.RSP));
            assertEquals(0x402, g.get(Register.RFLAGS));
            assertEquals(NEW_TSS, g.selector(SegmentRegister.TR));
            assertEquals(0, busy(g, Guest.TSS_SELECTOR));
            assertEquals(1, busy(g, NEW_TSS));
            assertEquals(8, g.get(Register.CR0) & 8, "CR0.TS");
            assertEquals(Guest.CODE + 7, g.memory.getInt(Guest.TSS + 32));
            assertEquals(0x202, g.memory.getInt(Guest.TSS + 36));
            assertEquals(0x1234, g.memory.getInt(Guest.TSS + 52));
            assertEquals(Guest.CODE0, g.memory.getShort(Guest.TSS + 76));
        }
    }

    @Test
    void shouldNestByCallAndReturnByIret() {
        try (Guest g = guest().code("9a 00000000 b800 cc")) {
            g.memory.putInt(ENTRY, 0xcf);
            g.set(Register.RBX, 0x1234);
            g.expect(Guest.DONE, 0);
            assertEquals(0x1234, g.get(Register.RBX));
            assertEquals(Guest.TSS_SELECTOR, g.selector(SegmentRegister.TR));
            assertEquals(1, busy(g, Guest.TSS_SELECTOR));
            assertEquals(0, busy(g, NEW_TSS));
            assertEquals(Guest.TSS_SELECTOR, g.memory.getShort(NEW), "back link");
            assertEquals(0x402, g.memory.getInt(NEW + 36), "IRET saves NT clear");
            assertEquals(2, g.stack32(2), "flags of the old task");
        }
    }

    @Test
    void shouldSwitchThroughTaskGateOfExceptionAndPushErrorCode() {
        try (Guest g = guest().code("8e d8")) {
            g.gate(13, NEW_TSS, 0, 0x85);
            g.set(Register.RAX, 0x200);
            assertEquals(ExitReason.HALT, g.run());
            assertEquals(Guest.STACK1 - 4, g.get(Register.RSP));
            assertEquals(0x200, g.stack32(0));
            assertEquals(Guest.CODE, g.memory.getInt(Guest.TSS + 32));
            assertEquals(0x10002, g.memory.getInt(Guest.TSS + 36));
            assertEquals(0x4402, g.get(Register.RFLAGS));
        }
    }

    @Test
    void shouldUse16BitTaskState() {
        try (Guest g = guest().code("9a 00000000 c000 cc")) {
            g.memory.putInt(0x9000, 0xcf);
            g.set(Register.RBX, 0x1234);
            g.expect(Guest.DONE, 0);
            assertEquals(0x1234, g.get(Register.RBX));
            assertEquals(0x203, g.memory.getShort(NEW16 + 24), "BX of the 16-bit task");
            assertEquals(0x9001, g.memory.getShort(NEW16 + 14) & 0xffff);
        }
    }

    @Test
    void shouldRaiseDebugTrapInTaskThatAsksForIt() {
        try (Guest g = guest().code("ea 00000000 b000")) {
            g.memory.putShort(NEW + 100, (short) 1);
            g.expect(1, 0);
            assertEquals(ENTRY, g.stack32(0));
            assertEquals(0xffff8ff0L, g.get(Register.DR6));
        }
    }

    @Test
    void shouldEnterVirtual8086Task() {
        try (Guest g = guest().code("ea 00000000 b000")) {
            g.memory.putInt(NEW + 36, 0x23002);
            g.memory.putInt(NEW + 32, 0x100);
            g.memory.putInt(NEW + 76, (int) Guest.DATA >> 4);
            g.memory.putByte(ENTRY, (byte) 0xcc);
            g.expect(Guest.DONE, 0);
            assertEquals(0x101, g.stack32(0));
            assertEquals(0x23002, g.stack32(2));
        }
    }

    /** Faults in the old task's name: it goes on with nothing changed. */
    @ParameterizedTest(name = "JMP {0}, descriptor {1} limit {2}: {3}({4})")
    @CsvSource({
        "0xb0, 0x8b, 0x67, 13, 0xb0",
        "0xb0, 0x09, 0x67, 11, 0xb0",
        "0xb0, 0x89, 0x66, 10, 0xb0",
        "0xb4, 0x89, 0x67, 13, 0xb4",
        "0xb8, 0x8b, 0x67, 13, 0xb0",
        "0xb3, 0x89, 0x67, 13, 0xb0",
    })
    void shouldCheckTaskBeforeSwitching(int selector, int flags, int limit, int vector, int errorCode) {
        try (Guest g = guest().code("ea 00000000 %02x00".formatted(selector))) {
            g.descriptor(NEW_TSS, NEW, limit, flags);
            g.localDescriptor(NEW_TSS / 8, NEW, 0x67, 0x89);
            g.segment(SegmentRegister.LDTR, Guest.LDT_SELECTOR, Guest.LDT, 0xff, 0x82);
            g.expect(vector, errorCode);
            assertEquals(Guest.CODE, g.stack32(1));
            assertEquals(Guest.TSS_SELECTOR, g.selector(SegmentRegister.TR));
        }
    }

    /** Faults of the new task: its instruction pointer and registers are there. */
    @ParameterizedTest(name = "field {0} = {1}: {2}({3})")
    @CsvSource({
        "96, 0x10, 10, 0x10", // LDT
        "76, 0x10, 10, 0x10", // CS
        "76, 0x88, 11, 0x88",
        "72, 0x200, 10, 0x200", // ES
        "72, 0x80, 11, 0x80",
        "84, 0xa0, 10, 0xa0", // DS
        "92, 0x13, 10, 0x10", // GS
    })
    void shouldRaiseFaultsOfSegmentsInNewTask(int field, int selector, int vector, int errorCode) {
        try (Guest g = guest().code("ea 00000000 b000")) {
            g.memory.putInt(NEW + field, selector);
            // Before SS is loaded a handler needs a task, and so a stack, of its own.
            if (field != 72 && field != 84 && field != 92) {
                g.gate(vector, NEW_TSS16, 0, 0x85);
                g.memory.putShort(0x9000, (short) 0xf4f4);
                assertEquals(ExitReason.HALT, g.run());
                assertEquals(0x9001, g.get(Register.RIP));
                assertEquals(errorCode, g.stack16(0));
                assertEquals(ENTRY, g.memory.getInt(NEW + 32));
                assertEquals(0x103, g.memory.getInt(NEW + 52));
                return;
            }
            g.expect(vector, errorCode);
            assertEquals(ENTRY, g.stack32(1));
            assertEquals(NEW_TSS, g.selector(SegmentRegister.TR));
        }
    }

    @Test
    void shouldRefuseReturnToTaskThatIsNotBusy() {
        try (Guest g = guest().code("cf")) {
            g.set(Register.RFLAGS, 0x4002);
            g.memory.putShort(Guest.TSS, (short) NEW_TSS);
            g.expect(10, NEW_TSS);
        }
    }
}
