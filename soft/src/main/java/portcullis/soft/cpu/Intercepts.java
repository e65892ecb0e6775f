package portcullis.soft.cpu;

import portcullis.engine.Access;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.MsrIntercept;
import portcullis.engine.RegisterIntercepts;
import portcullis.memory.GuestMemory;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Which accesses to system registers leave the engine instead of happening. Instructions ask behind their checks of mode and
 * privilege level and before everything else; what is not on the list asks nothing, and what is looks at one field.
 *
 * <p>An instruction that is executed again with answers to what comes behind the question has been let through already.
 */
public final class Intercepts {
    private static final int MSRS = 4096;

    /** By context; null for nothing. */
    private final RegisterIntercepts[] asked = new RegisterIntercepts[GuestMemory.LEVELS];

    private int context;
    private RegisterIntercepts active;

    /** From now on this is intercepted of {@code number}. */
    public void ask(int number, RegisterIntercepts what) {
        asked[number] = what.equals(RegisterIntercepts.NONE) ? null : what;
        active = asked[context];
    }

    /** Another context executes. */
    public void enter(int number) {
        context = number;
        active = asked[number];
    }

    /** Nothing is intercepted any more. */
    public void forget() {
        java.util.Arrays.fill(asked, null);
        active = null;
    }

    /** CR0 is to hold {@code value}. */
    public void cr0(Cpu cpu, long value) {
        if (active != null && RegisterIntercepts.intercepts(active.cr0Bits(), cpu.cr0(), value)) {
            leave(cpu, InterceptedRegister.CR0, Access.WRITE, value);
        }
    }

    /** CR4 is to hold {@code value}. */
    public void cr4(Cpu cpu, long value) {
        if (active != null && RegisterIntercepts.intercepts(active.cr4Bits(), cpu.cr4(), value)) {
            leave(cpu, InterceptedRegister.CR4, Access.WRITE, value);
        }
    }

    /** XCR0, LDTR or TR is to be loaded. */
    public void write(Cpu cpu, InterceptedRegister register, long value) {
        if (active != null && active.writes().contains(register)) {
            leave(cpu, register, Access.WRITE, value);
        }
    }

    /** Whether {@link #writeFrom} would leave: its address need not be computed otherwise. */
    public boolean asksFor(InterceptedRegister register) {
        return active != null && active.writes().contains(register);
    }

    /** A table register is to be loaded from memory. */
    public void writeFrom(Cpu cpu, InterceptedRegister register, long address) {
        if (asksFor(register)) {
            cpu.exit.gva = address;
            cpu.exit.gvaValid = true;
            leave(cpu, register, Access.WRITE, true, 0);
        }
    }

    /** RDMSR. */
    public void readMsr(Cpu cpu, int number) {
        if (active != null) {
            MsrIntercept msr = active.msr(number);
            if (msr != null && msr.read()) {
                cpu.exit.msr = number;
                leave(cpu, InterceptedRegister.MSR, Access.READ, 0);
            }
        }
    }

    /** The bits that WRMSR of a register is intercepted for: 0 nearly always. */
    public long msrWriteBits(int number) {
        MsrIntercept msr = active == null ? null : active.msr(number);
        return msr == null ? 0 : msr.writeBits();
    }

    /** WRMSR that changes one of these bits. */
    public void writeMsr(Cpu cpu, int number, long value) {
        cpu.exit.msr = number;
        leave(cpu, InterceptedRegister.MSR, Access.WRITE, value);
    }

    private void leave(Cpu cpu, InterceptedRegister register, Access access, long value) {
        leave(cpu, register, access, false, value);
    }

    private void leave(Cpu cpu, InterceptedRegister register, Access access, boolean memory, long value) {
        if (!cpu.replay.hasNext()) {
            cpu.exit.register = register;
            cpu.exit.access = access;
            cpu.exit.memoryOperand = memory;
            cpu.exit.value = value;
            throw cpu.intercepted();
        }
    }

    /** What is asked of one context. */
    public void save(int number, StateWriter out) {
        RegisterIntercepts what = asked[number] == null ? RegisterIntercepts.NONE : asked[number];
        out.putLong(what.cr0Bits());
        out.putLong(what.cr4Bits());
        for (InterceptedRegister register : InterceptedRegister.values()) {
            out.putBoolean(what.writes().contains(register));
        }
        out.putInt(what.msrs().size());
        for (MsrIntercept msr : what.msrs()) {
            out.putInt(msr.number());
            out.putBoolean(msr.read());
            out.putLong(msr.writeBits());
        }
    }

    public void restore(int number, StateReader in) {
        long cr0 = in.getLong();
        long cr4 = in.getLong();
        var writes = java.util.EnumSet.noneOf(InterceptedRegister.class);
        for (InterceptedRegister register : InterceptedRegister.values()) {
            if (in.getBoolean()) {
                writes.add(register);
            }
        }
        var msrs = new java.util.ArrayList<MsrIntercept>();
        for (int count = in.getInt(0, MSRS); count > 0; count--) {
            msrs.add(new MsrIntercept(in.getInt(), in.getBoolean(), in.getLong()));
        }
        ask(number, new RegisterIntercepts(cr0, cr4, writes, msrs));
    }
}
