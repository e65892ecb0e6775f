package portcullis.soft.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.memory.OverlayPage;
import portcullis.soft.LongMode;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What contexts have of their own beyond registers: translations, events, exits under way, debug traps. */
class ContextTest {
    private static final long WINDOW = 1 << 30;
    private static final long PAGE_A = 0x300000;
    private static final long PAGE_B = 0x301000;
    private static final long PAGE_C = 0x302000;
    /** Top tables of context 0 and 1; each has a 4 KiB page at WINDOW. */
    private static final long[] TABLES = {0x20000, 0x30000};

    private static final long HOLE = 0x80000000L;
    private static final long IDT = 0x40000;
    private static final long HANDLERS = 0x50000;
    private static final String READ = "488b03ebfe"; // mov rax, [rbx]; jmp $

    private final LongMode machine = new LongMode();
    private final VirtualCpu cpu = machine.cpu;

    ContextTest() {
        for (long top : TABLES) {
            machine.memory.putLong(top, top + 0x1000 | 7);
            machine.memory.putLong(top + 0x1000, 0x12000 | 7);
            machine.memory.putLong(top + 0x1008, top + 0x2000 | 7);
            machine.memory.putLong(top + 0x1010, HOLE | 0x87);
            machine.memory.putLong(top + 0x2000, top + 0x3000 | 7);
        }
        machine.memory.putLong(PAGE_A, 0xaaaa);
        machine.memory.putLong(PAGE_B, 0xbbbb);
        machine.memory.putLong(PAGE_C, 0xcccc);
        map(0, PAGE_A);
        map(1, PAGE_B);
        // A GDT with code at 8 and data at 0x10; every IDT entry leads to its own HLT.
        machine.memory.putLong(0x60008, 0x00af9b000000ffffL);
        machine.memory.putLong(0x60010, 0x00cf93000000ffffL);
        for (int vector = 0; vector < 256; vector++) {
            long handler = HANDLERS + vector;
            machine.memory.putLong(IDT + vector * 16, handler & 0xffff | 8 << 16 | 0x8eL << 40 | handler >>> 16 << 48);
            machine.memory.putByte(handler, (byte) 0xf4);
        }
        cpu.set(Register.CR3, TABLES[0]);
        cpu.set(Register.RBX, WINDOW);
        tables();
        Segment code = cpu.segment(SegmentRegister.CS);
        Segment data = cpu.segment(SegmentRegister.SS);
        cpu.switchContext(1);
        cpu.set(Register.CR4, 0x20 | 1 << 9 | 1 << 10);
        cpu.set(Register.CR3, TABLES[1]);
        cpu.set(Register.EFER, 0x500 | 1 | 1 << 11);
        cpu.set(Register.CR0, 0x80010033L);
        for (SegmentRegister register : SegmentRegister.values()) {
            if (register.ordinal() < 6) {
                cpu.setSegment(register, register == SegmentRegister.CS ? code : data);
            }
        }
        cpu.set(Register.RSP, LongMode.STACK - 0x1000);
        tables();
        cpu.switchContext(0);
    }

