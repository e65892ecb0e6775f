package portcullis.machine.loader;

import java.util.List;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

/**
 * What to boot, and where.
 *
 * @param memory the guest's RAM; already holds the firmware tables
 * @param map what of it the kernel may use, as it will be told
 * @param rsdp physical address of the ACPI root pointer, or 0
 * @param kernel the kernel image
 * @param modules initial RAM disk: none or one for Linux; any number for multiboot
 * @param commandLine what the user gives the kernel; multiboot puts the file's name before it
 * @param progress is told while files are read
 */
public record BootRequest(
        GuestMemory memory,
        List<MemoryMap.Entry> map,
        long rsdp,
        Image kernel,
        List<Module> modules,
        String commandLine,
        LoadProgress progress) {
    /**
     * A file that goes with the kernel.
     *
     * @param commandLine what multiboot guests see as the module's string
     */
    public record Module(Image image, String commandLine) {}

    public BootRequest {
        map = List.copyOf(map);
        modules = List.copyOf(modules);
    }
}
