package portcullis.machine.loader;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import portcullis.engine.Register;
import portcullis.machine.MemoryMap;

/**
 * Loads ELF kernels that have a PVH entry point: 32-bit protected mode, EBX points to a struct hvm_start_info (Xen's
 * docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h).
 */
final class PvhLoader {
    private static final int MAGIC = 0x336e_c578;
    private static final int VERSION = 1;
    private static final int START_INFO_SIZE = 56;
    private static final int ENTRY_SIZE = 24;
    private static final int MODULE_SIZE = 32;
    private static final int PAGE = 4096;
    private static final int MAX_COMMAND_LINE = 1 << 16;

    private final BootRequest request;
    private final Placement placement;

    PvhLoader(BootRequest request, Placement placement) {
        this.request = request;
        this.placement = placement;
    }

    EntryState load(ElfImage kernel) throws LoadException {
        kernel.place(placement);
        long entry = kernel.checkedEntry(kernel.pvhEntry());
        Fields info = new Fields(new byte[START_INFO_SIZE]);
        info.putInt(0, MAGIC);
        info.putInt(4, VERSION);
        info.putInt(12, request.modules().size());
        info.putLong(16, placeModules());
        info.putLong(24, placeString(request.commandLine()));
        info.putLong(32, request.rsdp());
        info.putLong(40, placeMap());
        info.putInt(48, request.map().size());
        long at = placement.low("start info", START_INFO_SIZE, 16);
        placement.put(at, info.buffer().array());
        return EntryState.protectedMode(entry, BootTables.flat(placement), Map.of(Register.RBX, at));
    }

    private long placeMap() throws LoadException {
        List<MemoryMap.Entry> map = request.map();
        Fields table = new Fields(new byte[map.size() * ENTRY_SIZE]);
        for (int i = 0; i < map.size(); i++) {
            table.putLong(ENTRY_SIZE * i, map.get(i).gpa());
            table.putLong(ENTRY_SIZE * i + 8, map.get(i).size());
            table.putInt(ENTRY_SIZE * i + 16, map.get(i).type().number());
        }
        return placed("the memory map", table.buffer().array());
    }

    private long placeModules() throws LoadException {
        List<BootRequest.Module> modules = request.modules();
        Fields list = new Fields(new byte[modules.size() * MODULE_SIZE]);
        for (int i = 0; i < modules.size(); i++) {
            Image image = modules.get(i).image();
            long at = placement.below(image.name(), image.size(), PAGE, MemoryMap.LOW_RAM_LIMIT);
            placement.copy(image, 0, image.size(), at);
            list.putLong(MODULE_SIZE * i, at);
            list.putLong(MODULE_SIZE * i + 8, image.size());
            list.putLong(MODULE_SIZE * i + 16, placeString(modules.get(i).commandLine()));
        }
        return modules.isEmpty() ? 0 : placed("the module list", list.buffer().array());
    }

    private long placeString(String text) throws LoadException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_COMMAND_LINE) {
            throw new LoadException(
                    "the command line has %d bytes; shorten --append to %d".formatted(bytes.length, MAX_COMMAND_LINE));
        }
        return placed("the command line", Arrays.copyOf(bytes, bytes.length + 1));
    }

    private long placed(String what, byte[] bytes) throws LoadException {
        long at = placement.low(what, bytes.length, 16);
        placement.put(at, bytes);
        return at;
    }
}
