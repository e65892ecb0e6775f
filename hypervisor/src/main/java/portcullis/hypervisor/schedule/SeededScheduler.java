package portcullis.hypervisor.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.PartitionConfig;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VpDriver;
import portcullis.hypervisor.VpObserver;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Runs all VPs of a partition on one thread, a slice of instructions at a time, by virtual time. What one VP asks of another
 * takes effect when the other's slice begins, alarms between two turns; so the run follows from the {@link Interleaving} and the
 * guest's inputs alone.
 *
 * <p>Pausing does not disturb that: a pause takes no choice and no time, and the slice that it interrupts goes on after it.
 */
public final class SeededScheduler implements VpDriver {
    /** What to do when every VP waits and no alarm is set. */
    public enum WhenStalled {
        /** End the run: {@link Outcome.Stalled}. */
        END,
        /** Wait: somebody outside, at a console perhaps, can still wake the guest. */
        WAIT
    }

    /** Who wants to hear of a run as it goes. On the scheduler's thread; must not wait, and has the partition pause soon. */
    public interface Watch {
        /** Time has come to {@link SeededScheduler#stopAt}. */
        void reached();

        /** Every VP waits, and no alarm is set: time stands until somebody outside does something. */
        void stalled();
    }

    private static final int NOBODY = -1;

    private final VirtualAlarms alarms;
    private final VirtualClock clock;
    private final Interleaving interleaving;
    private final WhenStalled whenStalled;
    /** Null when nobody reads it, or it failed. */
    private SliceTrace trace;

    private Partition partition;
    /** Not stopped, by index. */
    private List<VirtualProcessor> processors;

    private Thread thread;

    /** Who can run, by index; reused. */
    private int[] ready;

    private long limit = VirtualAlarms.NEVER;
    private volatile long stopAt = VirtualAlarms.NEVER;
    /** Null for none. */
    private Watch watch;

    /** VP whose slice has begun and not ended, or NOBODY. */
    private int slicedVp = NOBODY;

    private long sliceBudget;
    /** Instructions of the slice that are left. */
    private long sliceLeft;
    /** Whether its VP has executed PAUSE. */
    private boolean sliceWaits;

    /** VP whose slice has ended because it waits for another and said so: the next is somebody else's. Or NOBODY. */
    private int yielded = NOBODY;

    // Of the turn that is being taken.
    private boolean enteredGuest;
    private boolean yields;

    /**
     * @param alarms the partition's time
     * @param traceLines takes a line a slice, on the scheduler's thread; null for no trace
     */
    public SeededScheduler(
            VirtualAlarms alarms, Interleaving interleaving, WhenStalled whenStalled, Consumer<String> traceLines) {
        this.alarms = alarms;
        this.clock = alarms.clock();
        this.interleaving = interleaving;
        this.whenStalled = whenStalled;
        trace = traceLines == null ? null : new SliceTrace(traceLines);
    }

    /** Ends the run, as {@link Outcome.Endless}, when virtual time has come to {@code ticks}. Before start. */
    public void setLimit(long ticks) {
        limit = ticks;
    }

    /** Who is told of stops, and instead of an end where all VPs wait for ever. Before start. */
    public void setWatch(Watch watcher) {
        watch = watcher;
    }

    /**
     * Has the watch told when virtual time has come to {@code ticks}; {@link VirtualAlarms#NEVER} takes that back. Of the run it is no
     * part: slices end where they would. While the partition is paused.
     */
    public void stopAt(long ticks) {
        stopAt = ticks;
    }

    /** @return whether the watch has been told: the partition pauses before anything else happens */
    private boolean stops() {
        if (clock.ticks() < stopAt) {
            return false;
        }
        stopAt = VirtualAlarms.NEVER;
        watch.reached();
        return true;
    }

