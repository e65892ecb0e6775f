package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;

/** A platform thread a VP: real concurrency, time by the host's clock. */
public final class ThreadPerProcessor implements VpDriver {
    private final List<Thread> threads = new ArrayList<>();

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

    private static void drive(VirtualProcessor vp) {
        while (true) {
            switch (vp.turn()) {
                case RAN -> {}
                case IDLE, PAUSED -> vp.park();
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
