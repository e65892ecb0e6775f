package portcullis.machine.timer;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * One counter of an 8254 (Intel data sheet 231164), guarded by its owner's lock. Times are cycles of the input clock; a written
 * count or a trigger takes effect at the cycle after. Calls come with times that never decrease.
 */
final class PitChannel {
    static final long NEVER = Long.MAX_VALUE;

    private static final int ACCESS_LOW = 1;
    private static final int ACCESS_HIGH = 2;

    private int control;
    private boolean gate;

    private int partialCount;
    private boolean highByteNext;
    /** What was last written as the initial count, 1 to 65536 (10000 in BCD); 0 before that. */
    private int reload;

    /** When the written count will have reached the counting element, or NEVER: status shows "null count" until then. */
    private long nullUntil;
    /** The counting element was loaded with {@code count} at {@code start}, which may be the coming cycle. */
    private boolean loaded;

    private int count;
    private long start;
    /** The gate holds a mode 0 or 4 count after so many cycles, or -1. */
    private long heldAfter;
    /** When a new count takes over in modes 2 and 3, or NEVER. */
    private long takeOver;
    /** Shown before {@code start} and while nothing is loaded. */
    private int idleValue;

    private boolean idleOutput;

    private boolean countLatched;
    private int latchedCount;
    private boolean statusLatched;
    private int latchedStatus;
    private boolean readHighNext;

    PitChannel(boolean gate) {
        this.gate = gate;
        reset();
    }

    /** Mode 3 and no count: silent until programmed. */
    void reset() {
        control = 0x36;
        idleValue = 0;
        reload = 0;
        forget();
        idleOutput = false;
    }

    private void forget() {
        highByteNext = false;
        readHighNext = false;
        countLatched = false;
        statusLatched = false;
        nullUntil = NEVER;
        loaded = false;
        heldAfter = -1;
        takeOver = NEVER;
        idleOutput = mode() != 0;
    }

    /** A control word that programs this channel. */
    void program(int word, long now) {
        int value = value(now);
        control = word & 0x3f;
        reload = 0;
        forget();
        idleValue = value;
    }

    private int mode() {
        int mode = control >> 1 & 7;
        return mode > 5 ? mode - 4 : mode;
    }

    private int access() {
        return control >> 4;
    }

    private boolean bcd() {
        return (control & 1) != 0;
    }

    private int modulus() {
        return bcd() ? 10_000 : 0x1_0000;
    }

    // Time

    /** Lets a count that waited for the end of a cycle take over. To be called before the state is looked at or changed. */
    void advance(long now) {
        if (takeOver > now) {
            return;
        }
        boolean toLowHalf = mode() == 3 && !outputAt(takeOver);
        count = reload;
        start = toLowHalf ? takeOver - highHalf() : takeOver;
        nullUntil = takeOver;
        takeOver = NEVER;
    }

    private long elapsed(long now) {
        return heldAfter >= 0 ? heldAfter : now - start;
    }

    private boolean idle(long now) {
        return !loaded || heldAfter < 0 && now < start;
    }

    private int highHalf() {
        return (count + 1) / 2;
    }

    /** The counting element's value, as a number, not yet as BCD. */
    private int value(long now) {
        if (idle(now)) {
            return idleValue;
        }
        long elapsed = elapsed(now);
        return switch (mode()) {
            case 2 -> (int) (count - elapsed % count) % modulus();
            case 3 -> {
                int position = (int) (elapsed % count);
                int inHalf = position < highHalf() ? position : position - highHalf();
                yield ((count & ~1) - 2 * inHalf) % modulus();
            }
            default -> (int) Math.floorMod(count - elapsed, (long) modulus());
        };
    }

    boolean output(long now) {
        advance(now);
        return outputAt(now);
    }

    private boolean outputAt(long now) {
        if (idle(now)) {
            return idleOutput;
        }
        long elapsed = elapsed(now);
        return switch (mode()) {
            case 0, 1 -> elapsed >= count;
            // A count of 1 is illegal in modes 2 and 3; here the output stays high.
            case 2 -> count == 1 || elapsed % count != count - 1;
            case 3 -> elapsed % count < highHalf();
            default -> elapsed != count;
        };
    }

    /** When the output next rises, strictly after {@code now}, if nothing is written; NEVER if it does not. */
    long nextRise(long now) {
        if (!loaded || heldAfter >= 0) {
            return NEVER;
        }
        long end = start + count;
        return switch (mode()) {
            case 0, 1 -> end > now ? end : NEVER;
            case 2, 3 -> count == 1 ? NEVER : nextMultiple(now, 0);
            default -> end + 1 > now ? end + 1 : NEVER;
        };
    }

    /** When the output next falls for longer than one cycle, strictly after {@code now}. */
    long nextFall(long now) {
        if (!loaded) {
            return NEVER;
        }
        return switch (mode()) {
            case 1 -> start > now ? start : NEVER;
            case 3 -> count == 1 ? NEVER : nextMultiple(now, highHalf());
            default -> NEVER;
        };
    }

    /** The next start + n * count + offset after now, where n is at least 1 for offset 0: the beginning is no event. */
    private long nextMultiple(long now, int offset) {
        long from = Math.max(now, start) - start - offset;
        return start + offset + (Math.floorDiv(from, (long) count) + 1) * count;
    }

    /** When a new count takes over, or NEVER. */
    long nextTakeOver() {
        return takeOver;
    }

