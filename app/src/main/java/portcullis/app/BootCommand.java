package portcullis.app;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import portcullis.app.debian.DebianFiles;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.KernelLoader;

/** {@code portcullis boot}: operating systems that Portcullis knows where to get. */
@Command(
        name = "boot",
        description = "Fetches an operating system and boots it.",
        subcommands = BootCommand.Debian.class)
final class BootCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "boot what? There is: debian");
    }

    /** {@code portcullis boot debian}. */
    @Command(
            name = "debian",
            description = "Boots Debian's cloud kernel, fetched with apt, to a busybox shell on this terminal.",
            sortOptions = false,
            abbreviateSynopsis = true,
            footer = {
                "",
                "Without options the machine has 2 processors and 512 MiB. What is fetched stays in $XDG_CACHE_HOME/portcullis",
                "(~/.cache/portcullis). 'exit' in the shell switches the machine off; Ctrl-A X ends it at any time."
            })
    static final class Debian implements Callable<Integer> {
        private static final int PROCESSORS = 2;
        private static final long MEMORY = 512L << 20;

        @Option(
                names = "--append",
                paramLabel = "WORDS",
                defaultValue = "",
                description = "More words for the kernel's command line.")
        private String append;

        @Option(
                names = "--command",
                paramLabel = "WORDS",
                description = "Runs this in the guest instead of a shell, then switches it off.")
        private String command;

        @Option(
                names = "--fetch-only",
                paramLabel = "FOLDER",
                description = "Does not boot: copies kernel and RAM disk to FOLDER as 'vmlinuz' and 'initrd'.")
        private Path fetchOnly;

        @Option(
                names = "--stress",
                paramLabel = "SECONDS",
                description = {
                    "Runs a stress of the guest's memory management on all processors for so long, which prints PASS or FAIL,",
                    "then switches it off. In a shell it is the command 'stress'."
                })
        private Integer stress;

        @Mixin
        private MachineOptions options;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            if (!spec.commandLine().getParseResult().hasMatchedOption("--cpus")) {
                options.cpus = PROCESSORS;
            }
            if (!spec.commandLine().getParseResult().hasMatchedOption("--memory")) {
                options.memory = MEMORY;
            }
            if (stress != null) {
                if (command != null || stress < 1) {
                    throw new ParameterException(
                            spec.commandLine(), "--stress takes a number of seconds, and no --command beside it");
                }
                command = "stress " + stress;
            }
            try {
                DebianFiles files = DebianFiles.fetch(Messages::say);
                if (fetchOnly != null) {
                    Files.createDirectories(fetchOnly);
                    Files.copy(
                            files.kernel(),
                            fetchOnly.resolve("vmlinuz"),
                            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                    files.writeInitramfs(fetchOnly.resolve("initrd"), programs(), command);
                    return ExitStatus.SUCCESS;
                }
                return boot(files);
            } catch (FileSystemException e) {
                throw new UserError("boot debian: %s: %s; check the folder and its permissions"
                        .formatted(e.getFile(), UserError.reason(e)));
            } catch (IOException e) {
                throw new UserError("boot debian: " + e.getMessage());
            }
        }

        /** Programs of ours for the guest's search path. */
        private List<Path> programs() {
            Path stressProgram = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "stress");
            if (Files.exists(stressProgram)) {
                return List.of(stressProgram);
            }
            if (stress != null) {
                throw new UserError("the stress program is not built; run guests/make.sh");
            }
            return List.of();
        }

        private int boot(DebianFiles files) throws IOException, InterruptedException {
            Path initrd = Files.createTempFile("portcullis", ".initrd");
            try {
                files.writeInitramfs(initrd, programs(), command);
                String console =
                        options.console == MachineOptions.ConsoleName.virtio ? "console=hvc0" : "console=ttyS0";
                String words = append.isEmpty() ? console : console + " " + append;
                List<BootFiles.ModuleFile> modules = List.of(new BootFiles.ModuleFile(initrd, ""));
                return new Session(options, new BootFiles(files.kernel(), KernelLoader.Format.AUTO, modules, words))
                        .run();
            } finally {
                Files.deleteIfExists(initrd);
            }
        }
    }
}
