package portcullis.host;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;

/**
 * One run: looks out for its conditions, on the threads on which things happen, and has all VPs pause when one holds. By virtual time
 * that is at an instruction that follows from the seed.
 */
final class Watcher {
    /** Why the wait is over. */
    enum Why {
        REACHED,
        ENDED,
        STALLED,
        GUEST_LIMIT,
        HOST_LIMIT,
        CANCELLED,
        INTERRUPTED,
        /** A condition has thrown. */
        BROKEN
    }

    /** By the host's time a processor may halt for good without an event that tells it: one looks again so often. */
    private static final long LOOK_NANOS = 5_000_000;

    private final Until whole;
    private final List<Until> parts;
    private final Partition partition;
    private final SerialLog serial;
    private final BooleanSupplier crashed;
    /** VPs have threads of their own: what they do is to be seen in one moment only when they sleep. */
    private final boolean byHostTime;

    private final long began;
    /** Guest time at which the run is given up. */
    private final long guestLimit;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Why why;
    private Stop stop;
    private volatile RuntimeException failure;

    /**
     * @param crashed whether the guest has reported a crash
     * @param byHostTime whether VPs have threads of their own
     */
    Watcher(
            Until until,
            Limit limit,
            Partition partition,
            SerialLog serial,
            BooleanSupplier crashed,
            boolean byHostTime) {
        whole = until;
        parts = until.parts();
        this.partition = partition;
        this.serial = serial;
        this.crashed = crashed;
        this.byHostTime = byHostTime;
        began = now();
        guestLimit = after(limit.guestTime());
    }

    /** Guest time so many nanoseconds after the beginning; {@link Limit#UNLIMITED} where that never comes. */
    private long after(long nanos) {
        return nanos >= Limit.UNLIMITED - began ? Limit.UNLIMITED : began + nanos;
    }

    private long now() {
        return partition.time().clock().ticks();
    }

    Until until() {
        return whole;
    }

    // What it wants

    /** Linear addresses at which VPs stop. */
    Set<Long> addresses() {
        Set<Long> set = new HashSet<>();
        for (Until part : parts) {
            if (part instanceof Until.Address(long address)) {
                set.add(address);
            }
        }
        return set;
    }

    Set<Kind> kinds() {
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (Until part : parts) {
            switch (part) {
                case Until.Happened happened -> kinds.addAll(happened.kinds());
                case Until.Halted halted -> kinds.add(Kind.RUN_STATE);
                case Until.Suspended suspended -> kinds.add(Kind.SUSPEND);
                default -> {
                    // Of others it hears in other ways.
                }
            }
        }
        return kinds;
    }

    /** Guest time at which it wants to hear again; {@link Limit#UNLIMITED} for none. */
    long deadline() {
        long next = guestLimit;
        for (Until part : parts) {
            if (part instanceof Until.Passed(long nanos, boolean instructions)) {
                next = Math.min(next, after(nanos));
            }
        }
        return next;
    }

    boolean counts() {
        return parts.stream()
                .anyMatch(part -> part instanceof Until.Passed(long nanos, boolean asInstructions) && asInstructions);
    }

    // What happens

