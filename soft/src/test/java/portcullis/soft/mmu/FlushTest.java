package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.engine.VirtualCpu.ALL_SPACES;
import static portcullis.soft.mmu.Spaces.A;
import static portcullis.soft.mmu.Spaces.B;
import static portcullis.soft.mmu.Spaces.Page.CODE;
import static portcullis.soft.mmu.Spaces.Page.CODE_GLOBAL;
import static portcullis.soft.mmu.Spaces.Page.GIGANTIC;
import static portcullis.soft.mmu.Spaces.Page.LARGE;
import static portcullis.soft.mmu.Spaces.Page.LARGE_GLOBAL;
import static portcullis.soft.mmu.Spaces.Page.OTHER_CODE;
import static portcullis.soft.mmu.Spaces.Page.OTHER_LARGE;
import static portcullis.soft.mmu.Spaces.Page.OTHER_SMALL;
import static portcullis.soft.mmu.Spaces.Page.SMALL;
import static portcullis.soft.mmu.Spaces.Page.SMALL_GLOBAL;
import static portcullis.soft.mmu.Spaces.Page.SMALL_NEXT;
import static portcullis.soft.mmu.Spaces.UNKNOWN;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.VirtualCpu;

/** The hypercalls' flushes drop what was asked, and nothing else: what stays is observably stale. */
class FlushTest {
    private static final Set<Spaces.Page> OWN = EnumSet.of(SMALL, SMALL_NEXT, CODE, LARGE, GIGANTIC);
    private static final Set<Spaces.Page> GLOBALS = EnumSet.of(SMALL_GLOBAL, CODE_GLOBAL, LARGE_GLOBAL);
    private static final Set<Spaces.Page> OTHERS = EnumSet.of(OTHER_SMALL, OTHER_CODE, OTHER_LARGE);
    private static final long EVERYTHING = Long.MAX_VALUE;

    /** @param gone what the flush drops while both spaces are cached; with PCIDs off, of those in the current one */
    record Case(String name, Consumer<VirtualCpu> flush, Set<Spaces.Page> gone) {
        @Override
        public String toString() {
            return name;
        }
    }

    @SafeVarargs
    private static Set<Spaces.Page> all(Set<Spaces.Page>... sets) {
        Set<Spaces.Page> union = EnumSet.noneOf(Spaces.Page.class);
        for (Set<Spaces.Page> set : sets) {
            union.addAll(set);
        }
        return union;
    }

    private static Case space(String name, long space, boolean globals, Set<Spaces.Page> gone) {
        return new Case(name, cpu -> cpu.flushSpace(0, space, globals), gone);
    }

    private static Case range(String name, long space, long gva, long pages, boolean globals, Set<Spaces.Page> gone) {
        return new Case(name, cpu -> cpu.flushRange(0, space, gva, pages, globals), gone);
    }

