package portcullis.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import portcullis.app.console.Terminal;
import portcullis.app.demo.DemoException;
import portcullis.app.demo.GateDemo;
import portcullis.host.SoftEngines;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.soft.model.CpuModel;

/** {@code portcullis demo}. */
@Command(
        name = "demo",
        description = "Shows the flush gate at work, on a bundled guest, and measures it.",
        sortOptions = false,
        abbreviateSynopsis = true,
        subcommands = {DemoCommand.Basics.class, VsmDemoCommand.class},
        footer = {
            "",
            "One processor flushes without end; the host inhibits another's flushes and lifts that again. On a terminal each",
            "processor is a strip of time. Ends with 0 where the gate held, with 1 where it did not.",
            "",
            "  portcullis demo --trace demo.jfr",
            "  portcullis trace demo.jfr --format perfetto --output demo.pftrace      for ui.perfetto.dev"
        })
final class DemoCommand implements Callable<Integer> {
    private static final int LEAST_PROCESSORS = 2;
    private static final int MOST_PROCESSORS = 16;
    private static final int MOST_ROUNDS = 1_000_000;

    /** What the picture is made of: flushes are tens of thousands a second. */
    private static final String EVENTS = "suspend,resume,inhibit,lift,run-state,cycle";

    @Option(
            names = "--cpus",
            paramLabel = "N",
            defaultValue = "3",
            description = "Processors, 2 to 16. Default: ${DEFAULT-VALUE}.")
    private int cpus;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "300",
            description = "Inhibits and lifts after those that are slow enough to watch. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--quick", description = "None of them is slow enough to watch.")
    private boolean quick;

    @Option(
            names = "--trace",
            paramLabel = "FILE.jfr",
            description = "Records what happens; 'portcullis trace FILE.jfr' shows it.")
    private Path trace;

    @Option(
            names = "--trace-events",
            paramLabel = "LIST",
            defaultValue = EVENTS,
            description = "What it takes, as for 'run'. Default: ${DEFAULT-VALUE}.")
    private String traceEvents;

    @Override
    public Integer call() throws InterruptedException {
        if (cpus < LEAST_PROCESSORS || cpus > MOST_PROCESSORS) {
            throw new UserError("--cpus %d: the demonstration has %d to %d processors"
                    .formatted(cpus, LEAST_PROCESSORS, MOST_PROCESSORS));
        }
        if (rounds < 1 || rounds > MOST_ROUNDS) {
            throw new UserError("--rounds %d: say 1 to %d".formatted(rounds, MOST_ROUNDS));
        }
        EventChoice events = EventChoice.parse(traceEvents);
        if (trace != null && !trace.toString().toLowerCase(Locale.ROOT).endsWith(".jfr")) {
            throw new UserError("--trace %s: name it %1$s.jfr".formatted(trace));
        }
        Path guest = bundled("flushstorm");
        EventRecording recording = EventRecording.into(trace, events);
        try {
            return show(guest) ? ExitStatus.SUCCESS : ExitStatus.INTERNAL;
        } finally {
            recording.close();
        }
    }

    private boolean show(Path guest) throws InterruptedException {
        int columns = Terminal.shown() ? Terminal.columns() : 0;
        boolean fine = "UTF-8".equalsIgnoreCase(System.getProperty("stdout.encoding"));
        try {
            return GateDemo.show(
                    guest,
                    new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available()),
                    System.out,
                    new GateDemo.Options(cpus, rounds, quick, columns, fine));
        } catch (DemoException e) {
            Messages.say("the demonstration cannot go on: " + e.getMessage());
            return false;
        } catch (LoadException e) {
            throw new UserError(e.getMessage());
        }
    }

    /** @throws UserError where it has not been built */
    private static Path bundled(String name) {
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", name);
        if (!Files.exists(guest)) {
            throw new UserError(
                    "the demonstration's guest is not built; start with ./portcullis demo, or run guests/make.sh");
        }
        return guest;
    }

    /** {@code portcullis demo basics}. */
    @Command(
            name = "basics",
            description =
                    "Runs another bundled guest: several processors compute, signal each other and check the results.",
            sortOptions = false,
            abbreviateSynopsis = true,
            footer = {"", "Without --cpus it has 4 processors. Ends with 0 where all of the guest's checks hold."})
    static final class Basics implements Callable<Integer> {
        private static final int ALL_RIGHT = 1;
        private static final int PROCESSORS = 4;

        @Mixin
        private MachineOptions options;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            Path guest = bundled("demo");
            if (!spec.commandLine().getParseResult().hasMatchedOption("--cpus")) {
                options.cpus = PROCESSORS;
            }
            BootFiles files = new BootFiles(guest, KernelLoader.Format.MULTIBOOT, List.of(), "");
            int status = new Session(options, files).run();
            return status == ALL_RIGHT ? ExitStatus.SUCCESS : status;
        }
    }
}
