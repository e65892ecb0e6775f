package portcullis.hypervisor.flush;

import java.util.Arrays;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What others want dropped from one VP's TLBs, until the VP does so before it enters guest code. Any thread adds; the VP's
 * thread applies.
 */
public final class PendingFlushes {
    /** More ranges than this at once: everything goes, which is always allowed. */
    private static final int MOST = 2048;

    private static final int FIRST = 16;

    private int count;
    private long[] space = new long[FIRST];
    private long[] gva = new long[FIRST];
    private long[] pages = new long[FIRST];
    /** Level in bits 7:0, bit 8: also global translations. */
    private int[] how = new int[FIRST];
    /** Levels, a bit each, of which everything goes. */
    private int everything;
    /** Something is to be done, or being done. */
    private volatile boolean pending;

    private static final int GLOBALS = 1 << 8;
    /** Instead of a number of pages: all of the space. */
    private static final long ALL_PAGES = -1;

    /** All translations of one level. */
    public synchronized void addEverything(int level) {
        everything |= 1 << level;
        pending = true;
    }

    /** All of one address space, or of all ({@link VirtualCpu#ALL_SPACES}). */
    public synchronized void addSpace(int level, long addressSpace, boolean globals) {
        add(level, addressSpace, 0, ALL_PAGES, globals);
    }

    /** {@code count} pages of 4 KiB from {@code address} on. */
    public synchronized void addRange(int level, long addressSpace, long address, long number, boolean globals) {
        add(level, addressSpace, address, number, globals);
    }

    private void add(int level, long addressSpace, long address, long number, boolean globals) {
        pending = true;
        if (count == MOST) {
            everything |= 1 << level;
            return;
        }
        if (count == space.length) {
            space = Arrays.copyOf(space, count * 2);
            gva = Arrays.copyOf(gva, count * 2);
            pages = Arrays.copyOf(pages, count * 2);
            how = Arrays.copyOf(how, count * 2);
        }
        space[count] = addressSpace;
        gva[count] = address;
        pages[count] = number;
        how[count] = level | (globals ? GLOBALS : 0);
        count++;
    }

    /** Does what is pending. On the VP's thread, between runs. */
    public synchronized void apply(VirtualCpu cpu) {
        for (int i = 0; i < count; i++) {
            int level = how[i] & 0xff;
            if ((everything >>> level & 1) != 0) {
                continue;
            }
            boolean globals = (how[i] & GLOBALS) != 0;
            if (pages[i] == ALL_PAGES) {
                cpu.flushSpace(level, space[i], globals);
            } else {
                cpu.flushRange(level, space[i], gva[i], pages[i], globals);
            }
        }
        for (int level = 0; everything >>> level != 0; level++) {
            if ((everything >>> level & 1) != 0) {
                cpu.flushSpace(level, VirtualCpu.ALL_SPACES, true);
            }
        }
        count = 0;
        everything = 0;
        pending = false;
    }

    /** Whether something is still to be done. False only when the TLBs have been changed: {@link #apply} has ended. Any thread. */
    public boolean pending() {
        return pending;
    }

    /** Writes what is pending. */
    public synchronized void save(StateWriter out) {
        out.putInt(everything);
        out.putInt(count);
        for (int i = 0; i < count; i++) {
            out.putLong(space[i]);
            out.putLong(gva[i]);
            out.putLong(pages[i]);
            out.putInt(how[i]);
        }
    }

    /** Takes up what {@link #save} wrote. */
    public synchronized void restore(StateReader in) {
        everything = in.getInt(0, (1 << GuestMemory.LEVELS) - 1);
        count = 0;
        for (int left = in.getInt(0, MOST); left > 0; left--) {
            long addressSpace = in.getLong();
            long address = in.getLong();
            long number = in.getLong();
            int kind = in.getInt();
            int level = kind & 0xff;
            if (level >= GuestMemory.LEVELS) {
                throw in.refused("has a flush of trust level %d".formatted(level));
            }
            add(level, addressSpace, address, number, (kind & GLOBALS) != 0);
        }
        pending = everything != 0 || count != 0;
    }
}