    @Override
    public void start(Partition owner, List<VirtualProcessor> all) {
        if (!owner.engine().capabilities().virtualTime()) {
            throw new IllegalArgumentException(
                    "engine " + owner.engine().name() + " cannot count instructions exactly");
        }
        partition = owner;
        processors = new ArrayList<>(all);
        ready = new int[all.size()];
        if (slicedVp >= all.size()) {
            // A state that nobody has saved.
            slicedVp = NOBODY;
        }
        thread = new Thread(() -> drive(all), "all vps");
        thread.setDaemon(true);
        alarms.setRunner(thread);
        for (VirtualProcessor vp : all) {
            vp.setObserver(new TurnObserver());
            vp.onYield(() -> yields = true);
            vp.bind(thread);
        }
        thread.start();
    }

    @Override
    public void join() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void drive(List<VirtualProcessor> all) {
        while (!processors.isEmpty()) {
            try {
                step();
            } catch (RuntimeException | Error failure) {
                // The interleaving's or the trace's: VPs and alarms answer for themselves.
                trace = null;
                partition.end(new Outcome.HostError(-1, failure));
            }
        }
        all.forEach(VirtualProcessor::unbind);
    }

    private void step() {
        serveHost();
        if (slicedVp == NOBODY && !beginSlice()) {
            return;
        }
        goOnWithSlice();
    }

    /** Between two slices. @return whether one has begun */
    private boolean beginSlice() {
        if (stops()) {
            return false;
        }
        alarms.fireDue();
        if (clock.ticks() >= limit && !processors.isEmpty()) {
            limit = VirtualAlarms.NEVER;
            partition.end(new Outcome.Endless(clock.ticks(), state()));
            return false;
        }
        int count = findReady();
        if (count == 0) {
            if (!processors.isEmpty()) {
                idle();
            }
            return false;
        }
        yielded = NOBODY;
        slicedVp = ready[interleaving.choose(ready, count)];
        sliceBudget = interleaving.budget();
        sliceLeft = sliceBudget;
        sliceWaits = false;
        if (trace != null) {
            VirtualProcessor vp = partition.processors().get(slicedVp);
            trace.begin(slicedVp, clock.ticks(), vp.cpu().get(Register.RIP), sliceBudget);
        }
        return true;
    }

    /** Puts into {@link #ready} who can run; who has yielded only where nobody else can. @return how many */
    private int findReady() {
        int count = 0;
        boolean last = false;
        for (int i = 0; i < processors.size(); i++) {
            VirtualProcessor vp = processors.get(i);
            if (vp.ready()) {
                if (vp.index() == yielded) {
                    last = true;
                } else {
                    ready[count++] = vp.index();
                }
            }
        }
        if (count == 0 && last) {
            ready[count++] = yielded;
        }
        return count;
    }

    /** Serves what the host wants of VPs, and waits while they are paused. */
    private void serveHost() {
        while (true) {
            boolean paused = false;
            for (int i = 0; i < processors.size(); i++) {
                VirtualProcessor vp = processors.get(i);
                if (vp.controlPending() && vp.turn() == VirtualProcessor.Turn.STOPPED) {
                    processors.remove(i--);
                }
            }
            for (int i = 0; i < processors.size(); i++) {
                paused |= processors.get(i).paused();
            }
            if (!paused) {
                for (int i = 0; i < processors.size(); i++) {
                    processors.get(i).acknowledgeResume();
                }
                return;
            }
            sleep(false);
        }
    }

    /** Up to the slice's end, or to a pause: then the next step goes on with it. */
    private void goOnWithSlice() {
        VirtualProcessor vp = partition.processors().get(slicedVp);
        while (sliceLeft > 0) {
            stops();
            long next = Math.min(Math.min(alarms.nextDeadline(), limit), stopAt);
            vp.cpu().setBudget(Math.min(sliceLeft, clock.instructionsUntil(next)));
            enteredGuest = false;
            yields = false;
            int pauses = vp.cpu().pauses();
            clock.enter(vp.cpu());
            VirtualProcessor.Turn turn = vp.turn();
            long ran = clock.leave();
            sliceWaits |= vp.cpu().pauses() != pauses || yields;
            if (ran == 0 && enteredGuest) {
                // An exit without progress, a hypercall that faults say, takes time too: else it could be repeated for
                // ever in none.
                clock.passOne();
                ran = 1;
            }
            sliceLeft -= ran;
            if (turn == VirtualProcessor.Turn.PAUSED) {
                return;
            }
            if (yields) {
                yielded = slicedVp;
            }
            if (turn != VirtualProcessor.Turn.RAN || yields || clock.ticks() >= limit) {
                break;
            }
            // Between two turns of a slice, so that a timer that the guest waits for in a loop is not late by a slice.
            if (alarms.nextDeadline() <= clock.ticks()) {
                alarms.fireDue();
            }
        }
        long ran = sliceBudget - sliceLeft;
        slicedVp = NOBODY;
        interleaving.ran(ran, sliceWaits);
        if (trace != null) {
            trace.end(ran);
        }
    }

