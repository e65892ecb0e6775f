package portcullis.host;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.hyperv.GuestCrash;
import portcullis.hypervisor.schedule.SeededScheduler;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.Tracing;

/**
 * Where everything comes in that a machine tells, on whatever thread: kept for reports, and passed on to the run that waits for it.
 */
final class Switchboard implements SeededScheduler.Watch, AutoCloseable {
    /** Of which it hears always: what is asked for of suspensions must be known. */
    private static final EnumSet<Kind> NEEDED = EnumSet.of(Kind.SUSPEND, Kind.RESUME);

    private static final int SLICES = 12;

    private record Context(int vp, int level) {}

    private final SerialLog serial = new SerialLog();
    private final int capacity;
    private final Set<Kind> heard;
    private final Deque<TraceEvent> events = new ArrayDeque<>();
    private final Deque<String> slices = new ArrayDeque<>();
    private final Deque<String> troubles = new ArrayDeque<>();
    private final Map<Context, TraceEvent.Suspend> suspensions = new HashMap<>();
    private volatile Watcher watcher;
    private volatile GuestCrash crash;
    private volatile Partition partition;
    private final List<Tracing.Subscription> subscriptions = new ArrayList<>();

    /** @param capacity events that are kept; 0: none */
    Switchboard(int capacity) {
        this.capacity = capacity;
        // Exits are as many as all others together, and more.
        heard = capacity > 0 ? EnumSet.complementOf(EnumSet.of(Kind.EXIT)) : NEEDED;
    }

    /** From here on. Before the machine is started. */
    void connect(Partition made, SeededScheduler scheduler) {
        partition = made;
        made.onEnd(() -> {
            Watcher run = watcher;
            if (run != null) {
                run.ended();
            }
        });
        made.onBreakpoint(this::breakpoint);
        made.onGuestCrash(this::crashed);
        made.onReset(() -> crash = null);
        if (scheduler != null) {
            scheduler.setWatch(this);
        }
        subscriptions.add(subscribe(heard));
    }

    private Tracing.Subscription subscribe(Set<Kind> kinds) {
        int number = partition.trace().number();
        return Tracing.subscribe(kinds, event -> {
            if (event.at().partition() == number) {
                happened(event);
            }
        });
    }

    /** Passes on to {@code run} until {@link #endWatch}. @return what to close then */
    Tracing.Subscription watch(Watcher run) {
        EnumSet<Kind> more = EnumSet.noneOf(Kind.class);
        more.addAll(run.kinds());
        more.removeAll(heard);
        watcher = run;
        return more.isEmpty() ? () -> {} : subscribe(more);
    }

    void endWatch() {
        watcher = null;
    }

    Watcher watcher() {
        return watcher;
    }

    SerialLog serial() {
        return serial;
    }

    // What comes in

    private void happened(TraceEvent event) {
        synchronized (events) {
            Context where = new Context(event.at().vp(), event.at().vtl());
            if (event instanceof TraceEvent.Suspend suspend) {
                suspensions.put(where, suspend);
            } else if (event instanceof TraceEvent.Resume) {
                suspensions.remove(where);
            }
            keep(events, event, capacity);
        }
        Watcher run = watcher;
        if (run != null) {
            run.happened(event);
        }
    }

    private static <T> void keep(Deque<T> queue, T element, int capacity) {
        if (capacity > 0) {
            if (queue.size() == capacity) {
                queue.removeFirst();
            }
            queue.addLast(element);
        }
    }

    void said(int value) {
        serial.add(value);
        Watcher run = watcher;
        if (run != null) {
            run.said();
        }
    }

    void slice(String line) {
        synchronized (slices) {
            keep(slices, line, SLICES);
        }
    }

    void trouble(String line) {
        synchronized (troubles) {
            keep(troubles, line, SLICES);
        }
    }

    private void crashed(GuestCrash report) {
        crash = report;
        Watcher run = watcher;
        if (run != null) {
            run.crashed(report.vp());
        }
    }

    /** What the guest has reported last; null for nothing since it was reset. */
    GuestCrash crash() {
        return crash;
    }

    void received(Inbox inbox, int vp) {
        Watcher run = watcher;
        if (run != null) {
            run.received(inbox, vp);
        }
    }

    private void breakpoint(VirtualProcessor vp) {
        Watcher run = watcher;
        if (run != null) {
            VirtualCpu cpu = vp.cpu();
            long base = cpu.executes64BitCode()
                    ? 0
                    : cpu.segment(SegmentRegister.CS).base();
            run.cameTo(vp.index(), base + cpu.get(Register.RIP));
        }
    }

    @Override
    public void reached() {
        partition.pauseSoon();
        Watcher run = watcher;
        if (run != null) {
            run.timeCame();
        }
    }

    @Override
    public void stalled() {
        partition.pauseSoon();
        Watcher run = watcher;
        if (run != null) {
            run.stalled();
        }
    }

    // What was kept

    /** When and where a context was suspended; null where that was before this machine was. */
    TraceEvent.Suspend suspension(int vp, int level) {
        synchronized (events) {
            return suspensions.get(new Context(vp, level));
        }
    }

    List<TraceEvent> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    List<String> slices() {
        synchronized (slices) {
            return List.copyOf(slices);
        }
    }

    List<String> troubles() {
        synchronized (troubles) {
            return List.copyOf(troubles);
        }
    }

    void alsoClose(List<Tracing.Subscription> others) {
        subscriptions.addAll(others);
    }

    @Override
    public void close() {
        subscriptions.forEach(Tracing.Subscription::close);
        subscriptions.clear();
    }
}
