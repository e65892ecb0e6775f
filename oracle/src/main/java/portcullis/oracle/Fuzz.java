package portcullis.oracle;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import portcullis.oracle.generate.Item;
import portcullis.oracle.generate.SequenceGenerator;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.isa.IsaReader;
import portcullis.oracle.sandbox.HostCpu;
import portcullis.oracle.sandbox.Layout;

/**
 * Compares random instructions on the software processor and on the host's own, for as long as wanted.
 *
 * <p>Every difference is made smaller and printed, once for each combination of instructions that it takes. Exit status 1 if
 * there was any.
 */
public final class Fuzz {
    private static final long REPORT_NANOS = 10_000_000_000L;
    private static final int FINDINGS = 25;

    private final Duel duel;
    private final Set<String> families;
    private final Set<String> excluded = new TreeSet<>();
    private final Map<InstructionForm, Integer> coverage = new HashMap<>();
    private final Set<String> seen = new TreeSet<>();
    private SequenceGenerator generator;
    private long instructions;
    private long cases;
    private long underTest;

    private Fuzz(Duel duel, Set<String> families, Set<String> excluded) {
        this.duel = duel;
        this.families = families;
        this.excluded.addAll(excluded);
        makeGenerator();
    }

    /** See the usage that {@code --help} prints. */
    public static void main(String[] arguments) {
        long seed = 1;
        long wanted = 1_000_000;
        Set<String> families = Set.of();
        Set<String> excluded = Set.of();
        String replay = null;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--seed" -> seed = Long.parseLong(value);
                case "--instructions" -> wanted = Long.parseLong(value.replace("_", ""));
                case "--families" -> families = Set.of(value.split(","));
                case "--exclude" -> excluded = Set.of(value.split(","));
                case "--case" -> replay = value;
                default -> usage();
            }
        }
        if (arguments.length % 2 != 0) {
            usage();
        }
        if (!HostCpu.supported()) {
            System.out.println(
                    "skipped: the host is no x86-64 Linux that executes memory we write, so there is nothing to compare with");
            return;
        }
        try (Duel duel = Duel.withSoftEngine(families)) {
            Fuzz fuzz = new Fuzz(duel, families, excluded);
            if (replay != null) {
                fuzz.replay(replay);
            } else {
                fuzz.run(seed, wanted);
            }
            System.exit(fuzz.seen.isEmpty() ? 0 : 1);
        }
    }

    private static void usage() {
        System.err.println("""
                Fuzz [--seed S] [--instructions N] [--families f,...] [--exclude mnemonic,...] [--case SEED:SLOT]
                families: integer string stack flow x87 mmx sse avx crypto; without --families, all that both processors have
                --case runs one case again, with the families and exclusions that it was found with""");
        System.exit(2);
    }

    private void makeGenerator() {
        List<InstructionForm> forms = IsaReader.readAll().stream()
                .filter(form -> !excluded.contains(form.mnemonic()) && !excluded.contains(form.toString()))
                .toList();
        generator = new SequenceGenerator(duel.base(), duel.features(), families, forms);
    }

    private void replay(String name) {
        String[] parts = name.split(":");
        TestCase test = generator.next(Long.parseLong(parts[0]), Integer.parseInt(parts[1]));
        Finding finding = duel.run(test);
        if (finding == null) {
            System.out.println("no difference");
            return;
        }
        System.out.println(Report.of(duel, finding));
        report(finding);
    }

    private void run(long seed, long wanted) {
        System.out.printf("features: %s%n", String.join(" ", duel.features()));
        long start = System.nanoTime();
        long nextReport = start + REPORT_NANOS;
        long next = seed * 0x9e3779b97f4a7c15L;
        while (instructions < wanted && seen.size() < FINDINGS) {
            List<TestCase> batch = new ArrayList<>();
            for (int slot = 0; slot < Layout.CASES; slot++) {
                batch.add(generator.next(next++, slot));
            }
            duel.run(batch).forEach(this::report);
            batch.forEach(this::count);
            if (System.nanoTime() > nextReport) {
                nextReport += REPORT_NANOS;
                progress(start);
            }
        }
        progress(start);
        uncovered();
    }

    private void count(TestCase test) {
        cases++;
        instructions += test.instructions();
        underTest += test.items().size();
        for (Item item : test.items()) {
            if (item.form() != null) {
                coverage.merge(item.form(), 1, Integer::sum);
            }
        }
    }

    private void progress(long start) {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%,d instructions (%,d chosen at random, the others prepare them) in %,d cases compared in %.0f s (%,.0f a second), %d kinds of difference%n",
                instructions, underTest, cases, seconds, instructions / seconds, seen.size());
    }

    private void uncovered() {
        List<String> missing = new ArrayList<>();
        int all = 0;
        for (List<InstructionForm> forms : generator.families().values()) {
            for (InstructionForm form : forms) {
                all++;
                if (!coverage.containsKey(form)) {
                    missing.add(form.toString());
                }
            }
        }
        System.out.printf("%d of %d instruction forms used%n", all - missing.size(), all);
        missing.stream().limit(20).forEach(form -> System.out.println("  not: " + form));
    }

    private void report(Finding finding) {
        if (seen.size() >= FINDINGS) {
            return;
        }
        Finding small = Minimiser.minimise(duel, finding);
        if (!seen.add(small.signature())) {
            return;
        }
        System.out.println(Report.of(duel, small));
        if (small.problem() != null
                && small.problem().startsWith("exception 6 ")
                && small.test().items().size() == 1) {
            // Not there: nothing is gained by trying it again.
            InstructionForm form = small.test().items().getFirst().form();
            if (form != null) {
                excluded.add(form.toString());
                makeGenerator();
            }
        }
    }
}
