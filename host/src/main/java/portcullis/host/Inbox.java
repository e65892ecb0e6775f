package portcullis.host;

import java.util.ArrayDeque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import portcullis.hypervisor.synic.MessageHandler;
import portcullis.tlfs.HvStatus;

/**
 * Takes what the guest posts to a connection (HvCallPostMessage), in order. Made by {@link Machine#inbox}. Thread-safe. Up to {@link
 * #CAPACITY} messages wait; then the guest gets HV_STATUS_INSUFFICIENT_BUFFERS.
 */
public final class Inbox {
    /** Messages that wait at most. */
    public static final int CAPACITY = 1024;

    private final int connection;
    private final Switchboard switchboard;
    private final Queue<GuestMessage> messages = new ArrayDeque<>();

    Inbox(int connection, Switchboard switchboard) {
        this.connection = connection;
        this.switchboard = switchboard;
    }

    /** The connection's id. */
    public int connection() {
        return connection;
    }

    int received(MessageHandler.Received posted) {
        synchronized (messages) {
            if (messages.size() == CAPACITY) {
                return HvStatus.INSUFFICIENT_BUFFERS;
            }
            messages.add(new GuestMessage(posted.vp(), posted.vtl(), posted.type(), posted.payload()));
        }
        switchboard.received(this, posted.vp());
        return HvStatus.SUCCESS;
    }

    /** Whether nothing waits to be taken. */
    public boolean isEmpty() {
        synchronized (messages) {
            return messages.isEmpty();
        }
    }

    /**
     * Takes the oldest message that waits. Does not wait: {@link Until#received} does.
     *
     * @throws NoSuchElementException where there is none
     */
    public GuestMessage next() {
        synchronized (messages) {
            if (messages.isEmpty()) {
                throw new NoSuchElementException(
                        "the guest has posted nothing (more) to connection 0x%x; run the machine until Until.received"
                                .formatted(connection));
            }
            return messages.remove();
        }
    }

    /** All that wait, the oldest first; they go on waiting. */
    public List<GuestMessage> waiting() {
        synchronized (messages) {
            return List.copyOf(messages);
        }
    }
}
