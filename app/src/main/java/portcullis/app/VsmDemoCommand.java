package portcullis.app;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import portcullis.app.console.Terminal;
import portcullis.app.demo.LevelStory;
import portcullis.host.Machine;
import portcullis.host.MachineException;
import portcullis.hypervisor.Outcome;

/** {@code portcullis demo vsm}. */
@Command(
        name = "vsm",
        description =
                "Tells the story of trust levels by a bundled guest that lives it: level 1 hides a key from level 0, refuses what that "
                        + "tries, reads for it once while its translations are locked, and signs with the key.",
        sortOptions = false,
        footer = {
            "",
            "On a terminal it is told at the pace of a reader, with a strip of trust levels for each processor. Ends with 0 where",
            "everything came as it must, with 1 where it did not.",
            "",
            "  portcullis demo vsm --trace vsm.jfr",
            "  portcullis trace vsm.jfr --format perfetto --output vsm.pftrace      for ui.perfetto.dev"
        })
final class VsmDemoCommand implements Callable<Integer> {
    private static final int ALL_RIGHT = 1;
    private static final int MOST_PROCESSORS = 16;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            defaultValue = "2",
            description = "Processors, 1 to 16. Default: ${DEFAULT-VALUE}.")
    private int cpus;

    @Option(names = "--quick", description = "Tells it as fast as it happens, also on a terminal.")
    private boolean quick;

    @Option(
            names = "--trace",
            paramLabel = "FILE.jfr",
            description = "Records what happens; 'portcullis trace FILE.jfr' shows it.")
    private Path trace;

    @Override
    public Integer call() throws InterruptedException {
        if (cpus < 1 || cpus > MOST_PROCESSORS) {
            throw new UserError("--cpus %d: say 1 to %d".formatted(cpus, MOST_PROCESSORS));
        }
        if (trace != null && !trace.toString().toLowerCase(Locale.ROOT).endsWith(".jfr")) {
            throw new UserError("--trace %s: name it %1$s.jfr".formatted(trace));
        }
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "vsmdemo");
        if (!Files.exists(guest)) {
            throw new UserError(
                    "the demonstration's guest is not built; start with ./portcullis demo vsm, or run guests/make.sh");
        }
        EventRecording recording = EventRecording.into(trace, EventChoice.parse(EventChoice.DEFAULT));
        try {
            return tell(guest);
        } finally {
            recording.close();
        }
    }

    private int tell(Path guest) throws InterruptedException {
        PrintStream out = System.out;
        LevelStory story = new LevelStory(out, cpus, !quick && Terminal.shown() ? Terminal.columns() : 0);
        try (Machine machine = Machine.builder()
                .cpus(cpus)
                .hyperv("vsm")
                .kernel(guest)
                .history(0)
                .serial(story::serial)
                .whenMade(made -> story.setClock(made::time))
                .trace(LevelStory.KINDS, story)
                .start()) {
            story.tell(() -> machine.outcome().isPresent());
            boolean asItMustBe = story.facts();
            Outcome outcome = machine.outcome().orElseThrow();
            if (outcome instanceof Outcome.GuestExit(int status)) {
                return status == ALL_RIGHT && asItMustBe ? ExitStatus.SUCCESS : ExitStatus.INTERNAL;
            }
            Messages.say(machine.diagnose("the demonstration's guest has not come to its end:")
                    .toString());
            return ExitStatus.INTERNAL;
        } catch (MachineException refused) {
            throw new UserError(refused.getMessage());
        }
    }
}
