package portcullis.hypervisor.apic;

import portcullis.hypervisor.apic.ApicOwner.Signal;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The registers and latches of one local APIC, and the rules between them (SDM 10.4 to 10.9). Everything here happens under
 * the lock of the {@link LocalApic} that it belongs to.
 */
final class ApicState {
    /** Version 0x14 with six LVT entries; EOI broadcasts cannot be suppressed (bit 24 clear, SDM 10.4.8). */
    static final int VERSION = 0x14 | LocalVectorTable.ENTRIES - 1 << 16;

    static final int SOFTWARE_ENABLE = 1 << 8;
    private static final int FOCUS_CHECKING_DISABLED = 1 << 9;
    static final int SPURIOUS_WRITABLE = 0xff | SOFTWARE_ENABLE | FOCUS_CHECKING_DISABLED;

    static final int ERROR_SEND_ILLEGAL_VECTOR = 1 << 5;
    static final int ERROR_RECEIVE_ILLEGAL_VECTOR = 1 << 6;
    static final int ERROR_ILLEGAL_REGISTER = 1 << 7;

    /** Vectors below are for exceptions (SDM 10.5.2). */
    static final int FIRST_VECTOR = 16;

    /** One NMI in the pipeline, one latched behind it (SDM 6.7.1): the processor merges what exceeds that. */
    private static final int MAXIMUM_NMIS = 2;

    final LocalVectorTable lvt;
    final ApicTimer timer;
    private final ApicOwner owner;
    private final int initialId;

    private final VectorSet requested = new VectorSet();
    private final VectorSet inService = new VectorSet();
    private final VectorSet levelTriggered = new VectorSet();
    /** Vectors whose interrupts end when they are taken. Belongs to the synthetic interrupt controller: no reset of ours clears it. */
    private final VectorSet endingByThemselves = new VectorSet();

    ApicMode mode = ApicMode.XAPIC;
    /** Written under the lock, read by anyone. */
    volatile int taskPriority;

    private int xapicId;
    private int logicalDestination;
    private int destinationFormat;
    private int spuriousVector;
    private int errorStatus;
    private int errorsSinceWrite;
    int commandLow;
    int commandHigh;

    private boolean lint0;
    private boolean lint1;
    /** An ExtINT message came (from an I/O APIC) and its vector has not been fetched. */
    private boolean externalMessage;

    private int nmis;
    private boolean initPending;
    private int startupVector = -1;

    ApicState(int initialId, ApicFeatures features, ApicTimer timer, ApicOwner owner) {
        this.initialId = initialId;
        this.timer = timer;
        this.owner = owner;
        lvt = new LocalVectorTable(features);
        xapicId = initialId & 0xff;
        resetRegisters();
    }

    /** Takes the state after INIT (SDM 10.4.7.3): that of reset, but APIC id and mode stay. The wires stay as they are. */
    void resetRegisters() {
        requested.clear();
        inService.clear();
        levelTriggered.clear();
        lvt.reset();
        timer.reset();
        taskPriority = 0;
        logicalDestination = 0;
        destinationFormat = 0xffffffff;
        spuriousVector = 0xff;
        errorStatus = 0;
        errorsSinceWrite = 0;
        commandLow = 0;
        commandHigh = 0;
        externalMessage = false;
        nmis = 0;
    }

    void resetId() {
        xapicId = initialId & 0xff;
    }

    void clearInitAndStartup() {
        initPending = false;
        startupVector = -1;
    }

    boolean softwareEnabled() {
        return mode != ApicMode.DISABLED && (spuriousVector & SOFTWARE_ENABLE) != 0;
    }

    // Messages and local interrupts

    /** Takes a message from another APIC or a device. */
    void receive(DeliveryMode delivery, int vector, boolean level) {
        if (mode == ApicMode.DISABLED) {
            return;
        }
        switch (delivery) {
            case FIXED, LOWEST_PRIORITY -> accept(vector, level);
            case NMI -> latchNmi();
            case INIT -> {
                initPending = true;
                startupVector = -1;
                owner.signal(Signal.INIT);
            }
            case STARTUP -> {
                startupVector = vector;
                owner.signal(Signal.STARTUP);
            }
            case EXTERNAL -> {
                externalMessage = true;
                owner.signal(Signal.INTERRUPT);
            }
            case SMI, RESERVED -> {
                // No system management mode, no remote read: dropped, as by a processor that has neither.
            }
        }
    }

