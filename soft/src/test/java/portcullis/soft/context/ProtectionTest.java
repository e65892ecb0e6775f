package portcullis.soft.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.Access;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.VirtualCpu;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.memory.Protection;
import portcullis.soft.LongMode;

/** What a higher level forbids leaves as ACCESS_DENIED, with nothing done. */
class ProtectionTest {
    private static final long WINDOW = 1 << 30;
    private static final long TABLES = 0x10000;
    private static final long PD = 0x20000;
    private static final long PT = 0x21000;
    private static final long PAGE = 0x345000;
    private static final long CONTENT = 0x1111111111111111L;
    private static final long IDT = 0x40000;
    private static final long GDT = 0x60000;
    private static final long HANDLERS = 0x50000;
    private static final int R = Protection.READ;
    private static final int RW = Protection.READ | Protection.WRITE;
    private static final int RX = Protection.ALL & ~Protection.WRITE;

    private final LongMode machine = new LongMode();
    private final VirtualCpu cpu = machine.cpu;
    private final MemoryView view = machine.memory.view(0);
    private boolean flushOnChange = true;

    /** WINDOW maps eight 4 KiB pages from PAGE - 0x1000 on, at WINDOW - 0x1000 + 0x1000 * i for WINDOW = PAGE. */
    ProtectionTest() {
        view.onChange(() -> {
            if (flushOnChange) {
                cpu.flushTlb();
            }
        });
        machine.memory.putLong(TABLES + 0x1008, PD | 7);
        machine.memory.putLong(PD, PT | 7);
        for (int i = 0; i < 8; i++) {
            machine.memory.putLong(PT + i * 8, PAGE + i * 0x1000L | 7);
        }
        machine.memory.putLong(PAGE, CONTENT);
        machine.memory.putLong(GDT + 8, 0x00af9b000000ffffL);
        machine.memory.putLong(GDT + 0x10, 0x00cf93000000ffffL);
        for (int vector = 0; vector < 256; vector++) {
            long handler = HANDLERS + vector;
            machine.memory.putLong(IDT + vector * 16, handler & 0xffff | 8 << 16 | 0x8eL << 40 | handler >>> 16 << 48);
            machine.memory.putByte(handler, (byte) 0xf4);
        }
        cpu.setGdt(new DescriptorTable(GDT, 0x17));
        cpu.setIdt(new DescriptorTable(IDT, 0xfff));
        cpu.set(Register.RBX, WINDOW);
        cpu.set(Register.RDX, 0x2222222222222222L);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void load(long at, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        machine.memory.write(at, bytes, 0, bytes.length);
    }

    private ExitReason run(String hex, int instructions) {
        load(LongMode.CODE, hex);
        cpu.set(Register.RIP, LongMode.CODE);
        cpu.setBudget(instructions);
        return cpu.run();
    }

    private void allow(long gpa, int allowed) {
        view.protect(1, gpa, 1, allowed);
    }

    private void assertDenied(long gpa, long gva, Access access, boolean pageWalk, long rip, int length) {
        assertEquals(ExitReason.ACCESS_DENIED, cpu.exit().reason);
        assertEquals(Long.toHexString(gpa), Long.toHexString(cpu.exit().gpa));
        assertTrue(cpu.exit().gvaValid);
        assertEquals(Long.toHexString(gva), Long.toHexString(cpu.exit().gva));
        assertEquals(access, cpu.exit().access);
        assertEquals(pageWalk, cpu.exit().pageWalk);
        assertEquals(Long.toHexString(rip), Long.toHexString(cpu.get(Register.RIP)));
        assertEquals(length, cpu.exit().instructionLength);
    }

    private void runOn(int instructions) {
        cpu.setBudget(instructions);
        assertEquals(ExitReason.BUDGET, cpu.run());
    }

    // ---- data --------------------------------------------------------------------------------------------------

    /** @param needs the weakest protection that lets it happen */
    record Instruction(String name, String hex, int length, Access access, int needs) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Instruction> instructions() {
        return Stream.of(
                new Instruction("mov rax, [rbx]", "488b03", 3, Access.READ, R),
                new Instruction("movups xmm0, [rbx]", "0f1003", 3, Access.READ, R),
                new Instruction("add rax, [rbx]", "480303", 3, Access.READ, R),
                new Instruction("push [rbx]", "ff33", 2, Access.READ, R),
                new Instruction("fldcw [rbx]", "d92b", 2, Access.READ, R),
                new Instruction("mov [rbx], rdx", "488913", 3, Access.WRITE, RW),
                new Instruction("movups [rbx], xmm0", "0f1103", 3, Access.WRITE, RW),
                new Instruction("add [rbx], rdx", "480113", 3, Access.WRITE, RW),
                new Instruction("lock xadd [rbx], rdx", "f0480fc113", 5, Access.WRITE, RW),
                new Instruction("xchg [rbx], rdx", "488713", 3, Access.WRITE, RW),
                new Instruction("lock cmpxchg [rbx], rdx", "f0480fb113", 5, Access.WRITE, RW),
                new Instruction("lock cmpxchg16b [rbx]", "f0480fc70b", 5, Access.WRITE, RW),
                new Instruction("pop [rbx]", "8f03", 2, Access.WRITE, RW),
                new Instruction("fxsave [rbx]", "0fae03", 3, Access.WRITE, RW),
                new Instruction("xor [rbx], dl", "3013", 2, Access.WRITE, RW));
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void shouldRefuseWhatIsNotAllowedAndDoNothing(Instruction in) {
        run(in.hex + "ebfe", 2);
        for (int allowed : new int[] {0, R, Protection.WRITE, RW, RX, Protection.ALL}) {
            machine.memory.putLong(PAGE, CONTENT);
            machine.memory.putLong(PAGE + 8, CONTENT);
            cpu.set(Register.RDX, 0x2222222222222222L);
            cpu.set(Register.RAX, 7);
            cpu.set(Register.RSP, LongMode.STACK);
            cpu.setGdt(new DescriptorTable(GDT, 0x17));
            allow(PAGE, allowed);
            ExitReason reason = run(in.hex + "ebfe", 2);
            if ((allowed & in.needs) == in.needs) {
                assertEquals(ExitReason.BUDGET, reason, "allowed " + allowed);
            } else {
                assertDenied(PAGE, WINDOW, in.access, false, LongMode.CODE, in.length);
                assertEquals(CONTENT, machine.memory.getLong(PAGE));
                assertEquals(CONTENT, machine.memory.getLong(PAGE + 8));
                assertEquals(7, cpu.get(Register.RAX));
                assertEquals(0x2222222222222222L, cpu.get(Register.RDX));
                assertEquals(LongMode.STACK, cpu.get(Register.RSP));
                allow(PAGE, Protection.ALL);
                runOn(2);
            }
        }
    }

    @Test
    void shouldWriteNothingWhereOneOfTwoPagesIsProtected() {
        allow(PAGE + 0x1000, R);
        cpu.set(Register.RBX, WINDOW + 0xffd);
        run("488913ebfe", 2);
        assertDenied(PAGE + 0x1000, WINDOW + 0x1000, Access.WRITE, false, LongMode.CODE, 3);
        assertEquals(0, machine.memory.getInt(PAGE + 0xffc));
        allow(PAGE + 0x1000, Protection.ALL);
        allow(PAGE, R);
        cpu.run();
        assertDenied(PAGE + 0xffd, WINDOW + 0xffd, Access.WRITE, false, LongMode.CODE, 3);
        assertEquals(0, machine.memory.getInt(PAGE + 0x1000));
    }

    @Test
    void shouldStopAStringInstructionWhereItMeetsProtection() {
        allow(PAGE + 0x1000, R);
        cpu.set(Register.RSI, LongMode.DATA);
        cpu.set(Register.RDI, WINDOW + 0xf00);
        cpu.set(Register.RCX, 0x200);
        machine.memory.fill(LongMode.DATA, 0x200, (byte) 5);
        run("f3a4ebfe", 0x1000);
        assertDenied(PAGE + 0x1000, WINDOW + 0x1000, Access.WRITE, false, LongMode.CODE, 2);
        assertEquals(0x100, cpu.get(Register.RCX));
        assertEquals(WINDOW + 0x1000, cpu.get(Register.RDI));
        allow(PAGE + 0x1000, Protection.ALL);
        runOn(0x200);
        assertEquals(0, cpu.get(Register.RCX));
        assertEquals(5, machine.memory.getByte(PAGE + 0x10ff));
    }

    @Test
    void shouldBeForOneLevelOnlyAndByGuestAddress() {
        machine.memory.view(1).protect(2, PAGE, 1, Protection.NONE);
        assertEquals(ExitReason.BUDGET, run("488b03ebfe", 2));
        OverlayPage page = machine.memory.newOverlay(true);
        view.place(page, PAGE);
        allow(PAGE, Protection.NONE);
        run("488b03ebfe", 2);
        assertDenied(PAGE, WINDOW, Access.READ, false, LongMode.CODE, 3);
    }

    @Test
    void shouldAnswerADeviceAccessAnewAfterARefusal() {
        long hole = 0x80000000L;
        machine.memory.putLong(TABLES + 0x1010, hole | 0x83);
        cpu.set(Register.RSI, hole);
        cpu.set(Register.RDI, WINDOW);
        allow(PAGE, R);
        assertEquals(ExitReason.MMIO_READ, run("a4ebfe", 2)); // movsb
        cpu.exit().value = 9;
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run());
        allow(PAGE, Protection.ALL);
        assertEquals(ExitReason.MMIO_READ, cpu.run());
        cpu.exit().value = 10;
        cpu.setBudget(1);
        assertEquals(ExitReason.BUDGET, cpu.run());
        assertEquals(10, machine.memory.getByte(PAGE));
    }

    // ---- page walks --------------------------------------------------------------------------------------------

    @Test
    void shouldRefusePageTablesThatMayNotBeRead() {
        long[] entries = {TABLES, TABLES + 0x1008, PD, PT};
        long[] above = {TABLES, TABLES + 0x1000, PD, PT};
        for (int i = 2; i < 4; i++) {
            allow(above[i], Protection.NONE);
            assertEquals(ExitReason.ACCESS_DENIED, run("488b03ebfe", 2));
            assertDenied(entries[i], WINDOW, Access.READ, true, LongMode.CODE, 3);
            Translation found = cpu.translate(
                    WINDOW, TranslationRequest.look(Access.READ, TranslationRequest.Privilege.SUPERVISOR));
            assertEquals(Translation.Result.NO_ACCESS, found.result());
            assertEquals(entries[i], found.gpa());
            allow(above[i], Protection.ALL);
            runOn(2);
        }
        for (int i = 0; i < 2; i++) {
            allow(above[i], Protection.NONE);
            assertEquals(ExitReason.ACCESS_DENIED, run("488b03ebfe", 2));
            assertDenied(above[i], LongMode.CODE, Access.READ, true, LongMode.CODE, 0);
            allow(above[i], Protection.ALL);
        }
    }

    @Test
    void shouldRefuseAccessedAndDirtyBitsInTablesThatMayNotBeWritten() {
        allow(PT, RX);
        assertEquals(ExitReason.ACCESS_DENIED, run("488b03ebfe", 2));
        assertDenied(PT, WINDOW, Access.WRITE, true, LongMode.CODE, 3);
        assertEquals(0, machine.memory.getLong(PT) & 0x20);
        machine.memory.putLong(PT, machine.memory.getLong(PT) | 0x20);
        assertEquals(ExitReason.BUDGET, run("488b03ebfe", 2), "no bit to set");
        assertEquals(ExitReason.ACCESS_DENIED, run("488913ebfe", 2));
        assertDenied(PT, WINDOW, Access.WRITE, true, LongMode.CODE, 3);
        assertEquals(CONTENT, machine.memory.getLong(PAGE));
        machine.memory.putLong(PT, machine.memory.getLong(PT) | 0x60);
        assertEquals(ExitReason.BUDGET, run("488913ebfe", 2));
        machine.memory.putLong(PD, machine.memory.getLong(PD) & ~0x20L);
        allow(PD, R);
        assertEquals(ExitReason.ACCESS_DENIED, run("488b03ebfe", 2));
        assertDenied(PD, WINDOW, Access.WRITE, true, LongMode.CODE, 3);
    }

    @Test
    void shouldRefusePdptesThatMayNotBeRead() {
        machine.memory.putLong(0x71000, 0x87); // PAE tables, one to one
        machine.memory.putLong(0x70000, 0x71001);
        cpu.set(Register.CR0, 0x11);
        cpu.set(Register.EFER, 0);
        cpu.set(Register.CR3, 0x70000);
        cpu.set(Register.CR0, 0x80000011L);
        cpu.setSegment(SegmentRegister.CS, new Segment(8, 0, -1, 0xb | Segment.S | Segment.P | Segment.DB | Segment.G));
        machine.memory.putLong(0x72000, 0x71001);
        cpu.set(Register.RAX, 0x72000);
        allow(0x72000, Protection.NONE);
        assertEquals(ExitReason.ACCESS_DENIED, run("0f22d8ebfe", 2)); // mov cr3, eax
        assertEquals(0x72000, cpu.exit().gpa);
        assertFalse(cpu.exit().gvaValid);
        assertTrue(cpu.exit().pageWalk);
        assertEquals(LongMode.CODE, cpu.get(Register.RIP));
        assertEquals(0x70000, cpu.get(Register.CR3));
        allow(0x72000, Protection.ALL);
        runOn(2);
        assertEquals(0x72000, cpu.get(Register.CR3));
    }

    @Test
    void shouldDescribeItselfWithoutChangingTheLastExit() {
        allow(LongMode.CODE, RW);
        assertEquals(ExitReason.ACCESS_DENIED, run("90ebfe", 2));
        cpu.exit().gpa = 1;
        cpu.exit().reason = ExitReason.KICKED;
        assertTrue(cpu.describe().contains("access denied"));
        assertEquals(1, cpu.exit().gpa);
        assertEquals(ExitReason.KICKED, cpu.exit().reason);
        cpu.set(Register.RIP, 0x4000000000L);
        cpu.set(Register.CR2, 5);
        assertTrue(cpu.describe().contains("exception 14"));
        assertEquals(5, cpu.get(Register.CR2));
    }

    // ---- code --------------------------------------------------------------------------------------------------

    @Test
    void shouldRefuseToFetchAndTellTheCallersLength() {
        load(PAGE, "b811000000c3"); // mov eax, 0x11; ret
        assertEquals(ExitReason.BUDGET, run("ffd3ebfe", 4));
        allow(PAGE, RW);
        cpu.set(Register.RSP, LongMode.STACK);
        assertEquals(ExitReason.ACCESS_DENIED, run("ffd3ebfe", 4));
        assertDenied(PAGE, WINDOW, Access.EXECUTE, false, WINDOW, 2);
        assertEquals(LongMode.STACK - 8, cpu.get(Register.RSP), "the call has happened");
        assertEquals(LongMode.CODE + 2, machine.memory.getLong(LongMode.STACK - 8));
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run(), "again and again");
        cpu.set(Register.DR7, 0x401); // one instruction at a time
        assertEquals(ExitReason.ACCESS_DENIED, run("ffd3ebfe", 4), "stepping");
        assertDenied(PAGE, WINDOW, Access.EXECUTE, false, WINDOW, 2);
        allow(PAGE, RX);
        runOn(3);
        assertEquals(0x11, cpu.get(Register.RAX));
    }

