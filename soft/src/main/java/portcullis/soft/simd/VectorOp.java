package portcullis.soft.simd;

import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.Operand;
import portcullis.soft.fp.sse.Mxcsr;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.integer.Template;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;
import portcullis.soft.x87.X87Unit;

/**
 * What vector instructions share: whether they may execute, where their operands are, memory operands of 16 and 32 bytes.
 *
 * <p>Order of checks (SDM volume 2, 2.5 and table 2-15 on): #UD, #NM, then the memory operand (segment, alignment, paging),
 * then #XM. The destination is written last.
 */
abstract class VectorOp extends Template {
    /** Forms of an instruction, for keys: legacy SSE keeps the upper half of YMM, VEX clears what it does not write. */
    static final int SSE = 0;

    static final int VEX128 = 1;
    static final int VEX256 = 2;
    static final int MMX = 3;

    // Fields of a specialisation's key.
    static final int KIND_MASK = 0xff;
    static final int FORM_SHIFT = 8;
    static final int MEMORY = 1 << 10;
    static final int FLAT = 1 << 11;

    private static final int MMX_EXPONENT = 0xffff;
    private static final long XCR0_AVX = 6;

    /** State offsets: modrm.reg; VEX.vvvv, or modrm.reg in legacy encodings; modrm.rm where it is a register. */
    protected final int destination;

    protected final int first;
    protected final int second;
    /** The immediate byte, zero-extended. */
    protected final int immediate;

    private final Feature feature;
    /** The model is the same for all CPUs that can meet this object, so one look is enough. */
    private boolean offered;

    protected VectorOp(Instruction in) {
        super(in);
        if (in == null) {
            destination = 0;
            first = 0;
            second = 0;
            immediate = 0;
            feature = null;
            return;
        }
        boolean mmx = isMmx(in);
        destination = mmx ? mmxRegister(in.reg) : vectorRegister(in.reg);
        first = in.encoding.isVex() && names(in, Operand.Place.VVVV) ? vectorRegister(in.vvvv) : destination;
        second = mmx ? mmxRegister(in.rm) : vectorRegister(in.rm);
        immediate = (int) in.immediate & 0xff;
        feature = Features.of(in);
    }

    @Override
    protected Op make(Instruction in) {
        throw new AssertionError("not a template");
    }

    static int vectorRegister(int number) {
        return State.VECTOR + number * State.VECTOR_STRIDE;
    }

    /** MMX registers are the physical x87 registers, whatever the top of the stack. */
    static int mmxRegister(int number) {
        return State.X87 + (number & 7) * 16;
    }

    /** Whether the destination is an MMX register. */
    static boolean isMmx(Instruction in) {
        Operand[] operands = in.encoding.operands;
        return operands.length > 0 && (operands[0] == Operand.Pq || operands[0] == Operand.Nq);
    }

    static boolean names(Instruction in, Operand.Place place) {
        for (Operand operand : in.encoding.operands) {
            if (operand.place == place) {
                return true;
            }
        }
        return false;
    }

    /** VEX.vvvv must be 1111 where it names no operand (SDM volume 2, 2.3.5.6). */
    static boolean isMalformed(Instruction in) {
        return in.encoding.isVex() && in.vvvv != 0 && !names(in, Operand.Place.VVVV);
    }

    static int form(Instruction in) {
        if (in.encoding.isVex()) {
            return in.vexL ? VEX256 : VEX128;
        }
        return isMmx(in) ? MMX : SSE;
    }

    /** The key that most templates use: kind, form, where the operand is. */
    static int key(Instruction in, int form) {
        return in.encoding.kind | form << FORM_SHIFT | (in.memory ? MEMORY : 0) | (in.memory && isFlat(in) ? FLAT : 0);
    }

    // ---- availability ------------------------------------------------------------------------------------------

    /** Raises #UD or #NM where the instruction may not execute now, #MF where MMX has to. */
    protected final void require(Cpu cpu, int form) {
        if (!offered) {
            lookAtModel(cpu);
        }
        boolean refused;
        if (form == VEX128 || form == VEX256) {
            refused = (cpu.cr0() & Cpu.CR0_TS | ~cpu.cr4() & Cpu.CR4_OSXSAVE | ~cpu.field(State.XCR0) & XCR0_AVX) != 0;
        } else {
            long needed = form == SSE ? ~cpu.cr4() & Cpu.CR4_OSFXSR : 0;
            refused = (cpu.cr0() & (Cpu.CR0_EM | Cpu.CR0_TS) | needed) != 0;
        }
        if (refused) {
            refuse(cpu, form);
        }
        if (form == MMX) {
            X87Unit.require(cpu);
        }
    }

