package portcullis.fuzz;

import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VpDriver;

/** A machine whose VPs' turns the calling thread takes, with what watches its memory, used for one program after another. */
final class Bench implements AutoCloseable {
    private final SteppedTime time = new SteppedTime();
    private final Machine machine;
    private final MemoryGuard guard;
    private final OverlayRules overlays;

    Bench(Variant variant) {
        machine = new Machine(variant, time, new VpDriver() {
            @Override
            public void start(Partition partition, java.util.List<VirtualProcessor> processors) {
                processors.forEach(vp -> vp.bind(Thread.currentThread()));
            }

            @Override
            public void join() {}
        });
        machine.partition.start();
        guard = new MemoryGuard(machine.memory);
        overlays = new OverlayRules(machine.partition);
    }

    Machine machine() {
        return machine;
    }

    SteppedTime time() {
        return time;
    }

    MemoryGuard guard() {
        return guard;
    }

    OverlayRules overlays() {
        return overlays;
    }

    /** Makes everything as it was at first. */
    void restart() {
        machine.unbindAll();
        machine.partition.reset();
        machine.bindAll();
        machine.forgetExits();
        // A partition that had trust levels zeroes its memory.
        guard.restore(machine.variant.trustLevels > 0);
        time.restart();
        overlays.check("after a reset");
    }

    CallStep.Pages pages(Choices choose) {
        return new CallStep.Pages() {
            @Override
            public long input(int bytes) {
                return Values.parameters(choose, bytes);
            }

            @Override
            public long output(int bytes) {
                return Values.parameters(choose, bytes);
            }

            @Override
            public void write(long gpa, byte[] from, int length) {
                if (guard.writable(gpa)) {
                    int room = Layout.PAGE - (int) (gpa & Layout.PAGE - 1);
                    guard.write(gpa, from, 0, Math.min(length, room));
                }
            }

            @Override
            public void check(long from, long to, Object context) {
                guard.check(from, to, context);
            }

            @Override
            public void takeOver() {
                guard.absorbAll();
            }

            @Override
            public boolean quiet() {
                return true;
            }
        };
    }

    @Override
    public void close() {
        machine.unbindAll();
        machine.close();
    }
}
