package portcullis.machine.config;

import java.nio.file.Path;
import java.util.List;
import portcullis.machine.loader.FlatImage;
import portcullis.machine.loader.KernelLoader;

/**
 * What a machine boots from: files, which stay open while it lives and are read again at each reset, or bytes in memory.
 *
 * @param kernel null where there is {@code flat}
 * @param modules initial RAM disk, or multiboot modules
 * @param append the user's part of the command line
 * @param flat bytes instead of a kernel; null for none
 */
public record BootFiles(
        Path kernel, KernelLoader.Format format, List<ModuleFile> modules, String append, FlatImage flat) {
    /**
     * @param commandLine what a multiboot guest sees as the module's string
     */
    public record ModuleFile(Path path, String commandLine) {}

    public BootFiles {
        if ((kernel == null) == (flat == null)) {
            throw new IllegalArgumentException("a machine boots from a kernel file or from bytes in memory");
        }
        modules = List.copyOf(modules);
    }

    /** From files. */
    public BootFiles(Path kernel, KernelLoader.Format format, List<ModuleFile> modules, String append) {
        this(kernel, format, modules, append, null);
    }

    /** From bytes in memory. */
    public static BootFiles of(FlatImage flat) {
        return new BootFiles(null, KernelLoader.Format.AUTO, List.of(), "", flat);
    }
}
