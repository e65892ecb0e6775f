package portcullis.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.KernelLoader;

/** {@code portcullis demo}. */
@Command(
        name = "demo",
        description =
                "Runs the bundled demonstration guest: several processors compute, signal each other and check the results.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {"", "Without --cpus it has 4 processors. Ends with 0 where all of the guest's checks hold."})
final class DemoCommand implements Callable<Integer> {
    private static final int ALL_RIGHT = 1;
    private static final int PROCESSORS = 4;

    @Mixin
    private MachineOptions options;

    @picocli.CommandLine.Spec
    private picocli.CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "demo");
        if (!Files.exists(guest)) {
            throw new UserError(
                    "the demonstration guest is not built; start with ./portcullis demo, or run guests/make.sh");
        }
        if (!spec.commandLine().getParseResult().hasMatchedOption("--cpus")) {
            options.cpus = PROCESSORS;
        }
        int status = new Session(options, new BootFiles(guest, KernelLoader.Format.MULTIBOOT, List.of(), "")).run();
        return status == ALL_RIGHT ? ExitStatus.SUCCESS : status;
    }
}
