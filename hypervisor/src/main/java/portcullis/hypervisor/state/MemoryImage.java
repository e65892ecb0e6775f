package portcullis.hypervisor.state;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import portcullis.memory.GuestMemory;
import portcullis.state.StateFileWriter;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Guest RAM in a state file: chunks of up to {@link #BATCH} pages. A page that nobody has written is not there; one that is zero
 * takes eight bytes. ROM is not state: who makes the machine gives it the same.
 */
final class MemoryImage {
    static final String CHUNK = "ram";
    static final int VERSION = 1;

    /** Pages a chunk. */
    private static final int BATCH = 256;

    /** In the low bits of a page's address. */
    private static final int ZERO = 0;

    private static final int CONTENT = 1;

    private final GuestMemory memory;
    private final byte[] page = new byte[GuestMemory.PAGE_SIZE];
    private final byte[] zero = new byte[GuestMemory.PAGE_SIZE];

    MemoryImage(GuestMemory memory) {
        this.memory = memory;
    }

    void save(StateFileWriter out) throws IOException {
        List<Long> batch = new ArrayList<>();
        for (GuestMemory.Segment segment : memory.segments()) {
            for (long gpa = segment.gpa(); gpa < segment.gpa() + segment.size(); gpa += GuestMemory.PAGE_SIZE) {
                if (segment.writable() && (memory.pageFlags(gpa) & GuestMemory.PAGE_DIRTY) != 0) {
                    batch.add(gpa);
                }
                if (batch.size() == BATCH) {
                    write(batch, out);
                    batch.clear();
                }
            }
        }
        if (!batch.isEmpty()) {
            write(batch, out);
        }
    }

    private void write(List<Long> pages, StateFileWriter file) throws IOException {
        StateWriter out = new StateWriter();
        out.putInt(pages.size());
        for (long gpa : pages) {
            memory.read(gpa, page, 0, page.length);
            boolean empty = Arrays.equals(page, zero);
            out.putLong(gpa | (empty ? ZERO : CONTENT));
            if (!empty) {
                out.putBytes(page);
            }
        }
        file.chunk(CHUNK, VERSION, out);
    }

    /** Makes all RAM zero and unwritten; chunks follow. */
    void beginRestore() {
        for (GuestMemory.Segment segment : memory.segments()) {
            for (long gpa = segment.gpa(); gpa < segment.gpa() + segment.size(); gpa += GuestMemory.PAGE_SIZE) {
                if (segment.writable() && (memory.pageFlags(gpa) & GuestMemory.PAGE_DIRTY) != 0) {
                    memory.fill(gpa, GuestMemory.PAGE_SIZE, (byte) 0);
                    memory.updatePageFlags(gpa, 0, GuestMemory.PAGE_DIRTY);
                }
            }
        }
    }

    void restore(StateReader in) {
        if (in.version() != VERSION) {
            throw in.refused("has version %d; this build understands %d".formatted(in.version(), VERSION));
        }
        for (int count = in.getInt(0, BATCH); count > 0; count--) {
            long word = in.getLong();
            long gpa = word & -GuestMemory.PAGE_SIZE;
            GuestMemory.Segment segment = memory.segmentAt(gpa);
            if (segment == null || !segment.writable() || gpa >= memory.limit()) {
                throw in.refused("has a page at 0x%x, where this machine has no memory".formatted(gpa));
            }
            if ((word & CONTENT) != 0) {
                in.getBytes(page);
                memory.write(gpa, page, 0, page.length);
            } else {
                memory.updatePageFlags(gpa, GuestMemory.PAGE_DIRTY, 0);
            }
        }
        in.finish();
    }
}
