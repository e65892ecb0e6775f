package portcullis.soft.system;

import portcullis.engine.Register;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.mmu.PageWalker;

/** Which values registers can hold (SDM 2.5, 2.6, 27.3.1): what whoever writes them from outside must keep to. */
public final class ValidState {
    private static final long CR0_DEFINED = 0xe005_003fL;
    private static final long CR0_NW = 1L << 29;
    private static final long CR0_CD = 1L << 30;
    private static final long CR3_NO_FLUSH = 1L << 63;

    private static final long RFLAGS_FIXED = 2;
    /** Bits 63:22, 15, 5 and 3. */
    private static final long RFLAGS_RESERVED = ~0x3f_ffffL | 1 << 15 | 1 << 5 | 1 << 3;

    private ValidState() {}

    public static boolean accepts(Cpu cpu, Register register, long value) {
        return switch (register) {
            case CR0 ->
                (value & ~CR0_DEFINED) == 0
                        && ((value & PageWalker.CR0_PG) == 0 || (value & Cpu.CR0_PE) != 0)
                        && ((value & CR0_NW) == 0 || (value & CR0_CD) != 0);
            case CR3 -> (value & CR3_NO_FLUSH) == 0 && value >>> cpu.model.physicalBits() == 0;
            case CR4 -> (value & ~cpu.model.cr4Allowed()) == 0;
            case CR8 -> value >>> 4 == 0;
            case EFER -> (value & ~cpu.model.eferAllowed()) == 0;
            case XCR0 -> (value & 1) != 0 && (value & ~cpu.model.xcr0Allowed()) == 0 && (value & 6) != 4;
            case DR6, DR7 -> value >>> 32 == 0;
            case RFLAGS -> (value & RFLAGS_RESERVED) == 0 && (value & RFLAGS_FIXED) != 0;
            case RIP -> cpu.model.canonicalAtWidest(value);
            default -> true;
        };
    }
}
