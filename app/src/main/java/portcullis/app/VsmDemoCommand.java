package portcullis.app;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import portcullis.app.console.LevelPicture;
import portcullis.host.Machine;
import portcullis.host.MachineException;
import portcullis.hypervisor.Outcome;

/** {@code portcullis demo vsm}. */
@Command(
        name = "vsm",
        description =
                "Runs the bundled guest with a normal and a secure side, and shows which processor is in which trust level: "
                        + "the secure side hides a secret, the normal side tries to get at it.",
        sortOptions = false,
        footer = {"", "Ends with 0 where all of the guest's checks hold."})
final class VsmDemoCommand implements Callable<Integer> {
    private static final int ALL_RIGHT = 1;
    private static final int FRAME_MILLISECONDS = 100;
    private static final int FAILURES_SHOWN = 20;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            defaultValue = "2",
            description = "Processors, 1 to 16. Default: ${DEFAULT-VALUE}.")
    private int cpus;

    @Override
    public Integer call() throws InterruptedException {
        if (cpus < 1 || cpus > 16) {
            throw new UserError("--cpus %d: say 1 to 16".formatted(cpus));
        }
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "secure");
        if (!Files.exists(guest)) {
            throw new UserError(
                    "the demonstration guest is not built; start with ./portcullis demo vsm, or run guests/make.sh");
        }
        PrintStream out = System.out;
        LevelPicture picture = new LevelPicture(
                cpus, out, System.console() != null && System.console().isTerminal());
        try (Machine machine = Machine.builder()
                .cpus(cpus)
                .hyperv("vsm")
                .kernel(guest)
                .history(0)
                .trace(LevelPicture.KINDS, picture)
                .start()) {
            while (machine.outcome().isEmpty()) {
                Thread.sleep(FRAME_MILLISECONDS);
                picture.frame();
            }
            List<String> lines = machine.serialText().lines().toList();
            Outcome outcome = machine.outcome().orElseThrow();
            if (outcome instanceof Outcome.GuestExit(int status)) {
                return facts(out, picture, lines, status);
            }
            Messages.say(machine.diagnose("the demonstration's guest has not come to its end:")
                    .toString());
            return facts(out, picture, lines, ExitStatus.INTERNAL);
        } catch (MachineException refused) {
            throw new UserError(refused.getMessage());
        }
    }

    private static int facts(PrintStream out, LevelPicture picture, List<String> lines, int status) {
        picture.facts();
        long held = lines.stream().filter(line -> line.startsWith("ok ")).count();
        List<String> failed = lines.stream()
                .filter(line -> line.startsWith("not ok") || line.startsWith("Bail out"))
                .limit(FAILURES_SHOWN)
                .toList();
        failed.forEach(out::println);
        lines.stream()
                .filter(line -> line.startsWith("# service: "))
                .forEach(line -> out.println("the secure side's " + line.substring("# service: ".length())));
        out.printf("%d checks hold, %s%n", held, failed.isEmpty() ? "none fails" : "some fail");
        return status == ALL_RIGHT ? ExitStatus.SUCCESS : status;
    }
}
