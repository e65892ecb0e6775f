package portcullis.hypervisor;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.PendingEvent;
import portcullis.engine.Register;
import portcullis.engine.RegisterIntercepts;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.VirtualCpu;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** A CPU whose instructions are steps of a Java program. Keeps the contract of kicks, windows, NMIs and budgets. */
public final class FakeCpu implements VirtualCpu {
    private static final long INTERRUPT_FLAG = 1 << 9;
    private static final int MSR_TSC = 0x10;

    /** What the CPU executes. Called on the VP's thread. */
    @FunctionalInterface
    public interface Program {
        /** One instruction. @return null, or why the CPU comes out, with {@link #exit} filled in */
        ExitReason step(FakeCpu cpu);

        /** Interrupt or NMI (2) or exception. */
        default void interrupt(FakeCpu cpu, int vector) {}
    }

    /** What a context has for itself; nothing is shared here. */
    private static final class Bank {
        final Map<Register, Long> registers = new EnumMap<>(Register.class);
        final Map<SegmentRegister, Segment> segments = new EnumMap<>(SegmentRegister.class);
        final Map<Integer, Long> msrs = new HashMap<>();
        PendingEvent event;
        boolean shadow;
    }

    private final int index;
    private final ExitDetails exit = new ExitDetails();
    private final AtomicBoolean kicked = new AtomicBoolean();
    private final Bank[] banks;
    private int context;
    private Bank bank;
    private volatile boolean running;
    private long budget = Long.MAX_VALUE;
    private long retired;
    private boolean window;
    private int nmis;
    private final long[] vectors = new long[64];
    public boolean nmiBlocked;
    public volatile Program program = cpu -> ExitReason.HALT;
    /** What happened, for assertions on the VP's thread or after a pause. */
    public int inits;

    public int resets;
    public int startupVector = -1;
    public long apicBase;
    /** What the engine was asked to leave for, by context. */
    public final RegisterIntercepts[] intercepts;
    /** Bits of CR4 that the processor has not. */
    public long missingCr4Bits;

    FakeCpu(int index) {
        this(index, 1);
    }

    FakeCpu(int index, int contexts) {
        this.index = index;
        intercepts = new RegisterIntercepts[contexts];
        banks = new Bank[contexts];
        for (int i = contexts - 1; i >= 0; i--) {
            banks[i] = new Bank();
            bank = banks[i];
            reset(false);
        }
        resets = 0;
    }

    /** Whether some thread is inside {@link #run}. */
    public boolean running() {
        return running;
    }

    public void setInterruptsEnabled(boolean enabled) {
        long flags = get(Register.RFLAGS);
        set(Register.RFLAGS, enabled ? flags | INTERRUPT_FLAG : flags & ~INTERRUPT_FLAG);
    }

    @Override
    public long vector(int register, int part) {
        return vectors[register * 4 + part];
    }

    @Override
    public void setVector(int register, int part, long value) {
        vectors[register * 4 + part] = value;
    }

    @Override
    public int privilegeLevel() {
        return segment(SegmentRegister.SS).dpl();
    }

    @Override
    public boolean executes64BitCode() {
        return (segment(SegmentRegister.CS).attributes() & Segment.L) != 0;
    }

    @Override
    public void completeInstruction(int length) {
        set(Register.RIP, get(Register.RIP) + length);
    }

    @Override
    public PendingEvent pendingEvent() {
        return bank.event;
    }

    @Override
    public void cancelPendingEvent() {
        bank.event = null;
    }

    @Override
    public boolean interruptShadow() {
        return bank.shadow;
    }

    @Override
    public void setInterruptShadow(boolean on) {
        bank.shadow = on;
    }

    @Override
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    @Override
    public void setNmiBlocked(boolean blocked) {
        nmiBlocked = blocked;
    }

    @Override
    public void preventStores(int instructions) {}

    @Override
    public void interceptRegisters(int of, RegisterIntercepts wanted) {
        intercepts[of] = wanted;
    }

    @Override
    public boolean accepts(Register register, long value) {
        return register != Register.CR4 || (value & missingCr4Bits) == 0;
    }

    // Exits of programs

    public ExitReason mmioWrite(long gpa, int value) {
        exit.gpa = gpa;
        exit.size = 4;
        exit.value = value;
        return ExitReason.MMIO_WRITE;
    }

    public ExitReason mmioRead(long gpa) {
        exit.gpa = gpa;
        exit.size = 4;
        return ExitReason.MMIO_READ;
    }

    public ExitReason portWrite(int port, int value) {
        exit.port = port;
        exit.size = 1;
        exit.value = value;
        return ExitReason.PORT_WRITE;
    }

    public ExitReason portRead(int port, int size) {
        exit.port = port;
        exit.size = size;
        return ExitReason.PORT_READ;
    }

    public ExitReason msrWrite(int msr, long value) {
        exit.msr = msr;
        exit.value = value;
        return ExitReason.MSR_WRITE;
    }

    public ExitReason msrRead(int msr) {
        exit.msr = msr;
        return ExitReason.MSR_READ;
    }

    // The contract

    @Override
    public int index() {
        return index;
    }

    @Override
    public ExitReason run() {
        running = true;
        try {
            exit.reason = execute();
            return exit.reason;
        } finally {
            running = false;
        }
    }