    static List<Case> cases() {
        Set<Spaces.Page> none = Set.of();
        return List.of(
                space("space A", A, false, OWN),
                space("space A by a CR3 value with PCID and bit 63", A | 0xfff | Long.MIN_VALUE, false, OWN),
                space("space A and globals", A, true, all(OWN, GLOBALS)),
                space("space B", B, false, OTHERS),
                space("space B and globals", B, true, all(OTHERS, GLOBALS)),
                space("a space that was never there", UNKNOWN, false, none),
                space("globals alone", UNKNOWN, true, GLOBALS),
                space("all spaces", ALL_SPACES, false, all(OWN, OTHERS)),
                space("everything", ALL_SPACES, true, all(OWN, GLOBALS, OTHERS)),
                range("no page", A, SMALL.address, 0, true, none),
                range("one page", A, SMALL.address, 1, true, EnumSet.of(SMALL)),
                range("one page, by an address inside", A, SMALL.address + 0xfff, 1, true, EnumSet.of(SMALL)),
                range("two pages", A, SMALL.address, 2, true, EnumSet.of(SMALL, SMALL_NEXT)),
                range("pages up to a global one", A, SMALL.address, 4, false, EnumSet.of(SMALL, SMALL_NEXT, CODE)),
                range("a global page", A, SMALL_GLOBAL.address, 1, true, EnumSet.of(SMALL_GLOBAL)),
                range("a global page by another space", B, SMALL_GLOBAL.address, 1, true, EnumSet.of(SMALL_GLOBAL)),
                range("a global page, globals kept", ALL_SPACES, SMALL_GLOBAL.address, 1, false, none),
                range("a code page", A, CODE.address, 1, false, EnumSet.of(CODE)),
                range("the page before a large one", A, LARGE.address - 0x1000, 1, true, none),
                range("into a large page", A, LARGE.address - 0x1000, 2, true, EnumSet.of(LARGE)),
                range("inside a large page", A, LARGE.address + 0x7000, 1, false, EnumSet.of(LARGE)),
                range("the end of a large page", A, LARGE.address + 0x1ff000, 1, false, EnumSet.of(LARGE)),
                range("two large pages", A, LARGE.address + 0x1ff000, 2, true, EnumSet.of(LARGE, LARGE_GLOBAL)),
                range("inside a 1 GiB page", A, GIGANTIC.address + 0x3000000, 1, false, EnumSet.of(GIGANTIC)),
                range("behind a 1 GiB page", A, GIGANTIC.address + (1L << 30), 7, true, none),
                range("A's pages under B", B, SMALL.address, 4, false, none),
                range("B's pages under A", A, OTHER_SMALL.address, 2, true, none),
                range("B's pages", B, OTHER_SMALL.address, 2, true, EnumSet.of(OTHER_SMALL, OTHER_CODE)),
                range(
                        "all spaces' small pages",
                        ALL_SPACES,
                        SMALL.address,
                        512,
                        false,
                        all(EnumSet.of(SMALL, SMALL_NEXT, CODE, OTHER_SMALL, OTHER_CODE))),
                range("a range beyond the end", A, SMALL.address, EVERYTHING, false, OWN),
                range("a range over both halves", ALL_SPACES, 0, EVERYTHING, true, all(OWN, GLOBALS, OTHERS)),
                range("the upper half", ALL_SPACES, Long.MIN_VALUE, EVERYTHING, true, none));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldDropWhatWasAskedWithPcids(Case flush) {
        check(flush, true, A);
        check(flush, true, B);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldDropWhatWasAskedWithoutPcids(Case flush) {
        check(flush, false, A);
    }

    private static void check(Case flush, boolean pcids, long current) {
        try (Spaces spaces = new Spaces(pcids)) {
            List<Spaces.Page> warm = spaces.warm();
            spaces.enter(current);
            flush.flush.accept(spaces.machine.cpu);
            for (Spaces.Page page : warm) {
                assertEquals(!flush.gone.contains(page), spaces.stale(page), page.name());
            }
        }
    }

    @Test
    void shouldTellSpacesThatSharedAPcid() {
        try (Spaces spaces = new Spaces(true)) {
            spaces.warm();
            spaces.enter(B, 1);
            spaces.machine.cpu.flushSpace(0, A, false);
            assertFalse(spaces.stale(SMALL));
            assertTrue(spaces.stale(OTHER_SMALL), "its PCID has never met A's tables");
        }
        try (Spaces spaces = new Spaces(true)) {
            spaces.warm();
            spaces.enter(B, 1);
            spaces.machine.cpu.flushRange(0, B, SMALL.address, 1, false);
            assertFalse(spaces.stale(SMALL), "may have been made under B's tables");
            assertTrue(spaces.stale(SMALL_NEXT));
        }
    }

    @Test
    void shouldForgetNothingOfMoreSpacesThanItCanTellApart() {
        try (Spaces spaces = new Spaces(true)) {
            spaces.warm();
            for (int pcid = 1; pcid < 600; pcid++) {
                spaces.enter(A, pcid);
                spaces.enter(B, 4095 - pcid);
            }
            spaces.machine.cpu.flushSpace(0, A, true);
            for (Spaces.Page page : all(OWN, GLOBALS)) {
                assertFalse(spaces.stale(page), page.name());
            }
        }
    }

    /** The second level holds one of two large pages 2 GiB apart; the first level may still hold parts of the other. */
    @Test
    void shouldDropAllOfALargePageThatTheSecondLevelHasLost() {
        try (Spaces spaces = new Spaces(true)) {
            spaces.machine.memory.putLong(A + 0x1018, A + 0x2000 | 7);
            spaces.warmAgain(LARGE);
            spaces.read(A, LARGE.address + (2L << 30) + 0x9000);
            assertTrue(spaces.stale(LARGE));
            spaces.warmAgain(LARGE);
            spaces.read(A, LARGE.address + (2L << 30) + 0x9000);
            spaces.machine.cpu.flushRange(0, A, LARGE.address + 0x5000, 1, false);
            assertFalse(spaces.stale(LARGE));
            spaces.warmAgain(LARGE);
            spaces.read(A, LARGE.address + (2L << 30) + 0x9000);
            spaces.machine.cpu.flushTlb(LARGE.address + 0x5000);
            assertFalse(spaces.stale(LARGE));
        }
    }
}
