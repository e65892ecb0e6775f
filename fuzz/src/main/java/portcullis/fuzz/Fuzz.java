package portcullis.fuzz;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Runs programs for as long as wanted; see {@code --help}. Exit status 1 where a rule did not hold. */
public final class Fuzz {
    private static final int STEPS = 600;
    private static final long REPORT_NANOS = 20_000_000_000L;

    private final Map<Variant, Bench> benches = new EnumMap<>(Variant.class);
    private final Tally tally = new Tally();
    /** What all programs run on; null: each seed says. */
    private Variant only;

    private int steps = STEPS;

    private Fuzz() {}

    public static void main(String[] arguments) {
        Fuzz fuzz = new Fuzz();
        long seed = 1;
        long calls = 100_000;
        long one = -1;
        long[] choices = null;
        boolean storm = false;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--variant" -> fuzz.only = Variant.valueOf(value);
                case "--choices" ->
                    choices = Arrays.stream(value.split(","))
                            .mapToLong(Long::parseLong)
                            .toArray();
                case "--steps" -> fuzz.steps = (int) number(value);
                case "--seed" -> seed = number(value);
                case "--calls" -> calls = number(value);
                case "--program" -> one = number(value);
                case "--storm" -> {
                    storm = true;
                    calls = number(value);
                }
                default -> usage();
            }
        }
        if (arguments.length % 2 != 0 || choices != null && fuzz.only == null) {
            usage();
        }
        boolean clean = choices != null
                ? fuzz.repeat(choices)
                : storm ? fuzz.storm(seed, calls) : one >= 0 ? fuzz.program(one) : fuzz.run(seed, calls);
        System.out.print(fuzz.tally.describe());
        System.exit(clean ? 0 : 1);
    }

    private static long number(String value) {
        return Long.parseLong(value.replace("_", ""));
    }

    private static void usage() {
        System.err.println("Fuzz [--seed S] [--calls N] [--variant NAME] [--steps N] [--storm CALLS] [--program SEED]"
                + " [--variant NAME --choices LIST]: what fails is made smaller and printed with what runs it again");
        System.exit(2);
    }

    /** Runs a program by its choices. */
    private boolean repeat(long[] choices) {
        Programs.Run run = Programs.run(only, Choices.again(choices), steps, CallRule.NONE);
        run.history().forEach(line -> System.out.println("  " + line));
        if (run.violation() != null) {
            run.violation().printStackTrace(System.out);
        }
        return run.violation() == null;
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
        Variant variant = only != null ? only : Programs.variant(seed);
        Bench bench = benches.computeIfAbsent(variant, Bench::new);
        try {
            new Program(bench, choices, tally).run(steps);
            bench.restart();
            return true;
        } catch (Violation violation) {
            System.out.printf("program %d, %s: %s%n", seed, variant, violation.getMessage());
            violation.printStackTrace(System.out);
            System.out.println(Programs.explain(variant, choices.taken(), steps, CallRule.NONE));
            return false;
        }
    }
}
