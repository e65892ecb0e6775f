package portcullis.hypervisor.hypercall;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import portcullis.memory.GuestMemory;
import portcullis.memory.GuestMemory.Segment;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** The extended hypercalls: ExtQueryCapabilities, ExtGetBootZeroedMemory (TLFS). */
public final class ExtendedCalls {
    private static final long CAPABILITY_BOOT_ZEROED_MEMORY = 1;
    private static final int MOST_RANGES = 255;
    private static final int RANGE_BYTES = 16;

    private static final Comparator<Range> LARGEST_LAST = Comparator.comparingLong(Range::pages);

    /** Pages of guest memory from {@code first} on. */
    record Range(long first, long pages) {}

    private ExtendedCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.EXT_QUERY_CAPABILITIES, call -> {
                    call.outputLong(0, CAPABILITY_BOOT_ZEROED_MEMORY);
                    return HvStatus.SUCCESS;
                }),
                new Hypercall(HypercallCode.EXT_GET_BOOT_ZEROED_MEMORY, ExtendedCalls::bootZeroedMemory));
    }

    /**
     * The largest runs of pages that nobody has written to since the machine was made. Not those that a higher trust level hides from
     * the caller: when that level first writes there is its own business. Nor those under an overlay: what is read there is the overlay.
     */
    private static int bootZeroedMemory(CallContext call) {
        List<Range> ranges = new ArrayList<>(untouched(
                call.partition().memory(),
                call.partition().memory().view(call.level().level())));
        ranges.sort(LARGEST_LAST.reversed());
        int count = ranges.size();
        call.outputLong(0, count);
        for (int i = 0; i < MOST_RANGES; i++) {
            call.outputLong(8 + i * RANGE_BYTES, i < count ? ranges.get(i).first() : 0);
            call.outputLong(16 + i * RANGE_BYTES, i < count ? ranges.get(i).pages() : 0);
        }
        return HvStatus.SUCCESS;
    }

    /** No more than the answer has room for: a guest that writes every other page must not have us keep millions. */
    static Queue<Range> untouched(GuestMemory memory, MemoryView view) {
        Queue<Range> ranges = new PriorityQueue<>(LARGEST_LAST);
        for (Segment segment : memory.segments()) {
            if (!segment.writable() || segment.gpa() >= memory.limit()) {
                continue;
            }
            long end = segment.gpa() + segment.size();
            long start = -1;
            for (long gpa = segment.gpa(); gpa < end; gpa += GuestMemory.PAGE_SIZE) {
                boolean clean = (memory.pageFlags(gpa) & GuestMemory.PAGE_DIRTY) == 0
                        && (view.restrictions(gpa) & (Protection.READ | MemoryView.OVERLAID)) == 0;
                if (clean && start < 0) {
                    start = gpa;
                } else if (!clean && start >= 0) {
                    keep(ranges, new Range(start >>> 12, gpa - start >>> 12));
                    start = -1;
                }
            }
            if (start >= 0) {
                keep(ranges, new Range(start >>> 12, end - start >>> 12));
            }
        }
        return ranges;
    }

    private static void keep(Queue<Range> ranges, Range range) {
        ranges.add(range);
        if (ranges.size() > MOST_RANGES) {
            ranges.remove();
        }
    }
}
