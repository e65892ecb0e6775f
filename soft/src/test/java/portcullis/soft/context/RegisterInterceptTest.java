package portcullis.soft.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.Access;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.MsrIntercept;
import portcullis.engine.Register;
import portcullis.engine.RegisterIntercepts;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.soft.LongMode;
import portcullis.soft.protect.Guest;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What a higher level watches leaves as REGISTER_INTERCEPT, with nothing done; all else passes. */
class RegisterInterceptTest {
    private static final long EVERY = RegisterIntercepts.EVERY_WRITE;
    private static final long GDT = 0x60000;
    private static final long OPERAND = LongMode.DATA;
    private static final int TSS = 0x20;
    private static final long CR0 = 0x80010033L;
    private static final long TS = 8;
    private static final long MP = 2;
    private static final int CR4_OSXSAVE = 1 << 18;
    private static final int APIC_BASE = 0x1b;
    private static final int MISC_ENABLE = 0x1a0;
    /** Every register that a level above can watch. */
    private static final int[] MSRS = {
        APIC_BASE,
        0x8c,
        0x8f,
        0x174,
        0x175,
        0x176,
        MISC_ENABLE,
        0xc0000080,
        0xc0000081,
        0xc0000082,
        0xc0000083,
        0xc0000084,
        0xc0000103
    };

    private final LongMode machine = new LongMode();
    private final VirtualCpu cpu = machine.cpu;

    RegisterInterceptTest() {
        prepare(machine);
    }

    private static void prepare(LongMode machine) {
        machine.memory.putLong(GDT + 8, 0x00af9b000000ffffL);
        machine.memory.putLong(GDT + 0x10, 0x00cf93000000ffffL);
        machine.memory.putLong(GDT + TSS, 0x0000890070000067L);
        machine.memory.putShort(OPERAND, (short) 0x17);
        machine.memory.putLong(OPERAND + 2, GDT);
        machine.cpu.setGdt(new DescriptorTable(GDT, 0x2f));
        machine.cpu.set(Register.CR4, machine.cpu.get(Register.CR4) | CR4_OSXSAVE);
        machine.cpu.set(Register.RBX, OPERAND);
        machine.cpu.set(Register.RCX, 0);
        machine.cpu.set(Register.RDX, 0);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private ExitReason run(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex + "ebfe");
        machine.memory.write(LongMode.CODE, bytes, 0, bytes.length);
        cpu.set(Register.RIP, LongMode.CODE);
        return step();
    }

    private ExitReason step() {
        cpu.setBudget(1);
        return cpu.run();
    }

    private static RegisterIntercepts control(long cr0, long cr4) {
        return new RegisterIntercepts(cr0, cr4, Set.of(), List.of());
    }

    private static RegisterIntercepts writes(InterceptedRegister... registers) {
        return new RegisterIntercepts(0, 0, Set.of(registers), List.of());
    }

    private static RegisterIntercepts msr(int number, boolean read, long bits) {
        return new RegisterIntercepts(0, 0, Set.of(), List.of(new MsrIntercept(number, read, bits)));
    }

