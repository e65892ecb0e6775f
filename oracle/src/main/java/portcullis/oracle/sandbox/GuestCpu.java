package portcullis.oracle.sandbox;

import java.util.function.Function;
import portcullis.engine.DescriptorTable;
import portcullis.engine.Engine;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;

/** A virtual processor of an engine, running the same cases at the same virtual addresses as the host. */
public final class GuestCpu implements Processor {
    private static final long CR0 = 0x8005_0033L; // PG AM WP NE ET MP PE
    private static final long CR4 = 0x620; // PAE OSFXSR OSXMMEXCPT
    private static final long CR4_OSXSAVE = 1 << 18;
    private static final long EFER = 0x500; // LME LMA
    private static final int UD = 6;
    private static final int PF = 14;
    /** Far more than any case needs: a loop that does not end is a finding. */
    private static final long INSTRUCTIONS_PER_CASE = 20_000;

    /** User-mode return address of the entry points: UD2, whose exception says that the program is through. */
    private static final int END = Layout.CODE - 16;

    private final GuestSpace space;
    private final Engine engine;
    private final VirtualCpu cpu;
    private final long sandbox;
    private Trampoline trampoline;
    private final HostCpu host;
    private String problem = "";

    private GuestCpu(GuestSpace space, Engine engine, HostCpu host) {
        this.space = space;
        this.engine = engine;
        this.host = host;
        sandbox = host.memory();
        trampoline = host.trampoline();
        cpu = engine.createCpu(0, 0);
    }

    /**
     * A processor with the sandbox of {@code host}.
     *
     * @param makeEngine an engine on the memory given
     */
    public static GuestCpu open(HostCpu host, Function<GuestMemory, Engine> makeEngine) {
        GuestSpace space = new GuestSpace(host.memory());
        GuestCpu guest = new GuestCpu(space, makeEngine.apply(space.memory()), host);
        HostMemory.putShort(guest.memory() + END, (short) 0x0b0f); // ud2
        guest.install(host.trampoline());
        guest.longMode();
        return guest;
    }

    private void longMode() {
        cpu.setGdt(new DescriptorTable(GuestSpace.gdt(), 0x4f));
        cpu.setIdt(new DescriptorTable(GuestSpace.idt(), 32 * 16 - 1));
        cpu.set(Register.CR3, GuestSpace.cr3());
        cpu.set(Register.CR4, CR4);
        cpu.set(Register.EFER, EFER);
        cpu.set(Register.CR0, CR0);
        userSegments();
        long xcr0 = offeredXcr0();
        if (xcr0 != 0) {
            cpu.set(Register.CR4, CR4 | CR4_OSXSAVE);
            cpu.set(Register.XCR0, xcr0 & 7);
        }
    }

    private long offeredXcr0() {
        boolean xsave = (cpuid(1, 0)[2] >>> 26 & 1) != 0;
        return xsave ? cpuid(0xd, 0)[0] : 0;
    }

    private void userSegments() {
        int data = 3 | Segment.S | 3 << 5 | Segment.P | Segment.DB | Segment.G;
        int code = 11 | Segment.S | 3 << 5 | Segment.P | Segment.L | Segment.G;
        cpu.setSegment(SegmentRegister.CS, new Segment(GuestSpace.CODE_SELECTOR, 0, -1, code));
        cpu.setSegment(SegmentRegister.SS, new Segment(GuestSpace.DATA_SELECTOR, 0, -1, data));
        for (SegmentRegister register :
                new SegmentRegister[] {SegmentRegister.DS, SegmentRegister.ES, SegmentRegister.FS, SegmentRegister.GS
                }) {
            cpu.setSegment(register, new Segment(0, 0, 0, Segment.UNUSABLE));
        }
        cpu.setSegment(
                SegmentRegister.TR, new Segment(GuestSpace.TASK_SELECTOR, GuestSpace.task(), 0x67, 11 | Segment.P));
    }

    @Override
    public long memory() {
        return space.sandbox();
    }

    @Override
    public void install(Trampoline wanted) {
        trampoline = wanted;
        byte[] code = wanted.bytes();
        HostMemory.copy(code, 0, memory() + Layout.TRAMPOLINE, code.length);
        codeChanged();
    }

    @Override
    public void codeChanged() {
        space.memory().written(GuestSpace.sandboxGpa() + Layout.TRAMPOLINE, Layout.DATA - Layout.TRAMPOLINE);
    }

    @Override
    public int run(int first, int count) {
        long remaining = memory() + Layout.CONTEXT_REMAINING;
        HostMemory.putLong(remaining, count);
        boolean finished =
                call(trampoline.run(), sandbox + Layout.TABLE + 16L * first, count, 0, count * INSTRUCTIONS_PER_CASE);
        return finished ? count : count - (int) HostMemory.getLong(remaining);
    }

    @Override
    public String problem() {
        return problem;
    }

    /** Calls a function of the sandbox; false where it did not return, then {@link #problem} says why. */
    private boolean call(int offset, long first, long second, long third, long budget) {
        long rsp = host.entryStackPointer();
        if (space.mapStack(rsp)) {
            cpu.flushTlb();
        }
        space.putStackWord(rsp, sandbox + END);
        userSegments();
        cpu.set(Register.RSP, rsp);
        cpu.set(Register.RIP, sandbox + offset);
        cpu.set(Register.RFLAGS, 0x202);
        cpu.set(Register.RDI, first);
        cpu.set(Register.RSI, second);
        cpu.set(Register.RDX, third);
        cpu.setBudget(budget);
        ExitReason reason = cpu.run();
        if (reason != ExitReason.HALT) {
            problem = "exit " + cpu.exit().readable() + "\n" + cpu.describe();
            return false;
        }
        return returned();
    }

    /** Whether the exception that halted the CPU is the one at the end of the program. */
    private boolean returned() {
        int vector = GuestSpace.vectorAt(cpu.get(Register.RIP) - 1);
        long stack = cpu.get(Register.RSP);
        boolean hasError = vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
        long error = hasError ? space.kernelStackWord(stack, 0) : 0;
        long rip = space.kernelStackWord(stack, hasError ? 8 : 0);
        if (vector == UD && rip == sandbox + END) {
            return true;
        }
        problem = "exception %d at 0x%x".formatted(vector, rip)
                + (hasError ? ", error code 0x%x".formatted(error) : "")
                + (vector == PF ? ", address 0x%x".formatted(cpu.get(Register.CR2)) : "");
        return false;
    }

    @Override
    public int[] cpuid(int leaf, int subleaf) {
        long result = Layout.CONTEXT_PROBE;
        if (!call(trampoline.cpuid(), leaf, subleaf, sandbox + result, INSTRUCTIONS_PER_CASE)) {
            throw new IllegalStateException(problem);
        }
        long at = memory() + result;
        return new int[] {
            HostMemory.getInt(at), HostMemory.getInt(at + 4), HostMemory.getInt(at + 8), HostMemory.getInt(at + 12)
        };
    }

    @Override
    public long xcr0() {
        if ((cpuid(1, 0)[2] >>> 27 & 1) == 0) {
            return 0;
        }
        if (!call(trampoline.xgetbv(), 0, 0, 0, INSTRUCTIONS_PER_CASE)) {
            throw new IllegalStateException(problem);
        }
        return cpu.get(Register.RAX);
    }

    @Override
    public void close() {
        cpu.close();
        engine.close();
        space.close();
    }
}