    private void accept(int vector, boolean level) {
        if (!softwareEnabled()) {
            return;
        }
        if (vector < FIRST_VECTOR) {
            error(ERROR_RECEIVE_ILLEGAL_VECTOR);
            return;
        }
        if (level) {
            levelTriggered.add(vector);
        } else {
            levelTriggered.remove(vector);
        }
        requested.add(vector);
        owner.signal(Signal.INTERRUPT);
    }

    void latchNmi() {
        nmis = Math.min(nmis + 1, MAXIMUM_NMIS);
        owner.signal(Signal.NMI);
    }

    /** Delivers what an LVT entry says, unless it is masked. */
    void deliverLocal(int entry) {
        if (lvt.masked(entry)) {
            return;
        }
        switch (lvt.mode(entry)) {
            case FIXED -> accept(lvt.vector(entry), false);
            case NMI -> latchNmi();
            case INIT -> receive(DeliveryMode.INIT, 0, false);
            case EXTERNAL -> owner.signal(Signal.INTERRUPT);
            case LOWEST_PRIORITY, SMI, RESERVED, STARTUP -> {
                // Not valid in an LVT entry, or without effect here (SDM 10.5.1).
            }
        }
    }

    void setLint0(boolean asserted) {
        boolean rising = asserted && !lint0;
        lint0 = asserted;
        if (mode == ApicMode.DISABLED) {
            if (rising) {
                owner.signal(Signal.INTERRUPT);
            }
        } else if (lvt.levelTriggered(LocalVectorTable.LINT0)) {
            deliverLevelLint0();
        } else if (rising) {
            deliverLocal(LocalVectorTable.LINT0);
        }
    }

    private void deliverLevelLint0() {
        int entry = LocalVectorTable.LINT0;
        if (lint0 && lvt.levelTriggered(entry) && !lvt.masked(entry) && !lvt.remoteIrr(entry) && softwareEnabled()) {
            lvt.setRemoteIrr(entry, true);
            deliverLocal(entry);
        }
    }

    void setLint1(boolean asserted) {
        boolean rising = asserted && !lint1;
        lint1 = asserted;
        if (rising) {
            if (mode == ApicMode.DISABLED) {
                latchNmi();
            } else {
                deliverLocal(LocalVectorTable.LINT1);
            }
        }
    }

    /** Whether an interrupt whose vector comes from the 8259 gets through to the processor; whether there is one it says itself. */
    boolean externalRouted() {
        if (mode == ApicMode.DISABLED) {
            return lint0;
        }
        return externalMessage
                || (lint0
                        && !lvt.masked(LocalVectorTable.LINT0)
                        && lvt.mode(LocalVectorTable.LINT0) == DeliveryMode.EXTERNAL);
    }

    void externalTaken() {
        externalMessage = false;
    }

    /** Logs an error; the first since the last write of the ESR interrupts (SDM 10.5.3). */
    void error(int bit) {
        boolean known = (errorsSinceWrite & bit) != 0;
        errorsSinceWrite |= bit;
        // An error vector that is itself illegal must not log an error for its own delivery for ever.
        if (!known && lvt.vector(LocalVectorTable.ERROR) >= FIRST_VECTOR) {
            deliverLocal(LocalVectorTable.ERROR);
        }
    }

    // Priorities (SDM 10.8.3)

    int processorPriority() {
        int service = Math.max(inService.highest(), 0);
        return taskPriority >>> 4 >= service >>> 4 ? taskPriority : service & 0xf0;
    }

    /** SDM 10.6.2.4; kept by processors that arbitrate on a bus, and readable since. */
    private int arbitrationPriority() {
        int task = taskPriority >>> 4;
        int service = Math.max(inService.highest(), 0) >>> 4;
        int request = Math.max(requested.highest(), 0) >>> 4;
        return task >= request && task > service ? taskPriority : Math.max(task, Math.max(service, request)) << 4;
    }

    /** The vector that the processor would take now were it willing, or -1. */
    int deliverable() {
        if (mode == ApicMode.DISABLED) {
            return -1;
        }
        int vector = requested.highest();
        return vector >>> 4 > processorPriority() >>> 4 && vector >= 0 ? vector : -1;
    }

    /** Moves the deliverable vector into service; the spurious vector where there is none (SDM 10.9). */
    int acknowledge() {
        int vector = deliverable();
        if (vector < 0) {
            return spuriousVector & 0xff;
        }
        requested.remove(vector);
        inService.add(vector);
        return vector;
    }

    boolean anythingRequested() {
        return requested.highest() >= 0;
    }

    void setEndsByItself(int vector, boolean automatic) {
        if (automatic) {
            endingByThemselves.add(vector);
        } else {
            endingByThemselves.remove(vector);
        }
    }