    /**
     * An access.
     *
     * @param operand put where the instruction takes it from: RAX, or for LMSW the operand in memory
     * @param value what the exit says
     */
    record Instruction(
            String name,
            String hex,
            long operand,
            RegisterIntercepts asked,
            InterceptedRegister register,
            Access access,
            int msr,
            long value,
            boolean memory) {
        static Instruction write(String name, String hex, long operand, InterceptedRegister register, long value) {
            RegisterIntercepts asked = switch (register) {
                case CR0 -> control(EVERY, 0);
                case CR4 -> control(0, EVERY);
                default -> writes(register);
            };
            return new Instruction(name, hex, operand, asked, register, Access.WRITE, 0, value, false);
        }

        static Instruction from(String name, String hex, InterceptedRegister register) {
            return new Instruction(name, hex, 0, writes(register), register, Access.WRITE, 0, 0, true);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Instruction> instructions() {
        Stream<Instruction> control = Stream.of(
                Instruction.write("mov cr0, rax", "0f22c0", CR0 | TS, InterceptedRegister.CR0, CR0 | TS),
                Instruction.write("mov cr0, rax as it is", "0f22c0", CR0, InterceptedRegister.CR0, CR0),
                Instruction.write("lmsw ax", "0f01f0", 0xff0b, InterceptedRegister.CR0, CR0 | TS),
                Instruction.write("lmsw [rbx]", "0f0133", 0, InterceptedRegister.CR0, CR0 & ~MP | 4),
                Instruction.write("clts", "0f06", 0, InterceptedRegister.CR0, CR0),
                Instruction.write("mov cr4, rax", "0f22e0", 0x406a0, InterceptedRegister.CR4, 0x406a0),
                Instruction.write("xsetbv", "0f01d1", 3, InterceptedRegister.XCR0, 3),
                Instruction.write("lldt ax", "0f00d0", 0, InterceptedRegister.LDTR, 0),
                Instruction.write("ltr ax", "0f00d8", TSS, InterceptedRegister.TR, TSS),
                Instruction.from("lgdt [rbx]", "0f0113", InterceptedRegister.GDTR),
                Instruction.from("lidt [rbx]", "0f011b", InterceptedRegister.IDTR),
                Instruction.from("lldt [rbx]", "0f0013", InterceptedRegister.LDTR),
                Instruction.from("ltr [rbx]", "0f001b", InterceptedRegister.TR));
        Stream<Instruction> msrs = IntStream.of(MSRS)
                .boxed()
                .flatMap(number -> Stream.of(
                        new Instruction(
                                "rdmsr %x".formatted(number),
                                "0f32",
                                0x55,
                                msr(number, true, 0),
                                InterceptedRegister.MSR,
                                Access.READ,
                                number,
                                0,
                                false),
                        new Instruction(
                                "wrmsr %x".formatted(number),
                                "0f30",
                                0x501,
                                msr(number, false, EVERY),
                                InterceptedRegister.MSR,
                                Access.WRITE,
                                number,
                                0x501,
                                false)));
        return Stream.concat(control, msrs);
    }

    private void set(Instruction instruction) {
        cpu.set(Register.RAX, instruction.operand);
        cpu.set(Register.RCX, instruction.msr & 0xffff_ffffL);
        switch (instruction.name) {
            case "clts" -> cpu.set(Register.CR0, CR0 | TS);
            case "lmsw [rbx]" -> machine.memory.putShort(OPERAND, (short) 5);
            case "lldt [rbx]" -> machine.memory.putShort(OPERAND, (short) 0);
            case "ltr [rbx]" -> machine.memory.putShort(OPERAND, (short) TSS);
            default -> {
                // As it was prepared.
            }
        }
    }

    private String state() {
        StringBuilder text = new StringBuilder(cpu.describe());
        text.append(cpu.get(Register.XCR0));
        for (int number : MSRS) {
            try {
                text.append(' ').append(cpu.msr(number));
            } catch (IllegalArgumentException absent) {
                // Not the engine's.
            }
        }
        return text.append(machine.memory.getLong(GDT + TSS)).toString();
    }

    private void assertIntercepted(Instruction instruction) {
        assertEquals(ExitReason.REGISTER_INTERCEPT, cpu.exit().reason);
        assertEquals(instruction.register, cpu.exit().register);
        assertEquals(instruction.access, cpu.exit().access);
        assertEquals(instruction.hex.length() / 2, cpu.exit().instructionLength);
        assertEquals(instruction.memory, cpu.exit().memoryOperand);
        if (instruction.register == InterceptedRegister.MSR) {
            assertEquals(instruction.msr, cpu.exit().msr);
        }
        if (instruction.memory) {
            assertEquals(OPERAND, cpu.exit().gva);
        } else {
            assertEquals(Long.toHexString(instruction.value), Long.toHexString(cpu.exit().value));
        }
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void shouldLeaveBeforeAnyEffectAndStartAnew(Instruction instruction) {
        set(instruction);
        cpu.interceptRegisters(0, instruction.asked);
        assertEquals(ExitReason.REGISTER_INTERCEPT, run(instruction.hex));
        assertIntercepted(instruction);
        String after = state();
        cpu.set(Register.RIP, LongMode.CODE);
        assertEquals(state(), after, "RIP is on it");
        assertEquals(ExitReason.REGISTER_INTERCEPT, step());
        assertIntercepted(instruction);
        assertEquals(state(), after, "nothing has happened");
        cpu.interceptRegisters(0, RegisterIntercepts.NONE);
        assertNotEquals(ExitReason.REGISTER_INTERCEPT, step());
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void shouldLetEverythingPassThatIsNotAskedFor(Instruction instruction) {
        set(instruction);
        cpu.interceptRegisters(0, others(instruction));
        assertNotEquals(ExitReason.REGISTER_INTERCEPT, run(instruction.hex));
        set(instruction);
        cpu.interceptRegisters(0, RegisterIntercepts.NONE);
        cpu.interceptRegisters(1, instruction.asked);
        cpu.interceptRegisters(2, instruction.asked);
        cpu.forgetExit();
        assertNotEquals(ExitReason.REGISTER_INTERCEPT, run(instruction.hex), "other levels do not matter");
    }

    /** All that can be asked for, but what concerns this one. */
    private static RegisterIntercepts others(Instruction instruction) {
        Set<InterceptedRegister> writes = EnumSet.allOf(InterceptedRegister.class);
        writes.remove(instruction.register);
        List<MsrIntercept> msrs = new ArrayList<>();
        for (int number : MSRS) {
            boolean same = number == instruction.msr && instruction.register == InterceptedRegister.MSR;
            boolean reads = instruction.access == Access.READ;
            msrs.add(new MsrIntercept(number, !(same && reads), same && !reads ? 0 : EVERY));
        }
        return new RegisterIntercepts(
                instruction.register == InterceptedRegister.CR0 ? 0 : EVERY,
                instruction.register == InterceptedRegister.CR4 ? 0 : EVERY,
                writes,
                msrs);
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void shouldAskForPrivilegeFirst(Instruction instruction) {
        set(instruction);
        cpu.interceptRegisters(0, instruction.asked);
        Segment code = cpu.segment(SegmentRegister.CS);
        Segment data = cpu.segment(SegmentRegister.SS);
        cpu.setSegment(SegmentRegister.CS, new Segment(0xb, 0, -1, code.attributes() | 0x60));
        cpu.setSegment(SegmentRegister.SS, new Segment(0x13, 0, -1, data.attributes() | 0x60));
        assertEquals(ExitReason.SHUTDOWN, run(instruction.hex), "#GP, and no IDT");
    }

    @ParameterizedTest
    @CsvSource({
        "8, false, true",
        "2, true, true",
        "a, true, true",
        "0, true, false",
        "30, true, false",
        "8, true, false"
    })
    void shouldLookAtTheBitsThatChange(String mask, boolean clearsMp, boolean leaves) {
        // MP is set; TS is set by the write where MP is not cleared.
        long value = clearsMp ? CR0 & ~MP : CR0 | TS;
        cpu.interceptRegisters(0, control(Long.parseLong(mask, 16), 0));
        cpu.set(Register.RAX, value);
        assertEquals(leaves ? ExitReason.REGISTER_INTERCEPT : ExitReason.BUDGET, run("0f22c0"));
        assertEquals(leaves ? CR0 : value, cpu.get(Register.CR0));
    }

    @Test
    void shouldLookAtTheBitsOfMiscEnableThatChange() {
        long before = cpu.msr(MISC_ENABLE);
        cpu.set(Register.RCX, MISC_ENABLE);
        cpu.interceptRegisters(0, msr(MISC_ENABLE, false, 1 << 3));
        cpu.set(Register.RAX, before ^ 1);
        assertEquals(ExitReason.BUDGET, run("0f30"));
        cpu.set(Register.RAX, before ^ 9);
        assertEquals(ExitReason.REGISTER_INTERCEPT, run("0f30"));
        assertEquals(before ^ 1, cpu.msr(MISC_ENABLE));
        assertEquals(ExitReason.BUDGET, run("0f32"), "reading is another thing");
    }

    @ParameterizedTest
    @CsvSource({"0f22c0, 10000000000, true", "0f22e0, 10000000000, true", "0f01d1, 0, true", "0f01d1, 2, true"})
    void shouldLeaveBeforeTheValueIsFoundWanting(String hex, String value, boolean leaves) {
        cpu.interceptRegisters(
                0, new RegisterIntercepts(1L << 40, 1L << 40, Set.of(InterceptedRegister.XCR0), List.of()));
        cpu.set(Register.RAX, Long.parseLong(value, 16));
        assertEquals(leaves ? ExitReason.REGISTER_INTERCEPT : ExitReason.SHUTDOWN, run(hex));
    }

    @Test
    void shouldTellNobodyOfARegisterThatXsetbvDoesNotHave() {
        cpu.interceptRegisters(0, writes(InterceptedRegister.XCR0));
        cpu.set(Register.RCX, 1);
        assertEquals(ExitReason.SHUTDOWN, run("0f01d1"), "#GP, and no IDT");
    }

    @Test
    void shouldNotAskAgainWhatTheOutsideHasAnswered() {
        cpu.set(Register.RCX, APIC_BASE);
        cpu.set(Register.RAX, 0xfee00900L);
        assertEquals(ExitReason.MSR_WRITE, run("0f30"));
        cpu.interceptRegisters(0, msr(APIC_BASE, true, EVERY));
        cpu.exit().fault = false;
        assertEquals(ExitReason.BUDGET, step());
        assertEquals(LongMode.CODE + 2, cpu.get(Register.RIP));
        assertEquals(ExitReason.REGISTER_INTERCEPT, run("0f30"));
    }

    @Test
    void shouldGoWithTheContext() {
        cpu.interceptRegisters(1, control(EVERY, 0));
        cpu.set(Register.RAX, CR0);
        assertEquals(ExitReason.BUDGET, run("0f22c0"));
        cpu.switchContext(1);
        cpu.switchContext(0);
        assertEquals(ExitReason.BUDGET, run("0f22c0"));
        cpu.interceptRegisters(0, control(EVERY, 0));
        cpu.switchContext(1);
        cpu.interceptRegisters(1, RegisterIntercepts.NONE);
        cpu.switchContext(0);
        assertEquals(ExitReason.REGISTER_INTERCEPT, run("0f22c0"));
    }

    @Test
    void shouldOutliveInitAndEndWithReset() {
        cpu.interceptRegisters(0, writes(InterceptedRegister.GDTR));
        cpu.reset(true);
        assertEquals(ExitReason.REGISTER_INTERCEPT, runReal());
        cpu.reset(false);
        assertEquals(ExitReason.BUDGET, runReal());
    }

    /** lgdt [0x500] in real mode. */
    private ExitReason runReal() {
        cpu.startup(0x9);
        byte[] bytes = HexFormat.of().parseHex("0f01160005ebfe");
        machine.memory.write(0x9000, bytes, 0, bytes.length);
        return step();
    }

    @Test
    void shouldBeSavedWithTheProcessor() {
        RegisterIntercepts asked = new RegisterIntercepts(
                TS, 0x80, Set.of(InterceptedRegister.TR), List.of(new MsrIntercept(MISC_ENABLE, true, 1)));
        cpu.interceptRegisters(0, asked);
        cpu.interceptRegisters(2, control(EVERY, 0));
        StateWriter out = new StateWriter();
        cpu.save(out);
        byte[] saved = out.toBytes();
        try (LongMode other = new LongMode()) {
            prepare(other);
            other.cpu.restore(new StateReader("vp", 1, saved));
            StateWriter again = new StateWriter();
            other.cpu.save(again);
            assertEquals(HexFormat.of().formatHex(saved), HexFormat.of().formatHex(again.toBytes()));
            other.cpu.set(Register.RAX, TSS);
            other.cpu.set(Register.RIP, LongMode.CODE);
            other.code(0x0f, 0x00, 0xd8);
            other.cpu.setBudget(1);
            assertEquals(ExitReason.REGISTER_INTERCEPT, other.cpu.run());
        }
    }

    // ---- task switches -------------------------------------------------------------------------------------------

    private static final int NEW_TSS = 0xb0;
    private static final long NEW = Guest.DATA + 0x1000;

    private static Guest tasks() {
        Guest g = new Guest(portcullis.soft.model.CpuModel.Vendor.INTEL).protectedMode();
        g.descriptor(NEW_TSS, NEW, 0x67, 0x89);
        g.descriptor(Guest.TSS_SELECTOR, Guest.TSS, 0xfff, 0x8b);
        g.memory.putInt(NEW + 96, Guest.LDT_SELECTOR);
        return g;
    }

    @ParameterizedTest
    @CsvSource({"TR, 176", "LDTR, 72"})
    void shouldLeaveBeforeATaskSwitch(InterceptedRegister register, long value) {
        try (Guest g = tasks().code("ea 00000000 b000")) {
            g.cpu.interceptRegisters(0, writes(register));
            assertEquals(ExitReason.REGISTER_INTERCEPT, g.run());
            assertEquals(register, g.cpu.exit().register);
            assertEquals(value, g.cpu.exit().value);
            assertEquals(7, g.cpu.exit().instructionLength);
            assertEquals(Guest.CODE, g.get(Register.RIP));
            assertEquals(Guest.TSS_SELECTOR, g.selector(SegmentRegister.TR));
            assertEquals(0, g.memory.getInt(Guest.TSS + 32), "the old task is not saved");
            assertEquals(0, g.memory.getByte(Guest.GDT + NEW_TSS + 5) & 2, "the new one is not busy");
        }
    }

    @Test
    void shouldKeepAnInterruptWhoseTaskIsWatched() {
        try (Guest g = tasks().code("f4")) {
            g.gate(0x40, NEW_TSS, 0, 0x85);
            g.set(Register.RFLAGS, 0x202);
            g.cpu.interceptRegisters(0, writes(InterceptedRegister.TR));
            g.cpu.injectInterrupt(0x40);
            assertEquals(ExitReason.REGISTER_INTERCEPT, g.run());
            assertEquals(0, g.cpu.exit().instructionLength);
            assertTrue(g.cpu.pendingEvent().external());
            assertEquals(0x40, g.cpu.pendingEvent().vector());
            assertEquals(Guest.TSS_SELECTOR, g.selector(SegmentRegister.TR));
        }
    }
}
