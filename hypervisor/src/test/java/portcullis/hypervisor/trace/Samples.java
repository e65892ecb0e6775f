package portcullis.hypervisor.trace;

import java.util.List;
import portcullis.engine.ExitReason;

/** Events for tests: of every kind one or more, a story in which VP 0 flushes VP 1, which is inhibited. */
public final class Samples {
    private Samples() {}

    /** In order of time. */
    public static List<TraceEvent> story() {
        return List.of(
                new TraceEvent.RunStateChange(at(0, 0, 0), RunState.RUNNING),
                new TraceEvent.RunStateChange(at(0, 1, 0), RunState.WAIT_FOR_STARTUP),
                new TraceEvent.RunStateChange(at(1_000, 1, 0), RunState.RUNNING),
                new TraceEvent.Interrupt(at(1_500, 1, 0), 0x31),
                new TraceEvent.Interrupt(at(1_600, 1, 0), 2),
                new TraceEvent.Inhibit(at(2_000, 1, 0), "host", 150, 2),
                new TraceEvent.Exit(at(3_000, 0, 0), ExitReason.HYPERCALL, 0, 900),
                new TraceEvent.Suspend(at(3_400, 0, 0), 1, 0xffffffff81001000L, 2, "HvCallFlushVirtualAddressSpace"),
                new TraceEvent.RunStateChange(at(3_500, 0, 0), RunState.SUSPENDED),
                new TraceEvent.Cycle(at(3_600, 0, 0), "vp 0 -> vp 1 -> vp 0"),
                new TraceEvent.VtlEntry(at(4_000, 1, 0), 1, "intercept"),
                new TraceEvent.Intercept(at(4_000, 1, 0), "memory", 0x1234000, "write"),
                new TraceEvent.VtlReturn(at(4_800, 1, 1), 0, "intercept"),
                new TraceEvent.Lift(at(5_000, 1, 0), "host", true, 1, 80),
                new TraceEvent.Resume(at(5_100, 0, 0), 1, ResumeReason.LIFTED, 1_700),
                new TraceEvent.RunStateChange(at(5_100, 0, 0), RunState.RUNNING),
                new TraceEvent.Exit(at(5_200, 0, 0), ExitReason.HYPERCALL, 0, 1_300),
                new TraceEvent.Hypercall(
                        at(5_200, 0, 0), 3, "HvCallFlushVirtualAddressList", true, 1, 16, 16, 0, 1_200),
                new TraceEvent.Flush(at(6_000, 0, 0), "1-2,7", 0x1aa000, 16, 0b1100),
                new TraceEvent.Hypercall(at(7_000, 0, 0), 0x7777, "", false, 0, 0, 0, 2, 10),
                new TraceEvent.Exit(at(8_000, 1, 0), ExitReason.PORT_WRITE, 0x3f8, 12_345),
                new TraceEvent.Message(at(8_100, 0, 0), 2, 0x80000010, 24, true),
                new TraceEvent.EventFlag(at(8_200, 0, 0), 3, 17),
                new TraceEvent.Timer(at(8_300, 0, 0), 0, 2, -1, 40),
                new TraceEvent.Timer(at(8_400, 0, 0), 1, -1, 0xec, 1_000_001),
                new TraceEvent.Flush(new At(12_000_000_345L, 1, 3, 0), "0-3", 0, 0, 3),
                new TraceEvent.RunStateChange(at(12_000_001_000L, 0, 0), RunState.HALTED));
    }

    private static At at(long time, int vp, int vtl) {
        return new At(time, 0, vp, vtl);
    }
}