    // Gate

    void setGate(boolean level, long now) {
        if (level == gate) {
            return;
        }
        advance(now);
        gate = level;
        switch (mode()) {
            case 0, 4 -> {
                if (loaded && level) {
                    start = now - heldAfter;
                    heldAfter = -1;
                } else if (loaded) {
                    heldAfter = Math.max(0, now - start);
                }
            }
            case 1, 5 -> {
                if (level) {
                    trigger(now);
                }
            }
            default -> {
                if (level) {
                    trigger(now);
                } else {
                    idleValue = value(now);
                    idleOutput = true;
                    loaded = false;
                    takeOver = NEVER;
                }
            }
        }
    }

    private void trigger(long now) {
        if (reload != 0) {
            load(now);
        }
    }

    private void load(long now) {
        int value = value(now);
        boolean output = outputAt(now);
        idleValue = value;
        idleOutput = mode() != 0 && output;
        count = reload;
        start = now + 1;
        loaded = true;
        heldAfter = (mode() == 0 || mode() == 4) && !gate ? 0 : -1;
        takeOver = NEVER;
        nullUntil = start;
    }

    // Counts

    void write(int value, long now) {
        advance(now);
        switch (access()) {
            case ACCESS_LOW -> writeCount(value, now);
            case ACCESS_HIGH -> writeCount(value << 8, now);
            default -> {
                if (highByteNext) {
                    highByteNext = false;
                    writeCount(value << 8 | partialCount, now);
                } else {
                    highByteNext = true;
                    partialCount = value;
                    if (mode() == 0) {
                        // The first byte stops mode 0 and lowers the output.
                        idleValue = value(now);
                        idleOutput = false;
                        loaded = false;
                    }
                }
            }
        }
    }

    private void writeCount(int written, long now) {
        int number = bcd() ? fromBcd(written) % 10_000 : written;
        reload = number == 0 ? modulus() : number;
        nullUntil = NEVER;
        switch (mode()) {
            case 0, 4 -> load(now);
            case 1, 5 -> {
                // Waits for a trigger.
            }
            default -> {
                if (!loaded) {
                    if (gate) {
                        load(now);
                    }
                } else if (now < start) {
                    count = reload;
                    nullUntil = start;
                } else if (takeOver == NEVER) {
                    long endOfCycle = nextMultiple(now, 0);
                    takeOver = mode() == 3 ? Math.min(endOfCycle, nextMultiple(now, highHalf())) : endOfCycle;
                }
            }
        }
    }

    int read(long now) {
        advance(now);
        if (statusLatched) {
            statusLatched = false;
            return latchedStatus;
        }
        int value = countLatched ? latchedCount : shownValue(now);
        boolean high = switch (access()) {
            case ACCESS_LOW -> false;
            case ACCESS_HIGH -> true;
            default -> readHighNext;
        };
        boolean last = access() == ACCESS_LOW || high;
        readHighNext = !last;
        if (last) {
            countLatched = false;
        }
        return high ? value >> 8 : value & 0xff;
    }

    private int shownValue(long now) {
        int value = value(now);
        return bcd() ? toBcd(value) : value;
    }

    void latchCount(long now) {
        advance(now);
        if (!countLatched) {
            countLatched = true;
            latchedCount = shownValue(now);
        }
    }

    void latchStatus(long now) {
        advance(now);
        if (!statusLatched) {
            statusLatched = true;
            latchedStatus = (outputAt(now) ? 0x80 : 0) | (now < nullUntil ? 0x40 : 0) | control;
        }
    }

    private static int fromBcd(int bcd) {
        return (bcd >> 12 & 15) * 1000 + (bcd >> 8 & 15) * 100 + (bcd >> 4 & 15) * 10 + (bcd & 15);
    }

    private static int toBcd(int number) {
        return number / 1000 % 10 << 12 | number / 100 % 10 << 8 | number / 10 % 10 << 4 | number % 10;
    }

    void save(StateWriter out) {
        out.putInt(control);
        out.putBoolean(gate);
        out.putInt(partialCount);
        out.putBoolean(highByteNext);
        out.putInt(reload);
        out.putLong(nullUntil);
        out.putBoolean(loaded);
        out.putInt(count);
        out.putLong(start);
        out.putLong(heldAfter);
        out.putLong(takeOver);
        out.putInt(idleValue);
        out.putBoolean(idleOutput);
        out.putBoolean(countLatched);
        out.putInt(latchedCount);
        out.putBoolean(statusLatched);
        out.putInt(latchedStatus);
        out.putBoolean(readHighNext);
    }

    void restore(StateReader in) {
        control = in.getInt();
        gate = in.getBoolean();
        partialCount = in.getInt();
        highByteNext = in.getBoolean();
        reload = in.getInt(0, 0x1_0000);
        nullUntil = in.getLong();
        loaded = in.getBoolean();
        count = in.getInt();
        start = in.getLong();
        heldAfter = in.getLong();
        takeOver = in.getLong();
        idleValue = in.getInt();
        idleOutput = in.getBoolean();
        countLatched = in.getBoolean();
        latchedCount = in.getInt();
        statusLatched = in.getBoolean();
        latchedStatus = in.getInt();
        readHighNext = in.getBoolean();
        if (loaded && (count < 1 || count > 0x1_0000)) {
            throw in.refused("counts from %d".formatted(count));
        }
    }
}
