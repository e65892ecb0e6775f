package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.DescriptorTable;
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

    /** The 2 MiB at the window are one page, at physical {@code base}. */
    private static void mapLarge(LongMode machine, long base) {
        machine.memory.putLong(TABLE, base | 0x87);
    }

    @Test
    void shouldDropAllOfALargePageWithOneOfItsAddresses() {
        try (LongMode machine = machine()) {
            mapLarge(machine, 0x200000);
            long[] offsets = {0x100000, 0x101000};
            for (long offset : offsets) {
                machine.cpu.set(Register.RBX, WINDOW + offset);
                assertEquals(offset == 0x100000 ? 0xaaaa : 0xbbbb, read(machine));
            }
            mapLarge(machine, 0x400000);
            for (long offset : offsets) {
                machine.cpu.set(Register.RBX, WINDOW + offset);
                assertEquals(offset == 0x100000 ? 0xaaaa : 0xbbbb, read(machine), "nothing flushed it");
            }
            machine.cpu.flushTlb(WINDOW + 0x7000);
            machine.memory.putLong(0x500000, 0xcccc);
            for (long offset : offsets) {
                machine.cpu.set(Register.RBX, WINDOW + offset);
                assertEquals(offset == 0x100000 ? 0xcccc : 0, read(machine));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldKeepExecutingAStalePageUntilFlushed(boolean large) {
        try (LongMode machine = machine()) {
            byte[] first = HexFormat.of().parseHex("b811000000ebfe"); // mov eax, 0x11; jmp $
            byte[] second = HexFormat.of().parseHex("b822000000ebfe");
            machine.memory.write(0x200000, first, 0, first.length);
            machine.memory.write(0x400000, second, 0, second.length);
            mapCode(machine, 0x200000, large);
            assertEquals(0x11, execute(machine));
            mapCode(machine, 0x400000, large);
            assertEquals(0x11, execute(machine), "nothing flushed it");
            machine.cpu.flushTlb(WINDOW + 0x200000);
            assertEquals(0x11, execute(machine), "another page was flushed");
            machine.cpu.flushTlb(large ? WINDOW + 0x5000 : WINDOW);
            assertEquals(0x22, execute(machine));
            mapCode(machine, 0x200000, large);
            machine.cpu.flushTlb(WINDOW);
            assertEquals(0x11, execute(machine), "and once more");
        }
    }

    private static void mapCode(LongMode machine, long page, boolean large) {
        if (large) {
            mapLarge(machine, page);
        } else {
            map(machine, page);
        }
    }

    private static long execute(LongMode machine) {
        machine.cpu.set(Register.RIP, WINDOW);
        machine.cpu.setBudget(2);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        return machine.cpu.get(Register.RAX);
    }

    /** LSL of the descriptor at the window, as the processor reads its tables. */
    private static ExitReason readDescriptor(LongMode machine) {
        byte[] code = HexFormat.of().parseHex("0f03c1ebfe"); // lsl eax, ecx; jmp $
        machine.memory.write(LongMode.DATA, code, 0, code.length);
        machine.cpu.setGdt(new DescriptorTable(WINDOW - 8, 0xffff));
        machine.cpu.set(Register.RCX, 8);
        machine.cpu.set(Register.RAX, 0);
        machine.cpu.set(Register.RIP, LongMode.DATA);
        machine.cpu.setBudget(2);
        return machine.cpu.run();
    }

    @Test
    void shouldReadTablesThroughStaleTranslations() {
        try (LongMode machine = machine()) {
            machine.memory.putLong(PAGE_A, 0x0000_9300_0000_1111L);
            machine.memory.putLong(PAGE_B, 0x0000_9300_0000_2222L);
            assertEquals(ExitReason.BUDGET, readDescriptor(machine));
            assertEquals(0x1111, machine.cpu.get(Register.RAX));
            map(machine, PAGE_B);
            assertEquals(ExitReason.BUDGET, readDescriptor(machine));
            assertEquals(0x1111, machine.cpu.get(Register.RAX), "nothing flushed it");
            machine.cpu.flushTlb(WINDOW);
            assertEquals(ExitReason.BUDGET, readDescriptor(machine));
            assertEquals(0x2222, machine.cpu.get(Register.RAX));
        }
    }

    @Test
    void shouldRefuseTablesInUserPagesUnderSmapAlsoWhereCodeMayReadThem() {
        try (LongMode machine = machine()) {
            machine.memory.putLong(PAGE_A, 0x0000_9300_0000_1111L);
            // Everything else is a supervisor's: the first PD entry maps it.
            machine.memory.putLong(0x12000, machine.memory.getLong(0x12000) & ~4L);
            machine.cpu.set(Register.CR4, machine.cpu.get(Register.CR4) | 1 << 21);
            machine.cpu.set(Register.RFLAGS, machine.cpu.get(Register.RFLAGS) | 1 << 18);
            assertEquals(0x0000_9300_0000_1111L, read(machine), "AC lets code read it");
            assertEquals(ExitReason.SHUTDOWN, readDescriptor(machine), "a fault without an IDT");
            assertEquals(WINDOW, machine.cpu.get(Register.CR2));
        }
    }
}
