package portcullis.host;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.TraceListener;
import portcullis.hypervisor.trace.Tracing;
import portcullis.machine.Pc;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortDevice;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.DiskFile;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.HypervSpelling;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.MemorySpelling;
import portcullis.machine.config.SavedConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.FlatImage;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.machine.loader.LoadProgress;
import portcullis.machine.serial.SerialSink;
import portcullis.state.Saved;
import portcullis.state.StateException;

/**
 * What a machine is made of. Made by {@link Machine#builder}; good for one machine after the other; one thread at a time.
 *
 * <p>Without anything said: one processor, 128 MiB, the host's time, no hypervisor interface, no disks. What it boots must be said.
 */
public final class MachineBuilder {
    /** 128 MiB. */
    public static final long DEFAULT_MEMORY = 128L << 20;

    private static final int DEFAULT_HISTORY = 40;
    private static final SerialSink NOBODY = value -> {};

    // Null where nothing was said, so that a saved machine's is taken.
    private Integer cpus;
    private Long memory;
    private BootFiles boot;
    private List<DiskFile> disks;
    private TimeSource time;
    private ConsoleKind console;
    private HypervConfig hyperv;
    private EngineFactory engines;

    private SerialSink serial = NOBODY;
    private SerialSink debugConsole = NOBODY;
    private final List<Consumer<Pc>> wiring = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private int history = DEFAULT_HISTORY;
    private Limit limit = Limit.DEFAULT;
    private Consumer<Machine> whenMade = machine -> {};

    private record Listener(Set<Kind> kinds, TraceListener listener) {}

    MachineBuilder() {}

    // Shape

    /** How many processors. @param count 1 to {@link MachineConfig#MAX_PROCESSORS} */
    public MachineBuilder cpus(int count) {
        if (count < 1 || count > MachineConfig.MAX_PROCESSORS) {
            throw new IllegalArgumentException(
                    "a machine has 1 to %d processors, not %d".formatted(MachineConfig.MAX_PROCESSORS, count));
        }
        cpus = count;
        return this;
    }

    /** How much memory. @param bytes 1 MiB to 64 GiB in steps of 4 KiB; the host gives it as the guest touches it */
    public MachineBuilder memory(long bytes) {
        memory = bytes;
        return this;
    }

    /** How much memory. @param size as in {@code "512M"}, {@code "2G"} */
    public MachineBuilder memory(String size) {
        return memory(MemorySpelling.parse(size));
    }

    /** What of Microsoft's hypervisor interface the guest finds. */
    public MachineBuilder hyperv(HypervConfig config) {
        hyperv = config;
        return this;
    }

    /** Likewise, as the command line spells it: {@code "off"}, {@code "on"}, {@code "identity"}, {@code "vsm"}, {@code "on,-stimer"}. */
    public MachineBuilder hyperv(String config) {
        return hyperv(HypervSpelling.parse(config));
    }

    /** Time is the host's; each processor has a thread. So it is unless told otherwise. */
    public MachineBuilder hostTime() {
        time = new TimeSource.Host();
        return this;
    }

    /**
     * Time is instructions executed, a nanosecond each; one thread runs all processors, and the seed decides how they interleave. Two
     * machines that are made alike and asked alike do the same, instruction by instruction.
     */
    public MachineBuilder virtualTime(long seed) {
        time = new TimeSource.Virtual(seed);
        return this;
    }

    /** Likewise. @param schedule kind of interleaving: {@link Schedule#parse} */
    public MachineBuilder virtualTime(long seed, Schedule schedule) {
        time = new TimeSource.Virtual(seed, schedule, TimeSource.Virtual.NO_LIMIT, 0);
        return this;
    }

    /** What executes the guest's instructions: {@link SoftEngines} with all features unless told otherwise. */
    public MachineBuilder engine(EngineFactory factory) {
        engines = factory;
        return this;
    }

    /** A raw disk image as a virtio block device, that the guest may write to. At most {@link MachineConfig#MAX_DISKS}. */
    public MachineBuilder disk(Path image) {
        return disk(image, false);
    }

    /** A raw disk image as a virtio block device. */
    public MachineBuilder disk(Path image, boolean readOnly) {
        disks = disks == null ? new ArrayList<>() : disks;
        disks.add(new DiskFile(image, readOnly));
        return this;
    }

    /** The guest's console is a virtio console (Linux: hvc0), not the first serial port; what it sends there goes to the same sink. */
    public MachineBuilder virtioConsole() {
        console = ConsoleKind.VIRTIO;
        return this;
    }

    // What it boots

