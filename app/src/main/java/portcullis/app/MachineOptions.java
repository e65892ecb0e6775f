package portcullis.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Option;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.DiskFile;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.soft.model.CpuModel;

/** What every command that runs a machine takes. */
final class MachineOptions {
    enum EngineName {
        auto,
        soft,
        kvm
    }

    enum TimeName {
        host,
        virtual
    }

    @Option(
            names = "--cpus",
            paramLabel = "N",
            description = "Processors, 1 to 255. Default: 1; 2 for boot, 4 for demo.")
    int cpus = 1;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = MemorySize.class,
            defaultValue = "128M",
            description =
                    "Memory: 512M, 2G, at most 64G. The host gives it as the guest touches it. Default: 128M; 512M for boot.")
    long memory;

    @Option(
            names = "--disk",
            paramLabel = "FILE[,ro]",
            description = "A raw disk image, as a virtio block device; ',ro' makes it read-only. May be repeated.")
    List<String> disks = new ArrayList<>();

    enum ConsoleName {
        serial,
        virtio
    }

    @Option(
            names = "--console",
            paramLabel = "serial|virtio",
            defaultValue = "serial",
            description =
                    "What standard input and output are plugged into: the first serial port (Linux: console=ttyS0), or a virtio "
                            + "console (console=hvc0). Default: ${DEFAULT-VALUE}.")
    ConsoleName console;

    @Option(
            names = "--serial",
            paramLabel = "stdio|file:PATH|none",
            description =
                    "Where the first serial port goes. With stdio on a terminal, Ctrl-A X ends the machine and Ctrl-A H "
                            + "lists the other keys. Default: stdio, with --console virtio none.")
    private String serial;

    @Option(
            names = "--debug-console",
            paramLabel = "stderr|file:PATH|none",
            defaultValue = "none",
            description = "Where bytes go that the guest writes to port 0xe9. Default: ${DEFAULT-VALUE}.")
    String debugConsole;

    @Option(
            names = "--cpu-vendor",
            paramLabel = "intel|amd",
            defaultValue = "intel",
            converter = VendorName.class,
            description = "Whose processor CPUID says it is. Default: ${DEFAULT-VALUE}.")
    CpuModel.Vendor vendor;

    @Option(
            names = "--cpu-features",
            paramLabel = "CHANGES",
            defaultValue = "",
            description =
                    "Changes to the processor's features, spelled as QEMU does: +x2apic,-pcid. 'help' lists them. Default: "
                            + "all that is there.")
    String features;

    @Option(
            names = "--hyperv",
            paramLabel = "on|off|identity|vsm[=N][,-NAME...][,NAME=on|off...]",
            defaultValue = "off",
            description =
                    "What of Microsoft's hypervisor interface the guest finds: all of it; nothing; the signature alone; or all"
                            + " and trust levels up to N (1 or 2). Single parts are switched off and on behind it, as in on,-stimer;"
                            + " names are QEMU's without hv-. interrupt-higher-vtl=on behind vsm lets a trust level interrupt"
                            + " those above it by hypercall. Default: ${DEFAULT-VALUE}.")
    String hyperv;

    @Option(
            names = "--engine",
            paramLabel = "auto|soft|kvm",
            defaultValue = "auto",
            description = "What executes the guest's instructions. Default: ${DEFAULT-VALUE}.")
    EngineName engine;

    @Option(
            names = "--time",
            paramLabel = "host|virtual",
            defaultValue = "host",
            description =
                    "What makes the guest's time pass: the host's clock, or instructions executed. With virtual time and the "
                            + "same seed, two runs are the same. Default: ${DEFAULT-VALUE}.")
    TimeName time;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "With --time virtual: picks how the processors' instructions interleave. Default: 0.")
    Long seed;

    @Option(
            names = "--schedule",
            paramLabel = "random[:LEAST-MOST]|pct:DEPTH[:LENGTH]",
            description =
                    "With --time virtual: how a seed interleaves processors. random: whoever, for LEAST to MOST instructions"
                            + " (50-5000). pct: by random priorities that change DEPTH - 1 times in a run of LENGTH"
                            + " instructions. Default: random.")
    String schedule;

    @Option(
            names = "--limit",
            paramLabel = "N",
            converter = InstructionCount.class,
            description =
                    "With --time virtual: ends with status 6 after so many instructions, 500k or 2G say. Default: none; 100M for"
                            + " explore.")
    Long limit;

    @Option(
            names = "--inhibits",
            paramLabel = "N",
            converter = InstructionCount.class,
            description =
                    "With --time virtual: the host inhibits TLB flushes of processors and lifts that again at random, by the"
                            + " seed, about every N instructions. Default: never.")
    Long inhibits;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description =
                    "FILE.jfr: records what happens to the processors (hypercalls, suspensions, interrupts, ...); 'portcullis trace"
                            + " FILE.jfr' shows it. Any other name, with --time virtual: writes a line for each slice of"
                            + " execution. May be given once for each.")
    List<Path> traces = new ArrayList<>();

    @Option(
            names = "--trace-events",
            paramLabel = "LIST",
            defaultValue = EventChoice.DEFAULT,
            description =
                    "What FILE.jfr takes: all, or a list as in suspend,resume,exit=10us, which leaves out exits that were"
                            + " dealt with in less. Default: ${DEFAULT-VALUE}.")
    String traceEvents;

    @Option(
            names = "--exit-code",
            paramLabel = "guest|0",
            defaultValue = "guest",
            description =
                    "Ends with the status that the guest gives to port 0xf4 (isa-debug-exit), or with 0 whatever it gives. "
                            + "Default: ${DEFAULT-VALUE}.")
    String exitCode;

    @Option(
            names = "--no-reboot",
            description = "Ends when the guest resets the machine, instead of starting it again.")
    boolean noReboot;

    @Option(
            names = "--save",
            paramLabel = "FILE",
            defaultValue = "portcullis.state",
            description =
                    "Where Ctrl-A S saves the machine, memory, disks' contents excepted, for run --restore. Default: ${DEFAULT-VALUE}.")
    Path save;

    @Option(
            names = "--save-at-exit",
            description =
                    "Saves the machine also when it is ended from outside: by Ctrl-A X, SIGTERM, SIGINT or SIGHUP.")
    boolean saveAtExit;

    /**
     * Takes from a saved machine what the user has not given.
     *
     * @param given whether an option was given
     */
    void fillIn(MachineConfig saved, Predicate<String> given) {
        if (!given.test("--cpus")) {
            cpus = saved.processors();
        }
        if (!given.test("--memory")) {
            memory = saved.ramBytes();
        }
        if (!given.test("--disk")) {
            disks = saved.disks().stream()
                    .map(disk -> disk.path() + (disk.readOnly() ? ",ro" : ""))
                    .toList();
        }
        if (!given.test("--console")) {
            console = saved.console() == ConsoleKind.VIRTIO ? ConsoleName.virtio : ConsoleName.serial;
        }
        if (!given.test("--hyperv")) {
            hyperv = HypervOptions.spell(saved.hyperv());
        }
        if (!given.test("--time")) {
            time = saved.time() instanceof TimeSource.Host ? TimeName.host : TimeName.virtual;
        }
        if (time == TimeName.virtual && saved.time() instanceof TimeSource.Virtual virtual) {
            seed = seed == null ? (Long) virtual.seed() : seed;
            schedule = schedule == null ? virtual.schedule().toString() : schedule;
            inhibits = inhibits == null && virtual.inhibits() != 0 ? (Long) virtual.inhibits() : inhibits;
        }
    }

    /** @throws UserError for what cannot be */
    MachineConfig config(BootFiles boot) {
        if (cpus < 1 || cpus > MachineConfig.MAX_PROCESSORS) {
            throw new UserError(
                    "--cpus %d: a machine has 1 to %d processors".formatted(cpus, MachineConfig.MAX_PROCESSORS));
        }
        TimeSource source = timeSource();
        traceFiles();
        EventChoice.parse(traceEvents);
        if (!exitCode.equals("guest") && !exitCode.equals("0")) {
            throw new UserError("--exit-code %s: say guest or 0".formatted(exitCode));
        }
        if (disks.size() > MachineConfig.MAX_DISKS) {
            throw new UserError(
                    "%d disks are too many; a machine has at most %d".formatted(disks.size(), MachineConfig.MAX_DISKS));
        }
        return new MachineConfig(
                cpus,
                memory,
                boot,
                disks.stream().map(MachineOptions::disk).toList(),
                source,
                console == ConsoleName.virtio ? ConsoleKind.VIRTIO : ConsoleKind.SERIAL,
                HypervOptions.parse(hyperv));
    }

    private TimeSource timeSource() {
        if (time == TimeName.host) {
            String given = seed != null
                    ? "--seed"
                    : schedule != null
                            ? "--schedule"
                            : limit != null ? "--limit" : inhibits != null ? "--inhibits" : null;
            if (given != null) {
                throw new UserError(given + " needs --time virtual");
            }
            return new TimeSource.Host();
        }
        if (inhibits != null && !HypervOptions.parse(hyperv).offered()) {
            throw new UserError("--inhibits needs --hyperv on: there are no flush hypercalls to inhibit");
        }
        return new TimeSource.Virtual(
                seed == null ? 0 : seed,
                schedule(),
                limit == null ? TimeSource.Virtual.NO_LIMIT : limit,
                inhibits == null ? 0 : inhibits);
    }

    /** @throws UserError for what is no schedule */
    Schedule schedule() {
        try {
            return schedule == null ? Schedule.DEFAULT : Schedule.parse(schedule);
        } catch (IllegalArgumentException refused) {
            throw new UserError("--schedule %s: %s".formatted(schedule, refused.getMessage()));
        }
    }

    /** Where the serial port goes, as {@code --serial} spells it. @throws UserError where the console is to go there too */
    String serial() {
        boolean taken = console == ConsoleName.virtio;
        if (serial == null) {
            return taken ? "none" : "stdio";
        }
        if (taken && serial.equals("stdio")) {
            throw new UserError("--console virtio and --serial stdio both want standard output; "
                    + "send the serial port to a file with --serial file:PATH");
        }
        return serial;
    }

    /** Whether somebody at standard input reaches the guest. */
    boolean stdio() {
        return console == ConsoleName.virtio || serial().equals("stdio");
    }

    /** @throws UserError for traces that cannot be */
    TraceFiles traceFiles() {
        return TraceFiles.of(traces, time == TimeName.virtual);
    }

    private static DiskFile disk(String text) {
        boolean readOnly = text.endsWith(",ro");
        String file = readOnly ? text.substring(0, text.length() - 3) : text;
        if (file.isBlank()) {
            throw new UserError("--disk names no file; is a variable empty?");
        }
        return new DiskFile(Path.of(file), readOnly);
    }

    /** @throws UserError for an engine or a feature that is not there */
    EngineFactory engines() {
        if (engine == EngineName.kvm) {
            throw new UserError(
                    "--engine kvm: this build has no KVM engine; leave the option out to use the software engine");
        }
        return new SoftEngines(vendor, ProcessorOptions.features(features));
    }

    static final class VendorName implements picocli.CommandLine.ITypeConverter<CpuModel.Vendor> {
        @Override
        public CpuModel.Vendor convert(String text) {
            for (CpuModel.Vendor vendor : CpuModel.Vendor.values()) {
                if (vendor.name().equalsIgnoreCase(text)) {
                    return vendor;
                }
            }
            throw new picocli.CommandLine.TypeConversionException(
                    "'" + text + "' is no processor vendor; say intel or amd");
        }
    }
}
