package portcullis.hypervisor.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import portcullis.hypervisor.VirtualProcessor.Turn;

/**
 * The host's cores, shared among more VPs than there are.
 *
 * <p>The host's own scheduler would do that too, but it takes a core away from a VP in the middle of guest code: whoever then waits for
 * that VP to see a TLB flush, or to let go of a lock, waits for the rest of somebody's time slice, milliseconds. Here no more VPs are in
 * guest mode than the host has cores, and a VP loses its core between two turns: it is not in guest mode then, and nobody waits for it.
 *
 * <p>Shares are fair by the time that each has had a core; who wakes up comes before those who have computed all the while.
 * Nothing but speed depends on any of this: a VP that keeps its core for long (a slow device) is given up, and another runs beside it.
 */
public final class HostCores implements AutoCloseable {
    /** Nanoseconds that a VP keeps its core while others wait, more or less. */
    static final long SLICE = 1_000_000;
    /** By how many nanoseconds the shares must differ for a VP that wakes up to take another's core at once. */
    static final long GRANULARITY = 200_000;
    /** Nanoseconds of advantage that a VP that sleeps can gather. */
    static final long CREDIT = 1_000_000;
    /** Nanoseconds for which a VP may take no notice; then it is taken to wait for something. */
    static final long OVERDUE = 4 * SLICE;

    /** Handing a core on costs tens of microseconds: a guest that spins is left alone for as long, more or less. */
    static final int SPINS = 20;

    /** What the cores are shared by. */
    public interface Occupant {
        /** Whether {@link #turn} would serve the host, and run no guest code. Any thread. */
        boolean controlPending();

        /** A turn; while it waits for a core it takes one only where {@link #controlPending}. */
        Turn turn();

        /** About to wait for a core: whatever makes {@link #controlPending} true unparks the thread. @return false where it is */
        boolean beginWait();

        /** After {@link #beginWait} said true. */
        void endWait();

        /** Brings the VP out of guest code, or keeps it from going there, once. Any thread. */
        void kick();
    }

    /** A VP's place among the others: on a core, waiting for one, or neither. Its methods are for the VP's thread. */
    public final class Place {
        private final Occupant occupant;
        /** Nanoseconds on a core, but no less than others had when it woke up. */
        private long used;

        private long since;
        private long askedAt;
        private Thread thread;
        private boolean onCore;
        /** It was asked for its core, which others have already: it does not count any more. */
        private boolean givenUp;
        /** Its guest waits for another: its share does not matter. */
        private boolean idles;

        private int spins;
        private volatile boolean granted;
        private volatile boolean asked;

        private Place(Occupant occupant) {
            this.occupant = occupant;
        }

        /**
         * Waits for a core. Meanwhile it serves the host.
         *
         * @return false where the VP has been stopped
         */
        public boolean enter() {
            return take() || await();
        }

        /** Whether somebody else should have this core: {@link #passOn}. */
        public boolean wanted() {
            return asked;
        }

        /** Lets others have the core where they have had less of it, and waits for the next. @return false: the VP has been stopped */
        public boolean passOn() {
            return !giveWay() || await();
        }

        /** Gives the core back. */
        public void leave() {
            synchronized (HostCores.this) {
                account();
                vacate();
            }
        }

        /** The guest has spun for a moment. Has the VP leave its core where others want it, after {@link #SPINS} moments. */
        public void spins() {
            if (waiters == 0) {
                Thread.yield();
            } else if (++spins >= SPINS) {
                yields();
            } else {
                Thread.onSpinWait();
            }
        }

        /** The guest has nothing to do but to wait for another VP. Has it leave its core where others want it. */
        public void yields() {
            if (waiters == 0) {
                Thread.yield();
                return;
            }
            spins = 0;
            synchronized (HostCores.this) {
                idles = true;
                ask(this, System.nanoTime());
            }
        }

        /** Takes a free core, or one from a VP that has had much more: beside it, for the moment until that has left guest code. */
        private boolean take() {
            synchronized (HostCores.this) {
                thread = Thread.currentThread();
                used = Math.max(used, leastUsed() - CREDIT);
                if (free > 0 && waiting.isEmpty()) {
                    free--;
                } else if (!displace(this)) {
                    queue(this);
                    return false;
                }
                settle(this);
                return true;
            }
        }

        private boolean giveWay() {
            synchronized (HostCores.this) {
                account();
                Place next = first();
                if (givenUp && next == null && free > 0) {
                    free--;
                    givenUp = false;
                }
                if (!givenUp && (next == null || !idles && next.used >= used)) {
                    asked = false;
                    idles = false;
                    return false;
                }
                if (idles && next != null) {
                    used = Math.max(used, next.used);
                }
                vacate();
                queue(this);
                return true;
            }
        }

