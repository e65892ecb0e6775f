package portcullis.hypervisor.trace.timeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Slices of one track, in any order, as begins and ends that are properly nested; and instants between them. */
final class NestedSlices {
    /** @param number order of addition: of two that cover the same time the one emitted later is the outer one */
    private record Item(
            long start, long end, int number, boolean instant, String name, Map<String, Object> details, long flow) {}

    private static final Comparator<Item> OUTER_FIRST = Comparator.comparingLong(Item::start)
            .thenComparing(Comparator.comparingLong(Item::end).reversed())
            .thenComparing(Item::instant)
            .thenComparingInt(item -> item.instant ? item.number : -item.number);

    private final int track;
    private final List<Item> items = new ArrayList<>();

    NestedSlices(int track) {
        this.track = track;
    }

    void add(long start, long end, String name, Map<String, Object> details) {
        items.add(new Item(start, end, items.size(), false, name, details, 0));
    }

    void addInstant(long time, String name, Map<String, Object> details, long flow) {
        items.add(new Item(time, time, items.size(), true, name, details, flow));
    }

    void writeTo(List<Mark> marks) {
        items.sort(OUTER_FIRST);
        // Ends of the slices that are open, the innermost first; and when each began.
        Deque<long[]> open = new ArrayDeque<>();
        for (Item item : items) {
            while (!open.isEmpty() && endsBefore(open.peek(), item.start)) {
                marks.add(new Mark.End(track, open.pop()[1]));
            }
            if (item.instant) {
                marks.add(new Mark.Instant(track, item.start, item.name, item.details, item.flow));
            } else {
                marks.add(new Mark.Begin(track, item.start, item.name, item.details, 0, false));
                long end = open.isEmpty() ? item.end : Math.min(item.end, open.peek()[1]);
                open.push(new long[] {item.start, end});
            }
        }
        while (!open.isEmpty()) {
            marks.add(new Mark.End(track, open.pop()[1]));
        }
    }

    /** By virtual time an exit and the hypercall in it take no time: then what begins at the same moment is inside. */
    private static boolean endsBefore(long[] slice, long start) {
        return slice[1] < start || (slice[1] == start && slice[0] < start);
    }
}
