package portcullis.hypervisor.synic;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import portcullis.tlfs.register.SynicRegisters;

/**
 * The messages that wait for their slots, a queue a SINTx (TLFS inter-partition-communication.md, "Message Buffer Queues"). Under
 * the lock of the {@link Synic}, but for {@link #anyWaiting}.
 */
final class MessageQueues {
    /** What delivery needs of the SynIC. */
    interface Outlet {
        /** The slots; null where SynIC or message page are disabled. */
        MessagePage slots();

        /** Reference time. */
        long now();

        /** A message is in the slot of {@code sint}: interrupt, and tell traces. */
        void delivered(int sint, SynicMessage message);
    }

    private final Outlet outlet;
    private final Deque<Queued>[] queues = newQueues();
    /** A bit a SINTx whose queue is not empty. Read without the lock, too, so that an EOI costs no lock. */
    private volatile int waiting;

    MessageQueues(Outlet outlet) {
        this.outlet = outlet;
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generics cannot be made otherwise
    private static Deque<Queued>[] newQueues() {
        Deque<Queued>[] made = new Deque[SynicRegisters.SINT_COUNT];
        Arrays.setAll(made, i -> new ArrayDeque<>());
        return made;
    }

    /** Whether anything waits. Any thread: what is being queued meanwhile looks at its slot itself. */
    boolean anyWaiting() {
        return waiting != 0;
    }

    /** Puts a message at the end, and delivers what can be. @return whether the message waits */
    boolean add(int sint, Queued message) {
        queues[sint].add(message);
        deliver(sint);
        return queues[sint].peekLast() == message;
    }

    /** Puts a message at the end without a look at the slot. */
    void restore(int sint, Queued message) {
        queues[sint].add(message);
        noteWaiting(sint);
    }

    void remove(int sint, Queued message) {
        queues[sint].remove(message);
        noteWaiting(sint);
    }

    /** Removes all that have these buffers. */
    void removeAll(MessageBuffers buffers) {
        for (int sint = 0; sint < queues.length; sint++) {
            queues[sint].removeIf(message -> message.buffers() == buffers);
            noteWaiting(sint);
        }
    }

    /** Drops everything. */
    void reset() {
        for (Deque<Queued> queue : queues) {
            queue.forEach(Queued::dropped);
            queue.clear();
        }
        waiting = 0;
    }

    List<Queued> contents(int sint) {
        return List.copyOf(queues[sint]);
    }

    /** As an end of message asks for. */
    void deliverAll() {
        for (int left = waiting; left != 0; left &= left - 1) {
            deliver(Integer.numberOfTrailingZeros(left));
        }
    }

    /** Delivers what can be: one message, unless the guest empties the slot at the same time. */
    void deliver(int sint) {
        Deque<Queued> queue = queues[sint];
        MessagePage slots = outlet.slots();
        while (!queue.isEmpty() && slots != null) {
            if (!slots.empty(sint)) {
                slots.markPending(sint);
                if (!slots.empty(sint)) {
                    break;
                }
            }
            Queued first = queue.remove();
            long now = outlet.now();
            SynicMessage message = first.message(now);
            if (message != null) {
                slots.put(sint, message);
                outlet.delivered(sint, message);
            }
            first.delivered(now);
        }
        noteWaiting(sint);
    }

    private void noteWaiting(int sint) {
        int bit = 1 << sint;
        waiting = queues[sint].isEmpty() ? waiting & ~bit : waiting | bit;
    }
}
