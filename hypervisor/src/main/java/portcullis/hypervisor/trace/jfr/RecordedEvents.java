package portcullis.hypervisor.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.Registered;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * The recorded forms, a class a record of {@link portcullis.hypervisor.trace.TraceEvent}, with the same names: {@link TraceReader}
 * goes by them.
 */
final class RecordedEvents {
    private RecordedEvents() {}

    @Category("Portcullis")
    @StackTrace(false)
    @Registered(false)
    abstract static class VpEvent extends Event {
        @Label("Guest Time")
        @Timespan
        long time;

        @Label("Partition")
        int partition;

        @Label("VP Index")
        int vp;

        @Label("VTL")
        int vtl;
    }

    @Name("portcullis.Hypercall")
    @Label("Hypercall")
    @Description("A hypercall completed, or one time slice of a rep call")
    @Registered
    static final class Hypercall extends VpEvent {
        @Label("Call Code")
        int code;

        @Label("Call Name")
        String name;

        @Label("Fast")
        @Description("Input in registers")
        boolean fast;

        @Label("Rep Start Index")
        int repStart;

        @Label("Rep Count")
        @Description("0 for a simple call")
        int repCount;

        @Label("Reps Completed")
        int repsDone;

        @Label("Status")
        @Description("HV_STATUS")
        int status;

        @Label("Took")
        @Timespan
        long took;
    }

    @Name("portcullis.Flush")
    @Label("Flush")
    @Description("A flush hypercall took effect on all its targets")
    @Registered
    static final class Flush extends VpEvent {
        @Label("Targets")
        @Description("VP indexes")
        String targets;

        @Label("Address Space")
        @MemoryAddress
        long space;

        @Label("Ranges")
        @Description("0 for whole address spaces")
        int ranges;

        @Label("Flags")
        @Description("HV_FLUSH_FLAGS")
        long flags;
    }

    @Name("portcullis.Exit")
    @Label("Exit")
    @Description("An exit from guest code was dealt with")
    @Registered
    static final class Exit extends VpEvent {
        @Label("Reason")
        String reason;

        @Label("Subject")
        @Description("Port, MSR or guest physical address, by reason")
        long subject;

        @Label("Took")
        @Timespan
        long took;
    }

    @Name("portcullis.Interrupt")
    @Label("Interrupt")
    @Description("An interrupt was given to the processor")
    @Registered
    static final class Interrupt extends VpEvent {
        @Label("Vector")
        @Description("2 is an NMI")
        int vector;
    }

    @Name("portcullis.Message")
    @Label("SynIC Message")
    @Registered
    static final class Message extends VpEvent {
        @Label("SINT")
        int sint;

        @Label("Message Type")
        int type;

        @Label("Payload Size")
        @DataAmount
        int size;

        @Label("Queued")
        @Description("The slot was busy")
        boolean queued;
    }

    @Name("portcullis.EventFlag")
    @Label("SynIC Event Flag")
    @Registered
    static final class EventFlag extends VpEvent {
        @Label("SINT")
        int sint;

        @Label("Flag")
        int flag;
    }

    @Name("portcullis.Timer")
    @Label("Synthetic Timer")
    @Description("A synthetic timer expired")
    @Registered
    static final class Timer extends VpEvent {
        @Label("Timer")
        int timer;

        @Label("SINT")
        @Description("-1 in direct mode")
        int sint;

        @Label("Vector")
        @Description("-1 unless in direct mode")
        int vector;

        @Label("Late")
        @Timespan
        long late;
    }

    @Name("portcullis.Suspend")
    @Label("Suspend")
    @Description("A flush hypercall met a shut gate")
    @Registered
    static final class Suspend extends VpEvent {
        @Label("Waiting On VP")
        int waitingOn;

        @Label("RIP")
        @MemoryAddress
        long rip;

        @Label("Call Code")
        int code;

        @Label("Call Name")
        String name;
    }

    @Name("portcullis.Resume")
    @Label("Resume")
    @Description("A suspended context goes on")
    @Registered
    static final class Resume extends VpEvent {
        @Label("Waited For VP")
        int waitedFor;

        @Label("Why")
        String why;

        @Label("Suspended For")
        @Timespan
        long suspended;
    }

    @Name("portcullis.Inhibit")
    @Label("Inhibit")
    @Description("Flushes of the VP are inhibited")
    @Registered
    static final class Inhibit extends VpEvent {
        @Label("Reason")
        String reason;

        @Label("Took")
        @Timespan
        long took;

        @Label("Flushes Passing")
        @Description("That the caller waited for")
        int passing;
    }

    @Name("portcullis.Lift")
    @Label("Lift")
    @Description("A reason to inhibit flushes of the VP is gone")
    @Registered
    static final class Lift extends VpEvent {
        @Label("Reason")
        String reason;

        @Label("Last")
        @Description("No other reason is left")
        boolean last;

        @Label("Contexts Resumed")
        int resumed;

        @Label("Took")
        @Timespan
        long took;
    }

    @Name("portcullis.Cycle")
    @Label("Circular Wait")
    @Description("Suspended VPs wait for each other")
    @Registered
    static final class Cycle extends VpEvent {
        @Label("Cycle")
        String cycle;
    }

    @Name("portcullis.VtlEntry")
    @Label("VTL Entry")
    @Registered
    static final class VtlEntry extends VpEvent {
        @Label("To VTL")
        int to;

        @Label("Reason")
        String reason;
    }

    @Name("portcullis.VtlReturn")
    @Label("VTL Return")
    @Registered
    static final class VtlReturn extends VpEvent {
        @Label("To VTL")
        int to;

        @Label("Reason")
        String reason;
    }

    @Name("portcullis.Intercept")
    @Label("Intercept")
    @Description("An access is reported to a higher trust level")
    @Registered
    static final class Intercept extends VpEvent {
        @Label("Type")
        String type;

        @Label("Guest Physical Address")
        @MemoryAddress
        long gpa;

        @Label("Access")
        String access;
    }

    @Name("portcullis.RunStateChange")
    @Label("Run State")
    @Registered
    static final class RunStateChange extends VpEvent {
        @Label("State")
        String state;
    }
}
