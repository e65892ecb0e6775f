package portcullis.machine.interrupt;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * One 8259A (Intel data sheet 231468), guarded by its owner's lock. Departures, all of PC chipsets: the trigger mode comes from the
 * edge/level control register, not from ICW1; wiring is fixed, so ICW3 is swallowed; vectors are always of the 8086 kind.
 *
 * <p>An edge that was seen stays pending even where the line falls again before it is acknowledged, so that {@code
 * InterruptLine.pulse()} is an interrupt and not a spurious one.
 */
final class Pic8259 {
    /** The master's input that the slave drives. */
    static final int CASCADE = 2;

    private static final int ICW1 = 0x10;
    private static final int ICW1_NEEDS_ICW4 = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_SPECIAL_FULLY_NESTED = 0x10;
    private static final int OCW3 = 0x08;
    private static final int OCW3_SPECIAL_MASK_SELECT = 0x40;
    private static final int OCW3_SPECIAL_MASK = 0x20;
    private static final int OCW3_POLL = 0x04;
    private static final int OCW3_READ_SELECT = 0x02;
    private static final int OCW3_READ_IN_SERVICE = 0x01;
    private static final int POLL_INTERRUPT = 0x80;

    /** The initialisation word that the next write to the odd port is. */
    private enum Expects {
        OCW1,
        ICW2,
        ICW3,
        ICW4
    }

    private final boolean master;
    private final int levelCapable;

    private int lines;
    private int edges;
    private int levelTriggered;
    private int mask;
    private int inService;
    private int vectorBase;
    private int lowestPriority;
    private Expects expects;
    private boolean initialised;
    private boolean needsIcw4;
    private boolean single;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean specialFullyNested;
    private boolean specialMask;
    private boolean poll;
    private boolean readInService;

    /** @param levelCapable inputs that the edge/level control register can make level-triggered, a bit each */
    Pic8259(boolean master, int levelCapable) {
        this.master = master;
        this.levelCapable = levelCapable;
        reset();
    }

    /** Power-on: requests nothing until it has been initialised. Lines keep the level that devices drive. */
    void reset() {
        edges = 0;
        levelTriggered = 0;
        initialised = false;
        vectorBase = 0;
        startInitialisation(0);
        expects = Expects.OCW1;
    }

    /** Drives an input. @param level of the line; only a change from low to high is an edge */
    void setLine(int input, boolean level) {
        int bit = 1 << input;
        if (level) {
            edges |= bit & ~lines;
            lines |= bit;
        } else {
            lines &= ~bit;
        }
    }

    private int requests() {
        return edges & ~levelTriggered | lines & levelTriggered;
    }

    /** The input to be served next by mask, priority and what is in service, or -1. */
    int highestRequest() {
        int pending = requests() & ~mask;
        if (pending == 0 || !initialised) {
            return -1;
        }
        int blocking = specialMask ? inService & ~mask : inService;
        for (int i = 1; i <= 8; i++) {
            int input = lowestPriority + i & 7;
            int bit = 1 << input;
            boolean requested = (pending & bit) != 0;
            if ((blocking & bit) != 0) {
                // In special fully nested mode a slave in service may interrupt again, for its own higher priorities.
                return requested && specialFullyNested && isCascade(input) ? input : -1;
            }
            if (requested) {
                return input;
            }
        }
        return -1;
    }

    boolean isCascade(int input) {
        return master && !single && input == CASCADE;
    }

    /** Whether the next read is the acknowledge cycle of a poll command. */
    boolean polled() {
        return poll;
    }

    /** The request is accepted: moves from request to in-service register. @return the vector */
    int acknowledge(int input) {
        int bit = 1 << input;
        edges &= ~bit;
        if (!autoEoi) {
            inService |= bit;
        } else if (rotateOnAutoEoi) {
            lowestPriority = input;
        }
        return vectorBase | input;
    }

    /** The vector for an acknowledge cycle without a request; nothing is in service by it. */
    int spuriousVector() {
        return vectorBase | 7;
    }

    int readCommand() {
        if (poll) {
            return poll();
        }
        return readInService ? inService : requests();
    }

    int readData() {
        return poll ? poll() : mask;
    }

    /** The read that follows a poll command is the acknowledge cycle. */
    private int poll() {
        poll = false;
        int input = highestRequest();
        if (input < 0) {
            return 0;
        }
        acknowledge(input);
        return POLL_INTERRUPT | input;
    }

