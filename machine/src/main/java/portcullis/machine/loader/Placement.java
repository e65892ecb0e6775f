package portcullis.machine.loader;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

/**
 * Who has which part of the guest's RAM while a kernel is loaded. The guest's own segments are claimed first, where they want
 * to be; everything else is given room that is still free. Nothing is written outside of what was claimed or given.
 */
final class Placement {
    private static final int CHUNK = 1 << 20;
    /** Real-mode vectors and BIOS data: the guest may claim it, we put nothing there. */
    private static final long FIRST_PAGE_END = 0x1000;

    private final GuestMemory memory;
    private final LoadProgress progress;
    private final long totalRam;
    /** Start to end of each free run; only {@link MemoryMap.RangeType#RAM}. */
    private final TreeMap<Long, Long> free = new TreeMap<>();

    Placement(GuestMemory memory, List<MemoryMap.Entry> map, LoadProgress progress) {
        this.memory = memory;
        this.progress = progress;
        long ram = 0;
        for (MemoryMap.Entry entry : map) {
            if (entry.type() == MemoryMap.RangeType.RAM) {
                free.put(entry.gpa(), entry.end());
                ram += entry.size();
            }
        }
        totalRam = ram;
    }

    /** Takes {@code [gpa, gpa + size)} for what the guest wants right there. */
    void claim(String what, long gpa, long size) throws LoadException {
        if (gpa < 0 || size < 0 || gpa + size < 0) {
            throw tooLarge(what, "%s at 0x%x".formatted(amount(size), gpa));
        }
        if (size == 0) {
            return;
        }
        Map.Entry<Long, Long> run = free.floorEntry(gpa);
        if (run == null || run.getValue() < gpa + size) {
            if (memory.contains(gpa, size) && overlapsOwn(gpa, size)) {
                throw new LoadException(
                        "%s lies over another part of the image or over memory that firmware tables use (0x%x to 0x%x); "
                                        .formatted(what, gpa, gpa + size)
                                + "the file is damaged or linked to an address that a PC cannot offer");
            }
            boolean inLowHole = gpa + size <= MemoryMap.EXTENDED_MEMORY;
            boolean inHighHole = gpa < MemoryMap.HIGH_RAM && gpa + size > MemoryMap.LOW_RAM_LIMIT;
            if (inLowHole || inHighHole) {
                throw new LoadException(
                        "%s wants memory from 0x%x to 0x%x, where a PC has devices; it is damaged or linked for another machine"
                                .formatted(what, gpa, gpa + size));
            }
            throw tooLarge(what, "memory from 0x%x to 0x%x".formatted(gpa, gpa + size));
        }
        take(run, gpa, gpa + size);
    }

    private boolean overlapsOwn(long gpa, long size) {
        return free.lastEntry() != null && gpa + size <= free.lastEntry().getValue();
    }

    private LoadException tooLarge(String what, String need) {
        return new LoadException("%s does not fit: it needs %s, the machine has %d MiB; give it more with --memory"
                .formatted(what, need, totalRam + CHUNK - 1 >> 20));
    }

    /** In MiB, rounded up, or in bytes where it is less than one. */
    private static String amount(long bytes) {
        return Long.compareUnsigned(bytes, CHUNK) < 0 ? bytes + " bytes" : (bytes - 1 >>> 20) + 1 + " MiB";
    }

    private void take(Map.Entry<Long, Long> run, long from, long to) {
        free.remove(run.getKey());
        if (run.getKey() < from) {
            free.put(run.getKey(), from);
        }
        if (to < run.getValue()) {
            free.put(to, run.getValue());
        }
    }

    /** Room for a small structure: below the EBDA where it goes, else anywhere below 4 GiB. */
    long low(String what, long size, long alignment) throws LoadException {
        long gpa = highestBelow(size, alignment, MemoryMap.EBDA);
        return gpa >= 0 ? take(gpa, size) : below(what, size, alignment, MemoryMap.LOW_RAM_LIMIT);
    }

    /** Room as high as possible that ends at or below {@code limit}. */
    long below(String what, long size, long alignment, long limit) throws LoadException {
        long gpa = highestBelow(size, alignment, limit);
        if (gpa < 0) {
            throw tooLarge(what, "%s free below 0x%x".formatted(amount(size), limit));
        }
        return take(gpa, size);
    }

    /** Room as low as possible at or above {@code from}, below 4 GiB. */
    long above(String what, long size, long alignment, long from) throws LoadException {
        for (Map.Entry<Long, Long> run : free.entrySet()) {
            long gpa = Math.max(run.getKey(), from) + alignment - 1 & -alignment;
            if (gpa < MemoryMap.LOW_RAM_LIMIT && gpa <= run.getValue() && size <= run.getValue() - gpa) {
                return take(gpa, size);
            }
        }
        throw tooLarge(what, "%s free above 0x%x".formatted(amount(size), from));
    }

    private long highestBelow(long size, long alignment, long limit) {
        for (Map.Entry<Long, Long> run : free.descendingMap().entrySet()) {
            long end = Math.min(run.getValue(), limit);
            long gpa = end - size & -alignment;
            if (size <= end && gpa >= Math.max(run.getKey(), FIRST_PAGE_END)) {
                return gpa;
            }
        }
        return -1;
    }

    private long take(long gpa, long size) {
        if (size > 0) {
            take(free.floorEntry(gpa), gpa, gpa + size);
        }
        return gpa;
    }

    /** Copies a part of a file to guest memory that was claimed or given. */
    void copy(Image image, long offset, long length, long gpa) throws LoadException {
        byte[] chunk = new byte[(int) Math.min(CHUNK, length)];
        for (long done = 0; done < length; ) {
            int part = (int) Math.min(chunk.length, length - done);
            image.read(offset + done, chunk, 0, part);
            memory.write(gpa + done, chunk, 0, part);
            done += part;
            progress.progress(image.name(), done, length);
        }
    }

    void put(long gpa, byte[] bytes) {
        memory.write(gpa, bytes, 0, bytes.length);
    }

    /** Zeroes memory that was claimed or given. Pages that are zero already are left alone, so that the host does not commit them. */
    void zero(long gpa, long length) {
        byte[] page = new byte[GuestMemory.PAGE_SIZE];
        byte[] zeroes = new byte[GuestMemory.PAGE_SIZE];
        long end = gpa + length;
        for (long at = gpa; at < end; ) {
            int part = (int) (Math.min(end, (at | GuestMemory.PAGE_SIZE - 1) + 1) - at);
            memory.read(at, page, 0, part);
            if (!Arrays.equals(page, 0, part, zeroes, 0, part)) {
                memory.fill(at, part, (byte) 0);
            }
            at += part;
        }
    }
}
