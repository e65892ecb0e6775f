package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.FlushInhibit;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.gate.FlushGate;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.Tracing;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.soft.model.CpuModel;

/**
 * Invariants 1, 2 and 4 of DESIGN.md, section 5, in disorder: all VPs change pages, flush each other and look for pages that are gone,
 * while the host shuts and opens their gates. The guest counts what it must not see. {@code scripts/storm.sh} does this for thousands
 * of seeds.
 *
 * <p>Fails with: {@code FlushCalls.pass}, without {@code awaitFlushSeen} (by the host's time, in some runs); {@code VpRunner.serve},
 * without {@code applyFlushes}; {@code FlushPass.suspend}, without the second look (by the host's time: no end); {@code FlushGate.lift},
 * without {@code wakeWaiters} (no end).
 */
@Timeout(300)
class GateStormTest {
    private static final Outcome RIGHT = new Outcome.GuestExit(1);
    private static final long LIMIT_SECONDS = 120;
    private static final long RAM = 32L << 20;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private static Pc machine(int processors, String words, TimeSource time) throws LoadException {
        BootFiles boot =
                new BootFiles(BundledGuest.path("flushstorm"), KernelLoader.Format.MULTIBOOT, List.of(), words);
        MachineConfig config =
                new MachineConfig(processors, RAM, boot, List.of(), time, ConsoleKind.SERIAL, HypervConfig.ON);
        return new Pc(
                config,
                new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available()),
                HostAttachments.serialOnly(value -> {}));
    }

    private static Tracing.Subscription countSuspensions(Partition partition, AtomicInteger count) {
        return Tracing.subscribe(EnumSet.of(Kind.SUSPEND), event -> {
            if (event.at().partition() == partition.trace().number()) {
                count.incrementAndGet();
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"2, cross 400, 1", "3, paced 400, 2", "4, cross 200, 1", "8, cross 60, 2"})
    void shouldShowNobodyAnOldPageByTheHostsTime(int processors, String words, int hosts) throws Exception {
        AtomicInteger suspensions = new AtomicInteger();
        AtomicBoolean ended = new AtomicBoolean();
        try (Pc pc = machine(processors, words, new TimeSource.Host())) {
            Partition partition = pc.partition();
            Tracing.Subscription watching = countSuspensions(partition, suspensions);
            Thread[] storm = new Thread[hosts];
            try {
                pc.start();
                for (int i = 0; i < hosts; i++) {
                    Random random = new Random(i);
                    storm[i] = Thread.ofPlatform().start(() -> {
                        while (!ended.get()) {
                            inhibitOne(partition, random, ended);
                        }
                    });
                }
                assertEquals(RIGHT, partition.awaitEnd(LIMIT_SECONDS, TimeUnit.SECONDS));
            } finally {
                ended.set(true);
                for (Thread thread : storm) {
                    if (thread != null) {
                        thread.join();
                    }
                }
                watching.close();
            }
        }
        assertTrue(suspensions.get() > 0, "nobody was ever suspended");
    }

    /** Every other time until somebody waits; else for a moment only. */
    private static void inhibitOne(Partition partition, Random random, AtomicBoolean ended) {
        int vp = random.nextInt(partition.processors().size());
        FlushGate gate = partition.gates(0).gate(vp);
        partition.setFlushInhibit(vp, 0, FlushInhibit.SET);
        if (random.nextBoolean()) {
            // Who runs comes to flush this one, or another thread of the host holds who would: it lifts, too.
            for (int spins = random.nextInt(100_000); spins > 0 && gate.waiting() == 0 && !ended.get(); spins--) {
                Thread.onSpinWait();
            }
        }
        partition.setFlushInhibit(vp, 0, FlushInhibit.CLEAR);
    }

    static Stream<Arguments> seeds() {
        String[] schedules = {"random", "random:20-300", "pct:3", "pct:10"};
        return Stream.iterate(0, seed -> seed < 28, seed -> seed + 1)
                .map(seed -> Arguments.of(2 + seed % 7, seed, schedules[seed % schedules.length]));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldShowNobodyAnOldPageInAnyInterleaving(int processors, int seed, String schedule) throws Exception {
        AtomicInteger suspensions = new AtomicInteger();
        TimeSource time = new TimeSource.Virtual(seed, Schedule.parse(schedule), 200_000_000, 500L * processors);
        try (Pc pc = machine(processors, "cross " + 60 / processors, time)) {
            Tracing.Subscription watching = countSuspensions(pc.partition(), suspensions);
            try {
                pc.start();
                assertEquals(RIGHT, pc.partition().awaitEnd(LIMIT_SECONDS, TimeUnit.SECONDS));
            } finally {
                watching.close();
            }
        }
        assertTrue(suspensions.get() > 0, "nobody was ever suspended");
    }
}
