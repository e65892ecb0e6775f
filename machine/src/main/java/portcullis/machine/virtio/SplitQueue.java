package portcullis.machine.virtio;

import java.lang.invoke.VarHandle;
import portcullis.memory.MemoryView;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The device's side of a split virtqueue (virtio 1.2, 2.7), with indirect descriptors and event indexes where the driver took
 * them. Not thread-safe. All methods may throw {@link portcullis.memory.GuestAddressException}: a ring in ROM, say.
 */
final class SplitQueue {
    private static final int DESCRIPTOR_SIZE = 16;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    /** Driver area: "do not interrupt me", used where event indexes are not. */
    private static final int NO_INTERRUPT = 1;

    private final MemoryView memory;
    private final int size;
    private final long descriptors;
    private final long available;
    private final long used;
    private final boolean indirect;
    private final boolean eventIndex;
    private final DescriptorChain chain;

    private int nextAvailable;
    private int nextUsed;

    /** @throws RingException where the areas are not aligned as 2.7 demands, or not in memory */
    SplitQueue(MemoryView memory, int size, long descriptors, long available, long used, long features)
            throws RingException {
        if (Integer.bitCount(size) != 1) {
            throw new RingException("queue of %d descriptors".formatted(size));
        }
        if ((descriptors & 15) != 0 || (available & 1) != 0 || (used & 3) != 0) {
            throw new RingException("queue areas are not aligned");
        }
        if (!memory.readable(descriptors, (long) size * DESCRIPTOR_SIZE)
                || !memory.readable(available, 6 + 2L * size)
                || !memory.readable(used, 6 + 8L * size)) {
            throw new RingException("queue areas are not in memory");
        }
        this.memory = memory;
        this.size = size;
        this.descriptors = descriptors;
        this.available = available;
        this.used = used;
        indirect = (features & VirtioFeatures.INDIRECT_DESCRIPTORS) != 0;
        eventIndex = (features & VirtioFeatures.EVENT_INDEX) != 0;
        chain = new DescriptorChain(memory);
    }

    int size() {
        return size;
    }

    /** The next request, valid until the next call; null where there is none, and the driver will then notify of one. */
    DescriptorChain pop() throws RingException {
        if (pending() == 0 && !(eventIndex && pendingAfterAskingForEvent())) {
            return null;
        }
        int head = Short.toUnsignedInt(memory.getShort(available + 4 + 2L * (nextAvailable & size - 1)));
        nextAvailable = nextAvailable + 1 & 0xffff;
        chain.begin(head);
        walk(descriptors, size, head, false);
        chain.rewind();
        return chain;
    }

    private int pending() throws RingException {
        // The load acquires: the entries that the index covers are seen as the driver wrote them before it.
        int count = memory.getShort(available + 2) - nextAvailable & 0xffff;
        if (count > size) {
            throw new RingException("%d requests in a queue of %d".formatted(count, size));
        }
        return count;
    }

    /**
     * 2.7.10: says from which request on to notify. The driver may have added one meanwhile, before it saw that, so the index has
     * to be looked at once more, after a full barrier.
     */
    private boolean pendingAfterAskingForEvent() throws RingException {
        memory.putShort(used + 4 + 8L * size, (short) nextAvailable);
        VarHandle.fullFence();
        return pending() != 0;
    }

    /** A chain has at most as many descriptors as its table, so a longer walk is a loop. */
    private void walk(long table, int entries, int first, boolean inIndirect) throws RingException {
        int index = first;
        for (int steps = 0; ; steps++) {
            if (index >= entries || steps >= entries) {
                throw new RingException(index >= entries ? "descriptor out of its table" : "descriptors in a loop");
            }
            long at = table + (long) index * DESCRIPTOR_SIZE;
            long address = memory.getLong(at);
            int length = memory.getInt(at + 8);
            int flags = memory.getShort(at + 12);
            if ((flags & INDIRECT) != 0) {
                if (!indirect || inIndirect || (flags & NEXT) != 0) {
                    throw new RingException("indirect descriptor where none may be");
                }
                walkIndirect(address, length);
                return;
            }
            chain.add(address, length, (flags & WRITE) != 0);
            if ((flags & NEXT) == 0) {
                return;
            }
            index = Short.toUnsignedInt(memory.getShort(at + 14));
        }
    }

    private void walkIndirect(long table, int bytes) throws RingException {
        if (bytes <= 0 || bytes % DESCRIPTOR_SIZE != 0 || !memory.readable(table, bytes)) {
            throw new RingException("indirect table 0x%x+0x%x".formatted(table, bytes));
        }
        walk(table, bytes / DESCRIPTOR_SIZE, 0, true);
    }

    /**
     * Gives the request back.
     *
     * @param written bytes written to it
     * @return whether the driver wants an interrupt for it
     */
    boolean push(int head, int written) {
        long entry = used + 4 + 8L * (nextUsed & size - 1);
        memory.putInt(entry, head);
        memory.putInt(entry + 4, written);
        nextUsed = nextUsed + 1 & 0xffff;
        // The store releases: entry and buffers are visible before the index that covers them.
        memory.putShort(used + 2, (short) nextUsed);
        // The driver stores where it wants the event and then looks at the index; we do it the other way round.
        VarHandle.fullFence();
        if (eventIndex) {
            int event = Short.toUnsignedInt(memory.getShort(available + 4 + 2L * size));
            return event == (nextUsed - 1 & 0xffff);
        }
        return (memory.getShort(available) & NO_INTERRUPT) == 0;
    }

    void save(StateWriter out) {
        out.putInt(nextAvailable);
        out.putInt(nextUsed);
    }

    void restore(StateReader in) {
        nextAvailable = in.getInt(0, 0xffff);
        nextUsed = in.getInt(0, 0xffff);
    }
}
