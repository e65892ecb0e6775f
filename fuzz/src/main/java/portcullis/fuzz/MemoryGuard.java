package portcullis.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import portcullis.memory.GuestMemory;
import portcullis.memory.GuestMemory.Segment;

/**
 * Knows what the guest's memory holds, and sees who changes it. Between {@link #arm} and {@link #check} a page that was written is
 * marked by the memory itself; at the end of a program everything is compared.
 */
final class MemoryGuard {
    private final GuestMemory memory;
    private final List<Part> parts = new ArrayList<>();
    private final byte[] page = new byte[Layout.PAGE];

    /** A segment, what it should hold, and what it held at first. */
    private record Part(Segment segment, byte[] content, byte[] initial, boolean[] touched) {
        int pages() {
            return touched.length;
        }
    }

    MemoryGuard(GuestMemory memory) {
        this.memory = memory;
        for (Segment segment : memory.segments()) {
            byte[] content = new byte[(int) segment.size()];
            memory.read(segment.gpa(), content, 0, content.length);
            parts.add(new Part(segment, content, content.clone(), new boolean[content.length / Layout.PAGE]));
        }
        forgetWrites();
    }

    /** The fuzzer writes memory itself. */
    void write(long gpa, byte[] from, int offset, int length) {
        Part part = partAt(gpa);
        int at = (int) (gpa - part.segment.gpa());
        System.arraycopy(from, offset, part.content, at, length);
        memory.write(gpa, from, offset, length);
        part.touched[at / Layout.PAGE] = true;
        memory.updatePageFlags(gpa, 0, GuestMemory.PAGE_DIRTY);
    }

    /** Whether {@link #write} can be used: RAM, to the end of the page. */
    boolean writable(long gpa) {
        Part part = gpa < 0 ? null : partAt(gpa);
        return part != null && part.segment.writable();
    }

    private Part partAt(long gpa) {
        for (Part part : parts) {
            if (gpa >= part.segment.gpa() && gpa < part.segment.gpa() + part.segment.size()) {
                return part;
            }
        }
        return null;
    }

    /** Takes over what is marked as written since the last look. */
    void absorb() {
        check(Long.MIN_VALUE, Long.MAX_VALUE, "");
    }

    /** Requires that nothing was written since the last look but {@code [from, to)}; takes that over. */
    void check(long from, long to, Object context) {
        for (Part part : parts) {
            long base = part.segment.gpa();
            for (int i = 0; i < part.pages(); i++) {
                long gpa = base + (long) i * Layout.PAGE;
                if ((memory.pageFlags(gpa) & GuestMemory.PAGE_DIRTY) != 0) {
                    memory.updatePageFlags(gpa, 0, GuestMemory.PAGE_DIRTY);
                    checkPage(part, i, gpa, from, to, context);
                }
            }
        }
    }

    private void checkPage(Part part, int index, long gpa, long from, long to, Object context) {
        memory.read(gpa, page, 0, Layout.PAGE);
        int offset = index * Layout.PAGE;
        part.touched[index] = true;
        int allowedFrom = (int) (Math.clamp(from, gpa, gpa + Layout.PAGE) - gpa);
        int allowedTo = (int) (Math.clamp(to, gpa, gpa + Layout.PAGE) - gpa);
        requireSame(part, offset, 0, allowedFrom, gpa, context);
        requireSame(part, offset, Math.max(allowedFrom, allowedTo), Layout.PAGE, gpa, context);
        System.arraycopy(page, 0, part.content, offset, Layout.PAGE);
    }

    private void requireSame(Part part, int offset, int from, int to, long gpa, Object context) {
        int wrong = from >= to ? -1 : Arrays.mismatch(page, from, to, part.content, offset + from, offset + to);
        if (wrong >= 0) {
            throw new Violation("byte %x of guest memory was written: %s".formatted(gpa + from + wrong, context));
        }
    }

    /** Requires that all of memory holds what it should, whether or not anybody said that it was written. */
    void checkAll(Object context) {
        for (Part part : parts) {
            byte[] now = new byte[part.content.length];
            memory.read(part.segment.gpa(), now, 0, now.length);
            int wrong = Arrays.mismatch(now, part.content);
            if (wrong >= 0) {
                throw new Violation("byte %x of guest memory is %02x, not %02x: %s"
                        .formatted(part.segment.gpa() + wrong, now[wrong], part.content[wrong], context));
            }
        }
    }

    /** Takes over everything, marked or not. */
    void absorbAll() {
        for (Part part : parts) {
            Arrays.fill(part.touched, part.segment.writable());
            memory.read(part.segment.gpa(), part.content, 0, part.content.length);
        }
        forgetWrites();
    }

    /** The guest may have written anywhere: takes over what is there, but puts what programs live from back as it was. */
    void absorbAllButCode() {
        absorb();
        Part low = parts.getFirst();
        int length = (int) Layout.STACKS;
        System.arraycopy(low.initial, 0, low.content, 0, length);
        memory.write(0, low.initial, 0, length);
        forgetWrites();
    }

    /** Puts everything back as it was when this was made. */
    void restore(boolean all) {
        for (Part part : parts) {
            for (int i = 0; i < part.pages(); i++) {
                if (part.touched[i] || all && part.segment.writable()) {
                    int offset = i * Layout.PAGE;
                    System.arraycopy(part.initial, offset, part.content, offset, Layout.PAGE);
                    memory.write(part.segment.gpa() + offset, part.initial, offset, Layout.PAGE);
                    part.touched[i] = false;
                }
            }
        }
        forgetWrites();
    }

    private void forgetWrites() {
        for (Segment segment : memory.segments()) {
            for (long gpa = segment.gpa(); gpa < segment.gpa() + segment.size(); gpa += Layout.PAGE) {
                if ((memory.pageFlags(gpa) & GuestMemory.PAGE_DIRTY) != 0) {
                    memory.updatePageFlags(gpa, 0, GuestMemory.PAGE_DIRTY);
                }
            }
        }
    }
}
