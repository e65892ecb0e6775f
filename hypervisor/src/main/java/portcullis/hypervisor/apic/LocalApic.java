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
    private final ApicState state;
    private final GuestAccess guest;
    private volatile ApicBase base;
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
        ApicTimer timer = new ApicTimer(alarms.clock(), alarms.create("local APIC timer " + id, this::timerAlarm));
        state = new ApicState(id, features, timer, owner);
        guest = new GuestAccess(this, state.lvt);
        base = ApicBase.afterReset(bootProcessor);
        fabric.add(this);
        publishAddress();
    }

    /** The APIC id after reset, the x2APIC id. */
    public int id() {
        return id;
    }

    // Reset

    /** Power-up and reset: everything, the base included (SDM 10.4.7.1). The LINT wires stay as whoever drives them left them. */
    public void reset() {
        synchronized (lock) {
            base = ApicBase.afterReset(bootProcessor);
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

    // IA32_APIC_BASE

    public long base() {
        return base.value();
    }

    public ApicMode mode() {
        return base.mode();
    }

    /** Writes IA32_APIC_BASE. @return false where the write is a #GP */
    public boolean writeBase(long value) {
        ApicBase next = new ApicBase(value);
        synchronized (lock) {
            if (!base.allows(next, features)) {
                return false;
            }
            boolean disabled = next.mode() == ApicMode.DISABLED && mode() != next.mode();
            base = next;
            state.mode = next.mode();
            if (disabled) {
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
            // First the address, then the count of changes: a table made in between is out of date, not wrong.
            address = now;
            fabric.addressesChanged();
        }
    }

    ApicAddress address() {
        return address;
    }

    // The guest's side

    /** Whether an access to {@code gpa} is one to this APIC's page. */
    public boolean covers(long gpa) {
        return base.covers(gpa);
    }

    /** Reads the page. @param size 1 to 8 bytes */
    public long readPage(int offset, int size) {
        return guest.readPage(offset, size);
    }

    /** Writes the page: whole, aligned registers; other accesses are undefined (SDM 10.4.1) and dropped. */
    public void writePage(int offset, int size, long value) {
        guest.writePage(offset, size, value);
    }

    /** Whether {@code msr} is one of 0x800 to 0x8ff, for {@link #readMsr} and {@link #writeMsr}. */
    public static boolean ownsMsr(int msr) {
        return msr >= ApicRegister.FIRST_MSR && msr <= ApicRegister.LAST_MSR;
    }

    /** Reads one of MSRs 0x800 to 0x8ff: sets {@link ExitDetails#value}, or {@link ExitDetails#fault} for #GP. */
    public void readMsr(ExitDetails exit) {
        guest.readMsr(exit);
    }

    /** Writes one of MSRs 0x800 to 0x8ff. @return false where the write is a #GP */
    public boolean writeMsr(int msr, long value) {
        return guest.writeMsr(msr, value);
    }

    /** ICR, high half in bits 63:32, as the mode lays it out; {@link #NONE} where the local APIC is off. */
    public long interruptCommand() {
        return guest.interruptCommand();
    }

    /** Sends an IPI. @return false for #GP: reserved bits, or the local APIC is off */
    public boolean writeInterruptCommand(long value) {
        return guest.writeInterruptCommand(value);
    }

    /** TPR, 8 bits; {@link #NONE} where the local APIC is off. */
    public long taskPriority() {
        return guest.taskPriority();
    }

    /** @return false for #GP: reserved bits, or the local APIC is off */
    public boolean writeTaskPriority(long value) {
        return guest.writeTaskPriority(value);
    }

    // What registers do

    int readRegister(int register) {
        if (lazyEoi.outstanding()) {
            endLazily(lazyEoi.look());
        }
        synchronized (lock) {
            return state.read(register);
        }
    }

    /** ICR, both halves. */
    long commandRegister() {
        synchronized (lock) {
            return state.commandLow & 0xffff_ffffL | (long) state.commandHigh << 32;
        }
    }

    int taskPriorityRegister() {
        return state.taskPriority;
    }

    void writeRegister(int register, int value) {
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
    void command(int low, int destination) {
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

    /** Writes the ICR as x2APIC mode has it. */
    void wideCommand(long value) {
        int destination = (int) (value >>> 32);
        synchronized (lock) {
            state.commandHigh = destination;
        }
        command((int) value, destination);
    }

    void selfIpi(int vector) {
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
        if (state.timer.writeDeadline(deadline, guestTsc)) {
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
        boolean external;
        int vector;
        boolean settled;
        do {
            synchronized (lock) {
                // In one piece with the answer: of a request between the two we would tell while the interrupt in
                // service has ended in memory and nobody has looked.
                settled = !lazyEoi.outstanding() || !state.anythingRequested();
                external = state.externalRouted();
                vector = state.deliverable();
            }
            if (!settled) {
                settleLazyEoi();
            }
        } while (!settled);
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
        // Where the external interrupt has gone, something may have been requested since deliverable() found nothing.
        settleLazyEoi();
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
            out.putLong(base.value());
            state.save(out);
            lazyEoi.save(out);
        }
    }

    /** Tells the owner nothing: what it has been told and not looked at yet is state of its own. */
    @Override
    public void restore(StateReader in) {
        synchronized (lock) {
            base = new ApicBase(in.getLong());
            state.mode = base.mode();
            state.restore(in);
            lazyEoi.restore(in);
            publishAddress();
        }
    }
}
