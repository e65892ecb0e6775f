package portcullis.soft.system;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.state.State;

/** Register values after RESET and INIT (SDM table 10-1). */
public final class ResetState {
    private ResetState() {}

    /** @param init keep what INIT keeps: caching bits of CR0, x87 and SSE state, MSRs but EFER and APIC ones */
    public static void apply(Cpu cpu, boolean init) {
        long caching = init ? cpu.cr0() & (Cpu.CR0_CD | Cpu.CR0_NW) : Cpu.CR0_CD | Cpu.CR0_NW;
        for (int i = 0; i < 16; i++) {
            cpu.r64(i, 0);
        }
        cpu.field(State.CR2, 0);
        cpu.field(State.XCR0, 1);
        cpu.field32(State.PKRU, 0);
        for (int i = 0; i < 4; i++) {
            cpu.field(State.DR + i * 8, 0);
        }
        applyPrivate(cpu, caching);
        int[] signature = new int[4];
        cpu.model.cpuid(cpu, 1, 0, signature);
        cpu.r64(Cpu.RDX, signature[0] & 0xffffffffL);
        if (!init) {
            resetShared(cpu);
            cpu.msrs.reset();
        }
    }

    /** What a context has of its own, as RESET leaves it. The others' and what they share stay. */
    public static void applyToContext(Cpu cpu) {
        cpu.r64(Cpu.RSP, 0);
        applyPrivate(cpu, Cpu.CR0_CD | Cpu.CR0_NW);
        cpu.msrs.reset();
    }

    private static void applyPrivate(Cpu cpu, long caching) {
        cpu.field(State.EFER, 0);
        cpu.field(State.CR0, Cpu.CR0_ET | caching);
        cpu.field(State.CR3, 0);
        cpu.field(State.CR4, 0);
        cpu.field(State.CR8, 0);
        cpu.field(State.DR6, 0xffff0ff0L);
        cpu.rflags(2);
        int data = 3 | Segment.S | Segment.P;
        for (int segment = 0; segment < 6; segment++) {
            cpu.segment(segment, 0, 0, 0xffff, data);
        }
        cpu.segment(Cpu.CS, 0xf000, 0xffff0000L, 0xffff, 0xb | Segment.S | Segment.P);
        cpu.segment(Cpu.LDTR, 0, 0, 0xffff, 2 | Segment.P);
        cpu.segment(Cpu.TR, 0, 0, 0xffff, 0xb | Segment.P);
        cpu.gdtBase = 0;
        cpu.gdtLimit = 0xffff;
        cpu.idtBase = 0;
        cpu.idtLimit = 0xffff;
        cpu.rip(0xfff0);
    }

    private static void resetShared(Cpu cpu) {
        for (int register = 0; register < 16; register++) {
            for (int part = 0; part < 4; part++) {
                cpu.vector(register, part, 0);
            }
        }
        cpu.field32(State.MXCSR, 0x1f80);
        cpu.field32(State.FCW, 0x40);
        cpu.field32(State.FSW, 0);
        cpu.field32(State.FTW, 0x5555);
        cpu.sharedMsrs.reset();
    }
}
