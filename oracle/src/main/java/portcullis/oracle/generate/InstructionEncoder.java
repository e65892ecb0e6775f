package portcullis.oracle.generate;

import java.util.SplittableRandom;
import portcullis.oracle.isa.Flags;
import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.isa.InstructionForm.Length;
import portcullis.oracle.isa.InstructionForm.Low;
import portcullis.oracle.isa.Operand;
import portcullis.oracle.isa.Operand.RegisterFile;

/** Makes an item of an instruction form: chooses operands that cannot fault, guards it, and encodes it. */
final class InstructionEncoder {
    private static final int RSP = 4;
    private static final int ATTEMPTS = 20;
    private static final int MAX_LENGTH = 15;

    private final SplittableRandom random;
    private final Addressing addressing;
    private final Guards guards;

    InstructionEncoder(SplittableRandom random, Addressing addressing, StateGenerator values) {
        this.random = random;
        this.addressing = addressing;
        guards = new Guards(random, addressing, values);
    }

    /** An item of {@code form}, or null where the case's reserved registers rule it out. */
    Item encode(InstructionForm form) {
        for (int register = 0; register < 16; register++) {
            if (form.writesImplicitly(register) && addressing.isReserved(register)) {
                return null;
            }
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Draft draft = new Draft(form);
            chooseSizes(draft);
            ItemBuilder item = new ItemBuilder();
            if (chooseOperands(draft) && guards.before(draft, item)) {
                int start = item.code.size();
                emit(draft, item);
                item.end();
                if (item.code.size() - start > MAX_LENGTH) {
                    continue; // #GP (SDM 2.3.11)
                }
                guards.after(draft, item);
                return item.build(form, effect(draft), stackBytes(draft), approximation(form));
            }
        }
        return null;
    }

    private static int stackBytes(Draft draft) {
        String stack = draft.form.option("stack");
        if (stack == null) {
            return 0;
        }
        return stack.equals("push") ? draft.operandSize : -draft.operandSize;
    }

    private static Item.Approximation approximation(InstructionForm form) {
        if (!form.has("approx")) {
            return Item.Approximation.NONE;
        }
        return form.family().equals("x87") ? Item.Approximation.TRANSCENDENTAL : Item.Approximation.RECIPROCAL;
    }

    private FlagEffect effect(Draft draft) {
        if (draft.effect != null) {
            return draft.effect;
        }
        InstructionForm form = draft.form;
        int read = form.flagsRead();
        if (form.encoding().low() == Low.CONDITION) {
            read |= Flags.ofCondition(draft.condition);
        }
        return new FlagEffect(form.flagsWritten(), form.flagsUndefined(), read);
    }

    private void chooseSizes(Draft draft) {
        InstructionForm form = draft.form;
        InstructionForm.Encoding encoding = form.encoding();
        switch (encoding.w()) {
            case ONE -> draft.wide = true;
            case SIZE -> draft.wide = random.nextBoolean();
            case IGNORED -> draft.wide = encoding.vex() ? random.nextBoolean() : random.nextInt(16) == 0;
            case ZERO -> draft.wide = false;
        }
        if (form.hasOperandSize()) {
            boolean small = random.nextInt(3) == 0 && !(form.has("d64") && random.nextInt(3) != 0);
            if (form.has("d64")) {
                draft.wide = random.nextInt(16) == 0;
                draft.operandSize = small && !draft.wide ? 2 : 8;
            } else {
                draft.wide = random.nextInt(3) == 0;
                draft.operandSize = draft.wide ? 8 : small ? 2 : 4;
            }
        }
        draft.lengthBit = switch (encoding.length()) {
            case L128 -> false;
            case L256 -> true;
            case ANY, IGNORED -> random.nextBoolean();
        };
        draft.vector = draft.lengthBit && encoding.length() != Length.IGNORED ? 32 : 16;
        draft.rex = random.nextInt(8) == 0;
        draft.condition = random.nextInt(16);
        draft.reg = encoding.digit() == InstructionForm.REGISTER ? 0 : Math.max(encoding.digit(), 0);
        if (encoding.low() == Low.X87) {
            draft.opcodeLow = random.nextInt(8);
        }
    }

