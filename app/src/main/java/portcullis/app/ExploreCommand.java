package portcullis.app;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import portcullis.app.explore.Exploration;
import portcullis.app.explore.Merge;
import portcullis.app.explore.Replay;
import portcullis.app.explore.ResultLine;
import portcullis.app.explore.RunResult;
import portcullis.app.explore.SeedRange;
import portcullis.app.explore.Shard;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;

/** {@code portcullis explore}. */
@Command(
        name = "explore",
        description =
                "Runs a guest over many interleavings of its processors, by virtual time, and looks for one that fails.",
        sortOptions = false,
        abbreviateSynopsis = true,
        subcommands = ExploreCommand.MergeCommand.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  portcullis explore --multiboot guest.elf --cpus 2 --seeds 10000",
            "  portcullis explore --multiboot guest.elf --cpus 2 --seeds 10000 --schedule pct:3 --shard 0/4 --output 0.jsonl",
            "  portcullis explore merge *.jsonl",
            "",
            "A run fails by an exit status other than 1, a value written to the assertion port 0xea, a crash that the guest",
            "reports, resets without end, a triple fault, by standing still, or without an end within --limit instructions. The seed, a",
            "short trace and the command that repeats the run go to standard error. Exit status: 0 where no run failed, 7 where",
            "one did. docs/exploration.md tells how to shard over machines."
        })
final class ExploreCommand implements Callable<Integer> {
    private static final long DEFAULT_LIMIT = 100_000_000;
    private static final String INDEX_VARIABLE = "JOB_COMPLETION_INDEX";
    private static final int MOST_THREADS = 1024;

    /** Of the machine's options, those that mean nothing to a run that nobody watches, and their remedy. */
    private static final Set<String> NOT_HERE = Set.of(
            "--serial",
            "--debug-console",
            "--console",
            "--trace",
            "--trace-events",
            "--exit-code",
            "--no-reboot",
            "--time",
            "--seed");

    /** What is no option of {@code run}, or is spelled out in the command that repeats a run. */
    private static final Set<String> NOT_REPEATED =
            Set.of("--seeds", "--shard", "--shards", "--threads", "--output", "--keep-going", "--schedule", "--limit");

    @Option(
            names = {"--multiboot", "--kernel"},
            paramLabel = "FILE",
            description = "The guest: whatever 'run' boots. --multiboot insists on that.")
    private Path guest;

    @Option(names = "--initrd", paramLabel = "FILE", description = "As for 'run'.")
    private String initrd;

    @Option(names = "--append", paramLabel = "WORDS", defaultValue = "", description = "The guest's command line.")
    private String append;