    /** Whether the vector that was just acknowledged ends now. */
    boolean endsByItself(int vector) {
        return endingByThemselves.contains(vector) && inService.highest() == vector;
    }

    /** Whether the end of the vector that was just acknowledged would have no effect that anybody else could see. */
    boolean endMayBeLazy(int vector) {
        return inService.highest() == vector
                && !endingByThemselves.contains(vector)
                && !levelTriggered.contains(vector)
                && !anythingRequested()
                && !lvt.remoteIrr(LocalVectorTable.LINT0);
    }

    /** Whether I/O APICs must hear of the end of {@code vector}. */
    boolean endIsBroadcast(int vector) {
        return vector >= 0 && levelTriggered.contains(vector);
    }

    /** Ends the highest interrupt in service. @return its vector, or -1 */
    int endOfInterrupt() {
        int vector = inService.highest();
        if (vector < 0) {
            return -1;
        }
        inService.remove(vector);
        if (lvt.remoteIrr(LocalVectorTable.LINT0) && lvt.vector(LocalVectorTable.LINT0) == vector) {
            lvt.setRemoteIrr(LocalVectorTable.LINT0, false);
            deliverLevelLint0();
        }
        return vector;
    }

    // Latches

    boolean nmiLatched() {
        return nmis > 0;
    }

    int takeNmis() {
        int taken = nmis;
        nmis = 0;
        return taken;
    }

    boolean takeInit() {
        boolean taken = initPending;
        initPending = false;
        return taken;
    }

    int takeStartup() {
        int taken = startupVector;
        startupVector = -1;
        return taken;
    }

    // Registers

    int id() {
        return mode == ApicMode.X2APIC ? initialId : xapicId << 24;
    }

    /** SDM 10.12.10.2: the x2APIC's logical id follows from its id. */
    int logicalDestination() {
        return mode == ApicMode.X2APIC ? initialId >>> 4 << 16 | 1 << (initialId & 0xf) : logicalDestination;
    }

    /** How messages address this APIC now. */
    ApicAddress address() {
        return switch (mode) {
            case DISABLED -> ApicAddress.NONE;
            case XAPIC -> ApicAddress.xapic(xapicId, logicalDestination >>> 24, destinationFormat >>> 28 != 0xf);
            case X2APIC -> ApicAddress.x2apic(initialId);
        };
    }

    /** Reads any register but those that only x2APIC mode has. Reserved ones are an error and read as zero. */
    int read(int offset) {
        if (offset >= ApicRegister.LVT_TIMER && offset <= ApicRegister.LVT_ERROR) {
            return lvt.get(offset - ApicRegister.LVT_TIMER >>> 4);
        }
        if (offset >= ApicRegister.IN_SERVICE && offset < ApicRegister.ERROR_STATUS) {
            VectorSet set = offset < ApicRegister.TRIGGER_MODE
                    ? inService
                    : offset < ApicRegister.INTERRUPT_REQUEST ? levelTriggered : requested;
            return set.dword(offset >>> 4 & 7);
        }
        return switch (offset) {
            case ApicRegister.ID -> id();
            case ApicRegister.VERSION -> VERSION;
            case ApicRegister.TASK_PRIORITY -> taskPriority;
            case ApicRegister.ARBITRATION_PRIORITY -> arbitrationPriority();
            case ApicRegister.PROCESSOR_PRIORITY -> processorPriority();
            case ApicRegister.EOI, ApicRegister.REMOTE_READ -> 0;
            case ApicRegister.LOGICAL_DESTINATION -> logicalDestination();
            case ApicRegister.DESTINATION_FORMAT -> destinationFormat;
            case ApicRegister.SPURIOUS_VECTOR -> spuriousVector;
            case ApicRegister.ERROR_STATUS -> errorStatus;
            case ApicRegister.COMMAND_LOW -> commandLow;
            case ApicRegister.COMMAND_HIGH -> commandHigh;
            case ApicRegister.INITIAL_COUNT -> timer.initialCount();
            case ApicRegister.CURRENT_COUNT -> timer.currentCount();
            case ApicRegister.DIVIDE_CONFIGURATION -> timer.divideConfiguration();
            default -> {
                error(ERROR_ILLEGAL_REGISTER);
                yield 0;
            }
        };
    }

