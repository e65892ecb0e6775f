package portcullis.machine.loader;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import portcullis.engine.Register;
import portcullis.machine.MemoryMap;

/**
 * Loads multiboot 1 kernels, ELF (32 or 64 bits) or with addresses in their header (Multiboot Specification 0.6.96). Where the
 * specification leaves room it does what test kernels expect of an emulator: the command line is the file's name and then
 * the user's text, the module list may be empty but is always there, modules follow the kernel in memory.
 */
final class MultibootLoader {
    private static final long BOOTLOADER_MAGIC = 0x2bad_b002L;
    private static final int PAGE = 4096;
    private static final int INFO_SIZE = 120;
    private static final int MODULE_SIZE = 16;
    private static final int MAP_ENTRY_SIZE = 24;
    private static final int MAX_MODULES = 1024;
    private static final int MAX_STRING = 1 << 16;
    private static final long BOOT_DEVICE = 0x8000_ffffL;

    private static final int HAS_MEMORY = 1;
    private static final int HAS_BOOT_DEVICE = 1 << 1;
    private static final int HAS_COMMAND_LINE = 1 << 2;
    private static final int HAS_MODULES = 1 << 3;
    private static final int HAS_MAP = 1 << 6;
    private static final int HAS_LOADER_NAME = 1 << 9;

    private final BootRequest request;
    private final Placement placement;

    MultibootLoader(BootRequest request, Placement placement) {
        this.request = request;
        this.placement = placement;
    }

    /** What has been placed: where it starts and where it ends. */
    private record Placed(long entry, long end) {}

    EntryState load(MultibootHeader header) throws LoadException {
        Placed kernel;
        if (header.hasAddresses()) {
            kernel = placeByHeader(header);
        } else if (ElfImage.recognises(request.kernel())) {
            ElfImage elf = ElfImage.parse(request.kernel());
            long end = elf.place(placement);
            kernel = new Placed(elf.checkedEntry(elf.physicalEntry()), end);
        } else {
            throw new LoadException(
                    "%s has a multiboot header but is neither ELF nor says where to load it; give the linked kernel"
                            .formatted(request.kernel().name()));
        }
        if (kernel.entry >= MemoryMap.HIGH_RAM) {
            throw new LoadException(
                    "%s is linked above 4 GiB, where multiboot cannot enter; boot one that is linked below"
                            .formatted(request.kernel().name()));
        }
        long info = placeInfo(kernel.end);
        return EntryState.protectedMode(
                kernel.entry, BootTables.flat(placement), Map.of(Register.RAX, BOOTLOADER_MAGIC, Register.RBX, info));
    }

    private Placed placeByHeader(MultibootHeader header) throws LoadException {
        Image kernel = request.kernel();
        long offset = header.offset() - (header.headerAddress() - header.loadAddress());
        if (header.loadAddress() > header.headerAddress() || offset < 0) {
            throw damaged("its multiboot header lies before its load address");
        }
        long length = header.loadEnd() == 0 ? kernel.size() - offset : header.loadEnd() - header.loadAddress();
        if (length < 0) {
            throw damaged("it ends before it begins");
        }
        if (offset + length > kernel.size()) {
            throw kernel.truncated("its multiboot header promises " + (offset + length));
        }
        long end = header.loadAddress() + length;
        long bssEnd = header.bssEnd() == 0 ? end : header.bssEnd();
        if (bssEnd < end) {
            throw damaged("its zeroed part ends before its loaded part");
        }
        if (header.entry() < header.loadAddress() || header.entry() >= bssEnd) {
            throw damaged("its entry point 0x%x lies outside of all it loads".formatted(header.entry()));
        }
        placement.claim(kernel.name(), header.loadAddress(), bssEnd - header.loadAddress());
        placement.copy(kernel, offset, length, header.loadAddress());
        placement.zero(end, bssEnd - end);
        return new Placed(header.entry(), bssEnd);
    }

    private LoadException damaged(String why) {
        return new LoadException("%s is damaged: %s; get a complete copy of it"
                .formatted(request.kernel().name(), why));
    }

    private long placeInfo(long kernelEnd) throws LoadException {
        List<MemoryMap.Entry> map = request.map();
        Fields info = new Fields(new byte[INFO_SIZE]);
        info.putInt(0, HAS_MEMORY | HAS_BOOT_DEVICE | HAS_COMMAND_LINE | HAS_MODULES | HAS_MAP | HAS_LOADER_NAME);
        info.putInt(4, kibibytesAt(0));
        info.putInt(8, kibibytesAt(MemoryMap.EXTENDED_MEMORY));
        info.putInt(12, BOOT_DEVICE);
        String name = request.kernel().name();
        String text = request.commandLine();
        info.putInt(16, placeString(text.isEmpty() ? name : name + " " + text));
        info.putInt(20, request.modules().size());
        info.putInt(24, placeModules(kernelEnd));
        info.putInt(44, (long) map.size() * MAP_ENTRY_SIZE);
        info.putInt(48, placeMap(map));
        info.putInt(64, placeString("portcullis"));
        return placed("multiboot information", info.buffer().array());
    }

    private long kibibytesAt(long gpa) {
        return request.map().stream()
                .filter(entry -> entry.gpa() == gpa && entry.type() == MemoryMap.RangeType.RAM)
                .mapToLong(entry -> entry.size() >> 10)
                .sum();
    }

    /** Entries of 20 bytes, each after a word with that size. */
    private long placeMap(List<MemoryMap.Entry> map) throws LoadException {
        Fields table = new Fields(new byte[map.size() * MAP_ENTRY_SIZE]);
        for (int i = 0; i < map.size(); i++) {
            table.putInt(MAP_ENTRY_SIZE * i, MAP_ENTRY_SIZE - 4);
            table.putLong(MAP_ENTRY_SIZE * i + 4, map.get(i).gpa());
            table.putLong(MAP_ENTRY_SIZE * i + 12, map.get(i).size());
            table.putInt(MAP_ENTRY_SIZE * i + 20, map.get(i).type().number());
        }
        return placed("the memory map", table.buffer().array());
    }

    private long placeModules(long kernelEnd) throws LoadException {
        List<BootRequest.Module> modules = request.modules();
        if (modules.isEmpty()) {
            return 0;
        }
        if (modules.size() > MAX_MODULES) {
            throw new LoadException("%d modules are too many; give at most %d".formatted(modules.size(), MAX_MODULES));
        }
        Fields list = new Fields(new byte[modules.size() * MODULE_SIZE]);
        long from = Math.max(kernelEnd, MemoryMap.EXTENDED_MEMORY);
        for (int i = 0; i < modules.size(); i++) {
            Image image = modules.get(i).image();
            long at = placement.above(image.name(), image.size(), PAGE, from);
            placement.copy(image, 0, image.size(), at);
            list.putInt(MODULE_SIZE * i, at);
            list.putInt(MODULE_SIZE * i + 4, at + image.size());
            list.putInt(MODULE_SIZE * i + 8, placeString(modules.get(i).commandLine()));
        }
        return placed("the module list", list.buffer().array());
    }

    private long placeString(String text) throws LoadException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_STRING) {
            throw new LoadException(
                    "the command line has %d bytes; shorten --append to %d".formatted(bytes.length, MAX_STRING));
        }
        return placed("the command line", Arrays.copyOf(bytes, bytes.length + 1));
    }

    private long placed(String what, byte[] bytes) throws LoadException {
        long at = placement.low(what, bytes.length, 16);
        placement.put(at, bytes);
        return at;
    }
}
