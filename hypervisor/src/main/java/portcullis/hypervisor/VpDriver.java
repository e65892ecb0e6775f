package portcullis.hypervisor;

import java.util.List;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Gives VPs a thread to run on: calls {@link VirtualProcessor#turn} until it answers {@link VirtualProcessor.Turn#STOPPED}. One
 * driver serves one partition, once.
 *
 * <p>Its state is saved while all VPs are quiet, and restored before {@link #start}: what it had begun goes on. One that leaves it
 * to the host which VP runs when has none.
 */
public interface VpDriver extends Saved {
    /** Binds every VP to its thread ({@link VirtualProcessor#bind}) and starts the threads. */
    void start(Partition partition, List<VirtualProcessor> processors);

    /** Waits until the threads have ended; every VP has been asked to stop. */
    void join();

    @Override
    default void save(StateWriter out) {}

    @Override
    default void restore(StateReader in) {}
}
