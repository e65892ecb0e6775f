package portcullis.hypervisor;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.gate.WaitGraph;

/** Looks for VPs that wait for each other at gates (docs/gate.md), and tells: traces each time, the listener once. Any VP's thread. */
final class CircleWatch {
    private final WaitGraph graph;
    private volatile Consumer<String> listener = circle -> {};
    /** Since the last reset. */
    private final AtomicBoolean told = new AtomicBoolean();

    CircleWatch(WaitGraph graph) {
        this.graph = graph;
    }

    WaitGraph graph() {
        return graph;
    }

    /** {@link Partition#onCircle}. */
    void onCircle(Consumer<String> hearer) {
        listener = hearer;
    }

    /** {@code vp} has come to be suspended: whether that has closed a circle. */
    void look(VirtualProcessor vp) {
        List<Wait> circle = graph.circle(vp.index());
        if (circle.isEmpty()) {
            return;
        }
        vp.trace().cycle(vp.context().level(), circle);
        if (told.compareAndSet(false, true)) {
            listener.accept("the guest's processors wait for each other, and nothing it executes ends that: "
                    + WaitGraph.describe(circle).replace("\n", "; "));
        }
    }

    void reset() {
        told.set(false);
    }
}
