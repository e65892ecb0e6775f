package portcullis.hypervisor;

import java.util.List;

/**
 * Gives VPs a thread to run on: calls {@link VirtualProcessor#turn} until it answers {@link VirtualProcessor.Turn#STOPPED}. One
 * driver serves one partition, once.
 */
public interface VpDriver {
    /** Binds every VP to its thread ({@link VirtualProcessor#bind}) and starts the threads. */
    void start(Partition partition, List<VirtualProcessor> processors);

    /** Waits until the threads have ended; every VP has been asked to stop. */
    void join();
}