    void writeCommand(int value) {
        if ((value & ICW1) != 0) {
            startInitialisation(value);
        } else if ((value & OCW3) != 0) {
            if ((value & OCW3_SPECIAL_MASK_SELECT) != 0) {
                specialMask = (value & OCW3_SPECIAL_MASK) != 0;
            }
            poll = (value & OCW3_POLL) != 0;
            if ((value & OCW3_READ_SELECT) != 0) {
                readInService = (value & OCW3_READ_IN_SERVICE) != 0;
            }
        } else {
            writeOperation2(value >> 5, value & 7);
        }
    }

    private void startInitialisation(int icw1) {
        edges = 0;
        mask = 0;
        inService = 0;
        lowestPriority = 7;
        specialMask = false;
        poll = false;
        readInService = false;
        rotateOnAutoEoi = false;
        autoEoi = false;
        specialFullyNested = false;
        initialised = false;
        needsIcw4 = (icw1 & ICW1_NEEDS_ICW4) != 0;
        single = (icw1 & ICW1_SINGLE) != 0;
        expects = Expects.ICW2;
    }

    void writeData(int value) {
        switch (expects) {
            case OCW1 -> mask = value;
            case ICW2 -> {
                vectorBase = value & 0xf8;
                expects = single ? afterIcw3() : Expects.ICW3;
            }
            case ICW3 -> expects = afterIcw3();
            case ICW4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                specialFullyNested = master && (value & ICW4_SPECIAL_FULLY_NESTED) != 0;
                expects = Expects.OCW1;
                initialised = true;
            }
        }
    }

    private Expects afterIcw3() {
        initialised = !needsIcw4;
        return needsIcw4 ? Expects.ICW4 : Expects.OCW1;
    }

    private void writeOperation2(int command, int input) {
        switch (command) {
            case 0 -> rotateOnAutoEoi = false;
            case 1 -> endHighest();
            case 3 -> inService &= ~(1 << input);
            case 4 -> rotateOnAutoEoi = true;
            case 5 -> {
                int ended = endHighest();
                if (ended >= 0) {
                    lowestPriority = ended;
                }
            }
            case 6 -> lowestPriority = input;
            case 7 -> {
                inService &= ~(1 << input);
                lowestPriority = input;
            }
            default -> {
                // Command 2 is "no operation".
            }
        }
    }

    /** Non-specific end of interrupt; in special mask mode it passes by what is masked. @return the input that ended, or -1 */
    private int endHighest() {
        int candidates = specialMask ? inService & ~mask : inService;
        for (int i = 1; i <= 8; i++) {
            int input = lowestPriority + i & 7;
            if ((candidates & 1 << input) != 0) {
                inService &= ~(1 << input);
                return input;
            }
        }
        return -1;
    }

    int edgeLevelControl() {
        return levelTriggered;
    }

    void writeEdgeLevelControl(int value) {
        levelTriggered = value & levelCapable;
    }

    void save(StateWriter out) {
        out.putInt(lines);
        out.putInt(edges);
        out.putInt(levelTriggered);
        out.putInt(mask);
        out.putInt(inService);
        out.putInt(vectorBase);
        out.putInt(lowestPriority);
        out.putEnum(expects);
        out.putBoolean(initialised);
        out.putBoolean(needsIcw4);
        out.putBoolean(single);
        out.putBoolean(autoEoi);
        out.putBoolean(rotateOnAutoEoi);
        out.putBoolean(specialFullyNested);
        out.putBoolean(specialMask);
        out.putBoolean(poll);
        out.putBoolean(readInService);
    }

    void restore(StateReader in) {
        lines = in.getInt();
        edges = in.getInt();
        levelTriggered = in.getInt();
        mask = in.getInt();
        inService = in.getInt();
        vectorBase = in.getInt(0, 0xff);
        lowestPriority = in.getInt(0, 7);
        expects = in.getEnum(Expects.class);
        initialised = in.getBoolean();
        needsIcw4 = in.getBoolean();
        single = in.getBoolean();
        autoEoi = in.getBoolean();
        rotateOnAutoEoi = in.getBoolean();
        specialFullyNested = in.getBoolean();
        specialMask = in.getBoolean();
        poll = in.getBoolean();
        readInService = in.getBoolean();
    }
}
