package portcullis.soft.block;

/**
 * How a CPU got to where it is, for the report of a triple fault: the code it executed last, and the exceptions it delivered last.
 * Told of code where the loop is left, not at each block: a block and the one before it are known then without cost.
 */
final class Trail {
    private static final int EXCEPTIONS = 8;
    private static final int MOST_INSTRUCTIONS = 16;
    private static final String[] NAMES = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15",
        "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"
    };
    private static final int PAGE_FAULT = 14;

    private Block before;
    private int begunBefore;
    private Block last;
    private int begun;

    // The last exceptions, the newest at noted - 1 modulo their number.
    private int noted;
    private final int[] vectors = new int[EXCEPTIONS];
    private final int[] errors = new int[EXCEPTIONS];
    private final long[] rips = new long[EXCEPTIONS];
    private final long[] addresses = new long[EXCEPTIONS];
    private final boolean[] inDelivery = new boolean[EXCEPTIONS];

    /**
     * The loop leaves a block.
     *
     * @param previous the block before it, executed to its end; null where this one was the first
     * @param operations how many of the block's operations were begun; may count one more than it has instructions
     */
    void left(Block previous, Block block, int operations) {
        if (previous != null) {
            before = previous;
            begunBefore = previous.instructions;
        } else {
            before = last;
            begunBefore = begun;
        }
        last = block;
        begun = Math.min(operations, block.instructions);
    }

    /**
     * An exception is about to be delivered.
     *
     * @param nested raised by the delivery of the one before
     * @param error 0 where it has no error code
     * @param address CR2
     */
    void exception(int vector, int error, long rip, long address, boolean nested) {
        int at = noted++ & EXCEPTIONS - 1;
        vectors[at] = vector;
        errors[at] = error;
        rips[at] = rip;
        addresses[at] = address;
        inDelivery[at] = nested;
    }

    /** Lines of text. */
    String report() {
        StringBuilder text = new StringBuilder("last exceptions:\n");
        for (int i = Math.max(0, noted - EXCEPTIONS); i < noted; i++) {
            int at = i & EXCEPTIONS - 1;
            int vector = vectors[at];
            String name = vector < NAMES.length ? NAMES[vector] : Integer.toString(vector);
            text.append(inDelivery[at] ? "    raised in its delivery: " : "  ")
                    .append("%s error=%04x RIP=%016x".formatted(name, errors[at], rips[at]))
                    .append(vector == PAGE_FAULT ? " CR2=%016x\n".formatted(addresses[at]) : "\n");
        }
        text.append("last instructions:\n");
        int here = Math.min(begun, MOST_INSTRUCTIONS);
        append(text, before, begunBefore, MOST_INSTRUCTIONS - here);
        append(text, last, begun, here);
        return text.toString();
    }

    private static void append(StringBuilder text, Block block, int end, int count) {
        if (block == null) {
            return;
        }
        for (int i = Math.max(0, end - count); i < end; i++) {
            text.append("  %016x  %s\n".formatted(block.plain[i].in.rip, block.plain[i].in));
        }
    }
}
