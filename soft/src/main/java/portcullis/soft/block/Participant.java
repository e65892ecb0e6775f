package portcullis.soft.block;

import portcullis.engine.Clock;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.model.CpuModel;
import portcullis.soft.state.State;

/** What is asked of a CPU while it runs: by its own instructions, by whoever runs it, and by the others ({@link Rendezvous}). */
abstract class Participant extends Events {
    // Request bits in State.POLL.
    static final int KICK = 1;
    /** Own thread: something needs the careful loop (TF, RF, DR7, a shadow, an event, a window). */
    static final int ATTENTION = 2;

    static final int SYNC = 4;
    /** Own thread: the instruction that has just been executed made an exit. */
    static final int STOP = 8;

    private final Rendezvous rendezvous;
    private volatile boolean inGuest;
    private volatile boolean standing;
    private volatile long quiescent;

    Participant(GuestMemory memory, Clock clock, CpuModel model, Rendezvous rendezvous) {
        super(memory, clock, model);
        this.rendezvous = rendezvous;
    }

    /** Takes part in the engine's meetings from now on; once, before the first run. */
    protected final void join() {
        rendezvous.join(this);
    }

    protected final void closeCpu() {
        rendezvous.leave(this);
        freeState();
    }

    public final void kick() {
        request(KICK);
    }

    @Override
    public final void attentionChanged() {
        request(ATTENTION);
    }

    @Override
    protected final void stopRequested() {
        request(STOP);
    }

    /** Whether the instruction that has just been executed made an exit; forgets that. */
    final boolean stopped(int poll) {
        if ((poll & STOP) != 0) {
            HostMemory.getAndBitwiseAndInt(state + State.POLL, ~STOP);
            return true;
        }
        return false;
    }

    final void requestSync() {
        request(SYNC);
    }

    /** From here on others count on its polls. */
    final void enterGuest() {
        inGuest = true;
    }

    final void leaveGuest() {
        inGuest = false;
    }

    /** Stands still where somebody wants that. */
    final void stand() {
        rendezvous.stand(this);
    }

    final boolean inGuest() {
        return inGuest;
    }

    final boolean standing() {
        return standing;
    }

    final void standing(boolean value) {
        standing = value;
    }

    final long quiescentCount() {
        return quiescent;
    }

    final boolean revokeOwnWrite(long page) {
        return revokeWrite(page);
    }

    /** This CPU waits in the middle of an instruction, before any of its stores: that is as good as between two. */
    final void serveWhileWaiting() {
        if ((HostMemory.getIntVolatile(state + State.POLL) & SYNC) != 0) {
            sync();
        }
    }

    final void sync() {
        HostMemory.getAndBitwiseAndInt(state + State.POLL, ~SYNC);
        quiescent++;
        rendezvous.stand(this);
    }

    @Override
    public final void beginExclusive() {
        rendezvous.beginExclusive(this);
    }

    @Override
    public final void endExclusive() {
        rendezvous.endExclusive();
    }
}
