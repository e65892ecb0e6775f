package portcullis.hypervisor.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.Clock;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.trace.TraceEvent.Kind;

class VpTraceTest {
    private static final List<Wait> CIRCLE = List.of(
            new Wait(3, 0, 1, InhibitReason.INTERCEPT.bit(), 1),
            new Wait(1, 0, 3, InhibitReason.TLB_LOCKED_BY_1.bit(), 3));

    private long ticks;
    private long frequency = 1_000_000_000L;

    private final List<TraceEvent> seen = new ArrayList<>();
    private final PartitionTrace partition = new PartitionTrace(new Clock() {
        @Override
        public long ticks() {
            return ticks;
        }

        @Override
        public long frequency() {
            return frequency;
        }
    });
    private final VpTrace vp = partition.vp(3);

    private At at(long time, int vtl) {
        return new At(time, partition.number(), 3, vtl);
    }

    /** Other tests may run partitions meanwhile. */
    private void keep(TraceEvent event) {
        if (event.at().partition() == partition.number()) {
            seen.add(event);
        }
    }

    private Tracing.Subscription watch(Kind... kinds) {
        return Tracing.subscribe(Set.of(kinds), this::keep);
    }

    @Test
    void shouldTakeHypercallsApart() {
        try (var _ = watch(Kind.HYPERCALL)) {
            ticks = 100;
            long began = vp.begin();
            ticks = 350;
            vp.hypercall(1, began, 3L | 1 << 16 | 16L << 32 | 5L << 48, 0x0005L | 7L << 32);
        }
        assertEquals(
                List.of(new TraceEvent.Hypercall(
                        at(100, 1), 3, "HvCallFlushVirtualAddressList", true, 5, 16, 7, 5, 250)),
                seen);
    }

    @Test
    void shouldLeaveOutWhatNobodyWants() {
        try (var _ = watch(Kind.INTERRUPT)) {
            vp.eventFlag(0, 1, 1);
            vp.injected(0, 0x80);
            assertTrue(Tracing.wants(Kind.INTERRUPT));
        }
        vp.injected(0, 0x81);
        assertEquals(List.of(new TraceEvent.Interrupt(at(0, 0), 0x80)), seen);
    }

    @Test
    void shouldGiveEachWatcherItsKinds() {
        List<TraceEvent> others = new ArrayList<>();
        try (var _ = watch(Kind.SUSPEND);
                var _ = Tracing.subscribe(EnumSet.allOf(Kind.class), event -> {
                    if (event.at().partition() == partition.number()) {
                        others.add(event);
                    }
                })) {
            vp.suspended(0, 1, 0x1000, 2);
            vp.runState(0, RunState.SUSPENDED);
        }
        assertEquals(1, seen.size());
        assertEquals(2, others.size());
    }

    @Test
    void shouldDropAWatcherThatThrows() {
        try (var _ = Tracing.subscribe(Set.of(Kind.CYCLE), event -> {
                    seen.add(event);
                    throw new IllegalStateException("broken");
                });
                var _ = watch(Kind.CYCLE)) {
            vp.cycle(0, CIRCLE);
            assertEquals(2, seen.size());
            vp.cycle(0, CIRCLE);
            assertEquals(3, seen.size());
        }
        assertEquals(
                new TraceEvent.Cycle(
                        at(0, 0),
                        "vp 3 (vtl 0) waits on vp 1, held by intercept through vp 1; "
                                + "vp 1 (vtl 0) waits on vp 3, held by tlb locked by 1 through vp 3"),
                seen.getFirst());
    }

    @Test
    void shouldSayForWhatReasonsFlushesAreInhibited() {
        try (var _ = watch(Kind.INHIBIT, Kind.LIFT)) {
            vp.inhibited(0, vp.begin(), InhibitReason.HOST, 2);
            vp.lifted(0, vp.begin(), InhibitReason.HOST.bit() | InhibitReason.INTERCEPT.bit(), true, 1);
        }
        assertEquals(
                List.of(
                        new TraceEvent.Inhibit(at(0, 0), "host", 0, 2),
                        new TraceEvent.Lift(at(0, 0), "host, intercept", true, 1, 0)),
                seen);
    }