    /** Nobody can run: time jumps to the next alarm. */
    private void idle() {
        long next = alarms.nextDeadline();
        if (next != VirtualAlarms.NEVER) {
            // Never beyond the limit, so that the run ends at the same time whatever waits there.
            next = Math.min(Math.min(next, limit), stopAt);
            if (trace != null) {
                trace.idle(clock.ticks(), next);
            }
            clock.advanceTo(next);
        } else if (watch != null) {
            watch.stalled();
        } else if (whenStalled == WhenStalled.WAIT) {
            sleep(true);
        } else {
            partition.end(new Outcome.Stalled(state()));
        }
    }

    /** What each VP is about, and its registers. */
    private String state() {
        StringBuilder state = new StringBuilder();
        for (VirtualProcessor vp : processors) {
            state.append("vp ").append(vp.index()).append(' ');
            int waitingOn = vp.context().flushPass().waitingOn();
            if (waitingOn != FlushPass.NONE) {
                state.append("SUSPENDED on vp ").append(waitingOn);
            } else {
                state.append(vp.context().activity());
            }
            state.append('\n').append(vp.cpu().describe());
        }
        return state.toString();
    }

    /** Sleeps until some VP has something to do, or, where time is not paused, an alarm is set. May return early. */
    private void sleep(boolean alarmsWake) {
        List<VirtualProcessor> parked = new ArrayList<>();
        for (VirtualProcessor vp : processors) {
            if (!vp.beginPark()) {
                break;
            }
            parked.add(vp);
        }
        // A request after beginPark, and an alarm after this look, leave this thread an unpark permit.
        if (parked.size() == processors.size() && !(alarmsWake && alarms.nextDeadline() != VirtualAlarms.NEVER)) {
            LockSupport.park(this);
            Thread.interrupted();
        }
        parked.forEach(VirtualProcessor::endPark);
    }

    private final class TurnObserver implements VpObserver {
        @Override
        public void exited(ExitDetails exit) {
            // What the host has done to look at the guest takes no time.
            enteredGuest = exit.reason != ExitReason.KICKED && exit.reason != ExitReason.BREAKPOINT;
            if (trace != null) {
                trace.exited(exit);
            }
        }

        @Override
        public void injected(int vector) {
            if (trace != null) {
                trace.injected(vector);
            }
        }
    }

    // Saved state: written on this scheduler's thread, between two turns

    /** The version from which on who has yielded is in it. */
    private static final int STATE_WITH_YIELDED = 2;

    @Override
    public int stateVersion() {
        return STATE_WITH_YIELDED;
    }

    @Override
    public void save(StateWriter out) {
        interleaving.save(out);
        out.putInt(slicedVp);
        out.putLong(sliceBudget);
        out.putLong(sliceLeft);
        out.putBoolean(sliceWaits);
        out.putBoolean(trace != null);
        if (trace != null) {
            trace.save(out);
        }
        out.putInt(yielded);
    }

    /** A trace that nobody wrote before begins now, in the middle of a slice perhaps. */
    @Override
    public void restore(StateReader in) {
        interleaving.restore(in);
        slicedVp = in.getInt(NOBODY, PartitionConfig.MAXIMUM_PROCESSORS);
        sliceBudget = in.getLong();
        sliceLeft = in.getLong();
        sliceWaits = in.getBoolean();
        if (in.getBoolean()) {
            (trace == null ? new SliceTrace(line -> {}) : trace).restore(in);
        }
        yielded = in.version() >= STATE_WITH_YIELDED ? in.getInt(NOBODY, PartitionConfig.MAXIMUM_PROCESSORS) : NOBODY;
    }
}
