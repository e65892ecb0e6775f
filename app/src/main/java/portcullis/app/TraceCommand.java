package portcullis.app;

import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceText;
import portcullis.hypervisor.trace.jfr.TraceFormatException;
import portcullis.hypervisor.trace.jfr.TraceReader;
import portcullis.hypervisor.trace.timeline.ChromeFormat;
import portcullis.hypervisor.trace.timeline.PerfettoFormat;
import portcullis.hypervisor.trace.timeline.Timeline;

/** {@code portcullis trace}. */
@Command(
        name = "trace",
        description = "Shows a recording that --trace FILE.jfr has made.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  Who was suspended, on whom, and for how long:",
            "    portcullis trace run.jfr --event suspend,resume",
            "  A picture, with a track for each processor, to be opened at ui.perfetto.dev:",
            "    portcullis trace run.jfr --format perfetto --output run.pftrace",
            "",
            "Times are the guest's, in seconds; by virtual time the same in every run of a seed. Exit status: 2 for bad input."
        })
final class TraceCommand implements Callable<Integer> {
    enum Format {
        text,
        perfetto,
        json
    }

    private static final int MAX_VPS = 4096;
    private static final Pattern VP_RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    @Parameters(paramLabel = "FILE", description = "A flight recording.")
    private Path file;

    @Option(
            names = "--format",
            paramLabel = "text|perfetto|json",
            defaultValue = "text",
            description =
                    "Lines for people; Perfetto's own format; or Chrome's JSON, for chrome://tracing and scripts. Default: "
                            + "${DEFAULT-VALUE}.")
    private Format format;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Where to write. Default: standard output, but for perfetto.")
    private Path output;

    @Option(names = "--vp", paramLabel = "LIST", description = "Only these processors: 0-3,7. Default: all.")
    private String vps;

    @Option(
            names = "--event",
            paramLabel = "LIST",
            defaultValue = "all",
            description = "Only these events: suspend,resume,exit=10us, say. Default: ${DEFAULT-VALUE}.")
    private String events;

    @Override
    public Integer call() {
        if (format == Format.perfetto && output == null) {
            throw new UserError("--format perfetto is not for terminals; say where it goes with --output FILE");
        }
        EventChoice choice = EventChoice.parse(events);
        BitSet chosen = vps == null ? null : vpSet(vps);
        try {
            List<TraceEvent> shown = read(event -> wanted(event, choice)
                    && (chosen == null || chosen.get(event.at().vp())));
            // Before a file is opened: who runs out of memory leaves none behind.
            Timeline timeline = format == Format.text ? null : Timeline.of(shown);
            write(shown, timeline);
        } catch (OutOfMemoryError tooMany) {
            throw new UserError(
                    "%s has too many events for %d MiB; choose some with --event or --vp, or give it more: %s"
                            .formatted(file, Runtime.getRuntime().maxMemory() >> 20, "PORTCULLIS_JAVA_OPTS=-Xmx8g"));
        }
        return ExitStatus.SUCCESS;
    }

    private static boolean wanted(TraceEvent event, EventChoice choice) {
        return choice.kinds().contains(event.kind())
                && !(event instanceof TraceEvent.Exit exit && exit.took() < choice.minimumExit());
    }

    static BitSet vpSet(String list) {
        BitSet set = new BitSet();
        for (String part : list.strip().split(",")) {
            Matcher range = VP_RANGE.matcher(part);
            if (!range.matches()) {
                throw new UserError("--vp %s: write numbers and ranges, as in 0-3,7".formatted(list));
            }
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first || last >= MAX_VPS) {
                throw new UserError("--vp %s: there is no '%s'".formatted(list, part));
            }
            set.set(first, last + 1);
        }
        return set;
    }

    private List<TraceEvent> read(Predicate<TraceEvent> wanted) {
        if (!Files.exists(file)) {
            throw new UserError("%s does not exist; a run with --trace FILE.jfr makes one".formatted(file));
        }
        if (Files.isDirectory(file)) {
            throw new UserError("%s is a directory; name a recording".formatted(file));
        }
        try {
            return TraceReader.read(file, wanted);
        } catch (TraceFormatException e) {
            throw new UserError(file + " " + e.getMessage());
        } catch (IOException e) {
            throw new UserError("%s cannot be read (%s)".formatted(file, UserError.reason(e)));
        }
    }

    private void write(List<TraceEvent> shown, Timeline timeline) {
        if (output == null) {
            writeToStandardOutput(shown, timeline);
            return;
        }
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(output), 1 << 16)) {
            write(shown, timeline, out);
        } catch (IOException e) {
            throw new UserError("%s cannot be written (%s); check the folder and its permissions"
                    .formatted(output, UserError.reason(e)));
        }
    }

    private void writeToStandardOutput(List<TraceEvent> shown, Timeline timeline) {
        // The process's own, which stays open.
        @SuppressWarnings("resource")
        OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
        try {
            write(shown, timeline, out);
            out.flush();
        } catch (IOException e) {
            // Whoever reads may stop at any time: 'head', a pager that is left. That is no failure.
            if (!String.valueOf(e.getMessage()).contains("Broken pipe")) {
                throw new UserError("standard output cannot be written (%s)".formatted(e.getMessage()));
            }
        }
    }

    private void write(List<TraceEvent> shown, Timeline timeline, OutputStream out) throws IOException {
        switch (format) {
            case perfetto -> PerfettoFormat.write(timeline, out);
            case json -> {
                Writer text = writer(out);
                ChromeFormat.write(timeline, text);
                text.flush();
            }
            case text -> {
                Writer text = writer(out);
                for (TraceEvent event : shown) {
                    text.append(TraceText.line(event)).append('\n');
                }
                text.flush();
            }
        }
    }

    private static Writer writer(OutputStream out) {
        return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    }
}
