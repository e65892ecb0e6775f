package portcullis.machine.loader;

import java.util.Map;
import portcullis.engine.Register;
import portcullis.machine.MemoryMap;

/**
 * Loads a raw real-mode image as a BIOS loads a boot sector, but all of the file: at 0x7C00, entered at 0:0x7C00, DL the first
 * disk's number. There is no BIOS: its
 * interrupts return at once.
 */
final class BootSectorLoader {
    private static final int ADDRESS = 0x7c00;
    private static final int SECTOR = 512;
    private static final int SIGNATURE = 0xaa55;
    private static final long FIRST_DISK = 0x80;

    private BootSectorLoader() {}

    static boolean recognises(Image image) throws LoadException {
        return image.size() >= SECTOR
                && image.size() <= MemoryMap.EBDA - ADDRESS
                && new Fields(image.read(SECTOR - 2, 2)).u16(0) == SIGNATURE;
    }

    static EntryState load(BootRequest request, Placement placement) throws LoadException {
        Image image = request.kernel();
        if (!request.modules().isEmpty()) {
            throw new LoadException(
                    "%s is a boot sector, which takes no RAM disk; leave out --initrd".formatted(image.name()));
        }
        placement.claim(image.name(), ADDRESS, image.size());
        placement.copy(image, 0, image.size(), ADDRESS);
        return EntryState.realMode(ADDRESS, Map.of(Register.RDX, FIRST_DISK, Register.RSP, (long) ADDRESS));
    }
}
