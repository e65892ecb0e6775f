package portcullis.machine.config;

import java.nio.file.Path;
import java.util.List;
import portcullis.machine.loader.KernelLoader;

/**
 * The files a machine boots from. They stay open while it lives and are read again at each reset.
 *
 * @param modules initial RAM disk, or multiboot modules
 * @param append the user's part of the command line
 */
public record BootFiles(Path kernel, KernelLoader.Format format, List<ModuleFile> modules, String append) {
    /**
     * @param commandLine what a multiboot guest sees as the module's string
     */
    public record ModuleFile(Path path, String commandLine) {}

    public BootFiles {
        modules = List.copyOf(modules);
    }
}
