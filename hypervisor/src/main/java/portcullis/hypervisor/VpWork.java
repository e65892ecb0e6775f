package portcullis.hypervisor;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;

/** Which thread a VP has, and what others want done on it. */
final class VpWork {
    private static final int SPINS_BEFORE_NAP = 2000;
    private static final long NAP_NANOS = 20_000;

    private final int vp;
    private final VpRequests requests;

    /** Guards the queue, and changes of thread. */
    private final Object lock = new Object();

    private final Queue<Runnable> queue = new ArrayDeque<>();
    private volatile Thread thread;

    VpWork(int vp, VpRequests requests) {
        this.vp = vp;
        this.requests = requests;
    }

    /** From now on {@code owner} does the work. */
    void bind(Thread owner) {
        synchronized (lock) {
            requests.setSleeper(owner);
            thread = owner;
        }
    }

    /** The VP's thread lets go, when nothing is left to do. */
    void unbind() {
        while (true) {
            serve();
            synchronized (lock) {
                if (queue.isEmpty()) {
                    thread = null;
                    return;
                }
            }
        }
    }

    boolean hasThread() {
        return thread != null;
    }

    /** Whether the calling thread takes this VP's turns. */
    boolean onItsThread() {
        return thread == Thread.currentThread();
    }

    /** {@link VirtualProcessor#call}. @param caller the work of the VP whose thread calls; null for another's */
    void call(Runnable action, VpWork caller) {
        CompletableFuture<Void> done = null;
        synchronized (lock) {
            if (thread != null && thread != Thread.currentThread()) {
                CompletableFuture<Void> future = new CompletableFuture<>();
                queue.add(() -> {
                    try {
                        action.run();
                        future.complete(null);
                    } catch (RuntimeException | Error failure) {
                        future.completeExceptionally(failure);
                    }
                });
                done = future;
            } else if (thread == null) {
                // Nobody runs this VP, and with the lock held nobody starts to.
                action.run();
                return;
            }
        }
        if (done == null) {
            action.run();
            return;
        }
        requests.raise(VpRequests.WORK);
        if (caller != null) {
            caller.serveUntil(done);
        }
        try {
            done.join();
        } catch (CompletionException failed) {
            switch (failed.getCause()) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw failed;
            }
        }
    }

    /** {@link VirtualProcessor#callFrom}. @param caller the work of the VP whose thread calls */
    void callFrom(VpWork caller, Runnable action) {
        FutureTask<Void> task = new FutureTask<>(action, null);
        if (onItsThread()) {
            // Without the lock: whoever this waits for may be asking something of this VP.
            task.run();
        } else if (queued(task)) {
            requests.raise(VpRequests.WORK);
        }
        caller.serveUntil(task);
        if (task.state() == Future.State.FAILED) {
            throw new IllegalStateException("VP " + vp + " could not do it", task.exceptionNow());
        }
    }

    /** Waits for what another VP does, and does what is asked of this one meanwhile: two VPs may ask something of each other. */
    private void serveUntil(Future<?> done) {
        for (int spins = 0; !done.isDone(); spins++) {
            serve();
            if (spins < SPINS_BEFORE_NAP) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    /** @return false where nobody runs this VP, and the task has been run here: with the lock held nobody starts to */
    private boolean queued(Runnable task) {
        synchronized (lock) {
            if (thread == null) {
                task.run();
                return false;
            }
            queue.add(task);
            return true;
        }
    }

    /** Does all that there is. The VP's thread. */
    void serve() {
        while (true) {
            Runnable next;
            synchronized (lock) {
                next = queue.poll();
            }
            if (next == null) {
                return;
            }
            next.run();
        }
    }
}
