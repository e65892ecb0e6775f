package portcullis.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Which overlay pages lie where in a view, several over one page in the order they came. Changed under the view's lock; looked
 * up by anybody.
 */
final class Placements {
    /** Immutable: sorted guest page addresses and, at the same index, backing addresses. */
    private record Visible(long[] gpas, long[] backing) {}

    private final GuestMemory memory;
    private final int flag;
    /** The visible page last. */
    private final TreeMap<Long, List<OverlayPage>> stacks = new TreeMap<>();

    private volatile Visible visible = new Visible(new long[0], new long[0]);

    /** @param flag the page flag of guest pages that have something over them */
    Placements(GuestMemory memory, int flag) {
        this.memory = memory;
        this.flag = flag;
    }

    /** The backing address of the guest page at {@code page}: itself, where nothing is over it. */
    long backingOf(long page) {
        Visible now = visible;
        int index = Arrays.binarySearch(now.gpas, page);
        return index < 0 ? page : now.backing[index];
    }

    /** @return whether the page was elsewhere before */
    boolean place(OverlayPage page, long gpa) {
        boolean moved = take(page);
        stacks.computeIfAbsent(gpa, key -> new ArrayList<>()).add(page);
        publish();
        return moved;
    }

    /** @return whether it was anywhere */
    boolean remove(OverlayPage page) {
        boolean found = take(page);
        if (found) {
            publish();
        }
        return found;
    }

    private boolean take(OverlayPage page) {
        for (var entry : stacks.entrySet()) {
            if (entry.getValue().remove(page)) {
                if (entry.getValue().isEmpty()) {
                    stacks.remove(entry.getKey());
                }
                return true;
            }
        }
        return false;
    }

    // A page's flag goes up after the placement that has it is visible, and down before: whoever sees the flag and
    // finds no
    // overlay has come in the middle of a change and takes the memory below, which was or will be there.
    private void publish() {
        Visible before = visible;
        Visible after = new Visible(new long[stacks.size()], new long[stacks.size()]);
        int index = 0;
        for (var entry : stacks.entrySet()) {
            after.gpas[index] = entry.getKey();
            after.backing[index++] = entry.getValue().getLast().address();
        }
        for (long gpa : before.gpas) {
            if (!stacks.containsKey(gpa)) {
                memory.updatePageFlags(gpa, 0, flag);
            }
        }
        visible = after;
        for (long gpa : after.gpas) {
            memory.updatePageFlags(gpa, flag, 0);
        }
    }

    void save(StateWriter out) {
        out.putInt(stacks.size());
        stacks.forEach((gpa, pages) -> {
            out.putLong(gpa);
            out.putInt(pages.size());
            pages.forEach(page -> out.putLong(page.address()));
        });
    }

    /** @return the pages that lie somewhere now */
    List<OverlayPage> restore(StateReader in, long limit) {
        List<OverlayPage> placed = new ArrayList<>();
        stacks.clear();
        for (int places = in.getInt(); places > 0; places--) {
            long gpa = in.getLong();
            if ((gpa & GuestMemory.PAGE_SIZE - 1) != 0 || gpa < 0 || gpa >= limit) {
                throw in.refused("has an overlay page at 0x%x".formatted(gpa));
            }
            List<OverlayPage> stack = new ArrayList<>();
            for (int pages = in.getInt(); pages > 0; pages--) {
                OverlayPage page = memory.overlayAt(in.getLong());
                if (page == null || placed.contains(page)) {
                    throw in.refused("has placed an overlay page that is not there, or twice");
                }
                placed.add(page);
                stack.add(page);
            }
            if (!stack.isEmpty()) {
                stacks.put(gpa, stack);
            }
        }
        publish();
        return placed;
    }
}
