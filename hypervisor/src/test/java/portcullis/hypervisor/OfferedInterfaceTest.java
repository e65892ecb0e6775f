package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import portcullis.engine.CpuidLeaf;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.hyperv.SyntheticMsrs;

/**
 * What CPUID announces is what MSRs and hypercalls do, each enlightenment by itself: with it and without it they differ by its
 * own bits, registers and calls and by nothing else. The table is the specification's (TLFS feature-discovery.md,
 * hv_partition_privilege_mask.md), not the code's.
 */
class OfferedInterfaceTest {
    private static final int FIRST_MSR = 0x40000000;
    private static final int MSRS = 0x200;

    /** What a guest can find out. Numbers of MSRs are without 0x40000000. */
    private record Found(long privileges, int features, int recommendations, Set<Integer> msrs, Set<Integer> calls) {
        static Found in(HypervConfig config) {
            List<CpuidLeaf> leaves = config.leaves(1);
            CpuidLeaf third = leaf(leaves, 3);
            try (FakeMachine machine = FakeMachine.offering(config)) {
                return new Found(
                        third.eax() & 0xffff_ffffL | (long) third.ebx() << 32,
                        third.edx(),
                        leaf(leaves, 4).eax(),
                        msrs(machine),
                        calls(machine, config));
            }
        }

        private static Set<Integer> msrs(FakeMachine machine) {
            SyntheticMsrs registers = machine.vp(0).context().syntheticMsrs();
            Set<Integer> there = new TreeSet<>();
            ExitDetails exit = new ExitDetails();
            for (int i = 0; i < MSRS; i++) {
                exit.msr = FIRST_MSR + i;
                exit.fault = false;
                registers.read(exit);
                if (!exit.fault || registers.write(FIRST_MSR + i, 0)) {
                    there.add(i);
                }
            }
            return there;
        }

        private static Set<Integer> calls(FakeMachine machine, HypervConfig config) {
            Set<Integer> there = new TreeSet<>();
            for (int code = 0; code < 0x10000; code++) {
                Hypercall call = machine.partition.hypercallTable().lookup(code);
                if (call != null && config.grants(call.code().privileges())) {
                    there.add(code);
                }
            }
            return there;
        }

        Found without(Found other) {
            return new Found(
                    privileges & ~other.privileges,
                    features & ~other.features,
                    recommendations & ~other.recommendations,
                    difference(msrs, other.msrs),
                    difference(calls, other.calls));
        }

        private static Set<Integer> difference(Set<Integer> all, Set<Integer> some) {
            Set<Integer> left = new TreeSet<>(all);
            left.removeAll(some);
            return left;
        }
    }

    private static CpuidLeaf leaf(List<CpuidLeaf> leaves, int number) {
        return leaves.stream()
                .filter(leaf -> leaf.leaf() == 0x40000000 + number)
                .findFirst()
                .orElseThrow();
    }

