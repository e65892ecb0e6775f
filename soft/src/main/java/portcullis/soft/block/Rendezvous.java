package portcullis.soft.block;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/**
 * Meetings of an engine's CPUs: to make sure that none is in the middle of an instruction, or to hold all others still.
 *
 * <p>A CPU takes part at its request polls and is absent while outside {@code run}. Whoever waits here serves others'
 * requests meanwhile, so that two that call at once cannot lock up.
 */
final class Rendezvous {
    private final List<Participant> cpus = new CopyOnWriteArrayList<>();
    /** The CPU that holds all others still, or null. Guarded by this. */
    private Participant holder;

    void join(Participant cpu) {
        cpus.add(cpu);
    }

    void leave(Participant cpu) {
        cpus.remove(cpu);
    }

    /** Takes write rights on a page away from every CPU and waits until no store that used them is under way. */
    void revokeWrite(Participant caller, long page) {
        caller.revokeOwnWrite(page);
        for (Participant cpu : cpus) {
            if (cpu != caller && cpu.revokeOwnWrite(page) && cpu.inGuest()) {
                awaitQuiescence(caller, cpu);
            }
        }
    }

    private void awaitQuiescence(Participant caller, Participant other) {
        long seen = other.quiescentCount();
        other.requestSync();
        int spins = 0;
        while (other.inGuest() && other.quiescentCount() == seen) {
            caller.serveWhileWaiting();
            pause(++spins);
        }
    }

    /** Waits for what another CPU does. */
    void await(Participant caller, BooleanSupplier done) {
        int spins = 0;
        while (!done.getAsBoolean()) {
            caller.serveWhileWaiting();
            pause(++spins);
        }
    }

    /** Spins a little, then lets another thread have the core: there may be more CPUs than host cores. */
    private static void pause(int spins) {
        if (spins < 200) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    /** Returns when every other CPU stands at a poll or outside; they stay so until {@link #endExclusive}. */
    void beginExclusive(Participant caller) {
        int spins = 0;
        while (!claim(caller)) {
            caller.serveWhileWaiting();
            pause(++spins);
        }
        for (Participant cpu : cpus) {
            if (cpu != caller) {
                cpu.requestSync();
                spins = 0;
                while (cpu.inGuest() && !cpu.standing()) {
                    pause(++spins);
                }
            }
        }
    }

    synchronized void endExclusive() {
        holder = null;
    }

    private synchronized boolean claim(Participant caller) {
        if (holder != null) {
            return false;
        }
        holder = caller;
        return true;
    }

    private synchronized boolean held(Participant by) {
        return holder != null && holder != by;
    }

    /** Stands still for as long as another CPU holds; called at polls, before entering the guest, and while waiting. */
    void stand(Participant cpu) {
        // Another may have come to hold between our look and the end of standing, and seen us stand: so look again.
        while (held(cpu)) {
            cpu.standing(true);
            int spins = 0;
            while (held(cpu)) {
                pause(++spins);
            }
            cpu.standing(false);
        }
    }
}
