package portcullis.host;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import portcullis.engine.ExitDetails;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.FlushInhibit;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.message.SynicMessages;
import portcullis.tlfs.register.SynicRegisters;

/**
 * One trust level of a VP: its registers, its memory, its interrupts and its flush gate. Any thread, also while the machine runs: then the
 * VP comes out of guest code for a moment.
 *
 * <p>Where a level is not enabled on the VP all methods but {@link #number} throw {@link IllegalArgumentException}.
 */
public final class VpLevel {
    private static final int FIRST_VECTOR = 16;
    private static final int LAST_VECTOR = 255;

    private final Machine machine;
    private final VirtualProcessor vp;
    private final int level;

    VpLevel(Machine machine, VirtualProcessor vp, int level) {
        this.machine = machine;
        this.vp = vp;
        this.level = level;
    }

    /** 0 to 2. */
    public int number() {
        return level;
    }

    private VtlContext context() {
        machine.open();
        VtlContext context = level < 0 || level >= Partition.TRUST_LEVELS ? null : vp.context(level);
        if (context == null) {
            throw new IllegalArgumentException(
                    "vp %d has no trust level %d; the guest enables levels above 0, and hyperv must be vsm for that"
                            .formatted(vp.index(), level));
        }
        return context;
    }

    /** On the VP's thread, with this level's registers in the CPU. */
    <T> T ask(Function<VirtualCpu, T> question) {
        context();
        return machine.look(partition -> answered(question));
    }

    private <T> T answered(Function<VirtualCpu, T> question) {
        Object[] answer = new Object[1];
        vp.call(() -> {
            VirtualCpu cpu = vp.cpu();
            int active = cpu.context();
            if (active == level) {
                answer[0] = question.apply(cpu);
                return;
            }
            cpu.switchContext(level);
            try {
                answer[0] = question.apply(cpu);
            } finally {
                cpu.switchContext(active);
            }
        });
        @SuppressWarnings("unchecked")
        T value = (T) answer[0];
        return value;
    }

    private void change(Consumer<VirtualCpu> action) {
        ask(cpu -> {
            action.accept(cpu);
            return null;
        });
    }

    // Registers

    /** A register's 64 bits. */
    public long register(Register register) {
        return ask(cpu -> cpu.get(register));
    }

    /**
     * Sets a register.
     *
     * @throws IllegalArgumentException for a value that the processor could not hold
     */
    public void setRegister(Register register, long value) {
        change(cpu -> {
            if (!cpu.accepts(register, value)) {
                throw new IllegalArgumentException(
                        "%s cannot hold 0x%x; give a value without reserved bits".formatted(register, value));
            }
            cpu.set(register, value);
        });
    }

    /** A segment register with its hidden part. */
    public Segment segment(SegmentRegister register) {
        return ask(cpu -> cpu.segment(register));
    }

    /** Sets a segment register, hidden part and all, without the checks that an instruction would make. */
    public void setSegment(SegmentRegister register, Segment value) {
        change(cpu -> cpu.setSegment(register, value));
    }

    /**
     * A vector register, YMM 0 to 15.
     *
     * @return four quarters of 8 bytes, the lowest first; XMM is the first two
     */
    public long[] vector(int register) {
        if (register < 0 || register > 15) {
            throw new IllegalArgumentException("there are vector registers 0 to 15, not " + register);
        }
        return ask(cpu -> {
            long[] quarters = new long[4];
            for (int part = 0; part < quarters.length; part++) {
                quarters[part] = cpu.vector(register, part);
            }
            return quarters;
        });
    }

    /**
     * A model specific register of the processor core, or a synthetic one of the SynIC.
     *
     * @param number as RDMSR has it
     * @throws IllegalArgumentException for one that neither keeps
     */
    public long msr(int number) {
        VtlContext context = context();
        return ask(cpu -> {
            ExitDetails synthetic = new ExitDetails();
            return context.synic().readMsr(number, synthetic) ? synthetic.value : cpu.msr(number);
        });
    }

    /** All registers and the next instruction as text, several lines. */
    public String describe() {
        return ask(VirtualCpu::describe);
    }

    // What it is about

