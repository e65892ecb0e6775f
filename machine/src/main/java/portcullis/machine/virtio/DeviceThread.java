package portcullis.machine.virtio;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The thread that serves all virtio devices of a machine that runs by the host's time. */
public final class DeviceThread implements Executor {
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("virtio").factory());

    @Override
    public void execute(Runnable task) {
        thread.execute(task);
    }

    /**
     * Finishes the requests that are under way. One that the host does not let go of (a console whose output nobody takes) is cut off:
     * when this returns, nothing touches guest memory any more.
     *
     * @param functions all that it serves
     * @return false where a request was cut off
     */
    public boolean close(List<VirtioFunction> functions, long patience, TimeUnit unit) {
        thread.shutdown();
        boolean ended = awaitEnd(unit.toNanos(patience));
        functions.forEach(VirtioFunction::cutOff);
        return ended;
    }

    private boolean awaitEnd(long nanos) {
        long limit = System.nanoTime() + nanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return thread.awaitTermination(limit - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
