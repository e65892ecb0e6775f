package portcullis.soft.block;

import portcullis.engine.Clock;
import portcullis.memory.GuestMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.ExitSignal;
import portcullis.soft.cpu.Fault;
import portcullis.soft.model.CpuModel;
import portcullis.soft.protect.EventDelivery;
import portcullis.soft.state.State;

/**
 * Delivery of events by the loop: faults of instructions, and what the outside has injected. An event whose delivery the
 * view's protections refuse is not lost: it waits, or is raised again by its instruction.
 */
abstract class Events extends Cpu {
    private final EventDelivery events = new EventDelivery();
    final Trail trail = new Trail();

    /** Of the context that executes. */
    PendingEvents pending = new PendingEvents();

    Events(GuestMemory memory, Clock clock, CpuModel model) {
        super(memory, clock, model);
    }

    /** No instruction of a block is under way any more. */
    abstract void leaveBlock();

    final boolean deliverNmi() {
        pending.nmis--;
        nmiBlocked = true;
        try {
            return deliver(Fault.NMI, EventDelivery.Kind.NMI, false, 0);
        } catch (ExitSignal s) {
            if (pending.vector < 0) {
                pending.nmis++;
                nmiBlocked = false;
            }
            throw s;
        }
    }

    final boolean deliverPending() {
        int vector = pending.vector;
        pending.vector = -1;
        attentionChanged();
        try {
            return deliver(vector, pending.kind, pending.hasError, pending.error);
        } catch (ExitSignal s) {
            if (pending.vector < 0) {
                pending.vector = vector;
            }
            throw s;
        }
    }

    final boolean deliverFault(Fault f) {
        boolean trap = f.trap;
        int bits = debugBits;
        try {
            return deliver(f.vector, EventDelivery.Kind.EXCEPTION, f.hasErrorCode, f.errorCode, trap);
        } catch (ExitSignal s) {
            // A fault is raised again by its instruction, a debug trap is not.
            if (trap && pending.vector < 0) {
                breakpointsHit |= bits;
            }
            throw s;
        }
    }

    private boolean deliver(int vector, EventDelivery.Kind kind, boolean hasError, int error) {
        return deliver(vector, kind, hasError, error, true);
    }

    /**
     * Delivers an event; faults on the way escalate (SDM table 6-5). Where protections refuse an access, the caller keeps the
     * event for later, unless another is pending now.
     *
     * @return false for a triple fault
     */
    private boolean deliver(int firstVector, EventDelivery.Kind kind, boolean hasError, int error, boolean trap) {
        int vector = firstVector;
        EventDelivery.Kind how = kind;
        boolean withError = hasError;
        int code = error;
        boolean asTrap = trap;
        boolean switched = false;
        leaveBlock();
        if (kind == EventDelivery.Kind.EXCEPTION) {
            trail.exception(vector, code, rip(), field(State.CR2), false);
        }
        while (true) {
            long ripBefore = rip();
            openBus = true;
            try {
                events.deliver(this, vector, how, withError, code, ripBefore, !asTrap);
                shadow = 0;
                return true;
            } catch (Fault nested) {
                if (!nested.taskSwitched) {
                    rip(ripBefore);
                }
                trail.exception(nested.vector, nested.errorCode, ripBefore, field(State.CR2), true);
                if (how == EventDelivery.Kind.EXCEPTION && vector == Fault.DF) {
                    return false;
                }
                boolean escalates = how == EventDelivery.Kind.EXCEPTION
                        && (contributory(vector) && contributory(nested.vector)
                                || vector == Fault.PF && (nested.vector == Fault.PF || contributory(nested.vector)));
                how = EventDelivery.Kind.EXCEPTION;
                asTrap = false;
                vector = escalates ? Fault.DF : nested.vector;
                withError = escalates || nested.hasErrorCode;
                code = escalates ? 0 : nested.errorCode;
                switched |= nested.taskSwitched;
            } catch (ExitSignal refused) {
                rip(ripBefore);
                if (switched) {
                    // What led to the task switch is done with; what the new task has met is still to be delivered.
                    pending.inject(vector, how, withError, code);
                }
                throw refused;
            } finally {
                openBus = false;
            }
        }
    }

    private static boolean contributory(int vector) {
        return vector == Fault.DE || vector >= Fault.TS && vector <= Fault.GP;
    }
}
