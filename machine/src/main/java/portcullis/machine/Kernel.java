package portcullis.machine;

import java.util.ArrayList;
import java.util.List;
import portcullis.hypervisor.BootState;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.BootRequest;
import portcullis.machine.loader.EntryState;
import portcullis.machine.loader.Image;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.machine.loader.LoadProgress;
import portcullis.memory.GuestMemory;

/** The open files that a machine boots from, loaded at start and at each reset. */
final class Kernel implements BootState, AutoCloseable {
    /** A {@link LoadException} on its way through code that knows nothing of loading. */
    static final class LoadFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LoadFailure(LoadException cause) {
            super(cause.getMessage(), cause);
        }

        LoadException reason() {
            return (LoadException) getCause();
        }
    }

    private final List<Image> images = new ArrayList<>();
    private final BootFiles files;
    private final BootRequest request;

    private final boolean needed;

    private Kernel(BootFiles files, GuestMemory memory, long ramBytes, long rsdp, LoadProgress progress, boolean needed)
            throws LoadException {
        this.needed = needed;
        this.files = files;
        try {
            Image kernel = files.flat() != null ? files.flat().image() : open(files.kernel());
            List<BootRequest.Module> modules = new ArrayList<>();
            for (BootFiles.ModuleFile module : files.modules()) {
                modules.add(new BootRequest.Module(open(module.path()), module.commandLine()));
            }
            request =
                    new BootRequest(memory, MemoryMap.e820(ramBytes), rsdp, kernel, modules, files.append(), progress);
        } catch (LoadException e) {
            close();
            throw e;
        }
    }

    static Kernel open(BootFiles files, GuestMemory memory, long ramBytes, long rsdp, LoadProgress progress)
            throws LoadException {
        return new Kernel(files, memory, ramBytes, rsdp, progress, true);
    }

    /** For a machine that takes up a saved state: files that are gone are missed when it is reset. */
    static Kernel openIfThere(BootFiles files, GuestMemory memory, long ramBytes, long rsdp, LoadProgress progress)
            throws LoadException {
        return new Kernel(files, memory, ramBytes, rsdp, progress, false);
    }

    /** What is loaded. */
    BootRequest request() {
        return request;
    }

    private Image open(java.nio.file.Path path) throws LoadException {
        Image image;
        try {
            image = Image.open(path);
        } catch (LoadException gone) {
            if (needed) {
                throw gone;
            }
            image = new AbsentImage(path.toString(), gone);
        }
        images.add(image);
        return image;
    }

    /** A file that is not there any more. */
    private record AbsentImage(String name, LoadException reason) implements Image {
        @Override
        public long size() {
            return 0;
        }

        @Override
        public void read(long offset, byte[] into, int at, int length) throws LoadException {
            throw reason;
        }

        @Override
        public LoadException truncated(String what) {
            return reason;
        }

        @Override
        public void close() {}
    }

    /** @throws LoadFailure where the files cannot be loaded, or no longer */
    @Override
    public void load(VirtualProcessor boot) {
        try {
            EntryState entry =
                    files.flat() != null ? files.flat().load(request) : KernelLoader.load(request, files.format());
            entry.applyTo(boot.cpu());
        } catch (LoadException e) {
            throw new LoadFailure(e);
        }
        // What firmware would leave: interrupts of the 8259 pair reach the boot processor.
        boot.apic().enterVirtualWireMode();
    }

    @Override
    public void close() {
        images.forEach(Image::close);
    }
}
