package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Instruction;
import portcullis.soft.fp.x87.StatusWord;
import portcullis.soft.fp.x87.X87Arithmetic;
import portcullis.soft.state.State;

/** What x87 instructions that are not control instructions share: checks before, operands, and the commit at the end. */
abstract class X87Op extends Op {
    // Formats of operands.
    static final int REGISTER = 0;
    static final int SINGLE = 1;
    static final int DOUBLE = 2;
    static final int INT16 = 3;
    static final int INT32 = 4;
    static final int INT64 = 5;
    static final int EXTENDED = 6;
    static final int DECIMAL = 7;

    /** The last-opcode register: the low three bits of the first byte, then ModRM. */
    private final int opcode;
    /** The number of ST(i). */
    final int operand;

    X87Op(Instruction in) {
        super(in);
        opcode = (in.opcode & 7) << 8 | in.modrm;
        operand = in.rm & 7;
    }

    /** Checks what every waiting instruction checks, and gives the unit's state: status word and tags. */
    static long begin(Cpu cpu) {
        long unit = cpu.field(State.FSW);
        X87Unit.require(cpu, (int) unit);
        return unit;
    }

    /** The arithmetic, set to the control word. */
    static X87Arithmetic arithmetic(Cpu cpu) {
        X87Arithmetic fp = cpu.x87;
        fp.control = cpu.field32(State.FCW);
        fp.flags = 0;
        return fp;
    }

    /**
     * Reads an operand from memory into the result fields; exact, and nothing is raised. Returns whether it was a denormal of a
     * narrower format.
     */
    final boolean loadOperand(Cpu cpu, X87Arithmetic fp, int format) {
        switch (format) {
            case SINGLE -> {
                return fp.widenSingle((int) cpu.read32(linear(cpu, 4, false)));
            }
            case DOUBLE -> {
                return fp.widenDouble(cpu.read64(linear(cpu, 8, false)));
            }
            case INT16 -> fp.loadInteger((short) cpu.read16(linear(cpu, 2, false)));
            case INT32 -> fp.loadInteger((int) cpu.read32(linear(cpu, 4, false)));
            default -> throw new AssertionError("not an operand of arithmetic: " + format);
        }
        return false;
    }

    /** The linear address {@code distance} bytes behind {@code la}. */
    final long behind(long la, int distance) {
        return in.is64() ? la + distance : la + distance & 0xffffffffL;
    }

    /** Writes the arithmetic's result to a register; gives the unit with that register in use. */
    static long store(Cpu cpu, X87Arithmetic fp, long unit, int physical) {
        X87Unit.register(cpu, physical, fp.significand, fp.signExponent);
        return X87Unit.used(unit, physical);
    }

    /** Empties ST(0) and moves TOP behind it. */
    static long pop(long unit) {
        return X87Unit.popped(X87Unit.emptied(unit, X87Unit.top(unit)));
    }

    /** Ends an instruction: C1 is replaced, flags are added. */
    final void conclude(Cpu cpu, X87Arithmetic fp, long unit) {
        conclude(cpu, fp, unit, StatusWord.C1);
    }

    /** Ends an instruction that sets the condition codes {@code cleared} or leaves them 0. */
    final void conclude(Cpu cpu, X87Arithmetic fp, long unit, int cleared) {
        long next = unit & ~cleared | fp.flags;
        if (((int) next & ~fp.control & StatusWord.EXCEPTIONS) != 0) {
            next |= StatusWord.ERROR_SUMMARY | StatusWord.BUSY;
        }
        cpu.field(State.FSW, next);
        pointers(cpu);
    }

    /** Ends an instruction that pushes the arithmetic's result, if {@code stored}. */
    final void concludePush(Cpu cpu, X87Arithmetic fp, long unit, boolean stored) {
        int physical = X87Unit.physical(unit, 7);
        boolean pushes = X87Unit.isEmpty(unit, physical) ? stored : fp.stackOverflow();
        conclude(cpu, fp, pushes ? X87Unit.pushed(store(cpu, fp, unit, physical)) : unit);
    }

    /** Records which instruction this was. */
    final void pointers(Cpu cpu) {
        cpu.field(State.FOP, opcode | (long) cpu.selector(Cpu.CS) << 32);
        cpu.field(State.FIP, in.rip);
        if (in.memory) {
            cpu.field(State.FDP, offset(cpu));
            cpu.field32(State.FDS, cpu.selector(segment));
        }
    }
}