    /** A multiboot kernel. @param words its command line, behind the file's name */
    public MachineBuilder multiboot(Path kernel, String... words) {
        boot = new BootFiles(kernel, KernelLoader.Format.MULTIBOOT, List.of(), String.join(" ", words));
        return this;
    }

    /** A Linux kernel (bzImage, or ELF) without RAM disk. @param append its command line */
    public MachineBuilder linux(Path kernel, String append) {
        boot = new BootFiles(kernel, KernelLoader.Format.AUTO, List.of(), append);
        return this;
    }

    /** A Linux kernel (bzImage, or ELF). @param append its command line */
    public MachineBuilder linux(Path kernel, Path initrd, String append) {
        List<BootFiles.ModuleFile> modules = List.of(new BootFiles.ModuleFile(initrd, ""));
        boot = new BootFiles(kernel, KernelLoader.Format.AUTO, modules, append);
        return this;
    }

    /** Whatever a file says it is: bzImage, ELF with a PVH note or for Linux, multiboot, or a boot sector with its signature. */
    public MachineBuilder kernel(Path file) {
        boot = new BootFiles(file, KernelLoader.Format.AUTO, List.of(), "");
        return this;
    }

    /** Machine code without a header, entered at its first byte: {@link FlatImage} says in which state. */
    public MachineBuilder flat(byte[] code, long address, FlatImage.Mode mode) {
        boot = BootFiles.of(new FlatImage(code.clone(), address, mode));
        return this;
    }

    // The host's ends

    /** Takes what the guest sends on its first serial port (or virtio console); {@link Machine#serialText} has it anyhow. */
    public MachineBuilder serial(SerialSink sink) {
        serial = sink;
        return this;
    }

    /** Takes what the guest writes to port 0xe9. */
    public MachineBuilder debugConsole(SerialSink sink) {
        debugConsole = sink;
        return this;
    }

    /**
     * Plugs in a device of your own. It is called on VPs' threads, several at once. One that implements {@link Saved} is saved and restored
     * with the machine; other devices begin anew then.
     *
     * @param first port number
     * @param count how many ports, 1 or more
     */
    public MachineBuilder ports(int first, int count, PortDevice device) {
        return plug(pc -> pc.plugPorts(first, count, device), "ports 0x%x".formatted(first), device);
    }

    /**
     * Likewise, in the guest physical address space.
     *
     * @param gpa 0xf0000000 to 0xfebfffff
     * @param size bytes, 1 or more
     */
    public MachineBuilder window(long gpa, long size, MmioDevice device) {
        return plug(pc -> pc.plugWindow(gpa, size, device), "window 0x%x".formatted(gpa), device);
    }

    private MachineBuilder plug(Consumer<Pc> plugging, String name, Object device) {
        wiring.add(pc -> {
            plugging.accept(pc);
            if (device instanceof Saved saved) {
                pc.addSaved(name, saved);
            }
        });
        return this;
    }

    /**
     * Makes ports and connections, also where the machine is restored: a message of a port that waited for its slot when it was saved is given
     * back to the port of the same id that is made here. Where there is none, it is delivered all the same.
     */
    public MachineBuilder connections(Consumer<Connections> maker) {
        wiring.add(pc -> maker.accept(pc.partition().connections()));
        return this;
    }

    /** Has a listener hear of this machine's events, from its first on ({@link TraceListener} says what it must not do). */
    public MachineBuilder trace(Set<Kind> kinds, TraceListener listener) {
        if (kinds.isEmpty()) {
            throw new IllegalArgumentException("no kind of event never happens; give one at least");
        }
        listeners.add(new Listener(EnumSet.copyOf(kinds), listener));
        return this;
    }

    /**
     * How many events a diagnosis shows: the last 40 unless told otherwise. With 0 the machine does not listen to events at all but for
     * suspensions, which is quicker.
     */
    public MachineBuilder history(int events) {
        if (events < 0 || events > 1_000_000) {
            throw new IllegalArgumentException("a diagnosis shows 0 to 1000000 events, not " + events);
        }
        history = events;
        return this;
    }

    /** How long {@link Machine#run(Until)} may take: {@link Limit#DEFAULT} unless told otherwise. */
    public MachineBuilder limit(Limit most) {
        limit = most;
        return this;
    }

    /** Has somebody told of each machine that is made, before whoever asked for it: who closes them, say. */
    public MachineBuilder whenMade(Consumer<Machine> listener) {
        whenMade = listener;
        return this;
    }

    // Making it