    private boolean chooseOperands(Draft draft) {
        boolean memory = random.nextBoolean();
        for (Operand operand : draft.form.operands()) {
            switch (operand.slot()) {
                case RM -> {
                    if (memory) {
                        chooseMemory(draft, operand);
                    } else {
                        draft.rm = register(operand);
                    }
                }
                case RM_REGISTER -> draft.rm = register(operand);
                case RM_MEMORY -> chooseMemory(draft, operand);
                case RM_ADDRESS -> draft.memory = addressing.anywhere();
                case RM_VECTOR_INDEX -> {
                    // The guard chooses it, with the index.
                }
                case REG -> draft.reg = register(operand);
                case VVVV -> draft.vvvv = register(operand);
                case IS4 -> draft.is4 = random.nextInt(16);
                case OPCODE -> draft.opcodeLow = register(operand);
                case OFFSET -> {
                    draft.memorySize = draft.size(operand);
                    draft.offset = addressing.target(draft.memorySize, 1, false);
                    draft.address32 = addressing.low && random.nextInt(4) == 0;
                }
                case IMMEDIATE -> immediate(draft, operand);
                case IMPLICIT -> {
                    // Checked for all forms before.
                }
            }
        }
        if (draft.form.has("nozero") && draft.opcodeLow == 0) {
            return false; // 90 is NOP
        }
        return byteRegistersWritable(draft);
    }

    private void immediate(Draft draft, Operand operand) {
        draft.immediateSize = draft.size(operand);
        long value = random.nextInt(3) == 0 ? random.nextInt(-3, 4) : random.nextLong();
        if (random.nextInt(4) == 0) {
            value >>= random.nextInt(64);
        }
        int bits = operand.register();
        draft.immediate = bits == 0 ? value : value & (1L << bits) - 1;
    }

    private int register(Operand operand) {
        if (operand.file() == RegisterFile.MMX) {
            return random.nextInt(8);
        }
        if (operand.file() == RegisterFile.VECTOR) {
            // A few registers are used again and again, so that results meet.
            return random.nextInt(4) == 0 ? random.nextInt(16) : random.nextInt(4);
        }
        while (true) {
            int register = random.nextInt(16);
            if (operand.size() == Operand.Size.B && operand.written()) {
                return register; // which one it is depends on REX: checked later
            }
            if (operand.written() ? !addressing.isReserved(register) : register != RSP || random.nextInt(16) == 0) {
                return register;
            }
        }
    }

    private void chooseMemory(Draft draft, Operand operand) {
        InstructionForm form = draft.form;
        int size = draft.size(operand);
        draft.memorySize = size;
        boolean wantsLine = form.mnemonic().equals("xchg");
        draft.lock = form.has("lock") && random.nextInt(4) == 0;
        boolean aligned = form.has("align")
                || operand.file() == RegisterFile.VECTOR
                        && size == 16
                        && !form.encoding().vex()
                        && !form.has("una");
        boolean stack = form.option("stack") == null && form.option("guard") == null && !aligned && !draft.lock;
        if (stack && !wantsLine && size <= 32 && random.nextInt(16) == 0) {
            draft.memory = addressing.onStack(size);
            return;
        }
        int alignment = aligned || random.nextBoolean() ? Integer.lowestOneBit(size) : 1;
        // Locked accesses across cache lines are left out: hosts may trap them.
        long target = addressing.target(size, alignment, draft.lock || wantsLine);
        draft.memory = addressing.encode(target);
        draft.address32 = draft.memory.address32();
    }

    /** With REX known, byte registers 4 to 7 are SPL to DIL or AH to BH. */
    private boolean byteRegistersWritable(Draft draft) {
        if (draft.form.encoding().vex()) {
            return true;
        }
        boolean rex = needsRex(draft);
        for (Operand operand : draft.form.operands()) {
            if (operand.size() != Operand.Size.B || operand.file() != RegisterFile.GENERAL || !operand.written()) {
                continue;
            }
            int number = switch (operand.slot()) {
                case RM, RM_REGISTER -> draft.rm;
                case REG -> draft.reg;
                case OPCODE -> draft.opcodeLow;
                default -> -1;
            };
            int parent = rex || number < 4 ? number : number - 4;
            if (parent >= 0 && addressing.isReserved(parent)) {
                return false;
            }
        }
        return true;
    }

    private static boolean needsRex(Draft draft) {
        return draft.rex
                || draft.wide
                || draft.rm > 7
                || draft.reg > 7
                || draft.opcodeLow > 7
                || draft.hasMemory() && draft.memory.rexBits() != 0;
    }

