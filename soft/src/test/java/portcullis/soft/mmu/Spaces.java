package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.soft.LongMode;

/**
 * Two address spaces with pages of all kinds. Each page is read or executed once, then remapped without a flush: what the
 * guest sees there from then on tells whether the translation is still cached.
 */
final class Spaces implements AutoCloseable {
    /** Base addresses of the top tables; the PCIDs are 1 and 2. */
    static final long A = 0x20000;

    static final long B = 0x30000;
    static final long UNKNOWN = 0x77000;

    private static final long GIB = 1L << 30;
    private static final long OLD = 0x300000;
    private static final long NEW = 0x380000;
    private static final long OLD_LARGE = 0x400000;
    private static final long NEW_LARGE = GIB;
    private static final long PS = 0x80;
    private static final long GLOBAL = 0x100;
    private static final int READ = 0x180000;
    private static final int CALL = 0x181000;

    /** A page of one of the spaces. Sizes in bytes. */
    enum Page {
        SMALL(A, GIB, 0),
        SMALL_NEXT(A, GIB + 0x1000, 0),
        SMALL_GLOBAL(A, GIB + 0x2000, GLOBAL),
        CODE(A, GIB + 0x3000, 0),
        CODE_GLOBAL(A, GIB + 0x4000, GLOBAL),
        LARGE(A, GIB + 0x400000, PS),
        LARGE_GLOBAL(A, GIB + 0x600000, PS | GLOBAL),
        GIGANTIC(A, 2 * GIB, PS),
        OTHER_SMALL(B, GIB + 0x10000, 0),
        OTHER_CODE(B, GIB + 0x11000, 0),
        OTHER_LARGE(B, GIB + 0x800000, PS);

        final long space;
        final long address;
        final long flags;

        Page(long space, long address, long flags) {
            this.space = space;
            this.address = address;
            this.flags = flags;
        }

        boolean isCode() {
            return name().contains("CODE");
        }

        long size() {
            return this == GIGANTIC ? GIB : (flags & PS) != 0 ? 0x200000 : 0x1000;
        }

        /** Where it is looked at: a large page in two places, and all in entries of their own. */
        List<Long> probes() {
            if (this == GIGANTIC) {
                return List.of(address + 0xc00000, address + 0xe00000);
            }
            return size() == 0x1000 ? List.of(address) : List.of(address, address + size() - 0x1000);
        }
    }

    final LongMode machine = new LongMode();
    private final boolean pcids;
    private long current = A;

    Spaces(boolean pcids) {
        this.pcids = pcids;
        machine.memory.addRam(GIB, 0x1000000);
        for (long root : new long[] {A, B}) {
            put(root, root + 0x1000);
            put(root + 0x1000, 0x12000);
            put(root + 0x1008, root + 0x2000);
            put(root + 0x2000, root + 0x3000);
        }
        load(READ, "0f22d9488b03ebfe"); // mov cr3, rcx; mov rax, [rbx]; jmp $
        load(CALL, "0f22d9ffd3ebfe"); // mov cr3, rcx; call rbx; jmp $
        for (Page page : Page.values()) {
            map(page, false);
            for (long probe : page.probes()) {
                for (boolean fresh : new boolean[] {false, true}) {
                    String value = "%02x".formatted(fresh ? 0xee : page.ordinal() + 1);
                    load(target(page, fresh) + probe - page.address, page.isCode() ? "b8" + value + "000000c3" : value);
                }
            }
        }
        long cr4 = machine.cpu.get(Register.CR4) | 1 << 7;
        machine.cpu.set(Register.CR3, A);
        machine.cpu.set(Register.CR4, pcids ? cr4 | 1 << 17 : cr4);
    }

    private void put(long entry, long table) {
        machine.memory.putLong(entry, table | 7);
    }

    private void load(long at, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        machine.memory.write(at, bytes, 0, bytes.length);
    }

    private static long target(Page page, boolean fresh) {
        if (page == Page.GIGANTIC) {
            return fresh ? GIB : 0;
        }
        if ((page.flags & PS) != 0) {
            int index = page == Page.LARGE ? 0 : page == Page.LARGE_GLOBAL ? 1 : 2;
            return (fresh ? NEW_LARGE + 0x800000 : OLD_LARGE) + index * 0x200000L;
        }
        return (fresh ? NEW : OLD) + page.ordinal() * 0x1000L;
    }

    private void map(Page page, boolean fresh) {
        long entry = target(page, fresh) | page.flags | 7;
        if (page == Page.GIGANTIC) {
            machine.memory.putLong(page.space + 0x1010, entry);
        } else if ((page.flags & PS) != 0) {
            machine.memory.putLong(page.space + 0x2000 + (page.address >>> 21 & 511) * 8, entry);
        } else {
            machine.memory.putLong(page.space + 0x3000 + (page.address >>> 12 & 511) * 8, entry);
        }
    }

    /** Caches all pages of the spaces that can be cached together, then remaps them. */
    List<Page> warm() {
        List<Page> warm = new ArrayList<>();
        for (Page page : Page.values()) {
            if (pcids || page.space == A) {
                warm.add(page);
                page.probes().forEach(probe -> assertEquals(page.ordinal() + 1, look(page, probe)));
            }
        }
        for (Page page : Page.values()) {
            map(page, true);
        }
        return warm;
    }

    /** Makes {@code space} the current one, keeping what is cached where PCIDs are on. */
    void enter(long space) {
        if (pcids || current != space) {
            load(space, pcid(space), READ, LongMode.DATA);
        }
    }

    /** Loads page tables under any PCID, keeping what is cached. */
    void enter(long tables, int pcid) {
        load(tables, pcid, READ, LongMode.DATA);
    }

    /** Reads in a space, which caches the translation. */
    void read(long space, long address) {
        load(space, pcid(space), READ, address);
    }

    /** Caches the old translation of one page again. */
    void warmAgain(Page page) {
        map(page, false);
        machine.cpu.flushTlb();
        page.probes().forEach(probe -> assertEquals(page.ordinal() + 1, look(page, probe)));
        map(page, true);
    }

    private static int pcid(long space) {
        return space == A ? 1 : 2;
    }

    /** Whether the translation of each probed part of {@code page} is still the old one; the parts must agree. */
    boolean stale(Page page) {
        List<Boolean> parts = page.probes().stream()
                .map(probe -> look(page, probe) == page.ordinal() + 1)
                .distinct()
                .toList();
        assertEquals(1, parts.size(), "a part of " + page + " was dropped");
        return parts.getFirst();
    }

    private long look(Page page, long probe) {
        return load(page.space, pcid(page.space), page.isCode() ? CALL : READ, probe);
    }

    private long load(long tables, int pcid, int routine, long address) {
        boolean change = pcids || current != tables;
        machine.cpu.set(Register.RCX, pcids ? tables | pcid | Long.MIN_VALUE : tables);
        machine.cpu.set(Register.RBX, address);
        machine.cpu.set(Register.RIP, change ? routine : routine + 3);
        machine.cpu.set(Register.RSP, LongMode.STACK);
        machine.cpu.setBudget(routine == CALL ? 4 : 2);
        assertEquals(ExitReason.BUDGET, machine.cpu.run());
        current = tables;
        return machine.cpu.get(Register.RAX) & 0xff;
    }

    @Override
    public void close() {
        machine.close();
    }
}
