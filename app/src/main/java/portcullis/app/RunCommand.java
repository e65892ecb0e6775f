package portcullis.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.SavedConfig;
import portcullis.machine.loader.KernelLoader;
import portcullis.state.StateException;

/** {@code portcullis run}. */
@Command(
        name = "run",
        description = "Boots a kernel.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  Linux, with a shell on this terminal:",
            "    portcullis run --kernel vmlinuz --initrd initrd.img --append 'console=ttyS0' --cpus 2 --memory 512M",
            "  The same on a virtio console, for a RAM disk that loads its driver:",
            "    portcullis run --kernel vmlinuz --initrd initrd.img --append 'console=hvc0' --console virtio",
            "  A test kernel (multiboot), whose verdict becomes the exit status:",
            "    portcullis run --kernel test.flat --append 'some words'",
            "  The same run twice, instruction by instruction:",
            "    portcullis run --kernel test.flat --cpus 4 --time virtual --seed 7",
            "  A machine saved with Ctrl-A S, from there on:",
            "    portcullis run --restore portcullis.state",
            "",
            "Exit status: what the guest gives to port 0xf4 (value << 1 | 1), 0 after power-off, 2 for bad input or a disk that",
            "failed, 3 for a triple fault, 4 where by virtual time every processor waits for ever, 1 for a fault of Portcullis.",
            "Standard output carries the guest's console output and nothing else."
        })
final class RunCommand implements Callable<Integer> {
    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description =
                    "A Linux bzImage or vmlinux, an ELF kernel with a PVH note, a multiboot kernel, or a boot sector.")
    private Path kernel;

    @Option(
            names = "--initrd",
            paramLabel = "FILE",
            description =
                    "Initial RAM disk. For multiboot: modules, 'FILE words,FILE words', a comma in a name written twice.")
    private String initrd;

    @Option(
            names = "--append",
            paramLabel = "WORDS",
            defaultValue = "",
            description = "The kernel's command line. A multiboot kernel sees the file's name before it.")
    private String append;

    @Option(
            names = "--multiboot",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = "",
            description = "Insists on multiboot: refuses the kernel where it is none. May name the kernel itself.")
    private String multiboot;

    @Option(
            names = "--restore",
            paramLabel = "FILE",
            description =
                    "Goes on with a machine that was saved. Kernel and machine are those of the file, so no other option is needed;"
                            + " --disk says where a disk image is by now.")
    private Path restore;

    @Mixin
    private MachineOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        if (options.features.equals("help")) {
            System.out.print(ProcessorOptions.list());
            return ExitStatus.SUCCESS;
        }
        return restore == null ? new Session(options, files()).run() : goOn();
    }

    private int goOn() throws InterruptedException {
        Predicate<String> given = name -> spec.commandLine().getParseResult().hasMatchedOption(name);
        for (String name : List.of("--kernel", "--initrd", "--append", "--multiboot")) {
            if (given.test(name)) {
                throw new UserError("--restore goes on with the saved machine's kernel; leave %s out".formatted(name));
            }
        }
        try (SavedMachine saved = SavedMachine.open(restore)) {
            MachineConfig config = SavedConfig.of(saved);
            if (!given.test("--disk")) {
                SavedConfig.checkDisks(saved);
            }
            options.fillIn(config, given);
            boolean otherCpu = given.test("--cpu-vendor") || given.test("--cpu-features");
            return new Session(options, config.boot(), saved, otherCpu ? options.engines() : SoftEngines.of(saved))
                    .run();
        } catch (StateException refused) {
            throw new UserError(refused.getMessage());
        }
    }

    private BootFiles files() {
        Path file = kernel;
        if (multiboot != null && !multiboot.isEmpty()) {
            if (kernel != null) {
                throw new UserError("--kernel and --multiboot both name a kernel; give one of them");
            }
            file = Path.of(multiboot);
        }
        if (file == null) {
            throw new UserError("which kernel? Give --kernel FILE; 'portcullis demo' needs none");
        }
        KernelLoader.Format format = multiboot == null ? KernelLoader.Format.AUTO : KernelLoader.Format.MULTIBOOT;
        return new BootFiles(file, format, modules(initrd), append);
    }

    /** Splits at single commas; a module's file ends at the first blank. The string stays whole, as multiboot wants it. */
    static List<BootFiles.ModuleFile> modules(String initrd) {
        List<BootFiles.ModuleFile> modules = new ArrayList<>();
        if (initrd == null) {
            return modules;
        }
        if (initrd.isBlank()) {
            throw noFile();
        }
        if (Files.exists(Path.of(initrd))) {
            return List.of(new BootFiles.ModuleFile(Path.of(initrd), initrd));
        }
        for (String part : initrd.split("(?<!,),(?!,)", -1)) {
            String words = part.replace(",,", ",").strip();
            if (words.isEmpty()) {
                throw noFile();
            }
            int blank = words.indexOf(' ');
            modules.add(new BootFiles.ModuleFile(Path.of(blank < 0 ? words : words.substring(0, blank)), words));
        }
        return modules;
    }

    private static UserError noFile() {
        return new UserError("--initrd names no file; is a variable empty?");
    }
}