    @Test
    void shouldRefuseToRunIntoAProtectedPage() {
        load(PAGE + 0xffe, "9090");
        allow(PAGE + 0x1000, RW);
        cpu.set(Register.RIP, WINDOW + 0xffe);
        cpu.setBudget(10);
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run());
        assertDenied(PAGE + 0x1000, WINDOW + 0x1000, Access.EXECUTE, false, WINDOW + 0x1000, 1);
    }

    @Test
    void shouldRefuseAnInstructionThatReachesIntoAProtectedPage() {
        load(PAGE + 0xffe, "b811");
        cpu.set(Register.RIP, WINDOW + 0xffe);
        runOn(1);
        allow(PAGE + 0x1000, RW);
        cpu.set(Register.RIP, WINDOW + 0xffe);
        cpu.setBudget(10);
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run());
        assertEquals(PAGE + 0x1000, cpu.exit().gpa);
        assertEquals(WINDOW + 0xffe, cpu.get(Register.RIP));
    }

    @Test
    void shouldStopCodeThatIsProtectedWhileItRuns() {
        assertEquals(ExitReason.BUDGET, run("eb00ebfc", 100));
        allow(LongMode.CODE, R);
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run());
        assertEquals(Access.EXECUTE, cpu.exit().access);
        assertEquals(cpu.get(Register.RIP), cpu.exit().gva);
        allow(LongMode.CODE, RX);
        runOn(10);
    }

    @ParameterizedTest
    @CsvSource({
        // allowed execution, MBEC, SMEP; kernel code runs, user code runs
        "none, false, false, false, false",
        "none, true, true, false, false",
        "kernel, false, false, true, true",
        "kernel, true, false, true, true",
        "kernel, true, true, true, false",
        "user, false, true, false, false",
        "user, true, false, false, false",
        "user, true, true, false, true",
        "both, true, true, true, true",
        "both, false, false, true, true"
    })
    void shouldTellUserAndKernelExecutionApart(
            String execute, boolean mbec, boolean smep, boolean kernelRuns, boolean userRuns) {
        int allowed = switch (execute) {
            case "none" -> 0;
            case "kernel" -> Protection.KERNEL_EXECUTE;
            case "user" -> Protection.USER_EXECUTE;
            default -> Protection.KERNEL_EXECUTE | Protection.USER_EXECUTE;
        };
        load(PAGE, "ebfe");
        load(PAGE + 0x1000, "ebfe");
        machine.memory.putLong(PT, PAGE | 3); // a kernel page; the next is a user page
        view.protect(1, PAGE, 2, RW | allowed);
        if (smep) {
            cpu.set(Register.CR4, cpu.get(Register.CR4) | 1 << 20);
        }
        cpu.set(Register.RIP, WINDOW);
        cpu.setBudget(2);
        cpu.setModeBasedExecute(0, true);
        cpu.run();
        cpu.setModeBasedExecute(0, mbec);
        assertEquals(kernelRuns ? ExitReason.BUDGET : ExitReason.ACCESS_DENIED, cpu.run());
        if (!smep) {
            cpu.set(Register.RIP, WINDOW + 0x1000);
            assertEquals(kernelRuns ? ExitReason.BUDGET : ExitReason.ACCESS_DENIED, cpu.run(), "in a user page");
        }
        Segment code = cpu.segment(SegmentRegister.CS);
        Segment data = cpu.segment(SegmentRegister.SS);
        cpu.setSegment(SegmentRegister.CS, new Segment(0x1b, 0, -1, code.attributes() | 0x60));
        cpu.setSegment(SegmentRegister.SS, new Segment(0x23, 0, -1, data.attributes() | 0x60));
        cpu.set(Register.RIP, WINDOW + 0x1000);
        cpu.setBudget(2);
        assertEquals(userRuns ? ExitReason.BUDGET : ExitReason.ACCESS_DENIED, cpu.run());
    }

    /** SGDT, SIDT, SLDT and STR (TLFS vsm.md, "Descriptor Tables"). */
    @ParameterizedTest
    @CsvSource({"0f01442480", "0f014c2480", "0f00c0", "0f00c8"})
    void shouldNotShowDescriptorTablesToCodeForUserModeAlone(String hex) {
        cpu.set(Register.CR4, cpu.get(Register.CR4) | 1 << 20);
        cpu.setModeBasedExecute(0, true);
        load(PAGE, hex + "ebfe");
        allow(PAGE, RW | Protection.USER_EXECUTE);
        Segment code = cpu.segment(SegmentRegister.CS);
        Segment data = cpu.segment(SegmentRegister.SS);
        cpu.setSegment(SegmentRegister.TR, new Segment(0x28, 0x70000, 0x67, 0x8b));
        cpu.setSegment(SegmentRegister.CS, new Segment(0x1b, 0, -1, code.attributes() | 0x60));
        cpu.setSegment(SegmentRegister.SS, new Segment(0x23, 0, -1, data.attributes() | 0x60));
        machine.memory.putLong(0x70000 + 4, LongMode.STACK - 0x100);
        cpu.set(Register.RSP, LongMode.STACK);
        cpu.set(Register.RIP, WINDOW);
        runOn(1);
        assertEquals(HANDLERS + 13, cpu.get(Register.RIP));
        assertEquals(0, machine.memory.getLong(LongMode.STACK - 0x100 - 48), "its error code");
        assertEquals(WINDOW, machine.memory.getLong(LongMode.STACK - 0x100 - 40));
        for (int rights : new int[] {Protection.ALL, RW | Protection.USER_EXECUTE}) {
            cpu.setSegment(SegmentRegister.CS, new Segment(0x1b, 0, -1, code.attributes() | 0x60));
            cpu.setSegment(SegmentRegister.SS, new Segment(0x23, 0, -1, data.attributes() | 0x60));
            cpu.set(Register.RSP, LongMode.STACK);
            allow(PAGE, rights);
            cpu.setModeBasedExecute(0, rights == Protection.ALL);
            cpu.set(Register.RIP, WINDOW);
            cpu.setBudget(1);
            assertEquals(rights == Protection.ALL ? ExitReason.BUDGET : ExitReason.ACCESS_DENIED, cpu.run());
        }
    }

    // ---- events ------------------------------------------------------------------------------------------------

    /** Where an event's delivery touches memory: the stack, IDT and GDT. */
    static List<Long> touched() {
        return List.of(LongMode.STACK - 0x1000, IDT, GDT);
    }

    private void runToHandler(int vector) {
        cpu.setBudget(20);
        assertEquals(ExitReason.HALT, cpu.run());
        assertEquals(HANDLERS + vector + 1, cpu.get(Register.RIP));
    }

    private void assertRefusedDelivery(long page) {
        cpu.setBudget(20);
        assertEquals(ExitReason.ACCESS_DENIED, cpu.run());
        assertEquals(page, cpu.exit().gpa & -0x1000L);
        assertEquals(page == LongMode.STACK - 0x1000 ? Access.WRITE : Access.READ, cpu.exit().access);
        assertEquals(LongMode.STACK, cpu.get(Register.RSP));
    }

    @ParameterizedTest
    @MethodSource("touched")
    void shouldKeepAnInterruptWhoseDeliveryIsRefused(long page) {
        run("fbebfe", 3); // sti; jmp $
        cpu.injectInterrupt(0x40);
        allow(page, Protection.NONE);
        for (int i = 0; i < 2; i++) {
            assertRefusedDelivery(page);
            assertEquals(0x40, cpu.pendingEvent().vector());
            assertEquals(LongMode.CODE + 1, cpu.get(Register.RIP));
            assertTrue((cpu.get(Register.RFLAGS) & 1 << 9) != 0);
        }
        allow(page, Protection.ALL);
        runToHandler(0x40);
        assertNull(cpu.pendingEvent());
    }

    @ParameterizedTest
    @MethodSource("touched")
    void shouldKeepAnNmiWhoseDeliveryIsRefused(long page) {
        run("ebfe", 3);
        cpu.postNmi();
        allow(page, Protection.NONE);
        for (int i = 0; i < 2; i++) {
            assertRefusedDelivery(page);
            assertFalse(cpu.nmiBlocked());
        }
        allow(page, Protection.ALL);
        runToHandler(2);
        assertTrue(cpu.nmiBlocked());
        assertEquals(LongMode.CODE, machine.memory.getLong(LongMode.STACK - 40));
    }

    @ParameterizedTest
    @MethodSource("touched")
    void shouldRaiseAFaultAgainWhoseDeliveryWasRefused(long page) {
        load(LongMode.CODE, "900f0b"); // nop; ud2
        cpu.set(Register.RIP, LongMode.CODE);
        allow(page, Protection.NONE);
        for (int i = 0; i < 2; i++) {
            assertRefusedDelivery(page);
            assertEquals(LongMode.CODE + 1, cpu.get(Register.RIP));
            assertNull(cpu.pendingEvent());
        }
        allow(page, Protection.ALL);
        runToHandler(6);
        assertEquals(LongMode.CODE + 1, machine.memory.getLong(LongMode.STACK - 40));
    }

    @ParameterizedTest
    @MethodSource("touched")
    void shouldKeepADebugTrapWhoseDeliveryIsRefused(long page) {
        load(LongMode.CODE, "909090ebfe");
        cpu.set(Register.RIP, LongMode.CODE);
        cpu.set(Register.RFLAGS, 0x102);
        allow(page, Protection.NONE);
        for (int i = 0; i < 2; i++) {
            assertRefusedDelivery(page);
            assertEquals(LongMode.CODE + 1, cpu.get(Register.RIP));
        }
        allow(page, Protection.ALL);
        runToHandler(1);
        assertEquals(LongMode.CODE + 1, machine.memory.getLong(LongMode.STACK - 40));
        assertEquals(1 << 14, cpu.get(Register.DR6) & 1 << 14);
    }

    @ParameterizedTest
    @MethodSource("touched")
    void shouldRefuseASoftwareInterruptLikeAnyInstruction(long page) {
        assumeTrue(page != 0);
        load(LongMode.CODE, "cd80");
        cpu.set(Register.RIP, LongMode.CODE);
        allow(page, Protection.NONE);
        assertRefusedDelivery(page);
        assertEquals(LongMode.CODE, cpu.get(Register.RIP));
        assertEquals(2, cpu.exit().instructionLength);
        allow(page, Protection.ALL);
        runToHandler(0x80);
        assertEquals(LongMode.CODE + 2, machine.memory.getLong(LongMode.STACK - 40));
    }

    // ---- many threads ------------------------------------------------------------------------------------------

    /** What the hypervisor relies on: once a CPU has dropped its translations after a change, it goes by the change. */
    @Test
    void shouldStopARunningProcessorOnceItHasDroppedItsTranslations() throws InterruptedException {
        flushOnChange = false;
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        load(LongMode.CODE, "48ff03ebfb"); // inc qword [rbx]; jmp
        cpu.set(Register.RIP, LongMode.CODE);
        Thread runner = Thread.ofPlatform().start(() -> {
            while (!stop.get()) {
                int request = asked.get();
                if (done.get() != request) {
                    cpu.flushSpace(0, VirtualCpu.ALL_SPACES, true);
                    done.set(request);
                }
                cpu.setBudget(10_000);
                cpu.run();
            }
        });
        try {
            for (int i = 0; i < 100; i++) {
                view.protect(1, PAGE, 1, (i & 1) == 0 ? R : Protection.NONE);
                changeSeen(asked, done);
                long value = machine.memory.getLong(PAGE);
                changeSeen(asked, done);
                assertEquals(value, machine.memory.getLong(PAGE));
                view.protect(1, PAGE, 1, Protection.ALL);
                changeSeen(asked, done);
            }
        } finally {
            stop.set(true);
            cpu.kick();
            runner.join();
        }
    }

    private void changeSeen(AtomicInteger asked, AtomicInteger done) {
        int request = asked.incrementAndGet();
        cpu.kick();
        while (done.get() != request) {
            Thread.onSpinWait();
        }
    }
}
