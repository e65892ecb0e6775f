package portcullis.bench.hypercall;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import portcullis.bench.Figures;
import portcullis.bench.hypercall.HypercallRoundTrip.Call;

/** Prints what hypercalls cost on the software engine, from entry to entry, as Markdown tables. */
public final class HypercallReport {
    private HypercallReport() {}

    public static void main(String[] arguments) throws RunnerException {
        PrintStream out = System.out;
        Map<String, Double> medians = new TreeMap<>();
        for (RunResult result : run(HypercallRoundTrip.class)) {
            medians.put(name(result) + result.getParams().getParam("call"), median(result));
        }
        out.println(
                "| null hypercall, from entry to entry | engine and hypervisor | engine alone | hypervisor | target |");
        out.println("|---|---|---|---|---|");
        for (Call call : Call.values()) {
            double whole = medians.get("roundTrip" + call);
            double engine = medians.get("engineAlone" + call);
            out.printf(
                    "| %s | %s | %s | %s | 2 µs |%n",
                    call.description(), Figures.time(whole), Figures.time(engine), Figures.time(whole - engine));
        }
        out.println();
        out.println("| flush of one page of so many idle VPs | median | target |");
        out.println("|---|---|---|");
        List<RunResult> flushes = new ArrayList<>(run(FlushRoundTrip.class));
        flushes.sort(Comparator.comparingInt(result -> Integer.parseInt(targets(result))));
        for (RunResult result : flushes) {
            out.printf(
                    "| %s | %s | %s |%n",
                    targets(result),
                    Figures.time(median(result)),
                    targets(result).equals("1") ? "3 µs" : "");
        }
        out.println();
    }

    private static List<RunResult> run(Class<?> benchmark) throws RunnerException {
        return List.copyOf(new Runner(new OptionsBuilder()
                        .include(benchmark.getName() + "\\.")
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .run());
    }

    private static String name(RunResult result) {
        return result.getPrimaryResult().getLabel();
    }

    private static String targets(RunResult result) {
        return result.getParams().getParam("targets");
    }

    private static double median(RunResult result) {
        return result.getPrimaryResult().getStatistics().getPercentile(50);
    }
}
