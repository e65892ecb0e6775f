package portcullis.bench.trace;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import portcullis.bench.Figures;
import portcullis.bench.trace.TracedHypercall.Watcher;

/**
 * Prints what tracing costs a null hypercall, as a Markdown table: rounds of processes, each round without trace events at all,
 * with events that nobody watches, and with watchers. Ratios are of one round's medians; their mean and its confidence are told.
 */
public final class TraceReport {
    /** Two-sided quantiles of Student's distribution for 95 %, by degrees of freedom from 1. */
    private static final double[] STUDENT = {
        12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131
    };

    private static final int ROUNDS = 8;

    private TraceReport() {}

    /** @param arguments rounds, 2 to 16; 8 without */
    public static void main(String[] arguments) throws IOException, RunnerException {
        int rounds = arguments.length == 0 ? ROUNDS : Integer.parseInt(arguments[0]);
        String path = System.getProperty("java.class.path");
        Path empty = WithoutTrace.make();
        List<Double> absent = new ArrayList<>();
        List<List<Double>> watched = new ArrayList<>();
        for (Watcher each : Watcher.values()) {
            watched.add(new ArrayList<>());
        }
        for (int round = 0; round < rounds; round++) {
            // The path of the processes that JMH starts.
            System.setProperty("java.class.path", empty + File.pathSeparator + path);
            absent.add(median(Watcher.NOBODY));
            System.setProperty("java.class.path", path);
            for (Watcher each : Watcher.values()) {
                watched.get(each.ordinal()).add(median(each));
            }
        }
        PrintStream out = System.out;
        double bare = emission("bare");
        double events = emission("withEvents");
        out.printf(
                "A round's events that nobody watches (a timed exit, a timed hypercall, a change of state) add %s to a loop of %s.%n%n",
                Figures.time(events - bare), Figures.time(bare));
        out.println(
                "| null hypercall, two events | median | ratio to no trace events in the code, with 95 % confidence |");
        out.println("|---|---|---|");
        out.printf("| no trace events in the code | %s | 1 |%n", Figures.time(middle(absent)));
        for (Watcher each : Watcher.values()) {
            List<Double> samples = watched.get(each.ordinal());
            out.printf("| %s | %s | %s |%n", name(each), Figures.time(middle(samples)), ratio(samples, absent));
        }
        out.println();
    }

    private static String name(Watcher watcher) {
        return switch (watcher) {
            case NOBODY -> "nobody watches";
            case LISTENER -> "a listener in this process";
            case RECORDING -> "all events recorded";
        };
    }

    private static double median(Watcher watcher) throws RunnerException {
        RunResult result = new Runner(new OptionsBuilder()
                        .include(TracedHypercall.class.getName() + "\\.")
                        .param("watcher", watcher.name())
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .runSingle();
        return result.getPrimaryResult().getStatistics().getPercentile(50);
    }

    private static double emission(String method) throws RunnerException {
        RunResult result = new Runner(new OptionsBuilder()
                        .include(TraceEmission.class.getName() + "\\." + method + "$")
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .runSingle();
        return result.getPrimaryResult().getStatistics().getPercentile(50) / TraceEmission.BATCH;
    }

    private static double middle(List<Double> samples) {
        Figures figures = new Figures();
        samples.forEach(figures::add);
        return figures.median();
    }

    /** The geometric mean of the rounds' ratios: logarithms of ratios lie evenly around theirs. */
    private static String ratio(List<Double> of, List<Double> to) {
        int n = of.size();
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double log = Math.log(of.get(i) / to.get(i));
            sum += log;
            squares += log * log;
        }
        double mean = sum / n;
        double deviation = Math.sqrt(Math.max(0, squares / n - mean * mean) * n / (n - 1));
        double margin = STUDENT[Math.min(n - 1, STUDENT.length) - 1] * deviation / Math.sqrt(n);
        return String.format(
                Locale.ROOT, "%.2f (%.2f to %.2f)", Math.exp(mean), Math.exp(mean - margin), Math.exp(mean + margin));
    }
}
