package portcullis.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.PartitionConfig;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VpDriver;
import portcullis.hypervisor.VpObserver;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.hypervisor.time.GuestTime;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.tlfs.HvStatus;

/** A partition of the real hypervisor over the software engine's processors, and what the fuzzer sees of it. */
final class Machine implements AutoCloseable {
    // Connections that guests can use, by what is at their end.
    static final int MESSAGES_TO_HOST = 1;
    static final int EVENTS_TO_HOST = 2;
    static final int MESSAGES_TO_GUEST = 3;
    static final int EVENTS_TO_GUEST = 4;

    final Variant variant;
    final HypervConfig config;
    final GuestMemory memory = Layout.memory();
    final Partition partition;
    final List<VirtualProcessor> vps;
    /** The last exit of each VP, or null: the observer of its turns sets it. */
    final ExitReason[] exits;

    final long[] exitValues;

    /** @param driver takes the VPs' turns, or leaves that to the caller */
    Machine(Variant variant, GuestTime time, VpDriver driver) {
        this.variant = variant;
        config = variant.config();
        Layout.fill(memory);
        int count = variant.processors;
        CpuModel model = new CpuModel(
                CpuModel.Vendor.INTEL,
                CpuModel.available(),
                Layout.ADDRESS_BITS,
                count,
                time.clock().frequency());
        SoftEngine engine = new SoftEngine(memory, time.clock(), model, () -> new java.util.SplittableRandom(1));
        int[] apicIds = IntStream.range(0, count).map(vp -> vp * 3).toArray();
        PartitionConfig shape = new PartitionConfig(apicIds, new ApicFeatures(true, true, Layout.ADDRESS_BITS), config);
        partition = new Partition(memory, engine, time, shape, driver);
        vps = partition.processors();
        exits = new ExitReason[count];
        exitValues = new long[count];
        for (VirtualProcessor vp : vps) {
            vp.setObserver(new Watch(vp.index()));
        }
        connect();
    }

    private void connect() {
        var connections = partition.connections();
        connections.connect(MESSAGES_TO_HOST, message -> HvStatus.SUCCESS);
        connections.connect(EVENTS_TO_HOST, 32, (vp, vtl, connection, flag) -> {});
        connections.connect(MESSAGES_TO_GUEST, connections.createMessagePort(1, new PortTarget(0, 0, 2)));
        connections.connect(
                EVENTS_TO_GUEST, connections.createEventPort(2, new PortTarget(PortTarget.ANY_VP, 0, 3), 64, 128));
    }

    private final class Watch implements VpObserver {
        private final int vp;

        Watch(int vp) {
            this.vp = vp;
        }

        @Override
        public void exited(ExitDetails exit) {
            exits[vp] = exit.reason;
            exitValues[vp] = exit.reason == ExitReason.PORT_WRITE ? exit.port : 0;
        }

        @Override
        public void injected(int vector) {}
    }

    /** Lets the calling thread take every VP's turns. */
    void bindAll() {
        vps.forEach(vp -> vp.bind(Thread.currentThread()));
    }

    void unbindAll() {
        vps.forEach(VirtualProcessor::unbind);
    }

    /** How the run has ended, which no VP's thread is in the way of; null where it has not. */
    Outcome outcome() {
        try {
            return partition.awaitEnd(0, TimeUnit.NANOSECONDS);
        } catch (TimeoutException goesOn) {
            return null;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Several lines: who is in which state, and who waits for whom. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (VirtualProcessor vp : vps) {
            var context = vp.context();
            text.append("vp %d: %s, level %d, suspended on %d, inhibits %x, paused %b, wanted %b, last exit %s%n"
                    .formatted(
                            vp.index(),
                            context.activity(),
                            context.level(),
                            context.flushPass().waitingOn(),
                            vp.flushInhibitReasons(0),
                            vp.paused(),
                            vp.wanted(),
                            exits[vp.index()]));
        }
        return text.toString();
    }

    void forgetExits() {
        Arrays.fill(exits, null);
    }

    @Override
    public void close() {
        partition.close();
        memory.close();
    }
}
