package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import portcullis.hypervisor.schedule.HostCores;

/**
 * A platform thread a VP: real concurrency, time by the host's clock. Where there are more VPs than the host has cores they share those
 * by our own schedule ({@link HostCores}).
 */
public final class ThreadPerProcessor implements VpDriver {
    /**
     * Nanoseconds for which the thread of a VP that is suspended at a gate looks out for the lift before it sleeps, where nothing
     * else is said. Sleeping and being woken costs about as much: whichever way a wait goes, it costs at most twice what the
     * better choice would have.
     */
    public static final String SPIN_PROPERTY = "portcullis.suspension.spin";

    /**
     * How many VPs may run at a time, where not as many as the host has cores. Where there are fewer VPs than that each has its thread to
     * itself, and the host schedules them.
     */
    public static final String CORES_PROPERTY = "portcullis.cores";

    private static final long DEFAULT_SPIN = 50_000;

    private final List<Thread> threads = new ArrayList<>();
    private final long spin;
    private final int cores;
    private HostCores shared;

    /** With the spin that {@link #SPIN_PROPERTY} names; 50 microseconds without, none on a host with one processor. */
    public ThreadPerProcessor() {
        this(Long.getLong(SPIN_PROPERTY, Runtime.getRuntime().availableProcessors() > 1 ? DEFAULT_SPIN : 0));
    }

    /** @param spin nanoseconds for which a suspended VP's thread looks out for the lift before it sleeps; 0: sleeps at once */
    public ThreadPerProcessor(long spin) {
        this(
                spin,
                Math.max(
                        1,
                        Integer.getInteger(CORES_PROPERTY, Runtime.getRuntime().availableProcessors())));
    }

    /** @param cores how many VPs may run guest code at a time, at least 1 */
    public ThreadPerProcessor(long spin, int cores) {
        this.spin = spin;
        this.cores = cores;
    }

    @Override
    public void start(Partition partition, List<VirtualProcessor> processors) {
        if (processors.size() > cores) {
            shared = new HostCores(cores);
        }
        for (VirtualProcessor vp : processors) {
            Runnable drive = shared == null ? () -> drive(vp) : () -> drive(vp, shared.place(vp));
            Thread thread = new Thread(drive, "vp " + vp.index());
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

    private void drive(VirtualProcessor vp, HostCores.Place place) {
        vp.onSpin(place::spins, place::yields);
        boolean goesOn = place.enter();
        while (goesOn) {
            switch (vp.turn()) {
                case RAN -> goesOn = !place.wanted() || place.passOn();
                case IDLE -> {
                    place.leave();
                    vp.park(shared.contended() ? 0 : spin);
                    goesOn = place.enter();
                }
                case PAUSED -> {
                    place.leave();
                    vp.park();
                    goesOn = place.enter();
                }
                case STOPPED -> {
                    place.leave();
                    goesOn = false;
                }
            }
        }
        vp.unbind();
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
        if (shared != null) {
            shared.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
