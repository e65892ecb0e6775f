package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.TraceText;
import portcullis.hypervisor.trace.Tracing;

/** What is told of a suspension while the VPs run, and in which order. */
class SuspensionTraceTest {
    private final FakeMachine machine = FakeMachine.threaded(2);
    private final List<TraceEvent> seen = new CopyOnWriteArrayList<>();
    private final Tracing.Subscription watching =
            Tracing.subscribe(EnumSet.of(Kind.SUSPEND, Kind.RESUME, Kind.INHIBIT, Kind.LIFT, Kind.CYCLE), event -> {
                if (event.at().partition() == machine.partition.trace().number()) {
                    seen.add(event);
                }
            });

    @AfterEach
    void close() {
        watching.close();
        machine.close();
    }

    /** What a flush hypercall of VP 1 does where VP 1 inhibits flushes; VP 0 makes it. */
    private void suspendFirst() {
        machine.cpus.get(0).program = FakeMachine.script(cpu -> {
            VtlContext context = machine.vp(0).context();
            assertEquals(FlushPass.Entry.SUSPENDED, context.flushPass().enter(new long[] {2}));
            context.traceSuspend(0x1000, 2);
            return ExitReason.BUDGET;
        });
    }

    /** In order of time, as lines without the time: two threads tell, and a lift began before the resume that it caused. */
    private List<String> awaitEvents(int count) {
        FakeMachine.await(() -> seen.size() >= count);
        return seen.stream()
                .sorted(Comparator.comparingLong(event -> event.at().time()))
                .map(event -> TraceText.what(event).replaceAll("[0-9]+\\.[0-9]+ us", "some us"))
                .toList();
    }

    private void start() {
        machine.cpus.get(0).program = cpu -> ExitReason.BUDGET;
        machine.startAll();
    }

    /** The lift's callback may come when the level waits again already. */
    @Test
    void shouldTellTheEndOfAWaitBeforeTheBeginningOfTheNext() {
        VtlContext context = machine.vp(0).context();
        for (int i = 0; i < 2; i++) {
            machine.vp(1).inhibitFlushes(0);
            assertEquals(FlushPass.Entry.SUSPENDED, context.flushPass().enter(new long[] {2}));
            context.traceSuspend(0x1000, 2);
            machine.vp(1).liftFlushInhibit(0);
        }
        machine.vp(0).turn();
        assertEquals(
                List.of(Kind.SUSPEND, Kind.RESUME, Kind.SUSPEND, Kind.RESUME),
                seen.stream()
                        .map(TraceEvent::kind)
                        .filter(kind -> kind == Kind.SUSPEND || kind == Kind.RESUME)
                        .toList());
    }

    @Test
    void shouldTellWhoWaitsForWhomAndWhoIsResumed() {
        start();
        machine.vp(1).inhibitFlushes(0);
        machine.vp(1).inhibitFlushes(0);
        suspendFirst();
        awaitEvents(2);
        machine.vp(1).liftFlushInhibit(0);
        machine.vp(1).liftFlushInhibit(0);
        assertEquals(
                List.of(
                        "inhibiting flushes of vp 1 for host, waited some us for 0 flushes to pass",
                        "suspending vp 0 waiting on vp 1: HvCallFlushVirtualAddressSpace (0x0002) at 0x1000",
                        "lifting inhibit of vp 1 for host, gate open, 1 vp resumed, took some us",
                        "resuming vp 0 after waiting some us on vp 1: lifted"),
                awaitEvents(4));
        TraceEvent.Resume resume = only(TraceEvent.Resume.class);
        long since = only(TraceEvent.Suspend.class).at().time();
        assertTrue(resume.suspended() >= resume.at().time() - since, "from before it was told");
    }

    /** A VP that flushes itself while its own higher level holds the gate, and is not entered. */
    @Test
    void shouldTellOfACircleAndStayInHand() {
        start();
        machine.cpus.get(0).program = FakeMachine.script(cpu -> {
            VirtualProcessor vp = machine.vp(0);
            vp.inhibitFlushes(0, InhibitReason.INTERCEPT, vp, 1);
            assertEquals(FlushPass.Entry.SUSPENDED, vp.context().flushPass().enter(new long[] {1}));
            vp.context().traceSuspend(0x1000, 2);
            vp.reportCircle();
            return ExitReason.BUDGET;
        });
        awaitEvents(3);
        assertEquals(
                "vp 0 (vtl 0) waits on vp 0, held by intercept through vp 0",
                only(TraceEvent.Cycle.class).cycle());
        assertEquals(1, machine.partition.waitGraph().circles().size());
        machine.partition.pause();
        machine.partition.resume();
        machine.partition.reset();
        assertEquals(List.of(), machine.partition.waitGraph().waits());
    }

    private <T extends TraceEvent> T only(Class<T> type) {
        List<T> found = seen.stream().filter(type::isInstance).map(type::cast).toList();
        assertEquals(1, found.size());
        return found.getFirst();
    }

    @Test
    void shouldTellThatAResetEndsASuspension() {
        start();
        machine.vp(1).inhibitFlushes(0);
        suspendFirst();
        awaitEvents(2);
        machine.partition.reset();
        List<String> events = awaitEvents(4);
        assertEquals(
                Set.of(
                        "resuming vp 0 after waiting some us on vp 1: reset",
                        "lifting inhibit of vp 1 for host, gate open, 0 vps resumed, took some us"),
                Set.copyOf(events.subList(2, events.size())));
    }
}
