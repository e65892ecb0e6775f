package portcullis.hypervisor.apic;

import portcullis.engine.ExitDetails;
import portcullis.hypervisor.time.Alarms;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A local APIC, xAPIC and x2APIC (SDM chapter 10), of one VP at one trust level. Thread-safe.
 *
 * <p>Three sides: the guest's (its page, its MSRs), the processor's ({@link #deliverable}, {@link #acknowledge}, the latches;
 * called by the VP's thread), and the world's ({@link #receive}, the LINT wires). Whenever the processor should look, the
 * {@link ApicOwner} is told.
 */
public final class LocalApic implements Saved {
    /** Answer of {@link #deliverable}: nothing. */
    public static final int NONE = -1;
    /** Answer of {@link #deliverable}: an interrupt whose vector the 8259 pair will name. */
    public static final int EXTERNAL = 0x100;

    public static final long DEFAULT_BASE = 0xfee00000L;
    public static final int BASE_BOOT_PROCESSOR = 1 << 8;
    public static final int BASE_X2APIC = 1 << 10;
    public static final int BASE_ENABLE = 1 << 11;
    private static final int PAGE = 0x1000;

    public static final int MSR_TSC_DEADLINE = 0x6e0;
    public static final int MSR_APIC_BASE = 0x1b;

    private static final ExternalInterruptController NO_CONTROLLER = new ExternalInterruptController() {
        @Override
        public boolean pending() {
            return false;
        }

        @Override
        public int acknowledge() {
            return 0xff;
        }
    };

    private final Object lock = new Object();
    private final int id;
    private final boolean bootProcessor;
    private final ApicFeatures features;
    private final InterruptFabric fabric;
    private final Alarms alarms;
    private final ApicState state;
    private volatile long base;
    private volatile ApicAddress address = ApicAddress.NONE;
    private volatile ExternalInterruptController controller = NO_CONTROLLER;
    private volatile EoiListener endOfInterruptListener = vector -> {};
    private final LazyEoi lazyEoi = new LazyEoi();

    /**
     * @param id APIC id after reset
     * @param bootProcessor whether IA32_APIC_BASE has the BSP flag after reset
     * @param fabric where its IPIs go; it announces itself there
     */
    public LocalApic(
            int id,
            boolean bootProcessor,
            ApicFeatures features,
            Alarms alarms,
            InterruptFabric fabric,
            ApicOwner owner) {
        this.id = id;
        this.bootProcessor = bootProcessor;
        this.features = features;
        this.fabric = fabric;
        this.alarms = alarms;
        ApicTimer timer = new ApicTimer(alarms.clock(), alarms.create("local APIC timer " + id, this::timerAlarm));
        state = new ApicState(id, features, timer, owner);
        base = baseAfterReset();
        fabric.add(this);
        publishAddress();
    }

    private long baseAfterReset() {
        return DEFAULT_BASE | BASE_ENABLE | (bootProcessor ? BASE_BOOT_PROCESSOR : 0);
    }

    /** The APIC id after reset, the x2APIC id. */
    public int id() {
        return id;
    }

    // Reset

    /** Power-up and reset: everything, the base included (SDM 10.4.7.1). The LINT wires stay as whoever drives them left them. */
    public void reset() {
        synchronized (lock) {
            base = baseAfterReset();
            state.mode = ApicMode.XAPIC;
            state.resetId();
            state.resetRegisters();
            state.clearInitAndStartup();
            publishAddress();
            lazyEoi.settle();
        }
    }

    /** INIT (SDM 10.4.7.3): like reset, but base, mode and id stay. Also keeps a start-up IPI that has followed. */
    public void init() {
        synchronized (lock) {
            state.resetRegisters();
            publishAddress();
            lazyEoi.settle();
        }
    }

    /**
     * What firmware leaves on the boot processor for an operating system (MultiProcessor Specification 3.6.2.2, virtual wire
     * mode): enabled, LINT0 takes the 8259's interrupts, LINT1 is NMI. For loaders that start kernels without firmware.
     */
    public void enterVirtualWireMode() {
        writeRegister(ApicRegister.SPURIOUS_VECTOR, ApicState.SOFTWARE_ENABLE | 0xff);
        int lint0 = ApicRegister.LVT_TIMER + (LocalVectorTable.LINT0 << 4);
        int lint1 = ApicRegister.LVT_TIMER + (LocalVectorTable.LINT1 << 4);
        writeRegister(lint0, DeliveryMode.EXTERNAL.ordinal() << 8);
        writeRegister(lint1, DeliveryMode.NMI.ordinal() << 8);
    }

    // IA32_APIC_BASE (SDM 10.4.4, 10.12.5)

    public long base() {
        return base;
    }

    public ApicMode mode() {
        return modeOf(base);
    }

    private static ApicMode modeOf(long value) {
        if ((value & BASE_ENABLE) == 0) {
            return ApicMode.DISABLED;
        }
        return (value & BASE_X2APIC) == 0 ? ApicMode.XAPIC : ApicMode.X2APIC;
    }

    /** Writes IA32_APIC_BASE. @return false where the write is a #GP */
    public boolean writeBase(long value) {
        long writable = BASE_BOOT_PROCESSOR
                | BASE_ENABLE
                | (features.x2apic() ? BASE_X2APIC : 0)
                | (1L << features.physicalAddressBits()) - PAGE;
        if ((value & ~writable) != 0 || ((value & BASE_X2APIC) != 0 && (value & BASE_ENABLE) == 0)) {
            return false;
        }
        synchronized (lock) {
            ApicMode from = modeOf(base);
            ApicMode to = modeOf(value);
            if ((from == ApicMode.X2APIC && to == ApicMode.XAPIC)
                    || (from == ApicMode.DISABLED && to == ApicMode.X2APIC)) {
                return false;
            }
            base = value;
            state.mode = to;
            if (to == ApicMode.DISABLED && from != to) {
                // "Prior initialization may be lost" (SDM 10.4.3). CR8 lives on without an APIC, so the task priority
                // stays.
                int taskPriority = state.taskPriority;
                state.resetRegisters();
                state.resetId();
                state.taskPriority = taskPriority;
            }
            publishAddress();
        }
        return true;
    }

    private void publishAddress() {
        ApicAddress now = state.address();
        if (!now.equals(address)) {
            address = now;
            fabric.addressesChanged();
        }
    }

    ApicAddress address() {
        return address;
    }

    // The guest's page, in xAPIC mode

    /** Whether an access to {@code gpa} is one to this APIC's page. */
    public boolean covers(long gpa) {
        long now = base;
        return modeOf(now) == ApicMode.XAPIC && (gpa & -PAGE) == (now & -PAGE);
    }

    /** Reads the page. Only the first four bytes of each sixteen hold anything (SDM 10.4.1). @param size 1 to 8 bytes */
    public long readPage(int offset, int size) {
        if (lazyEoi.outstanding()) {
            endLazily(lazyEoi.look());
        }
        int within = offset & 0xf;
        if (within >= 4) {
            return 0;
        }
        long value;
        synchronized (lock) {
            value = Integer.toUnsignedLong(state.read(offset & 0xff0));
        }
        value >>>= within * 8;
        return size >= 8 ? value : value & (1L << size * 8) - 1;
    }

    /** Writes the page: whole, aligned registers; other accesses are undefined (SDM 10.4.1) and dropped. */
    public void writePage(int offset, int size, long value) {
        if ((offset & 0xf) != 0 || size != 4) {
            return;
        }
        int register = offset & 0xff0;
        if (register == ApicRegister.COMMAND_LOW) {
            int destination;
            synchronized (lock) {
                destination = state.commandHigh >>> 24;
            }
            command((int) value, destination);
        } else {
            writeRegister(register, (int) value);
        }
    }

    private void writeRegister(int register, int value) {
        if (register == ApicRegister.EOI) {
            endOfInterrupt();
            return;
        }
        synchronized (lock) {
            state.write(register, value);
            if (register <= ApicRegister.DESTINATION_FORMAT) {
                publishAddress();
            }
        }
    }

    /** As a write to the EOI register. */
    public void endOfInterrupt() {
        settleLazyEoi();
        int vector;
        boolean broadcast;
        synchronized (lock) {
            vector = state.endOfInterrupt();
            broadcast = state.endIsBroadcast(vector);
        }
        if (broadcast) {
            fabric.broadcastEoi(vector);
        }
        if (vector >= 0) {
            endOfInterruptListener.endOfInterrupt(vector);
        }
    }

    /** Writes the ICR: sends an IPI. */
    private void command(int low, int destination) {
        boolean illegal;
        synchronized (lock) {
            // Bit 12, delivery status, is read-only: delivery is over when the write is.
            state.commandLow = low & 0x000ccfff & ~(1 << 12);
            DeliveryMode delivery = DeliveryMode.of(low);
            illegal = (delivery == DeliveryMode.FIXED || delivery == DeliveryMode.LOWEST_PRIORITY)
                    && (low & 0xff) < ApicState.FIRST_VECTOR;
            if (illegal) {
                state.error(ApicState.ERROR_SEND_ILLEGAL_VECTOR);
            }
        }
        if (!illegal) {
            fabric.command(this, low, destination, mode() == ApicMode.X2APIC);
        }
    }

    /** Software-enables it, with spurious vector 0xff (SDM 10.9). */
    public void enable() {
        writeRegister(ApicRegister.SPURIOUS_VECTOR, 0x1ff);
    }

    // The guest's MSRs

    /** Whether {@code msr} is one of 0x800 to 0x8ff, for {@link #readMsr} and {@link #writeMsr}. */
    public static boolean ownsMsr(int msr) {
        return msr >= ApicRegister.FIRST_MSR && msr <= ApicRegister.LAST_MSR;
    }

    /** Reads one of MSRs 0x800 to 0x8ff: sets {@link ExitDetails#value}, or {@link ExitDetails#fault} for #GP. */
    public void readMsr(ExitDetails exit) {
        int register = exit.msr - ApicRegister.FIRST_MSR << 4;
        exit.fault = mode() != ApicMode.X2APIC || !X2ApicAccess.readable(register);
        if (exit.fault) {
            return;
        }
        if (lazyEoi.outstanding()) {
            endLazily(lazyEoi.look());
        }
        synchronized (lock) {
            exit.value = Integer.toUnsignedLong(state.read(register));
            if (register == ApicRegister.COMMAND_LOW) {
                exit.value |= (long) state.commandHigh << 32;
            }
        }
    }

    /** Writes one of MSRs 0x800 to 0x8ff. @return false where the write is a #GP */
    public boolean writeMsr(int msr, long value) {
        int register = msr - ApicRegister.FIRST_MSR << 4;
        if (mode() != ApicMode.X2APIC || !X2ApicAccess.writable(register, value, state.lvt)) {
            return false;
        }
        switch (register) {
            case ApicRegister.COMMAND_LOW -> {
                int destination = (int) (value >>> 32);
                synchronized (lock) {
                    state.commandHigh = destination;
                }
                command((int) value, destination);
            }
            case ApicRegister.SELF_IPI -> selfIpi((int) value);
            default -> writeRegister(register, (int) value);
        }
        return true;
    }

    private void selfIpi(int vector) {
        synchronized (lock) {
            if (vector < ApicState.FIRST_VECTOR) {
                state.error(ApicState.ERROR_SEND_ILLEGAL_VECTOR);
            } else {
                state.receive(DeliveryMode.FIXED, vector, false);
            }
        }
    }

    /** IA32_TSC_DEADLINE; 0 outside TSC-deadline mode. */
    public long tscDeadline() {
        synchronized (lock) {
            return state.timer.guestDeadline();
        }
    }

    /** Whether IA32_TSC_DEADLINE exists. */
    public boolean hasTscDeadline() {
        return features.tscDeadline();
    }

    /**
     * Writes IA32_TSC_DEADLINE; ignored outside TSC-deadline mode (SDM 10.5.4.1).
     *
     * @param deadline as written
     * @param guestTsc the guest's time-stamp counter now
     */
    public void writeTscDeadline(long deadline, long guestTsc) {
        synchronized (lock) {
            if (state.timer.mode() == ApicTimer.Mode.TSC_DEADLINE) {
                waitForTimeStamp(deadline, guestTsc);
            }
        }
    }

    /** The guest's time-stamp counter was written and is {@code guestTsc} now: a deadline is as far ahead as it says. */
    public void timeStampMoved(long guestTsc) {
        synchronized (lock) {
            long deadline = state.timer.guestDeadline();
            if (deadline != 0) {
                waitForTimeStamp(deadline, guestTsc);
            }
        }
    }

    private void waitForTimeStamp(long deadline, long guestTsc) {
        long now = alarms.clock().ticks();
        long ahead = Long.compareUnsigned(deadline, guestTsc) <= 0 ? 0 : deadline - guestTsc;
        long at = ahead < 0 || now + ahead < 0 ? Long.MAX_VALUE : now + ahead;
        if (state.timer.writeDeadline(deadline, at)) {
            state.deliverLocal(LocalVectorTable.TIMER);
        }
    }

    private void timerAlarm() {
        synchronized (lock) {
            if (state.timer.expire()) {
                state.deliverLocal(LocalVectorTable.TIMER);
            }
        }
    }

    // Registers whatever the mode, as the hypervisor's own MSRs reach them (TLFS, "APIC Register MSRs")

    /** ICR, high half in bits 63:32, as the mode lays it out; {@link #NONE} where the local APIC is off. */
    public long interruptCommand() {
        if (mode() == ApicMode.DISABLED) {
            return NONE;
        }
        synchronized (lock) {
            return state.commandLow & 0xffff_ffffL | (long) state.commandHigh << 32;
        }
    }

    /** Sends an IPI. @return false for #GP: reserved bits, or the local APIC is off */
    public boolean writeInterruptCommand(long value) {
        switch (mode()) {
            case DISABLED -> {
                return false;
            }
            case X2APIC -> {
                return writeMsr(ApicRegister.FIRST_MSR + (ApicRegister.COMMAND_LOW >>> 4), value);
            }
            case XAPIC -> {
                writeRegister(ApicRegister.COMMAND_HIGH, (int) (value >>> 32));
                writePage(ApicRegister.COMMAND_LOW, 4, value & 0xffff_ffffL);
                return true;
            }
        }
        return false;
    }

    /** TPR, 8 bits; {@link #NONE} where the local APIC is off. */
    public long taskPriority() {
        return mode() == ApicMode.DISABLED ? NONE : state.taskPriority;
    }

    /** @return false for #GP: reserved bits, or the local APIC is off */
    public boolean writeTaskPriority(long value) {
        if (value >>> 8 != 0 || mode() == ApicMode.DISABLED) {
            return false;
        }
        writeRegister(ApicRegister.TASK_PRIORITY, (int) value);
        return true;
    }

    // The processor's side

    /** Bits 7:4 of the TPR: what CR8 shows. */
    public int taskPriorityClass() {
        return state.taskPriority >>> 4;
    }

    /** The processor wrote CR8 (SDM 10.8.6.1). @param value 0 to 15 */
    public void setTaskPriorityClass(int value) {
        synchronized (lock) {
            state.taskPriority = value << 4;
        }
    }

    /** The vector of highest priority that the task priority lets through, or {@link #EXTERNAL}, or {@link #NONE}. */
    public int deliverable() {
        if (lazyEoi.outstanding() && anythingRequested()) {
            settleLazyEoi();
        }
        boolean external;
        int vector;
        synchronized (lock) {
            external = state.externalRouted();
            vector = state.deliverable();
        }
        return external && controller.pending() ? EXTERNAL : vector;
    }

    /**
     * Takes the interrupt that {@link #deliverable} told of, into service where it is the APIC's own.
     *
     * @return its vector, 0 to 255; the spurious one where it has gone meanwhile
     */
    public int acknowledge() {
        boolean external;
        synchronized (lock) {
            external = state.externalRouted();
        }
        if (external && controller.pending()) {
            synchronized (lock) {
                state.externalTaken();
            }
            return controller.acknowledge() & 0xff;
        }
        int vector;
        boolean offer;
        boolean broadcast = false;
        synchronized (lock) {
            vector = state.acknowledge();
            offer = lazyEoi.connected() && state.endMayBeLazy(vector);
            if (state.endsByItself(vector)) {
                state.endOfInterrupt();
                broadcast = state.endIsBroadcast(vector);
            }
        }
        if (broadcast) {
            fabric.broadcastEoi(vector);
        } else if (offer) {
            lazyEoi.offer();
        }
        return vector;
    }

    private boolean anythingRequested() {
        synchronized (lock) {
            return state.anythingRequested();
        }
    }

    private void endLazily(LazyEoi.Outcome outcome) {
        if (outcome == LazyEoi.Outcome.ENDED) {
            synchronized (lock) {
                // Never a level-triggered one: nobody else has to hear of it.
                state.endOfInterrupt();
            }
        }
    }

    // Extensions by the synthetic interrupt controller (TLFS virtual-interrupts.md, inter-partition-communication.md)

    /**
     * Brings the registers up to date with an EOI that the guest has left in memory, and takes the offer of it back: before the page
     * with the bit goes away, and before the registers are saved. On the VP's thread, or while the VP is quiet.
     */
    public void settleLazyEoi() {
        if (lazyEoi.outstanding()) {
            endLazily(lazyEoi.settle());
        }
    }

    /** Where the guest may end interrupts in memory from now on; null for nowhere. On the VP's thread, or while the VP is quiet. */
    public void setEoiAssist(EoiAssist assist) {
        settleLazyEoi();
        lazyEoi.connect(assist);
    }

    /** Whether an interrupt of this vector ends as soon as the processor takes it (TLFS "SINTx Registers", AutoEOI). */
    public void setAutoEoi(int vector, boolean automatic) {
        synchronized (lock) {
            state.setEndsByItself(vector, automatic);
        }
    }

    /** Who hears of interrupts that the guest ends by a write to EOI; called on the VP's thread without locks. */
    public void onEndOfInterrupt(EoiListener listener) {
        endOfInterruptListener = listener;
    }

    /** Takes the NMIs that have come since the last call: 0, 1, or 2 for more than one. */
    public int takeNmis() {
        synchronized (lock) {
            return state.takeNmis();
        }
    }

    /** Whether {@link #takeNmis} would tell of any. */
    public boolean nmiLatched() {
        synchronized (lock) {
            return state.nmiLatched();
        }
    }

    /** Whether an INIT has come since the last call. */
    public boolean takeInit() {
        synchronized (lock) {
            return state.takeInit();
        }
    }

    /** The vector of a start-up IPI that has come since the last call and the last INIT, or {@link #NONE}. */
    public int takeStartup() {
        synchronized (lock) {
            return state.takeStartup();
        }
    }

    // The world's side

    /** Takes a message. @param level whether it is level-triggered: its EOI is broadcast */
    public void receive(DeliveryMode mode, int vector, boolean level) {
        synchronized (lock) {
            state.receive(mode, vector, level);
        }
    }

    /** An NMI that no LVT entry is asked about. */
    public void latchNmi() {
        synchronized (lock) {
            state.latchNmi();
        }
    }

    /** Connects the controller that answers for pins and messages in ExtINT mode. */
    public void connect(ExternalInterruptController externalController) {
        controller = externalController;
    }

    /** The LINT0 wire, by custom the 8259's INTR. */
    public void lint0(boolean asserted) {
        synchronized (lock) {
            state.setLint0(asserted);
        }
    }

    /** The LINT1 wire, by custom NMI. */
    public void lint1(boolean asserted) {
        synchronized (lock) {
            state.setLint1(asserted);
        }
    }

    // What the fabric asks

    boolean softwareEnabled() {
        synchronized (lock) {
            return state.softwareEnabled();
        }
    }

    int processorPriority() {
        synchronized (lock) {
            return state.processorPriority();
        }
    }

    // Saved state

    @Override
    public void save(StateWriter out) {
        synchronized (lock) {
            out.putLong(base);
            state.save(out);
            lazyEoi.save(out);
        }
    }

    /** Tells the owner nothing: what it has been told and not looked at yet is state of its own. */
    @Override
    public void restore(StateReader in) {
        synchronized (lock) {
            base = in.getLong();
            state.mode = modeOf(base);
            state.restore(in);
            lazyEoi.restore(in);
            publishAddress();
        }
    }
}