    @Option(names = "--seeds", paramLabel = "N|FIRST-LAST", description = "How many seeds, from 0 on, or which.")
    private String seeds;

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            description = "Does every N-th seed only, beginning with the I-th; I counts from 0.")
    private String shard;

    @Option(
            names = "--shards",
            paramLabel = "N",
            description = "The same with I from the environment, " + INDEX_VARIABLE
                    + ", as Kubernetes' indexed jobs have it.")
    private Integer shards;

    @Option(names = "--threads", paramLabel = "N", description = "Runs at a time. Default: one for each host core.")
    private Integer threads;

    @Option(
            names = "--output",
            paramLabel = "FILE|-",
            description = "Takes a JSON line for each seed; - is standard output.")
    private String output;

    @Option(names = "--keep-going", description = "Does all seeds, instead of ending with the first that fails.")
    private boolean keepGoing;

    @Mixin
    private MachineOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        SeedRange range = range();
        Shard part = shard();
        int workers = threads();
        refuseWhatIsNotForHere();
        options.time = MachineOptions.TimeName.virtual;
        long limit = options.limit == null ? DEFAULT_LIMIT : options.limit;
        BootFiles files = files();
        Schedule schedule = options.schedule();
        try {
            Exploration exploration = exploration(files, schedule, limit);
            if (schedule instanceof Schedule.Pct(int depth, long length) && !options.schedule.matches(".*:.*:.*")) {
                schedule = new Schedule.Pct(depth, exploration.measureLength());
                exploration = exploration(files, schedule, limit);
            }
            return explore(exploration, range, part, workers, command(schedule, limit));
        } catch (LoadException e) {
            throw new UserError(e.getMessage());
        } catch (OutOfMemoryError e) {
            throw new UserError(
                    "the host has not enough memory for %d machines of %d MiB; give less with --memory or --threads"
                            .formatted(workers, options.memory >> 20));
        }
    }

    private Exploration exploration(BootFiles files, Schedule schedule, long limit) {
        return new Exploration(
                options.config(files),
                options.engines(),
                schedule,
                limit,
                options.inhibits == null ? 0 : options.inhibits);
    }

    private int explore(Exploration exploration, SeedRange range, Shard part, int workers, String command)
            throws LoadException, InterruptedException {
        PrintWriter report = spec.commandLine().getErr();
        try (Writer lines = open()) {
            write(
                    lines,
                    new ResultLine.Header(guest.getFileName().toString(), digest(), command, range, part).toJson());
            long began = System.nanoTime();
            Progress progress = new Progress(exploration, part.count(range), began);
            Consumer<RunResult> results = result -> {
                write(lines, ResultLine.of(result));
                progress.show();
            };
            exploration.run(range, part, workers, keepGoing, results);
            progress.clear();
            double seconds = (System.nanoTime() - began) / 1e9;
            report.printf(
                    "%d of %d seeds of %s done, %d failed; %.0f seeds and %.1f million instructions a second on %d thread%s%n",
                    exploration.done(),
                    part.count(range),
                    guest.getFileName(),
                    exploration.failed(),
                    exploration.done() / seconds,
                    exploration.instructions() / seconds / 1e6,
                    workers,
                    workers == 1 ? "" : "s");
        } catch (IOException | UncheckedIOException e) {
            throw cannotWrite();
        }
        RunResult failure = exploration.firstFailure();
        if (failure == null) {
            return ExitStatus.SUCCESS;
        }
        show(report, exploration.replay(failure), failure, command);
        return ExitStatus.FOUND;
    }

    private static void show(PrintWriter report, Replay replay, RunResult failure, String command) {
        report.printf(
                "seed %d: %s, after %d instructions. How it came to that:%n",
                failure.seed(), failure.describe(), failure.instructions());
        replay.lines().forEach(report::println);
        if (!replay.same()) {
            report.println("The replay came to another end. That is a bug of Portcullis; please report it.");
        }
        report.println("Again: " + command + " --seed " + failure.seed());
    }

    // What the user says

    private SeedRange range() {
        if (seeds == null) {
            throw new UserError("how many seeds? Say --seeds 1000");
        }
        try {
            return SeedRange.parse(seeds);
        } catch (IllegalArgumentException e) {
            throw new UserError("--seeds %s: %s".formatted(seeds, e.getMessage()));
        }
    }

    private Shard shard() {
        if (shard != null && shards != null) {
            throw new UserError("--shard and --shards both say which part; give one of them");
        }
        String text = shard;
        String where = "--shard " + shard;
        if (shards != null) {
            String index = System.getenv(INDEX_VARIABLE);
            if (index == null) {
                throw new UserError(
                        "--shards %d: the environment has no %s; say --shard 0/%1$d".formatted(shards, INDEX_VARIABLE));
            }
            text = index + "/" + shards;
            where = "--shards %d with %s=%s".formatted(shards, INDEX_VARIABLE, index);
        }
        try {
            return text == null ? Shard.ALL : Shard.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UserError(where + ": " + e.getMessage());
        }
    }

    private int threads() {
        if (threads == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (threads < 1 || threads > MOST_THREADS) {
            throw new UserError("--threads %d: say 1 to %d".formatted(threads, MOST_THREADS));
        }
        return threads;
    }

    private void refuseWhatIsNotForHere() {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptionsSet()) {
            if (NOT_HERE.contains(option.longestName())) {
                throw new UserError("%s is not for explore; it is for the 'run' that repeats a seed"
                        .formatted(option.longestName()));
            }
        }
        for (String disk : options.disks) {
            if (!disk.endsWith(",ro")) {
                throw new UserError("--disk %s: a run would change it for the next one; say %1$s,ro".formatted(disk));
            }
        }
    }

    private BootFiles files() {
        if (guest == null) {
            throw new UserError("which guest? Give --multiboot FILE or --kernel FILE");
        }
        return new BootFiles(
                guest,
                given("--multiboot") ? KernelLoader.Format.MULTIBOOT : KernelLoader.Format.AUTO,
                RunCommand.modules(initrd),
                append);
    }

    /** Which of an option's names was used. */
    private boolean given(String name) {
        return spec.commandLine().getParseResult().originalArgs().stream()
                .anyMatch(word -> word.equals(name) || word.startsWith(name + "="));
    }

    /** What repeats a run, but for its seed, as one types it. */
    private String command(Schedule schedule, long limit) {
        StringBuilder command = new StringBuilder("portcullis run");
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptionsSet()) {
            if (NOT_REPEATED.contains(option.longestName())) {
                continue;
            }
            String name = option.longestName().equals("--multiboot") && !given("--multiboot")
                    ? "--kernel"
                    : option.longestName();
            for (String value : option.originalStringValues()) {
                command.append(' ').append(name).append(' ').append(quoted(value));
            }
        }
        command.append(" --time virtual --schedule ")
                .append(schedule)
                .append(" --limit ")
                .append(limit);
        return command.toString();
    }

    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=,+@%-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    // Output

    private Writer open() throws IOException {
        if (output == null) {
            return Writer.nullWriter();
        }
        // Standard output is the process's own and stays open: nobody closes what is written to it.
        OutputStream out =
                output.equals("-") ? new FileOutputStream(FileDescriptor.out) : Files.newOutputStream(Path.of(output));
        return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    }

    /** A line at once: a shard may be ended at any time. */
    private static void write(Writer lines, String line) {
        try {
            lines.write(line);
            lines.write('\n');
            lines.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private UserError cannotWrite() {
        return new UserError(
                "--output %s cannot be written; check the folder, its permissions and its room".formatted(output));
    }

    private String digest() {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(guest));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } catch (IOException unreadable) {
            // The first run says what is wrong with the file.
            return "";
        }
    }

    /** A line on a terminal, a few times a second. With the lock of the results. */
    private static final class Progress {
        private static final long PERIOD_NANOS = 200_000_000;

        private final boolean terminal = Boolean.getBoolean("portcullis.terminal.messages");
        private final Exploration exploration;
        private final long wanted;
        private final long began;
        private long shown;

        Progress(Exploration exploration, long wanted, long began) {
            this.exploration = exploration;
            this.wanted = wanted;
            this.began = began;
            shown = began;
        }

        void show() {
            long now = System.nanoTime();
            if (terminal && now - shown > PERIOD_NANOS) {
                shown = now;
                System.err.printf(
                        "\r%d of %d seeds, %d failed, %.0f a second\033[K",
                        exploration.done(), wanted, exploration.failed(), exploration.done() * 1e9 / (now - began));
            }
        }

        void clear() {
            if (shown != began) {
                System.err.print("\r\033[K");
            }
        }
    }

    /** {@code portcullis explore merge}. */
    @Command(
            name = "merge",
            description = "Sums up what shards have written with --output.",
            footer = {
                "",
                "Exit status: 0 where all seeds were run and none failed, 7 where one failed, 8 where none failed and some are missing."
            })
    static final class MergeCommand implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", arity = "1..*", description = "Results, one file a shard, in any order.")
        private List<Path> files;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            Merge merge = new Merge();
            for (Path file : files) {
                try {
                    merge.add(file);
                } catch (Merge.MergeException e) {
                    throw new UserError(e.getMessage());
                } catch (IOException e) {
                    throw new UserError("%s cannot be read (%s)".formatted(file, UserError.reason(e)));
                }
            }
            merge.report().forEach(spec.commandLine().getErr()::println);
            return merge.anyFailed() ? ExitStatus.FOUND : merge.complete() ? ExitStatus.SUCCESS : ExitStatus.INCOMPLETE;
        }
    }
}
