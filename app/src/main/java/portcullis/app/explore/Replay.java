package portcullis.app.explore;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.TraceText;
import portcullis.hypervisor.trace.Tracing;
import portcullis.machine.Pc;
import portcullis.machine.loader.LoadException;

/**
 * A seed that has failed, run once more with somebody watching.
 *
 * @param same whether it came to the same end at the same instruction, as it must
 * @param lines what happened last, oldest first: slices of execution, what happened in each, at last the guest's output
 */
public record Replay(boolean same, List<String> lines) {
    private static final int SLICES = 12;
    /** Of one slice: a guest may do a great deal in one. */
    private static final int EVENTS = 8;

    private static final int OUTPUT_LINES = 6;
    private static final int OUTPUT_BYTES = 1 << 16;

    /** Exits are left out: the slice's line has them. */
    private static final EnumSet<Kind> EVENT_KINDS = EnumSet.complementOf(EnumSet.of(Kind.EXIT));

    private static final Pattern SLICE = Pattern.compile(
            "slice \\d+ vp (\\d+) tick (\\d+) rip (\\S+) budget \\d+(?: exits ((?:[A-Z_]+(?:\\*\\d+)? ?)+))?.* ran (-?\\d+)");

    private static final Pattern EXIT = Pattern.compile("([A-Z_]+)(?:\\*(\\d+))?");

    static Replay of(Exploration exploration, RunResult expected) throws LoadException, InterruptedException {
        Watcher watcher = new Watcher();
        SeedRun run = exploration.seedRun(expected.seed()).watched(watcher::output, watcher::slice, watcher::machine);
        RunResult result;
        Tracing.Subscription watching = Tracing.subscribe(EVENT_KINDS, watcher::happened);
        try {
            result = run.run();
        } finally {
            watching.close();
        }
        List<String> lines = watcher.lines();
        switch (run.outcome()) {
            case Outcome.TripleFault(int vp, String state) -> lines.addAll(headOf(state));
            case Outcome.Stalled(String state) -> lines.addAll(headOf(state));
            case Outcome.Endless(long ticks, String state) -> lines.addAll(headOf(state));
            case Outcome.HostError(int vp, Throwable cause) -> lines.add("  " + cause);
            case Outcome.GuestExit e -> {}
            case Outcome.PowerOff e -> {}
            case Outcome.Reset e -> {}
            case Outcome.AssertionFailed e -> {}
            case Outcome.Stopped e -> {}
        }
        return new Replay(result.equals(expected), List.copyOf(lines));
    }

    /** Of each VP what it is about and where it is: its other registers are in the run's own message. */
    private static List<String> headOf(String state) {
        return state.lines()
                .filter(line -> line.startsWith("vp ") || line.startsWith("RIP="))
                .map(line -> "  " + line)
                .toList();
    }

    /** All on the one thread that takes the VPs' turns, but for {@link #lines}, when that has ended. */
    private static final class Watcher {
        private final Deque<List<String>> slices = new ArrayDeque<>();
        private List<String> current = new ArrayList<>();
        private int more;
        private final ByteArrayOutputStream output = new ByteArrayOutputStream();
        private volatile int partition = -1;

        void machine(Pc pc) {
            partition = pc.partition().trace().number();
        }

        void output(int value) {
            if (output.size() < OUTPUT_BYTES) {
                output.write(value);
            }
        }

        void happened(TraceEvent event) {
            if (event.at().partition() != partition) {
                return;
            }
            if (current.size() < EVENTS) {
                current.add("      " + TraceText.what(event));
            } else {
                more++;
            }
        }

        void slice(String line) {
            if (more > 0) {
                current.add("      ... and " + more + " more");
                more = 0;
            }
            current.addFirst(shortened(line));
            slices.add(current);
            current = new ArrayList<>();
            if (slices.size() > SLICES) {
                slices.removeFirst();
            }
        }

        private static String shortened(String line) {
            Matcher slice = SLICE.matcher(line);
            return slice.matches()
                    ? "  %12s vp %s from %s: %s instructions%s"
                            .formatted(
                                    slice.group(2),
                                    slice.group(1),
                                    slice.group(3),
                                    slice.group(5),
                                    exits(slice.group(4)))
                    : "  " + line;
        }

        /** How many of each: a slice that prints has hundreds. The end of its budget is none worth telling. */
        private static String exits(String told) {
            Map<String, Integer> counts = new LinkedHashMap<>();
            Matcher exit = EXIT.matcher(told == null ? "" : told);
            while (exit.find()) {
                counts.merge(exit.group(1), exit.group(2) == null ? 1 : Integer.parseInt(exit.group(2)), Integer::sum);
            }
            counts.remove("BUDGET");
            StringBuilder text = new StringBuilder();
            counts.forEach((kind, count) -> text.append(text.isEmpty() ? "; " : ", ")
                    .append(count)
                    .append(' ')
                    .append(kind));
            return text.toString();
        }

        List<String> lines() {
            List<String> lines = new ArrayList<>();
            slices.forEach(lines::addAll);
            lines.addAll(current);
            List<String> said =
                    output.toString(StandardCharsets.ISO_8859_1).lines().toList();
            for (String line : said.subList(Math.max(0, said.size() - OUTPUT_LINES), said.size())) {
                lines.add("  guest: " + line);
            }
            return lines;
        }
    }
}