    private ExitReason execute() {
        while (true) {
            if (kicked.getAndSet(false)) {
                return ExitReason.KICKED;
            }
            if (bank.event != null) {
                int vector = bank.event.vector();
                bank.event = null;
                program.interrupt(this, vector);
            } else if (nmis > 0 && !nmiBlocked) {
                nmis--;
                nmiBlocked = true;
                program.interrupt(this, 2);
            }
            if (window && interruptible()) {
                return ExitReason.INTERRUPT_WINDOW;
            }
            if (budget <= 0) {
                return ExitReason.BUDGET;
            }
            budget--;
            retired++;
            ExitReason reason = program.step(this);
            if (reason != null) {
                return reason;
            }
        }
    }

    @Override
    public ExitDetails exit() {
        return exit;
    }

    @Override
    public void kick() {
        kicked.set(true);
    }

    @Override
    public void setBudget(long instructions) {
        budget = instructions;
    }

    @Override
    public long retired() {
        return retired;
    }

    @Override
    public void reset(boolean init) {
        for (Register register : Register.values()) {
            registers().put(register, 0L);
        }
        registers().put(Register.RIP, 0xfff0L);
        registers().put(Register.RFLAGS, 2L);
        bank.event = null;
        bank.shadow = false;
        nmis = 0;
        nmiBlocked = false;
        startupVector = -1;
        if (init) {
            inits++;
        } else {
            resets++;
        }
    }

    @Override
    public void startup(int vector) {
        startupVector = vector;
        registers().put(Register.RIP, (long) vector << 12);
    }

    @Override
    public long get(Register register) {
        return registers().get(register);
    }

    @Override
    public void set(Register register, long value) {
        registers().put(register, value);
    }

    @Override
    public boolean interruptible() {
        return (get(Register.RFLAGS) & INTERRUPT_FLAG) != 0
                && !bank.shadow
                && bank.event == null
                && (nmis == 0 || nmiBlocked);
    }

    @Override
    public void requestInterruptWindow(boolean wanted) {
        window = wanted;
    }

    @Override
    public void injectInterrupt(int vector) {
        if (!interruptible()) {
            throw new IllegalStateException("not interruptible");
        }
        bank.event = new PendingEvent(true, vector, false, 0);
    }

    @Override
    public boolean postNmi() {
        nmis = Math.min(nmis + 1, nmiBlocked ? 1 : 2);
        return !nmiBlocked;
    }

    @Override
    public void injectException(int vector, boolean hasErrorCode, int errorCode) {
        bank.event = new PendingEvent(false, vector, hasErrorCode, errorCode);
    }

    @Override
    public void setApicBase(long value) {
        apicBase = value;
    }

    @Override
    public long msr(int number) {
        return number == MSR_TSC ? 1000 + retired : bank.msrs.getOrDefault(number, 0L);
    }

    @Override
    public void setMsr(int number, long value) {
        bank.msrs.put(number, value);
    }

    @Override
    public Segment segment(SegmentRegister register) {
        return bank.segments.getOrDefault(register, new Segment(0, 0, 0, 0));
    }

    @Override
    public void setSegment(SegmentRegister register, Segment value) {
        bank.segments.put(register, value);
    }

    @Override
    public DescriptorTable gdt() {
        return new DescriptorTable(0, 0);
    }

    @Override
    public void setGdt(DescriptorTable value) {}

    @Override
    public DescriptorTable idt() {
        return new DescriptorTable(0, 0);
    }

    @Override
    public void setIdt(DescriptorTable value) {}

    @Override
    public byte[] extendedState() {
        return new byte[576];
    }

    @Override
    public void setExtendedState(byte[] image) {}

    @Override
    public void flushTlb() {}

    @Override
    public void setModeBasedExecute(int context, boolean on) {
        // Programs fetch nothing.
    }

    @Override
    public void forgetExit() {
        // No step awaits anything.
    }

    @Override
    public void flushSpace(int context, long space, boolean globals) {
        // Nothing is cached.
    }

    @Override
    public void flushRange(int context, long space, long gva, long pages, boolean globals) {
        // Nothing is cached.
    }

    @Override
    public int context() {
        return context;
    }

    @Override
    public void switchContext(int wanted) {
        if (wanted < 0 || wanted >= banks.length) {
            throw new IllegalArgumentException("there is no context " + wanted);
        }
        context = wanted;
        bank = banks[wanted];
    }

    private Map<Register, Long> registers() {
        return bank.registers;
    }

    @Override
    public void flushTlb(long gva) {}

    @Override
    public Translation translate(long gva, TranslationRequest request) {
        return new Translation(Translation.Result.SUCCESS, gva, true, 6);
    }

    @Override
    public String describe() {
        return "rip " + Long.toHexString(get(Register.RIP)) + "\n";
    }

    @Override
    public void save(StateWriter out) {
        for (Register register : Register.values()) {
            out.putLong(registers().getOrDefault(register, 0L));
        }
        out.putLong(retired);
    }

    @Override
    public void restore(StateReader in) {
        for (Register register : Register.values()) {
            registers().put(register, in.getLong());
        }
        retired = in.getLong();
    }

    @Override
    public void close() {}
}
