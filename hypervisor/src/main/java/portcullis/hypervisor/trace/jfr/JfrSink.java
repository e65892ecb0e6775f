package portcullis.hypervisor.trace.jfr;

import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceListener;
import portcullis.hypervisor.trace.jfr.RecordedEvents.VpEvent;

/** Commits each event to the flight recorder. */
final class JfrSink implements TraceListener {
    @Override
    public void happened(TraceEvent event) {
        VpEvent recorded = switch (event) {
            case TraceEvent.Hypercall e -> recorded(e);
            case TraceEvent.Flush e -> recorded(e);
            case TraceEvent.Exit e -> recorded(e);
            case TraceEvent.Interrupt e -> recorded(e);
            case TraceEvent.Message e -> recorded(e);
            case TraceEvent.EventFlag e -> recorded(e);
            case TraceEvent.Timer e -> recorded(e);
            case TraceEvent.Suspend e -> recorded(e);
            case TraceEvent.Resume e -> recorded(e);
            case TraceEvent.Inhibit e -> recorded(e);
            case TraceEvent.Lift e -> recorded(e);
            case TraceEvent.Cycle e -> recorded(e);
            case TraceEvent.VtlEntry e -> recorded(e);
            case TraceEvent.VtlReturn e -> recorded(e);
            case TraceEvent.Intercept e -> recorded(e);
            case TraceEvent.RunStateChange e -> recorded(e);
        };
        At at = event.at();
        recorded.time = at.time();
        recorded.partition = at.partition();
        recorded.vp = at.vp();
        recorded.vtl = at.vtl();
        recorded.commit();
    }

    private static VpEvent recorded(TraceEvent.Hypercall e) {
        RecordedEvents.Hypercall to = new RecordedEvents.Hypercall();
        to.code = e.code();
        to.name = e.name();
        to.fast = e.fast();
        to.repStart = e.repStart();
        to.repCount = e.repCount();
        to.repsDone = e.repsDone();
        to.status = e.status();
        to.took = e.took();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Flush e) {
        RecordedEvents.Flush to = new RecordedEvents.Flush();
        to.targets = e.targets();
        to.space = e.space();
        to.ranges = e.ranges();
        to.flags = e.flags();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Exit e) {
        RecordedEvents.Exit to = new RecordedEvents.Exit();
        to.reason = e.reason().name();
        to.subject = e.subject();
        to.took = e.took();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Interrupt e) {
        RecordedEvents.Interrupt to = new RecordedEvents.Interrupt();
        to.vector = e.vector();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Message e) {
        RecordedEvents.Message to = new RecordedEvents.Message();
        to.sint = e.sint();
        to.type = e.type();
        to.size = e.size();
        to.queued = e.queued();
        return to;
    }

    private static VpEvent recorded(TraceEvent.EventFlag e) {
        RecordedEvents.EventFlag to = new RecordedEvents.EventFlag();
        to.sint = e.sint();
        to.flag = e.flag();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Timer e) {
        RecordedEvents.Timer to = new RecordedEvents.Timer();
        to.timer = e.timer();
        to.sint = e.sint();
        to.vector = e.vector();
        to.late = e.late();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Suspend e) {
        RecordedEvents.Suspend to = new RecordedEvents.Suspend();
        to.waitingOn = e.waitingOn();
        to.rip = e.rip();
        to.code = e.code();
        to.name = e.name();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Resume e) {
        RecordedEvents.Resume to = new RecordedEvents.Resume();
        to.waitedFor = e.waitedFor();
        to.why = e.why().name();
        to.suspended = e.suspended();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Inhibit e) {
        RecordedEvents.Inhibit to = new RecordedEvents.Inhibit();
        to.reason = e.reason();
        to.took = e.took();
        to.passing = e.passing();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Lift e) {
        RecordedEvents.Lift to = new RecordedEvents.Lift();
        to.reason = e.reason();
        to.last = e.last();
        to.resumed = e.resumed();
        to.took = e.took();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Cycle e) {
        RecordedEvents.Cycle to = new RecordedEvents.Cycle();
        to.cycle = e.cycle();
        return to;
    }

    private static VpEvent recorded(TraceEvent.VtlEntry e) {
        RecordedEvents.VtlEntry to = new RecordedEvents.VtlEntry();
        to.to = e.to();
        to.reason = e.reason();
        return to;
    }

    private static VpEvent recorded(TraceEvent.VtlReturn e) {
        RecordedEvents.VtlReturn to = new RecordedEvents.VtlReturn();
        to.to = e.to();
        to.reason = e.reason();
        return to;
    }

    private static VpEvent recorded(TraceEvent.Intercept e) {
        RecordedEvents.Intercept to = new RecordedEvents.Intercept();
        to.type = e.type();
        to.gpa = e.gpa();
        to.access = e.access();
        return to;
    }

    private static VpEvent recorded(TraceEvent.RunStateChange e) {
        RecordedEvents.RunStateChange to = new RecordedEvents.RunStateChange();
        to.state = e.state().name();
        return to;
    }
}