    private void emit(Draft draft, ItemBuilder item) {
        InstructionForm.Encoding encoding = draft.form.encoding();
        legacyPrefixes(draft, item);
        if (encoding.vex()) {
            vex(draft, item);
        } else {
            legacyOpcode(draft, item);
        }
        if (encoding.digit() != InstructionForm.NO_MODRM) {
            if (draft.hasMemory()) {
                draft.memory.emit(item, draft.reg);
            } else {
                item.code.bytes(0xc0 | (draft.reg & 7) << 3 | draft.rm & 7);
            }
        }
        if (draft.offset != 0) {
            item.code.little(draft.offset, draft.address32 ? 4 : 8);
        }
        item.code.little(draft.immediate, draft.immediateSize);
        if (draft.is4 >= 0) {
            item.code.bytes(draft.is4 << 4);
        }
    }

    private void legacyPrefixes(Draft draft, ItemBuilder item) {
        InstructionForm form = draft.form;
        InstructionForm.Encoding encoding = form.encoding();
        int[] prefixes = new int[8];
        int count = 0;
        if (draft.lock) {
            prefixes[count++] = 0xf0;
        }
        if (draft.address32) {
            prefixes[count++] = 0x67;
        }
        if (form.hasOperandSize() && (draft.operandSize == 2 || draft.wide && random.nextInt(16) == 0)) {
            prefixes[count++] = 0x66;
        }
        if (draft.repeat != 0) {
            prefixes[count++] = draft.repeat;
        }
        if (random.nextInt(32) == 0) {
            prefixes[count++] = new int[] {0x26, 0x2e, 0x36, 0x3e}[random.nextInt(4)]; // no meaning in 64-bit mode
        }
        if (form.has("free") && !draft.lock && random.nextInt(64) == 0) {
            prefixes[count++] = random.nextBoolean() ? 0xf2 : 0xf3;
        }
        for (int i = count - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swap = prefixes[i];
            prefixes[i] = prefixes[other];
            prefixes[other] = swap;
        }
        if (count > 0 && !encoding.vex() && random.nextInt(32) == 0) {
            item.code.bytes(0x40 | random.nextInt(16)); // not next to the opcode: ignored (SDM 2.2.1)
        }
        for (int i = 0; i < count; i++) {
            item.code.bytes(prefixes[i]);
        }
        if (!encoding.vex() && encoding.prefix() != 0) {
            item.code.bytes(encoding.prefix());
        }
    }

    private void legacyOpcode(Draft draft, ItemBuilder item) {
        InstructionForm.Encoding encoding = draft.form.encoding();
        if (needsRex(draft)) {
            int b = draft.hasMemory() ? draft.memory.rexBits() : high(draft.rm) | high(draft.opcodeLow);
            int r = encoding.digit() == InstructionForm.REGISTER ? high(draft.reg) << 2 : 0;
            item.code.bytes(0x40 | (draft.wide ? 8 : 0) | r | b);
        }
        int[] opcode = encoding.opcode();
        for (int i = 0; i < opcode.length; i++) {
            int last = i == opcode.length - 1 ? 1 : 0;
            int low = switch (encoding.low()) {
                case NOTHING -> 0;
                case REGISTER, X87 -> draft.opcodeLow & 7;
                case CONDITION -> draft.condition;
            };
            item.code.bytes(opcode[i] + low * last);
        }
    }

    private static int high(int register) {
        return register < 0 ? 0 : register >> 3;
    }

    private void vex(Draft draft, ItemBuilder item) {
        InstructionForm.Encoding encoding = draft.form.encoding();
        int r = encoding.digit() == InstructionForm.REGISTER ? high(draft.reg) : 0;
        int xb = draft.hasMemory() ? draft.memory.rexBits() : high(draft.rm);
        int vvvv = draft.vvvv < 0 ? 0 : draft.vvvv;
        int pp = switch (encoding.prefix()) {
            case 0x66 -> 1;
            case 0xf3 -> 2;
            case 0xf2 -> 3;
            default -> 0;
        };
        int last = (~vvvv & 15) << 3 | (draft.lengthBit ? 4 : 0) | pp;
        boolean shortForm = encoding.map() == 1 && xb == 0 && !draft.wide && random.nextBoolean();
        if (shortForm) {
            item.code.bytes(0xc5, (r ^ 1) << 7 | last);
        } else {
            item.code.bytes(0xc4, (r ^ 1) << 7 | (~xb & 3) << 5 | encoding.map(), (draft.wide ? 0x80 : 0) | last);
        }
        item.code.bytes(encoding.opcode()[0]);
    }
}