    /** #UD goes before #NM. */
    private static void refuse(Cpu cpu, int form) {
        boolean undefined = switch (form) {
            case SSE -> (cpu.cr0() & Cpu.CR0_EM) != 0 || (cpu.cr4() & Cpu.CR4_OSFXSR) == 0;
            case MMX -> (cpu.cr0() & Cpu.CR0_EM) != 0;
            default -> (cpu.cr4() & Cpu.CR4_OSXSAVE) == 0 || (cpu.field(State.XCR0) & XCR0_AVX) != XCR0_AVX;
        };
        throw cpu.fault(undefined ? Fault.UD : Fault.NM);
    }

    private void lookAtModel(Cpu cpu) {
        if (!cpu.model.has(feature) || in.encoding.isVex() && !cpu.model.has(Feature.AVX)) {
            throw cpu.fault(Fault.UD);
        }
        offered = true;
    }

    /** Writes an MMX register; sign and exponent become ones. */
    protected static void writeMmx(Cpu cpu, int register, long value) {
        cpu.field(register, value);
        cpu.reg(register + 8, 2, MMX_EXPONENT);
    }

    // ---- floating point ----------------------------------------------------------------------------------------

    /** The arithmetic, with the guest's MXCSR in it. */
    protected static SseArithmetic arithmetic(Cpu cpu) {
        SseArithmetic sse = cpu.sse;
        int control = cpu.field32(State.MXCSR);
        if (sse.mxcsr.get() != control) {
            sse.mxcsr.set(control);
        }
        return sse;
    }

    /** Puts what the instruction raised into MXCSR; throws #XM (or #UD) where it may not complete. */
    protected static void settle(Cpu cpu) {
        if (cpu.sse.mxcsr.hasRaised()) {
            settleRaised(cpu);
        }
    }

    private static void settleRaised(Cpu cpu) {
        Mxcsr mxcsr = cpu.sse.mxcsr;
        boolean unmasked = mxcsr.settle();
        cpu.field32(State.MXCSR, mxcsr.get());
        if (unmasked) {
            throw cpu.fault((cpu.cr4() & Cpu.CR4_OSXMMEXCPT) != 0 ? Fault.XM : Fault.UD);
        }
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    /** #GP(0) for a 16- or 32-byte operand that is not aligned to its size. */
    protected static void align(Cpu cpu, long la, int size) {
        if ((la & size - 1) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    /** Long {@code i} of the operand at {@code la}; {@code host} is what {@link Cpu#hostForRead} gave for all of it. */
    protected static long load(Cpu cpu, long host, long la, int i) {
        return host != 0 ? HostMemory.getLongAcquire(host + i * 8L) : cpu.read64(after(cpu, la, i * 8));
    }

    /** Linear addresses wrap at 4 GiB outside 64-bit mode. */
    protected static long after(Cpu cpu, long la, int bytes) {
        return cpu.is64() ? la + bytes : la + bytes & 0xffffffffL;
    }

    /** Stores 16 bytes, or nothing where any of them faults. */
    protected static void store(Cpu cpu, long la, long low, long high) {
        long host = cpu.hostForModify(la, 16);
        if (host != 0) {
            HostMemory.putLongRelease(host, low);
            HostMemory.putLongRelease(host + 8, high);
            return;
        }
        cpu.probeWrite(la, 16);
        cpu.write64(la, low);
        cpu.write64(after(cpu, la, 8), high);
    }

    /** Stores 32 bytes of a register, or nothing where any of them faults. */
    protected static void storeWide(Cpu cpu, long la, int register) {
        long host = cpu.hostForModify(la, 32);
        if (host == 0) {
            cpu.probeWrite(la, 32);
        }
        for (int i = 0; i < 4; i++) {
            long value = cpu.field(register + i * 8);
            if (host != 0) {
                HostMemory.putLongRelease(host + i * 8L, value);
            } else {
                cpu.write64(after(cpu, la, i * 8), value);
            }
        }
    }

    /** Clears bits 255:128 of the destination where the form does. */
    protected static void clearUpper(Cpu cpu, int register, int form) {
        if (form == VEX128) {
            cpu.field(register + 16, 0);
            cpu.field(register + 24, 0);
        }
    }
}
