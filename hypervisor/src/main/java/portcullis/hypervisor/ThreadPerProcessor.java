package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;

/** A platform thread a VP: real concurrency, time by the host's clock. */
public final class ThreadPerProcessor implements VpDriver {
    /**
     * Nanoseconds for which the thread of a VP that is suspended at a gate looks out for the lift before it sleeps, where nothing
     * else is said. Sleeping and being woken costs about as much: whichever way a wait goes, it costs at most twice what the
     * better choice would have.
     */
    public static final String SPIN_PROPERTY = "portcullis.suspension.spin";

    private static final long DEFAULT_SPIN = 50_000;

    private final List<Thread> threads = new ArrayList<>();
    private final long spin;

    /** With the spin that {@link #SPIN_PROPERTY} names; 50 microseconds without, none on a host with one processor. */
    public ThreadPerProcessor() {
        this(Long.getLong(SPIN_PROPERTY, Runtime.getRuntime().availableProcessors() > 1 ? DEFAULT_SPIN : 0));
    }

    /** @param spin nanoseconds for which a suspended VP's thread looks out for the lift before it sleeps; 0: sleeps at once */
    public ThreadPerProcessor(long spin) {
        this.spin = spin;
    }

    @Override
    public void start(Partition partition, List<VirtualProcessor> processors) {
        for (VirtualProcessor vp : processors) {
            Thread thread = new Thread(() -> drive(vp), "vp " + vp.index());
            thread.setDaemon(true);
            vp.bind(thread);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    private void drive(VirtualProcessor vp) {
        while (true) {
            switch (vp.turn()) {
                case RAN -> {}
                case IDLE -> vp.park(spin);
                case PAUSED -> vp.park();
                case STOPPED -> {
                    vp.unbind();
                    return;
                }
            }
        }
    }

    @Override
    public void join() {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
