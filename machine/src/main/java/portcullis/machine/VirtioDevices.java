package portcullis.machine;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import portcullis.hypervisor.apic.MsiSink;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.DiskFile;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;
import portcullis.machine.pci.PciHost;
import portcullis.machine.serial.SerialSink;
import portcullis.machine.virtio.BlockDevice;
import portcullis.machine.virtio.ConsoleDevice;
import portcullis.machine.virtio.ConsoleStream;
import portcullis.machine.virtio.DeviceThread;
import portcullis.machine.virtio.EntropyDevice;
import portcullis.machine.virtio.EntropySource;
import portcullis.machine.virtio.FileDiskImage;
import portcullis.machine.virtio.VirtioDevice;
import portcullis.machine.virtio.VirtioFunction;
import portcullis.memory.GuestMemory;

/** The virtio devices: an entropy source in slot 1, then a disk a slot, then the console. By the host's time a thread serves their queues. */
final class VirtioDevices implements AutoCloseable {
    private static final int FIRST_SLOT = 1;

    /** At the end: whoever reads a console's output may pause. */
    private static final int PATIENCE_SECONDS = 10;

    private final List<FileDiskImage> images = new ArrayList<>();
    private final List<VirtioDevice> devices = new ArrayList<>();
    private final ConsoleInput console;
    private final List<VirtioFunction> functions = new ArrayList<>();
    /** Null by virtual time. */
    private final DeviceThread thread;

    private final Executor executor;

    /** @throws LoadException where an image cannot be opened */
    VirtioDevices(MachineConfig config, HostAttachments host) throws LoadException {
        switch (config.time()) {
            case TimeSource.Host() -> {
                devices.add(new EntropyDevice(EntropySource.secure()));
                thread = new DeviceThread();
                executor = thread;
            }
            case TimeSource.Virtual virtual -> {
                devices.add(new EntropyDevice(EntropySource.seeded(virtual.seed())));
                thread = null;
                // On the VP's thread: when a request completes must follow from the guest alone.
                executor = Runnable::run;
            }
        }
        try {
            for (DiskFile disk : config.disks()) {
                FileDiskImage image = FileDiskImage.open(disk.path(), disk.readOnly());
                images.add(image);
                devices.add(new BlockDevice(image, "disk" + (images.size() - 1), host.trouble()));
            }
        } catch (IOException e) {
            close();
            throw new LoadException(e.getMessage(), e);
        }
        console = config.console() == ConsoleKind.VIRTIO ? addConsole(host.console()) : null;
    }

    private ConsoleInput addConsole(SerialSink output) {
        ConsoleStream stream = new ConsoleStream(output::accept);
        ConsoleDevice device = new ConsoleDevice(stream);
        devices.add(device);
        return new ConsoleInput() {
            @Override
            public void receive(byte value) throws InterruptedException {
                stream.offer(value);
                device.inputArrived();
            }

            @Override
            public boolean tryReceive(byte value) {
                boolean taken = stream.tryOffer(value);
                device.inputArrived();
                return taken;
            }

            @Override
            public void sendBreak() {
                // Virtio consoles have none.
            }
        };
    }

    /** The virtio console's input, or null where there is none. */
    ConsoleInput console() {
        return console;
    }

    /** Whether the host has refused what the guest wanted of a disk. Any thread. */
    boolean disksFailed() {
        return devices.stream().anyMatch(device -> device instanceof BlockDevice disk && disk.failed());
    }

    /** Bytes of each disk. */
    List<Long> diskSizes() {
        return images.stream().map(FileDiskImage::size).toList();
    }

    /** Requests in hand are finished, no others begun, and what guests have written is on the disks. */
    void hold() throws IOException {
        boolean quiet = true;
        for (VirtioFunction function : functions) {
            quiet &= function.hold();
        }
        if (!quiet) {
            throw new IOException("nobody takes the output of the virtio console; read it, then save again");
        }
        for (FileDiskImage image : images) {
            if (!image.readOnly()) {
                image.flush();
            }
        }
    }

    void release() {
        functions.forEach(VirtioFunction::release);
    }

    void plug(PciHost pci, GuestMemory memory, MsiSink interrupts) {
        for (int i = 0; i < devices.size(); i++) {
            VirtioFunction function = new VirtioFunction(devices.get(i), memory, interrupts, executor);
            functions.add(function);
            pci.add(FIRST_SLOT + i, 0, function);
        }
    }

    /** Finishes the requests that are under way, but for output that nobody takes. */
    @Override
    public void close() {
        if (thread != null) {
            thread.close(functions, PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        for (FileDiskImage image : images) {
            try {
                image.close();
            } catch (IOException e) {
                // What the guest flushed is on the disk already.
                continue;
            }
        }
    }
}
