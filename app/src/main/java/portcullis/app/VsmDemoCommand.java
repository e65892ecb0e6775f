package portcullis.app;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import portcullis.app.console.LevelPicture;
import portcullis.hypervisor.trace.Tracing;

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
    public Integer call() throws IOException, InterruptedException {
        if (cpus < 1 || cpus > 16) {
            throw new UserError("--cpus %d: say 1 to 16".formatted(cpus));
        }
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "secure");
        if (!Files.exists(guest)) {
            throw new UserError(
                    "the demonstration guest is not built; start with ./portcullis demo vsm, or run guests/make.sh");
        }
        Path serial = Files.createTempFile("portcullis", ".serial");
        try {
            return run(guest, serial);
        } finally {
            Files.deleteIfExists(serial);
        }
    }

    private int run(Path guest, Path serial) throws IOException, InterruptedException {
        PrintStream out = System.out;
        LevelPicture picture = new LevelPicture(
                cpus, out, System.console() != null && System.console().isTerminal());
        int[] status = {ExitStatus.INTERNAL};
        Thread machine = Thread.ofPlatform()
                .name("demo")
                .unstarted(() -> status[0] = Main.execute(
                        new PrintWriter(System.err, true),
                        "run",
                        "--kernel",
                        guest.toString(),
                        "--hyperv",
                        "vsm",
                        "--cpus",
                        String.valueOf(cpus),
                        "--serial",
                        "file:" + serial));
        Tracing.Subscription watching = Tracing.subscribe(EnumSet.copyOf(LevelPicture.KINDS), picture);
        try {
            machine.start();
            while (!machine.join(java.time.Duration.ofMillis(FRAME_MILLISECONDS))) {
                picture.frame();
            }
            picture.frame();
        } finally {
            watching.close();
        }
        return facts(out, picture, Files.readAllLines(serial), status[0]);
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