    /**
     * Makes the machine and loads what it boots. It is paused before its first instruction: {@link Machine#run} or {@link Machine#resume}.
     *
     * @throws MachineException where a file is not there or no kernel
     * @throws IllegalArgumentException for what cannot be; the message says what would do
     */
    public Machine build() {
        if (boot == null) {
            throw new IllegalArgumentException(
                    "what does the machine boot? Say multiboot, linux, kernel or flat; or restore(file) instead of build()");
        }
        MachineConfig config = new MachineConfig(
                cpus == null ? 1 : cpus,
                memory == null ? DEFAULT_MEMORY : memory,
                boot,
                disks == null ? List.of() : disks,
                time == null ? new TimeSource.Host() : time,
                console == null ? ConsoleKind.SERIAL : console,
                hyperv == null ? HypervConfig.OFF : hyperv);
        Parts parts = new Parts(config.time());
        try {
            Pc pc = new Pc(config, engines == null ? SoftEngines.all() : engines, parts.host());
            try {
                parts.connect(pc);
                pc.startPaused();
                return parts.machine(pc);
            } catch (LoadException | RuntimeException | Error refused) {
                parts.close();
                pc.close();
                throw refused;
            }
        } catch (LoadException refused) {
            throw new MachineException(refused.getMessage(), refused);
        }
    }

    /** {@link #build} and {@link Machine#resume}: the machine runs beside the caller. */
    public Machine start() {
        Machine machine = build();
        machine.resume();
        return machine;
    }

    /**
     * Makes a machine that goes on where a saved one was ({@link Machine#save}, or Ctrl-A S on the command line). It is paused. Kernel and
     * shape are the file's; a shape that was said here must be the same. Devices of your own must be plugged in as they were.
     *
     * @throws StateException where the file is damaged, is no saved machine, or is one of another shape; the message is one line. Nothing
     *     was started
     * @throws MachineException where a disk cannot be opened
     * @throws IllegalArgumentException where something to boot was said, too
     */
    public Machine restore(Path file) {
        if (boot != null) {
            throw new IllegalArgumentException(
                    "a saved machine has its kernel in the file; leave multiboot, linux, kernel and flat out");
        }
        try (SavedMachine saved = SavedMachine.open(file)) {
            MachineConfig there = SavedConfig.of(saved);
            if (disks == null) {
                SavedConfig.checkDisks(saved);
            }
            MachineConfig config = new MachineConfig(
                    cpus == null ? there.processors() : cpus,
                    memory == null ? there.ramBytes() : memory,
                    there.boot(),
                    disks == null ? there.disks() : disks,
                    time == null ? there.time() : time,
                    console == null ? there.console() : console,
                    hyperv == null ? there.hyperv() : hyperv);
            Parts parts = new Parts(config.time());
            try {
                EngineFactory factory = engines == null ? SoftEngines.of(saved) : engines;
                return parts.machine(Pc.restore(saved, config, factory, parts.host(), parts::connect));
            } catch (LoadException | RuntimeException | Error refused) {
                parts.close();
                throw refused;
            }
        } catch (LoadException refused) {
            throw new MachineException(refused.getMessage(), refused);
        }
    }

    /** What one machine tells, and who hears it. */
    private final class Parts {
        private final Switchboard switchboard = new Switchboard(history);
        private final boolean virtual;
        private final SerialSink sink = serial;
        private final Limit most = limit;
        private final List<Tracing.Subscription> subscriptions = new ArrayList<>();

        Parts(TimeSource source) {
            virtual = source instanceof TimeSource.Virtual;
        }

        HostAttachments host() {
            SerialSink both = value -> {
                switchboard.said(value);
                sink.accept(value);
            };
            return new HostAttachments(
                    both,
                    both,
                    debugConsole,
                    LoadProgress.NONE,
                    switchboard::trouble,
                    true,
                    virtual && history > 0 ? switchboard::slice : null);
        }

        /** Before the machine is started. */
        void connect(Pc pc) {
            int number = pc.partition().trace().number();
            for (Listener each : listeners) {
                subscriptions.add(Tracing.subscribe(each.kinds, event -> {
                    if (event.at().partition() == number) {
                        each.listener.happened(event);
                    }
                }));
            }
            switchboard.connect(pc.partition(), pc.scheduler());
            wiring.forEach(wire -> wire.accept(pc));
        }

        Machine machine(Pc pc) {
            switchboard.alsoClose(subscriptions);
            Machine machine = new Machine(pc, switchboard, most);
            whenMade.accept(machine);
            return machine;
        }

        void close() {
            switchboard.close();
            subscriptions.forEach(Tracing.Subscription::close);
        }
    }
}
