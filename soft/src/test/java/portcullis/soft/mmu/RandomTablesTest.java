package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import portcullis.engine.Access;
import portcullis.engine.Register;
import portcullis.engine.Translation;
import portcullis.engine.Translation.Result;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Bits;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.engine.TranslationRequest.Smap;
import portcullis.soft.LongMode;
import portcullis.soft.block.SoftCpu;
import portcullis.soft.cpu.Fault;

/** Translation for others against the processor's own walk, on random page tables: same answer, same bits set. */
class RandomTablesTest {
    private static final int ROUNDS = 20_000;
    private static final long SEED = 7;

    /** Four tables under one entry of the machine's own: one a level, each entry leading to the next or to a page. */
    private static final long TABLES = 0x40000;

    private static final int TABLE_BYTES = 4 * 4096;
    private static final int WINDOW_SLOT = 5;
    private static final long PAGES = 0x200000;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void shouldAgreeWithTheProcessor() {
        try (LongMode machine = new LongMode()) {
            SoftCpu cpu = (SoftCpu) machine.cpu;
            long topTable = cpu.get(Register.CR3) & -4096L;
            int[] seen = new int[Result.values().length];
            for (int round = 0; round < ROUNDS; round++) {
                machine.memory.putLong(topTable + WINDOW_SLOT * 8, TABLES | flags() | 1);
                long gva = (long) WINDOW_SLOT << 39;
                gva |= fillTables(machine);
                setControls(cpu);
                Access access = Access.values()[random.nextInt(3)];
                boolean user = random.nextBoolean();
                seen[compare(machine, cpu, topTable, gva, access, user).ordinal()]++;
            }
            for (Result result :
                    new Result[] {Result.SUCCESS, Result.NOT_PRESENT, Result.PRIVILEGE_VIOLATION, Result.RESERVED_BITS
                    }) {
                assertEquals(true, seen[result.ordinal()] > ROUNDS / 50, result + " came up too rarely to compare");
            }
        }
    }

    /** @return address bits that lead through the entries that were written */
    private long fillTables(LongMode machine) {
        long gva = random.nextInt(4096);
        for (int level = 0; level < 3; level++) {
            int slot = random.nextInt(512);
            int shift = 30 - level * 9;
            gva |= (long) slot << shift;
            long table = TABLES + level * 4096L;
            long target = level == 2 ? PAGES + random.nextInt(16) * 4096L : table + 4096;
            long entry = target | flags() | (random.nextInt(12) == 0 ? 0 : 1);
            if (level < 2 && random.nextInt(6) == 0) {
                entry = (random.nextBoolean() ? 0 : PAGES) | flags() | 1 | 1 << 7;
            }
            if (random.nextInt(20) == 0) {
                entry |= 1L << 45 + random.nextInt(6);
            }
            machine.memory.putLong(table + slot * 8L, entry);
        }
        return gva;
    }

    /** W, U, A, D, G, NX and the protection key, each or not; mostly permissive. */
    private long flags() {
        long flags = 0;
        for (int bit : new int[] {1, 2, 5, 6, 8}) {
            flags |= random.nextInt(4) != 0 ? 1L << bit : 0;
        }
        return flags | (random.nextInt(6) == 0 ? 1L << 63 : 0) | (long) random.nextInt(4) << 59;
    }

    private void setControls(SoftCpu cpu) {
        long cr4 = cpu.get(Register.CR4) & ~(PageWalker.CR4_SMEP | PageWalker.CR4_SMAP | PageWalker.CR4_PKE);
        cr4 |= random.nextBoolean() ? PageWalker.CR4_SMEP : 0;
        cr4 |= random.nextBoolean() ? PageWalker.CR4_SMAP : 0;
        cpu.set(Register.CR4, cr4);
        long cr0 = cpu.get(Register.CR0) & ~PageWalker.CR0_WP;
        cpu.set(Register.CR0, cr0 | (random.nextBoolean() ? PageWalker.CR0_WP : 0));
        long efer = cpu.get(Register.EFER) & ~PageWalker.EFER_NXE;
        cpu.set(Register.EFER, efer | (random.nextInt(4) != 0 ? PageWalker.EFER_NXE : 0));
        cpu.set(Register.RFLAGS, 2 | (random.nextBoolean() ? 1 << 18 : 0));
    }

    private Result compare(LongMode machine, SoftCpu cpu, long topTable, long gva, Access access, boolean user) {
        byte[] before = tables(machine, topTable);
        Translation found = cpu.translate(gva, request(access, user, Bits.KEEP));
        assertArrayEquals(before, tables(machine, topTable), "a look must leave no mark");

        cpu.flushTlb();
        Result actual;
        long gpa = -1;
        try {
            gpa = cpu.translate(gva, access, user, false);
            actual = Result.SUCCESS;
        } catch (Fault fault) {
            assertEquals(Fault.PF, fault.vector);
            actual = resultOf(fault.errorCode);
        }
        String what = "gva %x %s %s".formatted(gva, access, user ? "user" : "supervisor");
        assertEquals(actual, found.result(), what);
        if (actual == Result.SUCCESS) {
            assertEquals(gpa, found.gpa(), what);
        }
        byte[] byProcessor = tables(machine, topTable);
        restore(machine, topTable, before);
        cpu.translate(gva, request(access, user, Bits.SET));
        assertArrayEquals(
                actual == Result.SUCCESS ? byProcessor : before, tables(machine, topTable), what + ", bits set");
        restore(machine, topTable, before);
        cpu.translate(gva, request(access, user, Bits.SET_WHERE_REACHED));
        assertArrayEquals(byProcessor, tables(machine, topTable), what + ", bits set where reached");
        return actual;
    }

    private static Result resultOf(int errorCode) {
        if ((errorCode & PageWalker.PF_RESERVED) != 0) {
            return Result.RESERVED_BITS;
        }
        return (errorCode & PageWalker.PF_PRESENT) != 0 ? Result.PRIVILEGE_VIOLATION : Result.NOT_PRESENT;
    }

    private static TranslationRequest request(Access access, boolean user, Bits bits) {
        return new TranslationRequest(
                access == Access.READ,
                access == Access.WRITE,
                access == Access.EXECUTE,
                user ? Privilege.USER : Privilege.SUPERVISOR,
                Smap.CURRENT,
                bits);
    }

    private static byte[] tables(LongMode machine, long topTable) {
        byte[] all = new byte[TABLE_BYTES + 8];
        machine.memory.read(TABLES, all, 0, TABLE_BYTES);
        machine.memory.read(topTable + WINDOW_SLOT * 8, all, TABLE_BYTES, 8);
        return all;
    }

    private static void restore(LongMode machine, long topTable, byte[] all) {
        machine.memory.write(TABLES, all, 0, TABLE_BYTES);
        machine.memory.write(topTable + WINDOW_SLOT * 8, all, TABLE_BYTES, 8);
    }
}