    /** Words are numbers in hexadecimal or ranges of them. */
    private static Set<Integer> numbers(String words) {
        Set<Integer> numbers = new TreeSet<>();
        for (String word : words == null ? new String[0] : words.split(" ")) {
            String[] ends = word.split("-");
            for (int i = Integer.parseInt(ends[0], 16); i <= Integer.parseInt(ends[ends.length - 1], 16); i++) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    private static long bits(String words) {
        return words == null
                ? 0
                : Arrays.stream(words.split(" "))
                        .mapToLong(word -> 1L << Integer.parseInt(word))
                        .reduce(0, (a, b) -> a | b);
    }

    /** All but one, and but those that need it. */
    private static Set<Enlightenment> allBut(Enlightenment one) {
        EnumSet<Enlightenment> left = EnumSet.allOf(Enlightenment.class);
        left.remove(one);
        while (left.removeIf(each -> !left.containsAll(each.needs()))) {
            // and those that need them
        }
        return left;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // name | bits of privileges | of EDX | of leaf 4 EAX | MSRs | calls
                "relaxed          |       |       | 5  |             |",
                "vapic            | 4     |       | 3  | 70-73       |",
                "spinlocks        |       |       |    |             |",
                "runtime          | 0     |       |    | 10          |",
                "crash            |       | 10    |    | 100-105     |",
                "time             | 1 9   |       |    | 20-21       |",
                "synic            | 2 36 37 | 17  |    | 80-84 90-9f | 5c-5d",
                "stimer           | 3     |       |    | b0-b7       |",
                "stimer-direct    |       | 19    |    |             |",
                "tlbflush         |       |       | 2  |             | 2-3 13-14",
                "tlbflush-ext     |       | 14    |    |             |",
                "ipi              |       |       | 10 |             | b 15",
                "xmm-input        |       | 4     |    |             |",
                "xmm-output       |       | 15    |    |             |",
                "frequencies      | 11    | 8     |    | 22-23       |",
                "reset            | 7     |       |    | 3           |",
                "reenlightenment  | 13    |       |    | 106-108     |",
                "idle             | 10    | 5     |    | f0          |",
                "npiep            |       | 12    |    | 40          |",
                "syndbg           |       | 11    |    | ff          |",
                "vp-registers     | 49    |       |    |             | 50-52 ac",
                "start-vp         | 53    |       |    |             | 99",
                "ext-calls        | 52    |       |    |             | 8001-8002",
            })
    void shouldAnnounceWhatIsThere(
            String name, String privileges, String features, String recommendations, String msrs, String calls) {
        Enlightenment one = named(name);
        Set<Enlightenment> others = allBut(one);
        EnumSet<Enlightenment> with = EnumSet.copyOf(others);
        with.add(one);
        Found there = Found.in(new HypervConfig(true, with, 0));
        Found gone = Found.in(new HypervConfig(true, others, 0));
        Found expected = new Found(
                bits(privileges), (int) bits(features), (int) bits(recommendations), numbers(msrs), numbers(calls));
        assertEquals(expected, there.without(gone));
        assertEquals(new Found(0, 0, 0, Set.of(), Set.of()), gone.without(there));
    }

    private static Enlightenment named(String name) {
        return Stream.of(Enlightenment.values())
                .filter(each -> each.spelling().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldHaveNothingThatTheTableHasNot() {
        Found bare = Found.in(new HypervConfig(true, Set.of(), 0));
        // Hypercall MSRs, VP index, and that the hypercall MSR can be locked; calls that need no privilege.
        assertEquals(new Found(0x60, 1 << 18, 0, numbers("0-2"), numbers("8 9a")), bare);
        Found levels = Found.in(new HypervConfig(true, HypervConfig.usual(), 2));
        assertEquals(
                new Found(1L << 48, 0, 0, Set.of(), numbers("c-d f 11-12")), levels.without(Found.in(HypervConfig.ON)));
    }

    @ParameterizedTest
    @EnumSource(names = {"TLB_FLUSH", "IPI"})
    void shouldRecommendSparseSetsWhereACallTakesThem(Enlightenment one) {
        Found found = Found.in(new HypervConfig(true, Set.of(one), 0));
        assertEquals(1 << 11, found.recommendations & 1 << 11);
    }

    @Test
    void shouldCountSpinsOnlyWhereItWantsToHearOfThem() {
        assertEquals(0xfff, leaf(HypervConfig.ON.leaves(1), 4).ebx());
        assertEquals(-1, leaf(new HypervConfig(true, Set.of(), 0).leaves(1), 4).ebx());
    }

    @Test
    void shouldSayWhoItIs() {
        List<CpuidLeaf> leaves = HypervConfig.ON.leaves(7);
        assertEquals(new CpuidLeaf(0x40000000, 0x4000000c, 0x7263694d, 0x666f736f, 0x76482074), leaf(leaves, 0));
        assertEquals(0x31237648, leaf(leaves, 1).eax());
        assertEquals(7, leaf(leaves, 5).eax());
        assertEquals(List.of(), HypervConfig.OFF.leaves(7));
    }

    @ParameterizedTest
    @CsvSource({
        "stimer time, stimer needs synic",
        "stimer synic, stimer needs time",
        "stimer-direct, stimer-direct needs stimer",
        "tlbflush-ext, tlbflush-ext needs tlbflush",
        "xmm-output, xmm-output needs xmm-input",
    })
    void shouldRefuseWhatIsOfNoUseByItself(String names, String message) {
        Set<Enlightenment> some =
                Stream.of(names.split(" ")).map(OfferedInterfaceTest::named).collect(Collectors.toSet());
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> new HypervConfig(true, some, 0));
        assertEquals(message, refused.getMessage());
    }
}