    private void over(Why reason, Stop how) {
        lock.lock();
        try {
            if (why == null) {
                why = reason;
                stop = how;
                partition.pauseSoon();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void reached(Until part, int vp, TraceEvent event) {
        OptionalInt where = vp < 0 ? OptionalInt.empty() : OptionalInt.of(vp);
        over(Why.REACHED, new Stop(part, now(), where, Optional.ofNullable(event), Optional.empty()));
    }

    void happened(TraceEvent event) {
        try {
            look(event);
        } catch (RuntimeException broken) {
            // Thrown on, it would only reach whoever traces.
            failure = broken;
            over(Why.BROKEN, null);
        }
    }

    private void look(TraceEvent event) {
        for (Until part : parts) {
            boolean met = switch (part) {
                case Until.Happened happened ->
                    happened.kinds().contains(event.kind()) && happened.which().test(event);
                case Until.Suspended(int vp) ->
                    event.kind() == Kind.SUSPEND
                            && (vp == Until.Suspended.ANY || vp == event.at().vp());
                case Until.Halted halted -> event.kind() == Kind.RUN_STATE && allHalted();
                default -> false;
            };
            if (met) {
                reached(part, event.at().vp(), event);
            }
        }
    }

    void said() {
        for (Until part : parts) {
            if (part instanceof Until.Serial(String text) && serial.takeAtEnd(text.getBytes(StandardCharsets.UTF_8))) {
                reached(part, -1, null);
            }
        }
    }

    void received(Inbox inbox, int vp) {
        for (Until part : parts) {
            if (part instanceof Until.Received(Inbox wanted) && wanted == inbox) {
                reached(part, vp, null);
            }
        }
    }

    void crashed(int vp) {
        for (Until part : parts) {
            if (part instanceof Until.Crashed) {
                reached(part, vp, null);
            }
        }
    }

    void cameTo(int vp, long linear) {
        for (Until part : parts) {
            if (part instanceof Until.Address(long address) && address == linear) {
                reached(part, vp, null);
            }
        }
    }

    /** Guest time has come to {@link #deadline}. */
    void timeCame() {
        long time = now();
        for (Until part : parts) {
            if (part instanceof Until.Passed(long nanos, boolean instructions) && time >= after(nanos)) {
                reached(part, -1, null);
            }
        }
        if (!stateHolds()) {
            over(Why.GUEST_LIMIT, null);
        }
    }

    void ended() {
        over(Why.ENDED, null);
    }

    /** By virtual time: nothing can happen any more. */
    void stalled() {
        if (!stateHolds()) {
            over(Why.STALLED, null);
        }
    }

    void cancel() {
        over(Why.CANCELLED, null);
    }

    /** Looks at states. @return whether one holds */
    boolean stateHolds() {
        for (Until part : parts) {
            int vp = -1;
            boolean holds = switch (part) {
                case Until.Halted halted -> allHalted();
                case Until.Crashed crash -> crashed.getAsBoolean();
                case Until.Suspended(int which) -> (vp = suspended(which)) >= 0;
                case Until.Received(Inbox inbox) -> !inbox.isEmpty();
                case Until.Serial(String text) -> serial.take(text.getBytes(StandardCharsets.UTF_8));
                default -> false;
            };
            if (holds) {
                reached(part, vp, null);
                return true;
            }
        }
        return false;
    }

    private boolean allHalted() {
        for (VirtualProcessor vp : partition.processors()) {
            // What was sent to it while it is paused may wake it: that is for the run to find out.
            boolean halted =
                    byHostTime ? vp.asleep() : vp.context().activity() != Activity.RUNNING && !vp.signalWaits();
            if (!halted) {
                return false;
            }
        }
        return true;
    }

    private int suspended(int which) {
        for (VirtualProcessor vp : partition.processors()) {
            boolean asked = which == Until.Suspended.ANY || which == vp.index();
            if (asked && vp.context().flushPass().suspended()) {
                return vp.index();
            }
        }
        return -1;
    }

    /** The outcome's condition, where there is one among them. */
    Optional<Stop> stopBy(Outcome outcome) {
        for (Until part : parts) {
            if (part instanceof Until.Ended ended && ended.which().test(outcome)) {
                int vp = outcome instanceof Outcome.TripleFault(int index, String state) ? index : -1;
                OptionalInt where = vp < 0 ? OptionalInt.empty() : OptionalInt.of(vp);
                return Optional.of(new Stop(part, now(), where, Optional.empty(), Optional.of(outcome)));
            }
        }
        return Optional.empty();
    }

    // The wait

    /**
     * Waits until the run is over.
     *
     * @param hostLimit nanoseconds
     */
    Why await(long hostLimit) {
        long start = System.nanoTime();
        long guestDeadline = deadline();
        boolean looks = byHostTime && parts.stream().anyMatch(part -> part instanceof Until.Halted);
        lock.lock();
        try {
            while (why == null) {
                long left = hostLimit == Limit.UNLIMITED ? hostLimit : hostLimit - (System.nanoTime() - start);
                if (left <= 0) {
                    over(Why.HOST_LIMIT, null);
                    break;
                }
                if (byHostTime && guestDeadline != Limit.UNLIMITED) {
                    long guestLeft = guestDeadline - now();
                    if (guestLeft <= 0) {
                        timeCame();
                        break;
                    }
                    left = Math.min(left, guestLeft);
                }
                if (looks && stateHolds()) {
                    break;
                }
                changed.awaitNanos(looks ? Math.min(left, LOOK_NANOS) : Math.min(left, TimeUnit.HOURS.toNanos(1)));
            }
        } catch (InterruptedException interrupted) {
            over(Why.INTERRUPTED, null);
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        return why;
    }

    /** What a condition has thrown. */
    RuntimeException failure() {
        return failure;
    }

    Stop stop() {
        return stop;
    }
}
