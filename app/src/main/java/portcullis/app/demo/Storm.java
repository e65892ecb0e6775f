package portcullis.app.demo;

import portcullis.memory.GuestMemory;

/** What the bundled guest {@code flushstorm} tells the host while it runs (guests/flushstorm/storm.h). Any thread. */
final class Storm {
    /** Guest physical. */
    private static final long ADDRESS = 0x100_0000;

    private static final long MAGIC = 0x4d52_4f54_5343_4c50L;

    private static final int STATE = 0x08;
    private static final int STOP = 0x20;
    private static final int PROCESSORS = 0x40;
    private static final int PROCESSOR_SIZE = 64;
    private static final long RUNNING = 1;

    private final GuestMemory memory;

    Storm(GuestMemory memory) {
        this.memory = memory;
    }

    /** Whether all processors are up and at it. */
    boolean running() {
        return memory.getLong(ADDRESS) == MAGIC && memory.getLong(ADDRESS + STATE) == RUNNING;
    }

    /** Has the guest come to its end, which checks the results. */
    void stop() {
        memory.putLong(ADDRESS + STOP, 1);
    }

    private long counter(int processor, int offset) {
        return memory.getLong(ADDRESS + PROCESSORS + (long) processor * PROCESSOR_SIZE + offset);
    }

    /** Flushes of a processor that have returned. */
    long completed(int processor) {
        return counter(processor, 0x08);
    }

    /** Reads of a page that its entry no longer leads to, while the flush had not returned: allowed. */
    long behind(int processor) {
        return counter(processor, 0x18);
    }

    /** Reads of such a page after the flush had returned: forbidden. */
    long stale(int processor) {
        return counter(processor, 0x20);
    }

    /** Flushes that returned another status than success. */
    long refused(int processor) {
        return counter(processor, 0x28);
    }
}
