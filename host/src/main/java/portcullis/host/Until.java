package portcullis.host;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.tlfs.HypercallCode;

/**
 * What a machine is to run until ({@link Machine#run}).
 *
 * <p>Some are states: where it is so already, the machine does not run at all. The others are events: those that happen from now on
 * count. By virtual time a machine stops at the same instruction in every run.
 */
public sealed interface Until {
    // How a run ends

    /** However the run ends. A state. */
    static Until ended() {
        return new Ended(outcome -> true, "the run has ended");
    }

    /** The guest ends the run with a status (isa-debug-exit, port 0xf4). A state. @param status {@code (value << 1) | 1} */
    static Until exit(int status) {
        return new Ended(
                outcome -> outcome instanceof Outcome.GuestExit(int code) && code == status,
                "the guest has ended the run with status " + status);
    }

    /** The guest switches the machine off. A state. */
    static Until powerOff() {
        return new Ended(outcome -> outcome instanceof Outcome.PowerOff, "the guest has switched the machine off");
    }

    /** The guest asks for a reset; {@link Machine#reset} gives it one. A state. */
    static Until guestReset() {
        return new Ended(outcome -> outcome instanceof Outcome.Reset, "the guest has asked for a reset");
    }

    /** A VP shuts down by triple fault. A state. */
    static Until tripleFault() {
        return new Ended(outcome -> outcome instanceof Outcome.TripleFault, "a vp has shut down by triple fault");
    }

    /** The guest has reported that it has crashed ({@link Machine#crash}); the run need not have ended. A state. */
    static Until crashed() {
        return new Crashed();
    }

    // What the processors are about

    /**
     * No VP has anything to execute: all have halted, are idle, or were never started, and what was sent to them meanwhile has woken
     * none. A state.
     */
    static Until halted() {
        return new Halted();
    }

    /** Some VP is suspended at a flush gate. A state. */
    static Until suspended() {
        return new Suspended(Suspended.ANY);
    }

    /** The active level of one VP is suspended at a flush gate. A state. @param vp its index */
    static Until suspended(int vp) {
        return new Suspended(vp);
    }

    /**
     * A VP comes to an instruction, and has not executed it. An event: a VP that stands there after such a stop executes it first.
     *
     * @param address linear: in 64-bit code RIP, else with the code segment's base
     */
    static Until address(long address) {
        return new Address(address);
    }

    // What the guest says

    /**
     * The guest has sent this on its first serial port, behind the last text that a run was until. A state: what is there already
     * counts, once.
     */
    static Until serial(String text) {
        return new Serial(text);
    }

    /** A message waits in an inbox. A state. */
    static Until received(Inbox inbox) {
        return new Received(inbox);
    }

    // Events

    /** A hypercall of this code completes, or a time slice of it. An event. */
    static Until hypercall(HypercallCode code) {
        return new Happened(
                EnumSet.of(Kind.HYPERCALL),
                event -> ((TraceEvent.Hypercall) event).code() == code.code(),
                code.specName() + " has completed");
    }

    /** A SynIC message is put into a slot of some VP, or queued for it. An event. @param sint synthetic interrupt source, 0 to 15 */
    static Until message(int sint) {
        return new Happened(
                EnumSet.of(Kind.MESSAGE),
                event -> ((TraceEvent.Message) event).sint() == sint,
                "a message has come on sint " + sint);
    }

    /**
     * An event of the trace (docs/tracing.md).
     *
     * @param kinds one or more
     * @param which is asked on the VP's thread: must be quick; what it throws ends the run with an IllegalStateException
     */
    static Until event(Set<Kind> kinds, Predicate<TraceEvent> which) {
        return new Happened(kinds, which, "an event of " + kinds);
    }

    // Time

    /** So much of the guest's time has passed from now on. An event. */
    static Until time(Duration time) {
        return new Passed(time.toNanos(), false);
    }

    /**
     * By virtual time: so many instructions have been executed from now on, by all VPs together; up to one block of instructions more.
     * While all VPs sleep time passes without instructions, and is counted as if they were executed. An event.
     */
    static Until instructions(long count) {
        return new Passed(count, true);
    }

    /** Whichever of these comes first; {@link Stop#reached} says which. */
    static Until any(Until... conditions) {
        return new Any(List.of(conditions));
    }

    /** In words, as in "the run has ended". */
    String describe();

    /**
     * The run has ended.
     *
     * @param which of the outcomes will do
     * @param describe in words
     */
    record Ended(Predicate<Outcome> which, String describe) implements Until {}

    /** {@link Until#crashed}. */
    record Crashed() implements Until {
        @Override
        public String describe() {
            return "the guest has reported a crash";
        }
    }

    /** {@link Until#halted}. */
    record Halted() implements Until {
        @Override
        public String describe() {
            return "all vps have halted";
        }
    }

    /** {@link Until#suspended}. @param vp index, or {@link #ANY} */
    record Suspended(int vp) implements Until {
        /** Whichever it is. */
        public static final int ANY = -1;

        @Override
        public String describe() {
            return vp == ANY ? "a vp is suspended" : "vp " + vp + " is suspended";
        }
    }

    /** {@link Until#address}. @param address linear */
    record Address(long address) implements Until {
        @Override
        public String describe() {
            return "a vp has come to 0x" + Long.toHexString(address);
        }
    }

    /** {@link Until#serial}. @param text some characters */
    record Serial(String text) implements Until {
        /** @throws IllegalArgumentException for none */
        public Serial {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("an empty text is there always; give some characters");
            }
        }

        @Override
        public String describe() {
            return "the guest has said \"" + text + "\"";
        }
    }

    /** {@link Until#received}. @param inbox of the machine that runs */
    record Received(Inbox inbox) implements Until {
        @Override
        public String describe() {
            return "a message waits that was posted to connection 0x" + Integer.toHexString(inbox.connection());
        }
    }

    /**
     * Something happens.
     *
     * @param kinds one or more
     * @param which of their events
     * @param describe in words
     */
    record Happened(Set<Kind> kinds, Predicate<TraceEvent> which, String describe) implements Until {
        /** @throws IllegalArgumentException for no kind */
        public Happened {
            if (kinds.isEmpty()) {
                throw new IllegalArgumentException("no kind of event never happens; give one at least");
            }
            kinds = Set.copyOf(kinds);
        }
    }

    /**
     * {@link Until#time}, {@link Until#instructions}.
     *
     * @param nanos of guest time, 1 or more
     * @param instructions whether they are meant as such
     */
    record Passed(long nanos, boolean instructions) implements Until {
        /** @throws IllegalArgumentException for less than 1 */
        public Passed {
            if (nanos < 1) {
                throw new IllegalArgumentException("say 1 or more, not " + nanos);
            }
        }

        @Override
        public String describe() {
            return nanos + (instructions ? " instructions have been executed" : " ns of guest time have passed");
        }
    }

    /** {@link Until#any}. @param conditions one or more */
    record Any(List<Until> conditions) implements Until {
        /** @throws IllegalArgumentException for none */
        public Any {
            if (conditions.isEmpty()) {
                throw new IllegalArgumentException("none of no conditions ever holds; give one at least");
            }
            conditions = List.copyOf(conditions);
        }

        @Override
        public String describe() {
            return String.join(", or ", conditions.stream().map(Until::describe).toList());
        }
    }

    /** Those that this one is made of: itself, where it is no {@link Any}. */
    default List<Until> parts() {
        if (!(this instanceof Any(List<Until> conditions))) {
            return List.of(this);
        }
        List<Until> parts = new ArrayList<>();
        conditions.forEach(condition -> parts.addAll(condition.parts()));
        return parts;
    }
}