    private void tables() {
        cpu.setGdt(new DescriptorTable(0x60000, 0x17));
        cpu.setIdt(new DescriptorTable(IDT, 0xfff));
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void map(int context, long page) {
        machine.memory.putLong(TABLES[context] + 0x3000, page | 7);
    }

    /** Places code where the current context has its own. @return where */
    private long code(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        long at = LongMode.CODE + cpu.context() * 0x100L;
        machine.memory.write(at, bytes, 0, bytes.length);
        return at;
    }

    private ExitReason run(String hex, int instructions) {
        cpu.set(Register.RIP, code(hex));
        cpu.setBudget(instructions);
        return cpu.run();
    }

    private long read(int context) {
        cpu.switchContext(context);
        assertEquals(ExitReason.BUDGET, run(READ, 2));
        return cpu.get(Register.RAX);
    }

    private void runToHandler(int vector) {
        cpu.setBudget(5);
        assertEquals(ExitReason.HALT, cpu.run());
        assertEquals(HANDLERS + vector + 1, cpu.get(Register.RIP));
    }

    @Test
    void shouldTranslateByItsOwnTablesAndFlushItsOwnTlb() {
        assertEquals(0xaaaa, read(0));
        assertEquals(0xbbbb, read(1));
        map(0, PAGE_C);
        map(1, PAGE_C);
        assertEquals(0xaaaa, read(0), "switching flushes nothing");
        assertEquals(0xbbbb, read(1));
        cpu.flushTlb();
        assertEquals(0xcccc, read(1));
        assertEquals(0xaaaa, read(0));
        map(1, PAGE_B);
        cpu.flushSpace(1, TABLES[0], true);
        assertEquals(0xcccc, read(1), "not its address space");
        cpu.flushSpace(0, TABLES[0], false);
        assertEquals(0xcccc, read(0));
        assertEquals(0xcccc, read(1));
        cpu.switchContext(0);
        cpu.flushRange(1, VirtualCpu.ALL_SPACES, WINDOW, 1, false);
        assertEquals(0xbbbb, read(1));
        cpu.flushSpace(2, VirtualCpu.ALL_SPACES, true);
        assertEquals(0xbbbb, read(1));
    }

    @Test
    void shouldFlushOneContextByCr3WhereBothUseTheSameTables() {
        cpu.switchContext(1);
        cpu.set(Register.CR3, TABLES[0]);
        assertEquals(0xaaaa, read(0));
        assertEquals(0xaaaa, read(1));
        map(0, PAGE_C);
        cpu.flushSpace(0, TABLES[0], true);
        assertEquals(0xaaaa, read(1));
        assertEquals(0xcccc, read(0));
    }

    @Test
    void shouldSeeTheViewOfItsLevel() {
        OverlayPage page = machine.memory.newOverlay(true);
        page.putLong(0, 0xdddd);
        machine.memory.view(1).place(page, PAGE_A);
        map(1, PAGE_A);
        assertEquals(0xaaaa, read(0));
        assertEquals(0xdddd, read(1));
        assertEquals(0xaaaa, read(0));
        cpu.switchContext(1);
        assertEquals(0xdddd, read(1), "context 1 will see other code than 0 at an address that both have executed");
        OverlayPage other = machine.memory.newOverlay(false);
        other.write(0x100, HexFormat.of().parseHex("b844000000ebfe"), 0, 7);
        machine.memory.view(1).place(other, LongMode.CODE);
        cpu.flushTlb();
        cpu.set(Register.RIP, LongMode.CODE + 0x100);
        cpu.setBudget(2);
        assertEquals(ExitReason.BUDGET, cpu.run());
        assertEquals(0x44, cpu.get(Register.RAX));
        cpu.switchContext(0);
        assertEquals(0xaaaa, read(0));
    }

    @Test
    void shouldDeliverWhatWasInjectedToTheContextThatItWasInjectedTo() {
        run("fbebfe", 2); // sti; jmp $
        cpu.injectInterrupt(0x40);
        assertEquals(0xbbbb, read(1));
        cpu.switchContext(0);
        assertEquals(0x40, cpu.pendingEvent().vector());
        runToHandler(0x40);
        assertFalse(cpu.interruptible());
    }

    @Test
    void shouldHoldBackInterruptsAndNmisInOneContextOnly() {
        run("fbebfe", 2); // sti; jmp $
        cpu.setInterruptShadow(true);
        cpu.switchContext(1);
        assertFalse(cpu.interruptShadow());
        cpu.switchContext(0);
        assertTrue(cpu.interruptShadow());
        assertFalse(cpu.interruptible());
        assertTrue(cpu.postNmi());
        runToHandler(2);
        assertFalse(cpu.postNmi(), "one is being handled");
        cpu.switchContext(1);
        assertFalse(cpu.nmiBlocked());
        assertFalse(cpu.interruptShadow());
        assertEquals(0xbbbb, read(1), "the other context's NMI is not taken here");
        assertTrue(cpu.postNmi());
        runToHandler(2);
        cpu.switchContext(0);
        assertTrue(cpu.nmiBlocked());
    }

    @Test
    void shouldCompleteAnExitAfterOtherContextsRan() {
        cpu.set(Register.RBX, HOLE);
        assertEquals(ExitReason.MMIO_READ, run(READ, 2));
        cpu.exit().value = 0x123456789aL;
        cpu.switchContext(1);
        assertEquals(ExitReason.PORT_READ, run("e460ebfe", 2)); // in al, 0x60
        cpu.exit().value = 0x77;
        cpu.switchContext(0);
        cpu.setBudget(1);
        assertEquals(ExitReason.BUDGET, cpu.run());
        assertEquals(0x123456789aL, cpu.get(Register.RAX));
        cpu.switchContext(1);
        cpu.setBudget(1);
        assertEquals(ExitReason.BUDGET, cpu.run());
        assertEquals(0x1234567877L, cpu.get(Register.RAX));
    }

    @Test
    void shouldKeepTheRefusalOfAnMsrAccess() {
        assertEquals(ExitReason.MSR_READ, run("0f32ebfe", 2)); // rdmsr
        cpu.exit().fault = true;
        cpu.switchContext(1);
        assertEquals(ExitReason.MSR_READ, run("0f32ebfe", 2));
        cpu.exit().value = 5;
        cpu.setBudget(1);
        assertEquals(ExitReason.BUDGET, cpu.run());
        cpu.switchContext(0);
        runToHandler(13);
    }

    @Test
    void shouldForgetAnExitWhenAsked() {
        cpu.set(Register.RBX, HOLE);
        assertEquals(ExitReason.MMIO_READ, run(READ, 2));
        cpu.set(Register.RIP, cpu.get(Register.RIP) + 3);
        cpu.forgetExit();
        cpu.injectException(6, false, 0);
        runToHandler(6);
        assertEquals(ExitReason.MMIO_READ, run(READ, 2));
        cpu.forgetExit();
        assertEquals(ExitReason.MMIO_READ, cpu.run(), "the instruction starts anew");
    }

    @Test
    void shouldArmBreakpointsInOneContextOnly() {
        cpu.set(Register.DR0, WINDOW);
        cpu.set(Register.DR7, 0x401 | 3 << 16 | 3 << 18);
        assertEquals(0xbbbb, read(1));
        cpu.switchContext(0);
        assertEquals(ExitReason.HALT, run(READ, 5));
        assertEquals(HANDLERS + 1 + 1, cpu.get(Register.RIP));
        assertEquals(1, cpu.get(Register.DR6) & 0xf);
        cpu.switchContext(1);
        assertEquals(0, cpu.get(Register.DR6) & 0xf);
        cpu.set(Register.DR7, 0x401 | 3 << 16 | 3 << 18);
        assertEquals(ExitReason.HALT, run(READ, 5));
        cpu.set(Register.DR7, 0x400);
        assertEquals(0xbbbb, read(1));
        cpu.switchContext(0);
        assertEquals(ExitReason.HALT, run(READ, 5));
    }

    @Test
    void shouldBeSavedAndRestored() {
        assertEquals(0xaaaa, read(0));
        assertEquals(0xbbbb, read(1));
        map(0, PAGE_C);
        map(1, PAGE_C);
        cpu.switchContext(0);
        run("fbebfe", 2);
        cpu.injectInterrupt(0x41);
        cpu.switchContext(1);
        StateWriter out = new StateWriter();
        cpu.save(out);
        assertEquals(1, cpu.context());
        cpu.reset(false);
        StateReader in = new StateReader("processor", 1, out.toBytes());
        cpu.restore(in);
        in.finish();
        assertEquals(1, cpu.context());
        assertEquals(0xbbbb, read(1));
        cpu.switchContext(0);
        runToHandler(0x41);
        assertEquals(0xaaaa, read(0));
    }
}
