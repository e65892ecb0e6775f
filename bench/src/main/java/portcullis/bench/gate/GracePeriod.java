package portcullis.bench.gate;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLongArray;
import portcullis.engine.ExitReason;
import portcullis.engine.VirtualCpu;

/**
 * How the kernel patch inhibits flushes: set a flag, then wait until every VP that was in the hypervisor has left it, for the
 * guest or to sleep (a sleepable read-copy-update domain: readers note the era in which they came in). Whoever flushes looks at
 * the flag inside; so after the wait nobody flushes who has not seen it. To compare with: no part of Portcullis.
 */
final class GracePeriod {
    /** A cache line a reader. */
    private static final int STRIDE = 16;

    private static final long OUTSIDE = 0;
    private static final int SPINS = 2000;

    private final int processors;
    private final AtomicLongArray readers;
    private volatile long era = 1;
    private volatile boolean inhibited;

    GracePeriod(int processors) {
        this.processors = processors;
        readers = new AtomicLongArray(processors * STRIDE);
    }

    /** The VP enters the hypervisor. */
    void enter(int vp) {
        readers.set(vp * STRIDE, era);
    }

    /** The VP enters guest mode, or sleeps. */
    void leave(int vp) {
        readers.set(vp * STRIDE, OUTSIDE);
    }

    void inhibit() {
        inhibited = true;
        synchronize();
    }

    void lift() {
        inhibited = false;
    }

    boolean inhibited() {
        return inhibited;
    }

    /** Waits for all readers that there are now; not for those that come. */
    private synchronized void synchronize() {
        long next = era + 1;
        era = next;
        for (int vp = 0; vp < processors; vp++) {
            int spins = 0;
            for (long seen = readers.get(vp * STRIDE);
                    seen != OUTSIDE && seen < next;
                    seen = readers.get(vp * STRIDE)) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
    }

    /** A processor around whose guest mode the VP is outside; and when it has halted, too. */
    VirtualCpu watched(VirtualCpu cpu) {
        int vp = cpu.index();
        InvocationHandler handler = (proxy, method, arguments) -> {
            boolean run = method.getName().equals("run");
            if (run) {
                leave(vp);
            }
            try {
                Object result = method.invoke(cpu, arguments);
                if (run && result != ExitReason.HALT) {
                    enter(vp);
                }
                return result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (VirtualCpu)
                Proxy.newProxyInstance(GracePeriod.class.getClassLoader(), new Class<?>[] {VirtualCpu.class}, handler);
    }
}
