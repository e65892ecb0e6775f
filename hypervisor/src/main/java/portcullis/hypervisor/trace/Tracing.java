package portcullis.hypervisor.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import portcullis.hypervisor.trace.TraceEvent.Kind;

/** Who watches, in this process. Thread-safe. */
public final class Tracing {
    /** Taken back by closing, after which the listener is not called for events that happen later. Idempotent. */
    public interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    private record Subscriber(int kinds, TraceListener listener) {}

    /**
     * A bit a kind that anybody wants. Plain on purpose: read on every hypercall and every exit. VP threads see a change soon, since
     * their loops are full of atomic accesses; which event is the first to be seen is nobody's promise.
     */
    static int wanted;

    /** Replaced as a whole. */
    private static volatile List<Subscriber> subscribers = List.of();

    private Tracing() {}

    /** Whether anybody wants events of this kind. For who must prepare something to emit one. */
    public static boolean wants(Kind kind) {
        return (wanted & kind.bit()) != 0;
    }

    /** Has {@code listener} called for every event of {@code kinds}, of all partitions. */
    public static Subscription subscribe(Set<Kind> kinds, TraceListener listener) {
        int mask = 0;
        for (Kind kind : kinds) {
            mask |= kind.bit();
        }
        Subscriber subscriber = new Subscriber(mask, listener);
        change(subscriber, true);
        return () -> change(subscriber, false);
    }

    private static synchronized void change(Subscriber subscriber, boolean there) {
        List<Subscriber> now = new ArrayList<>(subscribers);
        now.removeIf(other -> other == subscriber);
        if (there) {
            now.add(subscriber);
        }
        int mask = 0;
        for (Subscriber each : now) {
            mask |= each.kinds;
        }
        subscribers = List.copyOf(now);
        wanted = mask;
    }

    /** Gives an event to whoever wants its kind. */
    static void publish(TraceEvent event) {
        int bit = event.kind().bit();
        for (Subscriber subscriber : subscribers) {
            if ((subscriber.kinds & bit) != 0) {
                try {
                    subscriber.listener.happened(event);
                } catch (RuntimeException e) {
                    // A guest must not end because somebody who watches it is broken.
                    change(subscriber, false);
                }
            }
        }
    }
}
