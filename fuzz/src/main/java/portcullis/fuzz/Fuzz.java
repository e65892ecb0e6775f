package portcullis.fuzz;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Runs programs for as long as wanted; see {@code --help}. Exit status 1 where a rule did not hold. */
public final class Fuzz {
    private static final int STEPS = 600;
    private static final long REPORT_NANOS = 20_000_000_000L;

    private final Map<Variant, Bench> benches = new EnumMap<>(Variant.class);
    private final Tally tally = new Tally();
    /** The only one that counts, or null. */
    private Variant only;

    private Fuzz() {}

    public static void main(String[] arguments) {
        Fuzz fuzz = new Fuzz();
        long seed = 1;
        long calls = 100_000;
        long one = -1;
        boolean storm = false;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            if (arguments[i].equals("--variant")) {
                fuzz.only = Variant.valueOf(arguments[i + 1]);
                continue;
            }
            long value = Long.parseLong(arguments[i + 1].replace("_", ""));
            switch (arguments[i]) {
                case "--seed" -> seed = value;
                case "--calls" -> calls = value;
                case "--program" -> one = value;
                case "--storm" -> {
                    storm = true;
                    calls = value;
                }
                default -> usage();
            }
        }
        if (arguments.length % 2 != 0) {
            usage();
        }
        boolean clean = storm ? fuzz.storm(seed, calls) : one >= 0 ? fuzz.program(one) : fuzz.run(seed, calls);
        System.out.print(fuzz.tally.describe());
        System.exit(clean ? 0 : 1);
    }

    private static void usage() {
        System.err.println(
                "Fuzz [--seed S] [--calls N] [--program SEED]: --program runs the one that failed again, and makes it smaller");
        System.exit(2);
    }

    private boolean run(long seed, long calls) {
        long start = System.nanoTime();
        long nextReport = start + REPORT_NANOS;
        for (long next = seed << 32; tally.made() < calls; next++) {
            if (!program(next)) {
                return false;
            }
            if (System.nanoTime() > nextReport) {
                nextReport += REPORT_NANOS;
                report(start);
            }
        }
        report(start);
        return true;
    }

    private boolean storm(long seed, long calls) {
        long start = System.nanoTime();
        try (Storm storm = new Storm(seed)) {
            tally.add(storm.run(calls));
            report(start);
            return true;
        } catch (Violation violation) {
            violation.printStackTrace(System.out);
            return false;
        }
    }

    private void report(long start) {
        long made = tally.made();
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpu = ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toNanos()
                / 1e9;
        System.out.printf(
                "%d calls in %.0f s: %.0f a second, %.0f a second of processor time%n",
                made, seconds, made / seconds, made / cpu);
    }

    /** @return whether all rules held */
    private boolean program(long seed) {
        Choices choices = Choices.random(seed);
        Variant variant = Programs.variant(choices);
        if (only != null && variant != only) {
            return true;
        }
        Bench bench = benches.computeIfAbsent(variant, Bench::new);
        try {
            new Program(bench, choices, tally).run(STEPS);
            bench.restart();
            return true;
        } catch (Violation violation) {
            System.out.printf("program %d, %s: %s%n", seed, variant, violation.getMessage());
            violation.printStackTrace(System.out);
            Programs.shrink(choices.taken(), STEPS, System.out);
            return false;
        }
    }
}
