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

    /** Checks what every waiting instruction checks, and gives the status word. */
    static int begin(Cpu cpu) {
        X87Unit.require(cpu);
        return cpu.field32(State.FSW);
    }

    /** The arithmetic, set to the control word. */
    static X87Arithmetic arithmetic(Cpu cpu) {
        X87Arithmetic fp = cpu.x87;
        fp.control = cpu.field32(State.FCW);
        fp.flags = 0;
        return fp;
    }

    static boolean isEmpty(int tags, int physical) {
        return X87Unit.isEmpty(tags, physical);
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

    /** Writes the arithmetic's result to a register, which is in use from then on. */
    static void store(Cpu cpu, X87Arithmetic fp, int physical) {
        X87Unit.register(cpu, physical, fp.significand, fp.signExponent);
        int tags = cpu.field32(State.FTW);
        if (isEmpty(tags, physical)) {
            cpu.field32(State.FTW, X87Unit.used(tags, physical));
        }
    }

    /** Empties ST(0) and gives the status word with TOP behind it. */
    static int pop(Cpu cpu, int status) {
        cpu.field32(State.FTW, X87Unit.emptied(cpu.field32(State.FTW), X87Unit.top(status)));
        return X87Unit.popped(status);
    }

    /** Ends an instruction: C1 is replaced, flags are added. */
    final void conclude(Cpu cpu, X87Arithmetic fp, int status) {
        conclude(cpu, fp, status, StatusWord.C1);
    }

    /** Ends an instruction that sets the condition codes {@code cleared} or leaves them 0. */
    final void conclude(Cpu cpu, X87Arithmetic fp, int status, int cleared) {
        int next = status & ~cleared | fp.flags;
        if ((next & ~fp.control & StatusWord.EXCEPTIONS) != 0) {
            next |= StatusWord.ERROR_SUMMARY | StatusWord.BUSY;
        }
        cpu.field32(State.FSW, next);
        pointers(cpu);
    }

    /** Ends an instruction that pushes the arithmetic's result, if {@code stored}. */
    final void concludePush(Cpu cpu, X87Arithmetic fp, int status, boolean stored) {
        int next = status;
        int physical = X87Unit.physical(status, 7);
        boolean pushes = isEmpty(cpu.field32(State.FTW), physical) ? stored : fp.stackOverflow();
        if (pushes) {
            store(cpu, fp, physical);
            next = X87Unit.pushed(status);
        }
        conclude(cpu, fp, next);
    }

    /** Records which instruction this was. */
    final void pointers(Cpu cpu) {
        cpu.field32(State.FOP, opcode);
        cpu.field(State.FIP, in.rip);
        cpu.field32(State.FCS, cpu.selector(Cpu.CS));
        if (in.memory) {
            cpu.field(State.FDP, offset(cpu));
            cpu.field32(State.FDS, cpu.selector(segment));
        }
    }
}
