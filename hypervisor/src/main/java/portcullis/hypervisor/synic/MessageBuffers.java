package portcullis.hypervisor.synic;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many messages of one sender may wait for their slots (TLFS inter-partition-communication.md, "Message Buffers"). A buffer is
 * taken when a message is queued and given back when it is in its slot. Thread-safe.
 */
public final class MessageBuffers {
    /** What a port has. */
    public static final int OF_A_PORT = 16;

    private static final int CLOSED = -1;

    private static final int NO_PORT = -1;

    private final int count;
    private final int port;
    /** Buffers in use, or CLOSED. */
    private final AtomicInteger used = new AtomicInteger();

    /** Buffers of the hypervisor's own. */
    public MessageBuffers(int count) {
        this(count, NO_PORT);
    }

    private MessageBuffers(int count, int port) {
        this.count = count;
        this.port = port;
    }

    static MessageBuffers ofPort(int id) {
        return new MessageBuffers(OF_A_PORT, id);
    }

    /** The id of the port that has them, or -1. */
    int port() {
        return port;
    }

    /** Takes one. @return whether there was one */
    boolean take() {
        while (true) {
            int now = used.get();
            if (now == CLOSED || now == count) {
                return false;
            }
            if (used.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /** Gives one back. */
    void giveBack() {
        while (true) {
            int now = used.get();
            if (now == CLOSED || used.compareAndSet(now, now - 1)) {
                return;
            }
        }
    }

    /** None can be taken any more. */
    void close() {
        used.set(CLOSED);
    }

    boolean closed() {
        return used.get() == CLOSED;
    }

    /** How many are in use; 0 once closed. */
    int used() {
        return Math.max(used.get(), 0);
    }
}