        private void account() {
            long now = System.nanoTime();
            used += now - since;
            since = now;
        }

        private void vacate() {
            onCore = false;
            holders.remove(this);
            granted = false;
            asked = false;
            idles = false;
            if (givenUp) {
                givenUp = false;
            } else {
                pass();
            }
        }

        private boolean await() {
            while (!granted) {
                if (occupant.controlPending()) {
                    if (occupant.turn() == Turn.STOPPED) {
                        withdraw();
                        return false;
                    }
                } else if (occupant.beginWait()) {
                    if (!granted) {
                        LockSupport.park(HostCores.this);
                        // An interrupted thread would not sleep again.
                        Thread.interrupted();
                    }
                    occupant.endWait();
                }
            }
            return true;
        }

        private void withdraw() {
            synchronized (HostCores.this) {
                if (onCore) {
                    vacate();
                } else {
                    waiting.remove(this);
                    waiters = waiting.size();
                }
            }
        }
    }

    private final List<Place> waiting = new ArrayList<>();
    private final List<Place> holders = new ArrayList<>();
    private final Thread ticker;
    private int free;
    private volatile int waiters;
    private volatile boolean closed;

    /** @param cores how many VPs may run at a time: at least 1 */
    public HostCores(int cores) {
        if (cores < 1) {
            throw new IllegalArgumentException("a VP needs a core to run on, not " + cores);
        }
        free = cores;
        ticker = Thread.ofPlatform().name("host cores").daemon().start(this::tick);
    }

    /** A place for one VP, which is on no core yet. */
    public Place place(Occupant occupant) {
        return new Place(occupant);
    }

    /** Whether a VP waits for a core. Any thread. */
    public boolean contended() {
        return waiters > 0;
    }

    /** How many VPs have a core, those that were given up apart. Any thread. */
    public synchronized int running() {
        int count = 0;
        for (Place holder : holders) {
            count += holder.givenUp ? 0 : 1;
        }
        return count;
    }

    private void queue(Place place) {
        waiting.add(place);
        waiters = waiting.size();
        if (waiters == 1) {
            LockSupport.unpark(ticker);
        }
    }

    /** Who has had least among those who wait, or null; the first of several. */
    private Place first() {
        Place least = null;
        for (Place place : waiting) {
            if (least == null || place.used < least.used) {
                least = place;
            }
        }
        return least;
    }

    private long leastUsed() {
        long now = System.nanoTime();
        long least = Long.MAX_VALUE;
        for (Place place : holders) {
            least = Math.min(least, place.used + now - place.since);
        }
        for (Place place : waiting) {
            least = Math.min(least, place.used);
        }
        return least == Long.MAX_VALUE ? CREDIT : least;
    }

    /** A core has become free. */
    private void pass() {
        Place next = first();
        if (next == null) {
            free++;
            return;
        }
        waiting.remove(next);
        waiters = waiting.size();
        settle(next);
        LockSupport.unpark(next.thread);
    }

    private void settle(Place place) {
        place.since = System.nanoTime();
        place.onCore = true;
        holders.add(place);
        place.granted = true;
    }

    /** Has who has had most leave its core, where that is much more than {@code place} has had. @return whether there is such a one */
    private boolean displace(Place place) {
        long now = System.nanoTime();
        Place most = null;
        for (Place holder : holders) {
            if (!holder.asked && (most == null || holder.used - holder.since > most.used - most.since)) {
                most = holder;
            }
        }
        if (most == null || most.used + now - most.since <= place.used + GRANULARITY) {
            return false;
        }
        ask(most, now);
        most.givenUp = true;
        return true;
    }

    private static void ask(Place holder, long now) {
        if (!holder.asked) {
            holder.asked = true;
            holder.askedAt = now;
            holder.occupant.kick();
        }
    }

    private void tick() {
        while (!closed) {
            if (waiters == 0) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, SLICE);
                look();
            }
            Thread.interrupted();
        }
    }

    /** Asks those whose time is up for their cores, and gives up those who have been asked for long. */
    private synchronized void look() {
        long now = System.nanoTime();
        int wanted = waiting.size();
        for (Place holder : List.copyOf(holders)) {
            if (wanted == 0) {
                return;
            }
            if (holder.givenUp) {
                continue;
            }
            if (holder.asked && now - holder.askedAt > OVERDUE) {
                holder.givenUp = true;
                pass();
                wanted--;
            } else if (!holder.asked && now - holder.since > SLICE) {
                ask(holder, now);
                wanted--;
            }
        }
    }

    /** Nobody waits any more. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(ticker);
    }
}
