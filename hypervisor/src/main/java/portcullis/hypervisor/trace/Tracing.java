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

    private record Subscriber(int kinds, long minimumExit, TraceListener listener) {
        boolean wants(TraceEvent event) {
            return (kinds & event.kind().bit()) != 0
                    && !(event instanceof TraceEvent.Exit exit && exit.took() < minimumExit);
        }
    }

    /**
     * A bit a kind that anybody wants. Plain on purpose: read on every hypercall and every exit. VP threads see a change soon, since
     * their loops are full of atomic accesses; which event is the first to be seen is nobody's promise.
     */
    static int wanted;

    /** Exits that took less are wanted by nobody: they are as many as all other events together, and more. */
    static volatile long minimumExit;

    /** Replaced as a whole. */
    private static volatile List<Subscriber> subscribers = List.of();

    private Tracing() {}

    /** Whether anybody wants events of this kind. For who must prepare something to emit one. */
    public static boolean wants(Kind kind) {
        return (wanted & kind.bit()) != 0;
    }

    /** Has {@code listener} called for every event of {@code kinds}, of all partitions. */
    public static Subscription subscribe(Set<Kind> kinds, TraceListener listener) {
        return subscribe(kinds, 0, listener);
    }

    /** Likewise, but for exits that were dealt with in less than {@code minimumExit} nanoseconds of guest time. */
    public static Subscription subscribe(Set<Kind> kinds, long minimumExit, TraceListener listener) {
        int mask = 0;
        for (Kind kind : kinds) {
            mask |= kind.bit();
        }
        Subscriber subscriber = new Subscriber(mask, minimumExit, listener);
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
        long shortest = Long.MAX_VALUE;
        for (Subscriber each : now) {
            mask |= each.kinds;
            if ((each.kinds & Kind.EXIT.bit()) != 0) {
                shortest = Math.min(shortest, each.minimumExit);
            }
        }
        subscribers = List.copyOf(now);
        minimumExit = shortest;
        wanted = mask;
    }

    /** Gives an event to whoever wants its kind. */
    static void publish(TraceEvent event) {
        for (Subscriber subscriber : subscribers) {
            if (subscriber.wants(event)) {
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
