package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.soft.LongMode;

/** Overlay pages cover what is below for every kind of access; they lie in the middle of 2 MiB pages here. */
class OverlayTest {
    private static final long PAGE = 0x345000;
    private static final long BELOW = 0x1111111111111111L;
    private static final long ABOVE = 0x2222222222222222L;

    private final LongMode machine = new LongMode();
    private final MemoryView view = machine.memory.view(0);

    OverlayTest() {
        view.onChange(machine.cpu::flushTlb);
        machine.memory.putLong(PAGE, BELOW);
        machine.cpu.set(Register.RBX, PAGE);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private OverlayPage place(boolean writable, long gpa) {
        OverlayPage page = machine.memory.newOverlay(writable);
        page.putLong(0, ABOVE);
        view.place(page, gpa);
        return page;
    }

    private void load(long at, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        machine.memory.write(at, bytes, 0, bytes.length);
    }

    private static void load(OverlayPage page, int at, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        page.write(at, bytes, 0, bytes.length);
    }

    private ExitReason run(String hex, int instructions) {
        load(LongMode.CODE, hex);
        machine.cpu.set(Register.RIP, LongMode.CODE);
        machine.cpu.setBudget(instructions);
        return machine.cpu.run();
    }

    private long read() {
        assertEquals(ExitReason.BUDGET, run("488b03ebfe", 2)); // mov rax, [rbx]; jmp $
        return machine.cpu.get(Register.RAX);
    }

    private void write(long value) {
        machine.cpu.set(Register.RDX, value);
        assertEquals(ExitReason.BUDGET, run("488913ebfe", 2)); // mov [rbx], rdx; jmp $
    }

    @Test
    void shouldReadAndWriteWhatLiesAbove() {
        assertEquals(BELOW, read());
        write(BELOW);
        OverlayPage page = place(true, PAGE);
        assertEquals(ABOVE, read());
        write(3);
        assertEquals(3, page.getLong(0));
        assertEquals(3, read());
        assertEquals(BELOW, machine.memory.getLong(PAGE));
        page.putLong(0, 4);
        assertEquals(4, read(), "the host's writes are seen without a flush");
        view.remove(page);
        assertEquals(BELOW, read());
        assertEquals(0, machine.memory.getLong(PAGE + 0x1000), "neighbours are what they were");
    }

    @Test
    void shouldReportStoresToAPageThatTheGuestMayNotWrite() {
        OverlayPage page = place(false, PAGE);
        assertEquals(ABOVE, read());
        machine.cpu.set(Register.RDX, 0x77);
        assertEquals(ExitReason.MMIO_WRITE, run("895308ebfe", 2)); // mov [rbx+8], edx; jmp $
        assertEquals(PAGE + 8, machine.cpu.exit().gpa);
        assertEquals(4, machine.cpu.exit().size);
        assertEquals(0x77, machine.cpu.exit().value);
        assertEquals(LongMode.CODE, machine.cpu.get(Register.RIP));
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        assertEquals(0, page.getLong(8));
    }

    @Test
    void shouldReportTheGuestsAddressOfAStoreAcrossItsBorders() {
        place(false, PAGE);
        machine.cpu.set(Register.RDX, 0x8877665544332211L);
        assertEquals(ExitReason.MMIO_WRITE, run("488953fdebfe", 2)); // mov [rbx-3], rdx
        assertEquals(PAGE, machine.cpu.exit().gpa);
        assertEquals(5, machine.cpu.exit().size);
        assertEquals(0x8877665544L, machine.cpu.exit().value);
        machine.cpu.setBudget(2);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        assertEquals(0x332211, machine.memory.getInt(PAGE - 4) >>> 8);
        machine.cpu.set(Register.RBX, PAGE + 0x1003);
        assertEquals(ExitReason.MMIO_WRITE, run("488953f9ebfe", 2)); // mov [rbx-7], rdx
        assertEquals(PAGE + 0xffc, machine.cpu.exit().gpa);
        assertEquals(4, machine.cpu.exit().size);
    }

    @Test
    void shouldReportLockedOperationsOnAPageThatTheGuestMayNotWrite() {
        place(false, PAGE);
        assertEquals(ExitReason.MMIO_WRITE, run("f0ff03ebfe", 2)); // lock inc dword [rbx]
        assertEquals(PAGE, machine.cpu.exit().gpa);
        assertEquals(0x22222223, machine.cpu.exit().value);
    }

    @Test
    void shouldLieWhereThereIsNoMemory() {
        long hole = 0x80000000L;
        machine.memory.putLong(0x11000 + 16, hole | 0x83); // a 1 GiB page
        machine.cpu.set(Register.RBX, hole + 0x5000);
        assertEquals(ExitReason.MMIO_READ, run("488b03ebfe", 2));
        machine.cpu.run();
        OverlayPage page = place(true, hole + 0x5000);
        assertEquals(ABOVE, read());
        write(5);
        assertEquals(5, page.getLong(0));
        view.remove(page);
        assertEquals(ExitReason.MMIO_READ, run("488b03ebfe", 2));
        assertEquals(hole + 0x5000, machine.cpu.exit().gpa);
    }

    @Test
    void shouldExecuteWhatLiesAbove() {
        load(PAGE, "b811000000c3"); // mov eax, 0x11; ret
        String call = "ffd3ebfe"; // call rbx; jmp $
        run(call, 4);
        assertEquals(0x11, machine.cpu.get(Register.RAX));
        OverlayPage page = machine.memory.newOverlay(false);
        load(page, 0, "b822000000c3");
        view.place(page, PAGE);
        run(call, 4);
        assertEquals(0x22, machine.cpu.get(Register.RAX));
        load(page, 1, "33");
        run(call, 4);
        assertEquals(0x33, machine.cpu.get(Register.RAX), "code of the overlay is tracked");
        load(PAGE + 1, "44");
        run(call, 4);
        assertEquals(0x33, machine.cpu.get(Register.RAX));
        view.remove(page);
        run(call, 4);
        assertEquals(0x44, machine.cpu.get(Register.RAX));
    }

    @Test
    void shouldSeeItsOwnStoresIntoCodeOfAnOverlay() {
        OverlayPage page = machine.memory.newOverlay(true);
        // mov byte [rip+1], 0x7f; mov eax, 0; ret
        load(page, 0, "c605010000007fb800000000c3");
        view.place(page, PAGE);
        run("ffd3ebfe", 5);
        assertEquals(0x7f, machine.cpu.get(Register.RAX));
    }

    @Test
    void shouldFetchInstructionsThatReachIntoAnOverlay() {
        load(PAGE - 2, "b811"); // mov eax, imm32, whose other bytes lie behind the border
        OverlayPage page = machine.memory.newOverlay(false);
        load(page, 0, "223344c3");
        load(PAGE, "000000c3");
        machine.cpu.set(Register.RBX, PAGE - 2);
        run("ffd3ebfe", 4);
        assertEquals(0x11, machine.cpu.get(Register.RAX));
        view.place(page, PAGE);
        run("ffd3ebfe", 4);
        assertEquals(0x44332211, machine.cpu.get(Register.RAX));
        view.remove(page);
        run("ffd3ebfe", 4);
        assertEquals(0x11, machine.cpu.get(Register.RAX));
    }

    @Test
    void shouldWalkPageTablesThatLieAbove() {
        long table = 0x20000;
        machine.memory.putLong(0x11000 + 8, table | 7);
        machine.memory.putLong(table, table + 0x1000 | 7);
        machine.memory.putLong(table + 0x1000, PAGE | 7);
        machine.cpu.set(Register.RBX, 1 << 30);
        assertEquals(BELOW, read());
        machine.memory.putLong(0x346000, 0x5555);
        OverlayPage page = machine.memory.newOverlay(true);
        page.putLong(0, 0x346000 | 7);
        view.place(page, table + 0x1000);
        assertEquals(0x5555, read());
        write(0x6666);
        assertEquals(0x346000 | 0x67, page.getLong(0), "accessed and dirty");
        assertEquals(PAGE | 0x27, machine.memory.getLong(table + 0x1000));
        assertEquals(
                0x346000,
                machine.cpu
                        .translate(
                                1 << 30,
                                portcullis.engine.TranslationRequest.look(
                                        portcullis.engine.Access.READ,
                                        portcullis.engine.TranslationRequest.Privilege.SUPERVISOR))
                        .gpa());
    }

    @Test
    void shouldCopyThroughOverlays() {
        OverlayPage page = place(true, PAGE);
        for (int i = 0; i < 0x3000; i++) {
            machine.memory.putByte(LongMode.DATA + i, (byte) (i * 5));
        }
        machine.cpu.set(Register.RSI, LongMode.DATA);
        machine.cpu.set(Register.RDI, PAGE - 0x800);
        machine.cpu.set(Register.RCX, 0x2000);
        run("f3a4ebfe", 0x2100); // rep movsb
        assertEquals(0, machine.cpu.get(Register.RCX));
        assertEquals(BELOW, machine.memory.getLong(PAGE));
        for (int i = 0; i < 0x2000; i++) {
            assertEquals((byte) (i * 5), view.getByte(PAGE - 0x800 + i));
        }
        assertEquals((byte) (0x800 * 5), page.getByte(0));
    }

    @Test
    void shouldCoverMemoryWithoutPagingToo() {
        place(true, 0x5000);
        machine.cpu.reset(false);
        load(0x4000, "67a100500000ebfe"); // mov eax, [0x5000]; jmp $ -- 16-bit code: mov ax
        machine.cpu.startup(4);
        machine.cpu.setBudget(2);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        assertEquals(0x2222, machine.cpu.get(Register.RAX) & 0xffff);
    }
}