    @Test
    void shouldLeaveOutShortExits() {
        ExitDetails exit = new ExitDetails();
        exit.reason = ExitReason.PORT_WRITE;
        exit.port = 0x3f8;
        try (var _ = Tracing.subscribe(Set.of(Kind.EXIT), 10, this::keep)) {
            for (int took : new int[] {9, 10}) {
                ticks = 1000;
                long began = vp.begin();
                ticks += took;
                vp.exited(0, began, exit);
            }
        }
        assertEquals(List.of(new TraceEvent.Exit(at(1000, 0), ExitReason.PORT_WRITE, 0x3f8, 10)), seen);
    }

    @Test
    void shouldCountNothingFromBeforeItWasWatched() {
        ticks = 5000;
        long began = vp.begin();
        try (var _ = watch(Kind.HYPERCALL, Kind.RESUME)) {
            ticks = 6000;
            vp.hypercall(0, began, 8, 0);
            vp.resumed(0, began, 1, ResumeReason.RESET);
        }
        assertEquals(
                List.of(
                        new TraceEvent.Hypercall(at(6000, 0), 8, "HvCallNotifyLongSpinWait", false, 0, 0, 0, 0, 0),
                        new TraceEvent.Resume(at(6000, 0), 1, ResumeReason.RESET, 0)),
                seen);
    }

    @Test
    void shouldTellTimeInNanosecondsWhateverTheClock() {
        frequency = 3_000_000_000L;
        ticks = 4_500_000_000L * 1000;
        VpTrace other = new PartitionTrace(new Clock() {
                    @Override
                    public long ticks() {
                        return ticks;
                    }

                    @Override
                    public long frequency() {
                        return frequency;
                    }
                })
                .vp(0);
        List<Long> times = new ArrayList<>();
        try (var _ = Tracing.subscribe(
                Set.of(Kind.VTL_ENTRY), event -> times.add(event.at().time()))) {
            other.vtlEntered(0, 1, "call");
        }
        assertEquals(List.of(1_500_000_000L * 1000), times);
    }

    @Test
    void shouldAllocateNothingWhileNobodyWatches() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        ExitDetails exit = new ExitDetails();
        long[] targets = {3};
        everything(exit, targets);
        assertFalse(Tracing.wants(Kind.HYPERCALL));
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 1000; i++) {
            everything(exit, targets);
        }
        // Asking itself allocates a little.
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before < 1000);
    }

    private void everything(ExitDetails exit, long[] targets) {
        long began = vp.begin();
        vp.hypercall(0, began, 2, 0);
        vp.flushed(0, targets, 0, 0, 0);
        vp.exited(0, began, exit);
        vp.injected(0, 0x30);
        vp.message(0, 2, 1, 8, false);
        vp.eventFlag(0, 2, 1);
        vp.timer(0, 0, 2, -1, 0);
        vp.suspended(0, 1, 0, 2);
        vp.resumed(0, began, 1, ResumeReason.LIFTED);
        vp.inhibited(0, began, InhibitReason.HOST, 0);
        vp.lifted(0, began, InhibitReason.ALL, true, 0);
        vp.cycle(0, CIRCLE);
        vp.vtlEntered(0, 1, "call");
        vp.vtlReturned(1, 0, "call");
        vp.intercepted(0, "memory", 0, "read");
        vp.runState(0, RunState.RUNNING);
    }

    @ParameterizedTest
    @CsvSource({"0,none", "1,0", "3,'0,1'", "7,0-2", "9,'0,3'", "-1,0-63", "-9223372036854775808,63"})
    void shouldWriteSetsShortly(long set, String text) {
        assertEquals(text, VpList.text(new long[] {set, 0}));
    }

    @Test
    void shouldWriteRunsAcrossWords() {
        assertEquals("62-65", VpList.text(new long[] {3L << 62, 3}));
    }
}
