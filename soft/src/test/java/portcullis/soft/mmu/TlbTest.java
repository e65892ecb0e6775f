package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

/** Translations stay until something architectural removes them. */
class TlbTest {
    private static final long WINDOW = 0x40000000L;
    private static final long TABLE = 0x20000;
    private static final long PAGE_A = 0x300000;
    private static final long PAGE_B = 0x301000;

    private static LongMode machine() {
        LongMode machine = new LongMode();
        // One 4 KiB page at 1 GiB: PDPT entry 1 -> PD -> PT.
        machine.memory.putLong(0x11000 + 8, TABLE | 7);
        machine.memory.putLong(TABLE, TABLE + 0x1000 | 7);
        machine.memory.putLong(PAGE_A, 0xaaaa);
        machine.memory.putLong(PAGE_B, 0xbbbb);
        map(machine, PAGE_A);
        byte[] code = HexFormat.of().parseHex("488b03ebfe"); // mov rax, [rbx]; jmp $
        machine.memory.write(LongMode.CODE, code, 0, code.length);
        machine.cpu.set(Register.RBX, WINDOW);
        return machine;
    }

    private static void map(LongMode machine, long page) {
        machine.memory.putLong(TABLE + 0x1000, page | 7);
    }

    private static long read(LongMode machine) {
        machine.cpu.set(Register.RIP, LongMode.CODE);
        machine.cpu.setBudget(2);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        return machine.cpu.get(Register.RAX);
    }

    @Test
    void shouldKeepStaleTranslationUntilFlushed() {
        try (LongMode machine = machine()) {
            assertEquals(0xaaaa, read(machine));
            map(machine, PAGE_B);
            assertEquals(0xaaaa, read(machine), "nothing flushed it");
            machine.cpu.flushTlb(WINDOW + 0x1000);
            assertEquals(0xaaaa, read(machine), "another page was flushed");
            machine.cpu.flushTlb(WINDOW);
            assertEquals(0xbbbb, read(machine));
            map(machine, PAGE_A);
            machine.cpu.flushTlb();
            assertEquals(0xaaaa, read(machine));
        }
    }

    @Test
    void shouldDropTranslationsWhenCr3IsWritten() {
        try (LongMode machine = machine()) {
            assertEquals(0xaaaa, read(machine));
            map(machine, PAGE_B);
            machine.cpu.set(Register.CR3, machine.cpu.get(Register.CR3));
            assertEquals(0xbbbb, read(machine));
        }
    }

    @Test
    void shouldSetAccessedAndDirtyBits() {
        try (LongMode machine = machine()) {
            read(machine);
            assertEquals(0x20, machine.memory.getLong(TABLE + 0x1000) & 0x60);
            byte[] store = HexFormat.of().parseHex("488903ebfe"); // mov [rbx], rax; jmp $
            machine.memory.write(LongMode.CODE, store, 0, store.length);
            read(machine);
            assertEquals(0x60, machine.memory.getLong(TABLE + 0x1000) & 0x60);
        }
    }
}
