package portcullis.machine.loader;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import portcullis.engine.Register;
import portcullis.machine.MemoryMap;

/**
 * Loads Linux by its 64-bit boot protocol, 32-bit kernels by the 32-bit one (Documentation/arch/x86/boot.rst). The kernel gets
 * a zero page (struct boot_params) with the memory map, its command line, the RAM disk and the ACPI root pointer.
 */
final class LinuxLoader {
    private static final int PAGE = 4096;
    private static final int LOADER_UNDEFINED = 0xff;
    private static final int ELF_INITRD_MAX = 0x7fff_ffff;
    private static final int ELF_COMMAND_LINE_MAX = 2047;
    private static final int MAX_E820 = 128;

    // Offsets in struct boot_params (Documentation/arch/x86/zero-page.rst).
    private static final int ACPI_RSDP = 0x070;
    private static final int EXT_RAMDISK_IMAGE = 0x0c0;
    private static final int ALT_MEM_K = 0x1e0;
    private static final int E820_ENTRIES = 0x1e8;
    private static final int BOOT_FLAG = 0x1fe;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int TYPE_OF_LOADER = 0x210;
    private static final int LOAD_FLAGS = 0x211;
    private static final int CODE32_START = 0x214;
    private static final int RAMDISK_IMAGE = 0x218;
    private static final int RAMDISK_SIZE = 0x21c;
    private static final int COMMAND_LINE = 0x228;
    private static final int KERNEL_ALIGNMENT = 0x230;
    private static final int E820_TABLE = 0x2d0;

    private final BootRequest request;
    private final Placement placement;

    LinuxLoader(BootRequest request, Placement placement) {
        this.request = request;
        this.placement = placement;
    }

    EntryState loadBzImage(BzImage kernel) throws LoadException {
        String name = kernel.image().name();
        long load = kernel.preferredAddress();
        try {
            placement.claim(name, load, kernel.initSize());
        } catch (LoadException preferredIsTaken) {
            if (!kernel.relocatable()) {
                throw preferredIsTaken;
            }
            // Upwards only: a kernel that is loaded below its address moves itself there, over whatever it meets.
            load = placement.above(
                    name,
                    kernel.initSize(),
                    kernel.alignment(),
                    Math.max(kernel.preferredAddress(), MemoryMap.EXTENDED_MEMORY));
        }
        placement.copy(kernel.image(), kernel.payload(), kernel.payloadSize(), load);
        Fields zeroPage = new Fields(new byte[PAGE]);
        kernel.copyHeader(zeroPage);
        zeroPage.putInt(CODE32_START, load);
        if (!kernel.has64BitEntry()) {
            return start32(load, finish(zeroPage, kernel.commandLineMax(), kernel.initrdMax()));
        }
        return start64(load + kernel.entry64(), finish(zeroPage, kernel.commandLineMax(), kernel.initrdMax()));
    }

    /** An uncompressed kernel (vmlinux): its ELF entry point is startup_64, and its header must be made up. */
    EntryState loadElf(ElfImage kernel) throws LoadException {
        if (!kernel.wide()) {
            throw new LoadException(
                    "%s is a 32-bit ELF file without a multiboot header or PVH note; boot the kernel's bzImage instead"
                            .formatted(kernel.image().name()));
        }
        kernel.place(placement);
        long entry = kernel.checkedEntry(kernel.physicalEntry());
        if (entry >= MemoryMap.HIGH_RAM) {
            throw new LoadException("%s is linked above 4 GiB; boot one that is linked below"
                    .formatted(kernel.image().name()));
        }
        Fields zeroPage = new Fields(new byte[PAGE]);
        zeroPage.putShort(BOOT_FLAG, 0xaa55);
        zeroPage.putInt(HEADER_MAGIC, 0x53726448);
        zeroPage.putShort(VERSION, 0x20f);
        zeroPage.putByte(LOAD_FLAGS, 1);
        zeroPage.putInt(KERNEL_ALIGNMENT, 0x100_0000);
        return start64(entry, finish(zeroPage, ELF_COMMAND_LINE_MAX, ELF_INITRD_MAX));
    }

    private EntryState start64(long entry, long zeroPage) throws LoadException {
        return EntryState.longMode(entry, BootTables.identity(placement), Map.of(Register.RSI, zeroPage));
    }

    private EntryState start32(long entry, long zeroPage) throws LoadException {
        return EntryState.protectedMode(entry, BootTables.flat(placement), Map.of(Register.RSI, zeroPage));
    }

    /** Adds command line, RAM disk, memory map and ACPI to the zero page and puts it into memory. Returns its address. */
    private long finish(Fields zeroPage, long commandLineMax, long initrdMax) throws LoadException {
        zeroPage.putByte(TYPE_OF_LOADER, LOADER_UNDEFINED);
        byte[] line = commandLine(commandLineMax);
        long lineAt = placement.low("the command line", line.length, 16);
        placement.put(lineAt, line);
        zeroPage.putInt(COMMAND_LINE, lineAt);
        placeRamDisk(zeroPage, initrdMax);
        zeroPage.putLong(ACPI_RSDP, request.rsdp());
        List<MemoryMap.Entry> map = request.map();
        int count = Math.min(map.size(), MAX_E820);
        zeroPage.putByte(E820_ENTRIES, count);
        for (int i = 0; i < count; i++) {
            MemoryMap.Entry entry = map.get(i);
            zeroPage.putLong(E820_TABLE + 20 * i, entry.gpa());
            zeroPage.putLong(E820_TABLE + 20 * i + 8, entry.size());
            zeroPage.putInt(E820_TABLE + 20 * i + 16, entry.type().number());
            if (entry.gpa() == MemoryMap.EXTENDED_MEMORY) {
                zeroPage.putInt(ALT_MEM_K, entry.size() >> 10);
            }
        }
        long at = placement.low("boot parameters", PAGE, PAGE);
        placement.put(at, zeroPage.buffer().array());
        return at;
    }

    private byte[] commandLine(long max) throws LoadException {
        byte[] text = request.commandLine().getBytes(StandardCharsets.UTF_8);
        if (text.length > max) {
            throw new LoadException("the command line has %d bytes, %s takes %d; shorten --append"
                    .formatted(text.length, request.kernel().name(), max));
        }
        return java.util.Arrays.copyOf(text, text.length + 1);
    }

    private void placeRamDisk(Fields zeroPage, long max) throws LoadException {
        if (request.modules().size() > 1) {
            throw new LoadException("Linux takes one initial RAM disk, not %d; concatenate them into one file"
                    .formatted(request.modules().size()));
        }
        for (BootRequest.Module module : request.modules()) {
            Image image = module.image();
            long at = placement.below(image.name(), image.size(), PAGE, Math.min(max + 1, MemoryMap.LOW_RAM_LIMIT));
            placement.copy(image, 0, image.size(), at);
            // Below 4 GiB: the upper halves of address and size (from EXT_RAMDISK_IMAGE on) stay zero.
            zeroPage.putLong(EXT_RAMDISK_IMAGE, 0);
            zeroPage.putInt(RAMDISK_IMAGE, at);
            zeroPage.putInt(RAMDISK_SIZE, image.size());
        }
    }
}
