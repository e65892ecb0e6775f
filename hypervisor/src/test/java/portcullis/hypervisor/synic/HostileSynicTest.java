package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** Guests that do anything with their registers and pages, and a host that sends all the while. */
class HostileSynicTest {
    private static final int STEPS = 40_000;

    private final SynicBench bench = new SynicBench(1);
    private final Synic synic = bench.synic();
    private final MessagePort port = bench.connections.createMessagePort(1, new PortTarget(0, 0, 3));
    private final MessageBuffers buffers = new MessageBuffers(4);

    /** Values that are near something, and any others. */
    private static long value(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(4);
            case 1 -> random.nextInt(16) * 0x1000L | random.nextInt(4);
            case 2 -> random.nextInt(1 << 20);
            case 3 -> 0x10 + random.nextInt(0xf0) | (long) random.nextInt(8) << 16;
            case 4 -> -1L >>> random.nextInt(64);
            default -> random.nextLong();
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldComeToNothingButStatuses(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> synic.writeMsr(HvMsr.SCONTROL + random.nextInt(0x40), value(random));
                case 3 -> bench.view.putInt(random.nextInt(0x4000) * 4, random.nextBoolean() ? 0 : random.nextInt());
                case 4 -> bench.timeIs(bench.now() + random.nextInt(1000));
                case 5 -> status(port.post(1, new byte[random.nextInt(241)]));
                case 6 -> status(synic.post(random.nextInt(16), SynicBench.message(step), buffers));
                case 7 -> status(synic.signal(random.nextInt(16), random.nextInt(2048)));
                case 8 -> {
                    LocalApic apic = bench.apic();
                    if (apic.deliverable() != LocalApic.NONE) {
                        apic.acknowledge();
                    } else {
                        apic.receive(DeliveryMode.FIXED, random.nextInt(256), false);
                    }
                }
                default -> bench.apic().endOfInterrupt();
            }
        }
        SynicState state = synic.save();
        int waiting = state.queues().stream().mapToInt(List::size).sum();
        assertTrue(waiting <= 16 + 4 + 4, waiting + " messages wait");
        synic.restore(state, bench.connections);
        synic.reset();
        assertEquals(0, buffers.used());
        assertEquals(0, port.buffers().used());
        assertTrue(bench.memory.view(0).readable(0, 0x100000));
        for (long gpa = 0; gpa < 0x100000; gpa += 0x1000) {
            assertTrue(!bench.view.isOverlaid(gpa), "an overlay is left at 0x%x".formatted(gpa));
        }
        bench.close();
    }

    private static void status(int status) {
        assertTrue(
                status == HvStatus.SUCCESS
                        || status == HvStatus.INSUFFICIENT_BUFFERS
                        || status == HvStatus.INVALID_SYNIC_STATE,
                HvStatus.name(status));
    }
}