    /** Writes a register other than EOI, ICR and SELF IPI, which reach beyond this APIC. */
    void write(int offset, int value) {
        if (offset >= ApicRegister.LVT_TIMER && offset <= ApicRegister.LVT_ERROR) {
            writeLvt(offset - ApicRegister.LVT_TIMER >>> 4, value);
            return;
        }
        switch (offset) {
            case ApicRegister.ID -> xapicId = value >>> 24;
            case ApicRegister.TASK_PRIORITY -> taskPriority = value & 0xff;
            case ApicRegister.LOGICAL_DESTINATION -> logicalDestination = value & 0xff000000;
            case ApicRegister.DESTINATION_FORMAT -> destinationFormat = value | 0x0fffffff;
            case ApicRegister.SPURIOUS_VECTOR -> writeSpuriousVector(value);
            case ApicRegister.ERROR_STATUS -> {
                // SDM 10.5.3: a write of anything shows what was logged since the one before, and rearms.
                errorStatus = errorsSinceWrite;
                errorsSinceWrite = 0;
            }
            case ApicRegister.COMMAND_HIGH -> commandHigh = value & 0xff000000;
            case ApicRegister.INITIAL_COUNT -> timer.writeInitialCount(value);
            case ApicRegister.DIVIDE_CONFIGURATION -> timer.writeDivideConfiguration(value);
            case ApicRegister.VERSION,
                    ApicRegister.ARBITRATION_PRIORITY,
                    ApicRegister.PROCESSOR_PRIORITY,
                    ApicRegister.REMOTE_READ,
                    ApicRegister.CURRENT_COUNT -> {
                // Read-only: the write is dropped.
            }
            default -> {
                if (offset < ApicRegister.IN_SERVICE || offset >= ApicRegister.ERROR_STATUS) {
                    error(ERROR_ILLEGAL_REGISTER);
                }
            }
        }
    }

    private void writeSpuriousVector(int value) {
        spuriousVector = value & SPURIOUS_WRITABLE;
        if (!softwareEnabled()) {
            lvt.maskAll();
        }
    }

    private void writeLvt(int entry, int value) {
        lvt.write(entry, value, softwareEnabled());
        if (entry == LocalVectorTable.TIMER) {
            boolean expired = timer.setMode(timerMode(lvt.get(entry)));
            if (expired) {
                deliverLocal(entry);
            }
        } else if (entry == LocalVectorTable.LINT0) {
            if (!lvt.levelTriggered(entry)) {
                lvt.setRemoteIrr(entry, false);
            }
            deliverLevelLint0();
            if (externalRouted()) {
                owner.signal(Signal.INTERRUPT);
            }
        }
    }

    private static ApicTimer.Mode timerMode(int entry) {
        if ((entry & LocalVectorTable.TIMER_TSC_DEADLINE) != 0) {
            return ApicTimer.Mode.TSC_DEADLINE;
        }
        return (entry & LocalVectorTable.TIMER_PERIODIC) != 0 ? ApicTimer.Mode.PERIODIC : ApicTimer.Mode.ONE_SHOT;
    }

    // Saved state

    void save(StateWriter out) {
        lvt.save(out);
        timer.save(out);
        requested.save(out);
        inService.save(out);
        levelTriggered.save(out);
        endingByThemselves.save(out);
        out.putInt(taskPriority);
        out.putInt(xapicId);
        out.putInt(logicalDestination);
        out.putInt(destinationFormat);
        out.putInt(spuriousVector);
        out.putInt(errorStatus);
        out.putInt(errorsSinceWrite);
        out.putInt(commandLow);
        out.putInt(commandHigh);
        out.putBoolean(lint0);
        out.putBoolean(lint1);
        out.putBoolean(externalMessage);
        out.putInt(nmis);
        out.putBoolean(initPending);
        out.putInt(startupVector);
    }

    /** The mode follows from the base register, which {@link LocalApic} keeps. */
    void restore(StateReader in) {
        lvt.restore(in);
        timer.restore(in);
        requested.restore(in);
        inService.restore(in);
        levelTriggered.restore(in);
        endingByThemselves.restore(in);
        taskPriority = in.getInt();
        xapicId = in.getInt();
        logicalDestination = in.getInt();
        destinationFormat = in.getInt();
        spuriousVector = in.getInt();
        errorStatus = in.getInt();
        errorsSinceWrite = in.getInt();
        commandLow = in.getInt();
        commandHigh = in.getInt();
        lint0 = in.getBoolean();
        lint1 = in.getBoolean();
        externalMessage = in.getBoolean();
        nmis = in.getInt(0, MAXIMUM_NMIS);
        initPending = in.getBoolean();
        startupVector = in.getInt(-1, 0xff);
    }
}