    /** What the level is about. */
    public RunState state() {
        VtlContext context = context();
        if (context.flushPass().suspended()) {
            return RunState.SUSPENDED;
        }
        return switch (context.activity()) {
            case RUNNING -> RunState.RUNNING;
            case HALTED -> RunState.HALTED;
            case IDLE -> RunState.IDLE;
            case WAIT_FOR_STARTUP -> RunState.WAIT_FOR_STARTUP;
        };
    }

    /** On whom it is suspended, since when, and where; empty where it is not. */
    public Optional<Suspension> suspension() {
        int waitingOn = context().flushPass().waitingOn();
        if (waitingOn < 0) {
            return Optional.empty();
        }
        TraceEvent.Suspend told = machine.switchboard().suspension(vp.index(), level);
        long since = told == null ? machine.began() : told.at().time();
        return Optional.of(new Suspension(waitingOn, since, register(Register.RIP)));
    }

    // Memory

    /** By virtual addresses of this level: through its page tables, or without paging as they are. */
    public Memory memory() {
        context();
        return new VirtualMemory(machine, this);
    }

    // Interrupts and messages

    /**
     * Has the level's local APIC receive an interrupt, edge-triggered, as if a device had sent it. It waits there until the guest takes it;
     * it is lost where the APIC is disabled.
     *
     * @param vector 16 to 255
     */
    public void interrupt(int vector) {
        if (vector < FIRST_VECTOR || vector > LAST_VECTOR) {
            throw new IllegalArgumentException(
                    "local APICs take vectors %d to %d, not %d".formatted(FIRST_VECTOR, LAST_VECTOR, vector));
        }
        context().apic().receive(DeliveryMode.FIXED, vector, false);
    }

    /** Posts an NMI. */
    public void nmi() {
        context().apic().latchNmi();
    }

    /**
     * The SynIC message that lies in a slot of this level's message page, where the guest has enabled one.
     *
     * @param sint synthetic interrupt source, 0 to 15
     * @return empty where the slot is, too
     */
    public Optional<GuestMessage> message(int sint) {
        if (sint < 0 || sint >= SynicRegisters.SINT_COUNT) {
            throw new IllegalArgumentException("synthetic interrupt sources are 0 to 15, not " + sint);
        }
        ExitDetails page = new ExitDetails();
        context().synic().readMsr(HvMsr.SIMP, page);
        if ((page.value & SynicRegisters.PageRegister.ENABLE) == 0) {
            return Optional.empty();
        }
        Memory physical = machine.memory(level);
        long slot = (page.value & SynicRegisters.PageRegister.ADDRESS) + (long) sint * SynicMessages.SLOT_SIZE;
        int type = physical.getInt(slot + SynicMessages.Header.MESSAGE_TYPE);
        if (type == MessageType.NONE) {
            return Optional.empty();
        }
        int size = Math.min(
                physical.getByte(slot + SynicMessages.Header.PAYLOAD_SIZE), SynicMessages.Message.MAX_PAYLOAD_SIZE);
        byte[] payload = physical.read(slot + SynicMessages.Message.PAYLOAD, size);
        return Optional.of(new GuestMessage(vp.index(), level, type, payload));
    }

    // The flush gate (docs/gate.md)

    /**
     * Inhibits TLB flushes: from the return of this until {@link #liftFlushInhibit} no flush hypercall changes this level's TLB, and a VP
     * that asks for one is suspended. Idempotent.
     */
    public void inhibitFlushes() {
        context();
        set(FlushInhibit.SET);
    }

    /** Ends {@link #inhibitFlushes}; who waited goes on. Reasons of the guest's own stay. Idempotent. */
    public void liftFlushInhibit() {
        context();
        set(FlushInhibit.CLEAR);
    }

    private void set(FlushInhibit request) {
        machine.look(partition -> {
            partition.setFlushInhibit(vp.index(), level, request);
            return null;
        });
    }

    /** Why flushes are inhibited; empty where they are not. */
    public Set<InhibitReason> flushInhibits() {
        int bits = context().flushGate().reasons();
        EnumSet<InhibitReason> reasons = EnumSet.noneOf(InhibitReason.class);
        for (InhibitReason reason : InhibitReason.values()) {
            if ((bits & reason.bit()) != 0) {
                reasons.add(reason);
            }
        }
        return reasons;
    }
}
