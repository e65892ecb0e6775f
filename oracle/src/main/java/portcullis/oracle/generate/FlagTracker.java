package portcullis.oracle.generate;

import java.util.List;

/** Follows which status flags have undefined values along a sequence with forward jumps. */
final class FlagTracker {
    private final int[] arriving;
    private int undefined;
    private int position;

    FlagTracker(int capacity) {
        arriving = new int[capacity + 1];
    }

    /** Flags with undefined values now, on some path. */
    int undefined() {
        return undefined;
    }

    /** Whether an item may come next. */
    boolean allows(FlagEffect effect) {
        return (effect.read() & undefined) == 0;
    }

    void append(Item item) {
        for (Item.Fixup fixup : item.fixups()) {
            if (fixup.target() == -1) {
                int target = Math.min(position + 1 + fixup.skip(), arriving.length - 1);
                arriving[target] |= undefined;
            }
        }
        undefined = item.effect().after(undefined);
        position++;
        undefined |= arriving[position];
    }

    /** Flags undefined at the end of {@code items}, or -1 if one of them reads a flag while it is undefined. */
    static int undefinedAfter(List<Item> items) {
        FlagTracker tracker = new FlagTracker(items.size());
        for (Item item : items) {
            if (!tracker.allows(item.effect())) {
                return -1;
            }
            tracker.append(item);
        }
        return tracker.undefined;
    }
}
