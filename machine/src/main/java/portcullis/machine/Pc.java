package portcullis.machine;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.hypervisor.IoHandler;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.PartitionConfig;
import portcullis.hypervisor.ThreadPerProcessor;
import portcullis.hypervisor.VpDriver;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.schedule.RandomInhibits;
import portcullis.hypervisor.schedule.SeededRandom;
import portcullis.hypervisor.schedule.SeededScheduler;
import portcullis.hypervisor.state.PartitionImage;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.hypervisor.time.GuestTime;
import portcullis.hypervisor.time.HostAlarms;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.machine.acpi.AcpiConfig;
import portcullis.machine.acpi.AcpiTables;
import portcullis.machine.acpi.PmDevice;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.machine.cmos.Rtc;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.SavedConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.firmware.FwCfg;
import portcullis.machine.firmware.LegacyInterrupts;
import portcullis.machine.firmware.ResetPorts;
import portcullis.machine.loader.LoadException;
import portcullis.machine.pci.PciHost;
import portcullis.machine.pci.PciSetup;
import portcullis.machine.serial.Uart16550;
import portcullis.machine.testdev.AssertionPort;
import portcullis.machine.testdev.DebugConsole;
import portcullis.machine.testdev.DebugExit;
import portcullis.machine.testdev.HypervTestDevice;
import portcullis.machine.testdev.PcTestDevice;
import portcullis.machine.timer.Pit8254;
import portcullis.memory.GuestMemory;
import portcullis.state.Saved;
import portcullis.state.StateException;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A PC: a partition with memory, devices and the wires between them, and a kernel to start.
 *
 * <p>{@link #start}, then {@link #awaitEnd}; after {@link Outcome.Reset} call {@link #reset} to let the guest have it.
 */
public final class Pc implements AutoCloseable {
    /** Guest physical addresses have this many bits at least: what common processors have. */
    private static final int MIN_ADDRESS_BITS = 40;

    /** By virtual time an instruction takes a nanosecond. */
    private static final int TICKS_PER_INSTRUCTION = 1;

    private static final int COM1 = 0x3f8;
    private static final int COM1_IRQ = 4;

    private static final int RTC_IRQ = 8;
    private static final int PORTS = 0x1_0000;

    /** Windows of further devices begin here at the earliest: {@link MemoryMap} has nothing up to the I/O APIC. */
    public static final long DEVICE_WINDOWS = MemoryMap.ECAM + MemoryMap.ECAM_SIZE;

    /** Random numbers of the host's. */
    private static final Saved NO_STATE = new Saved() {
        @Override
        public void save(StateWriter out) {}

        @Override
        public void restore(StateReader in) {}
    };

    /** 2025-01-01 00:00 UTC. */
    private static final long VIRTUAL_EPOCH_MILLIS = 1_735_689_600_000L;

    private final MachineConfig config;
    private final GuestMemory memory;
    private final Partition partition;
    private final PortBus ports = new PortBus();
    private final MmioBus windows = new MmioBus();
    private final InterruptWiring interrupts;
    private final Pit8254 pit;
    private final PmDevice power;
    private final Rtc rtc;
    private final FwCfg fwCfg;
    private final ResetPorts resetPorts;
    private final PciHost pci;
    private final VirtioDevices virtio;
    private final Uart16550 serial;
    private final Kernel kernel;
    /** Null by the host's time. */
    private final SeededScheduler scheduler;

    private final PartitionImage image;
    /** Held while the machine is saved, and by what the host does to devices meanwhile. */
    private final Object hostSide = new Object();

    /**
     * Puts a machine together. Nothing of it runs yet.
     *
     * @throws LoadException where a file cannot be opened
     */
    public Pc(MachineConfig config, EngineFactory engines, HostAttachments host) throws LoadException {
        this(config, engines, host, true);
    }

    private Pc(MachineConfig config, EngineFactory engines, HostAttachments host, boolean boots) throws LoadException {
        this.config = config;
        int addressBits = Math.max(MIN_ADDRESS_BITS, MemoryMap.addressBits(config.ramBytes()));
        memory = new GuestMemory(addressBits);
        MemoryMap.ram(config.ramBytes()).forEach(range -> memory.addRam(range.gpa(), range.size()));
        AcpiConfig acpi = AcpiConfig.of(config.processors(), config.ramBytes());
        long rsdp = AcpiTables.write(memory, acpi);
        Kernel opened = null;
        try {
            opened = boots
                    ? Kernel.open(config.boot(), memory, config.ramBytes(), rsdp, host.loading())
                    : Kernel.openIfThere(config.boot(), memory, config.ramBytes(), rsdp, host.loading());
            virtio = new VirtioDevices(config, host);
        } catch (LoadException e) {
            if (opened != null) {
                opened.close();
            }
            memory.close();
            throw e;
        }
        kernel = opened;
        Supplier<RandomGenerator> entropy = SecureRandom::new;
        Saved entropyState = NO_STATE;
        if (config.time() instanceof TimeSource.Virtual virtual) {
            SeededRandom random = new SeededRandom(virtual.seed());
            entropy = () -> random;
            entropyState = random;
        }
        Made made = makePartition(config, memory, engines, host, addressBits, entropy);
        partition = made.partition;
        scheduler = made.scheduler;
        image = new PartitionImage(partition, shape());
        partition.setIoHandler(new BusHandler(ports, windows));
        partition.setBootState(kernel);
        partition.onCircle(host.trouble());
        partition.onGuestCrash(crash -> host.trouble().accept(crash.describe()));

        GuestTime time = partition.time();
        interrupts = new InterruptWiring(partition.fabric(), partition.processors());
        interrupts.attach(ports, windows);
        pit = new Pit8254(time, interrupts.isa(0));
        pit.attach(ports);
        power = new PmDevice(time, interrupts.isa(AcpiTables.SCI_IRQ), () -> partition.end(new Outcome.PowerOff()));
        power.attach(ports);
        rtc = new Rtc(time, wallClock(config.time(), time.clock()), interrupts.isa(RTC_IRQ));
        rtc.storeMemorySize(MemoryMap.lowRam(config.ramBytes()), MemoryMap.highRam(config.ramBytes()));
        rtc.attach(ports);
        pci = new PciHost(ports, windows, interrupts.pci(), this::guestResets);
        fwCfg = new FwCfg(memory);
        FirmwareItems.store(fwCfg, config, kernel.request());
        fwCfg.attach(ports);
        resetPorts = new ResetPorts(this::guestResets);
        resetPorts.attach(ports);
        PcTestDevice test = new PcTestDevice(interrupts.all());
        test.attach(ports);
        test.attach(windows);
        if (config.hyperv().has(Enlightenment.SYNIC)) {
            HypervTestDevice loops = new HypervTestDevice(partition.connections());
            loops.attach(ports);
            partition.onReset(loops::reset);
            image.addEarly("hyperv test device", loops);
        }
        new DebugExit(status -> partition.end(new Outcome.GuestExit(status))).attach(ports);
        new AssertionPort(value -> partition.end(new Outcome.AssertionFailed(value))).attach(ports);
        new DebugConsole(host.debugConsole()::accept).attach(ports);
        virtio.plug(pci, memory, partition.fabric());
        serial = new Uart16550(COM1, time, interrupts.isa(COM1_IRQ), host.serial());
        serial.attach(ports);
        partition.onReset(() -> resetDevices(acpi));
        if (config.time() instanceof TimeSource.Virtual virtual && virtual.inhibits() > 0) {
            RandomInhibits inhibits = new RandomInhibits(partition, virtual.seed(), virtual.inhibits());
            partition.onReset(inhibits::reset);
            image.add("inhibits", inhibits);
        }
        image.add("random numbers", entropyState);
        image.add("pic", interrupts.pic());
        image.add("ioapic", interrupts.ioApic());
        image.add("pit", pit);
        image.add("pm", power);
        image.add("rtc", rtc);
        image.add("fw_cfg", fwCfg);
        image.add("reset ports", resetPorts);
        image.add("test device", test);
        image.add("pci", pci);
        image.add("com1", serial);
        SavedConfig.notes(config).forEach(image::note);
    }

    private Map<String, String> shape() {
        Map<String, String> topics = SavedConfig.shape(config);
        var disks = SavedConfig.disks(config.disks(), virtio.diskSizes());
        topics.put(disks.getKey(), disks.getValue());
        return topics;
    }

    private static Made makePartition(
            MachineConfig config,
            GuestMemory memory,
            EngineFactory engines,
            HostAttachments host,
            int addressBits,
            Supplier<RandomGenerator> entropy) {
        GuestTime time;
        VpDriver driver;
        SeededScheduler seeded = null;
        switch (config.time()) {
            case TimeSource.Host() -> {
                time = new HostAlarms();
                driver = new ThreadPerProcessor();
            }
            case TimeSource.Virtual virtual -> {
                VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(TICKS_PER_INSTRUCTION));
                time = alarms;
                seeded = new SeededScheduler(
                        alarms,
                        virtual.schedule().begin(virtual.seed(), config.processors()),
                        host.input() ? SeededScheduler.WhenStalled.WAIT : SeededScheduler.WhenStalled.END,
                        host.trace());
                seeded.setLimit(virtual.limit());
                driver = seeded;
            }
        }
        Engine engine = engines.create(memory, time.clock(), config.processors(), addressBits, entropy);
        int[] apicIds = IntStream.range(0, config.processors()).toArray();
        PartitionConfig shape = new PartitionConfig(apicIds, engines.apicFeatures(addressBits), config.hyperv());
        return new Made(new Partition(memory, engine, time, shape, driver), seeded);
    }

    private record Made(Partition partition, SeededScheduler scheduler) {}

    /** Milliseconds since 1970. A deterministic machine is always started at the same moment. */
    private static LongSupplier wallClock(TimeSource source, Clock clock) {
        return switch (source) {
            case TimeSource.Host() -> System::currentTimeMillis;
            case TimeSource.Virtual virtual -> () -> VIRTUAL_EPOCH_MILLIS + clock.ticks() / (clock.frequency() / 1000);
        };
    }

    private record BusHandler(PortBus ports, MmioBus windows) implements IoHandler {
        @Override
        public int portRead(int port, int size) {
            return ports.read(port, size);
        }

        @Override
        public void portWrite(int port, int size, int value) {
            ports.write(port, size, value);
        }

        @Override
        public long mmioRead(long gpa, int size) {
            return windows.read(gpa, size);
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {
            windows.write(gpa, size, value);
        }
    }

    private void guestResets() {
        partition.end(new Outcome.Reset());
    }

    /** Power-on state, and what firmware does before it starts a kernel. */
    private void resetDevices(AcpiConfig acpi) {
        interrupts.reset();
        pit.reset();
        power.reset();
        rtc.reset();
        fwCfg.reset();
        resetPorts.reset();
        serial.reset();
        pci.reset();
        PciSetup.assign(pci);
        AcpiTables.write(memory, acpi);
        LegacyInterrupts.prepare(memory, ports);
    }

    /** Loads the kernel and lets the processors run. @throws LoadException where it cannot be loaded */
    public void start() throws LoadException {
        try {
            partition.start();
        } catch (Kernel.LoadFailure e) {
            throw e.reason();
        }
    }

    /** Like {@link #start}, but paused before the first instruction: {@link #resume}. */
    public void startPaused() throws LoadException {
        try {
            partition.startPaused();
        } catch (Kernel.LoadFailure e) {
            throw e.reason();
        }
    }

    // Devices beyond those that every machine has: before it is started

    /**
     * Plugs a device into ports.
     *
     * @param first 0 to 0xffff
     * @param count 1 or more
     * @throws IllegalArgumentException where there are no such ports, or another device has one
     */
    public void plugPorts(int first, int count, PortDevice device) {
        if (first < 0 || count < 1 || count > PORTS - first) {
            throw new IllegalArgumentException(
                    "there are ports 0 to 0xffff, not %d from 0x%x on".formatted(count, first));
        }
        try {
            ports.register(first, count, device);
        } catch (IllegalStateException taken) {
            throw new IllegalArgumentException(taken.getMessage() + "; choose others, 0x5000 and up say", taken);
        }
    }

    /**
     * Plugs a device into the guest physical address space, between {@link #DEVICE_WINDOWS} and the I/O APIC.
     *
     * @param size bytes, 1 or more
     * @throws IllegalArgumentException where the window is not all there, or another device has some of it
     */
    public void plugWindow(long gpa, long size, MmioDevice device) {
        if (gpa < DEVICE_WINDOWS || size < 1 || size > MemoryMap.IO_APIC - gpa) {
            throw new IllegalArgumentException("windows of devices lie from 0x%x to 0x%x, not at 0x%x with 0x%x bytes"
                    .formatted(DEVICE_WINDOWS, MemoryMap.IO_APIC - 1, gpa, size));
        }
        try {
            windows.register(gpa, size, device);
        } catch (IllegalStateException taken) {
            throw new IllegalArgumentException(taken.getMessage() + "; choose another address", taken);
        }
    }

    /** Has a part saved and restored with the machine. @param name as no other part is called */
    public void addSaved(String name, Saved part) {
        image.add("host's " + name, part);
    }

    /** Who decides, by virtual time, which processor runs; null by the host's. */
    public SeededScheduler scheduler() {
        return scheduler;
    }

    /** Brings all processors out of guest code and stops time. Idempotent. */
    public void pause() {
        partition.pause();
    }

    /** Lets a paused machine go on. */
    public void resume() {
        partition.resume();
    }

    /**
     * Saves the machine to a file, which replaces one of that name when it is complete; disks are flushed before. A machine that runs
     * stands while that lasts, and goes on.
     *
     * @return the file's size in bytes
     * @throws IOException where the file cannot be written; the message is one line
     * @throws IllegalStateException where the machine does not run, or its run has ended
     */
    public long save(Path file) throws IOException {
        synchronized (hostSide) {
            return partition.standstill(() -> {
                try {
                    return write(file);
                } finally {
                    virtio.release();
                    serial.release();
                }
            });
        }
    }

    /** Like {@link #save}, and ends the run: nothing happens any more to the machine and its disks that the file does not know of. */
    public long saveAndEnd(Path file) throws IOException {
        synchronized (hostSide) {
            partition.pause();
            long size = partition.standstill(() -> write(file));
            end();
            return size;
        }
    }

    private long write(Path file) throws IOException {
        serial.hold();
        virtio.hold();
        for (int i = 0; i < config.disks().size(); i++) {
            SavedConfig.noteDisk(image::note, i, config.disks().get(i));
        }
        return image.save(file);
    }

    /**
     * Makes a machine that goes on where a saved one was. It is paused: {@link #resume}.
     *
     * @param config of the same shape as the saved machine's; {@link SavedConfig#of} gives that
     * @param engines of the same kind as the saved machine's
     * @throws StateException where the file is damaged, or of another machine; the message is one line
     * @throws LoadException where a disk cannot be opened; a kernel that is gone is missed at the next reset only
     */
    public static Pc restore(SavedMachine saved, MachineConfig config, EngineFactory engines, HostAttachments host)
            throws LoadException {
        return restore(saved, config, engines, host, pc -> {});
    }

    /** Likewise. @param prepare plugs in what else the saved machine had, before the state is taken up */
    public static Pc restore(
            SavedMachine saved, MachineConfig config, EngineFactory engines, HostAttachments host, Consumer<Pc> prepare)
            throws LoadException {
        Pc pc = new Pc(config, engines, host, false);
        try {
            prepare.accept(pc);
            pc.partition.startPaused(() -> pc.image.restore(saved));
            pc.virtio.release();
            return pc;
        } catch (RuntimeException | Error refused) {
            pc.close();
            throw refused;
        }
    }

    /** Waits until the guest, or {@link #end}, ends the run. */
    public Outcome awaitEnd() throws InterruptedException {
        return partition.awaitEnd();
    }

    /** Ends the run from outside. Any thread, without waiting. */
    public void end() {
        partition.end(new Outcome.Stopped());
    }

    /** Resets a machine whose run has ended, and lets it run again. @throws LoadException where the kernel no longer loads */
    public void reset() throws LoadException {
        try {
            partition.reset();
        } catch (Kernel.LoadFailure e) {
            throw e.reason();
        }
    }

    /** Asks the guest to shut down. Any thread. */
    public void pressPowerButton() {
        synchronized (hostSide) {
            power.pressPowerButton();
        }
    }

    /** Whether the host has refused to read or write a disk since the machine was made. Any thread. */
    public boolean disksFailed() {
        return virtio.disksFailed();
    }

    public MachineConfig config() {
        return config;
    }

    public Partition partition() {
        return partition;
    }

    /** Where the user's keys go. */
    public ConsoleInput console() {
        ConsoleInput plugged = virtio.console();
        return plugged != null ? plugged : new SerialInput(serial);
    }

    private record SerialInput(Uart16550 port) implements ConsoleInput {
        @Override
        public void receive(byte value) throws InterruptedException {
            port.receive(value);
        }

        @Override
        public boolean tryReceive(byte value) {
            return port.tryReceive(value);
        }

        @Override
        public void sendBreak() {
            port.tryReceiveBreak();
        }
    }

    /** Stops the processors and gives everything back. */
    @Override
    public void close() {
        partition.close();
        virtio.close();
        kernel.close();
        memory.close();
    }
}
