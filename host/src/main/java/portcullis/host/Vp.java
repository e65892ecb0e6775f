package portcullis.host;

import java.util.Optional;
import java.util.Set;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.gate.InhibitReason;

/**
 * A virtual processor. What is asked of it here is asked of its active trust level; {@link #level} has the others, and more. Any thread,
 * also while the machine runs.
 */
public final class Vp {
    private final Machine machine;
    private final VirtualProcessor vp;

    Vp(Machine machine, VirtualProcessor vp) {
        this.machine = machine;
        this.vp = vp;
    }

    /** VP index (TLFS); 0 is the boot processor. Not the APIC id. */
    public int index() {
        return vp.index();
    }

    /** The trust level that is active: 0 to 2. */
    public int activeLevel() {
        machine.open();
        return vp.context().level();
    }

    /** A trust level of this VP, which the guest need not have enabled (yet). @param number 0 to 2 */
    public VpLevel level(int number) {
        return new VpLevel(machine, vp, number);
    }

    private VpLevel active() {
        return level(activeLevel());
    }

    /** A register's 64 bits. */
    public long register(Register register) {
        return active().register(register);
    }

    /** Sets a register. @throws IllegalArgumentException for a value that the processor could not hold */
    public void setRegister(Register register, long value) {
        active().setRegister(register, value);
    }

    /** What it is about. */
    public RunState state() {
        return active().state();
    }

    /** On whom it is suspended, since when, and where; empty where it is not. */
    public Optional<Suspension> suspension() {
        return active().suspension();
    }

    /** Guest memory by its virtual addresses. */
    public Memory memory() {
        return active().memory();
    }

    /** All registers and the next instruction as text, several lines. */
    public String describe() {
        return active().describe();
    }

    /**
     * The exceptions that it was given last and the instructions that it has executed last, a line each, the latest last. How many
     * instructions depends on the code: those of the last two stretches without a jump, 16 at most.
     */
    public String lastInstructions() {
        return active().ask(VirtualCpu::recent);
    }

    /** Has the local APIC receive an interrupt ({@link VpLevel#interrupt}). @param vector 16 to 255 */
    public void interrupt(int vector) {
        active().interrupt(vector);
    }

    /** Posts an NMI. */
    public void nmi() {
        active().nmi();
    }

    /** The SynIC message in a slot ({@link VpLevel#message}). @param sint 0 to 15 */
    public Optional<GuestMessage> message(int sint) {
        return active().message(sint);
    }

    /** Inhibits TLB flushes of the active level ({@link VpLevel#inhibitFlushes}). */
    public void inhibitFlushes() {
        active().inhibitFlushes();
    }

    /** Ends {@link #inhibitFlushes}. */
    public void liftFlushInhibit() {
        active().liftFlushInhibit();
    }

    /** Why flushes of the active level are inhibited; empty where they are not. */
    public Set<InhibitReason> flushInhibits() {
        return active().flushInhibits();
    }

    @Override
    public String toString() {
        return "vp " + vp.index();
    }
}
