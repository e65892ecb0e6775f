package portcullis.oracle.generate;

import java.util.SplittableRandom;
import portcullis.oracle.isa.Flags;
import portcullis.oracle.isa.Operand;
import portcullis.oracle.sandbox.Layout;

/**
 * Instructions before and after one under test that make sure it cannot fault, stays inside the scratch memory and shows nothing
 * that differs between correct processors. They are named in the tables' options.
 */
final class Guards {
    private static final int RAX = 0;
    private static final int RCX = 1;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSI = 6;
    private static final int RDI = 7;

    /** Bytes that a string instruction may go through. */
    private static final int ROOM = 48 * 8;

    private static final int OVERLAP = 64;

    private final SplittableRandom random;
    private final Addressing addressing;
    private final StateGenerator values;

    Guards(SplittableRandom random, Addressing addressing, StateGenerator values) {
        this.random = random;
        this.addressing = addressing;
        this.values = values;
    }

    /** Prepares the instruction; false where its operands will not do. */
    boolean before(Draft draft, ItemBuilder item) {
        String rule = draft.form.option("rule");
        if (rule != null) {
            return shift(draft, item, rule);
        }
        String guard = draft.form.option("guard");
        if (guard == null) {
            return true;
        }
        return switch (guard) {
            case "div", "idiv" -> division(draft, item, guard.equals("idiv"));
            case "bit" -> bit(draft, item);
            case "string" -> string(draft, item);
            case "xlat" -> {
                item.address(RBX, addressing.target(256, 1, false));
                yield true;
            }
            case "popf" -> popf(draft, item);
            case "enter" -> {
                draft.immediate = random.nextInt(0, 256);
                draft.immediateSize = 3;
                yield true;
            }
            case "leave" -> {
                item.code.bytes(0x50 | random.nextInt(4)); // push
                item.end();
                item.code.bytes(0x48, 0x89, 0xe5); // mov rbp, rsp
                item.end();
                yield true;
            }
            case "rdi" -> {
                if (addressing.isReserved(RDI)) {
                    yield false;
                }
                item.address(RDI, addressing.target(16, 1, false));
                yield true;
            }
            case "gather" -> gather(draft, item);
            case "fcw" -> {
                item.store(draft.memory.target(), 2, values.x87Control());
                yield true;
            }
            case "mxcsr" -> {
                item.store(draft.memory.target(), 4, values.mxcsr());
                yield true;
            }
            case "fxrstor" -> {
                item.store(draft.memory.target(), 2, values.x87Control());
                item.store(draft.memory.target() + 24, 4, values.mxcsr());
                yield true;
            }
            case "mmx" -> {
                item.code.bytes(0x0f, 0x6f, 0xc0); // movq mm0, mm0
                item.end();
                yield true;
            }
            case "selector" -> {
                selector(draft, item);
                yield true;
            }
            case "xsave" -> {
                item.load(RAX, mask(draft));
                item.load(RDX, 0);
                yield true;
            }
            case "xrstor" -> {
                xrstor(draft, item);
                yield true;
            }
            case "bcd" -> {
                decimal(draft.memory.target(), item);
                yield true;
            }
            case "fnstenv", "fxsave" -> true;
            default -> throw new IllegalStateException("guard " + guard);
        };
    }

    /** Cleans up behind the instruction. */
    void after(Draft draft, ItemBuilder item) {
        String guard = draft.form.option("guard");
        if (guard == null) {
            return;
        }
        switch (guard) {
            case "enter" -> {
                item.code.bytes(0xc9); // leave: what ENTER reserved on the stack holds nobody's data
                item.end();
            }
            case "fnstenv" -> {
                // Instruction and operand pointers: processors differ in what they keep of them.
                for (int field = 12; field < 28; field += 4) {
                    item.store(draft.memory.target() + field, 4, 0);
                }
            }
            case "fxsave" -> {
                pointers(draft.memory.target(), item);
            }
            case "xsave" -> {
                pointers(draft.memory.target(), item);
                item.store(
                        draft.memory.target() + 512, 4, 0); // which components are in use is the processor's business
            }
            default -> {
                // Nothing to clean up.
            }
        }
    }

    /** Clears what processors fill in differently in an FXSAVE image. */
    private static void pointers(long target, ItemBuilder item) {
        item.store(target + 6, 2, 0);
        for (int field = 8; field < 24; field += 4) {
            item.store(target + field, 4, 0);
        }
        item.store(target + 28, 4, 0); // MXCSR_MASK
    }

    private static long mask(Draft draft) {
        return Long.parseLong(draft.form.option("mask"));
    }

    /** A valid header (SDM volume 1, 13.4.2), control words that mask exceptions, and a mask of components. */
    private void xrstor(Draft draft, ItemBuilder item) {
        long target = draft.memory.target();
        long mask = mask(draft);
        item.store(target, 2, values.x87Control());
        item.store(target + 24, 4, values.mxcsr());
        item.store(target + 512, 8, random.nextLong() & mask);
        for (int field = 520; field < 576; field += 8) {
            item.store(target + field, 8, 0);
        }
        item.load(RAX, random.nextInt(4) == 0 ? random.nextLong() & mask : mask);
        item.load(RDX, 0);
    }

    /** One of the selectors that Linux gives its programs, which the guest has too, or a null one. */
    private void selector(Draft draft, ItemBuilder item) {
        int selector = new int[] {0, 3, 0x2b, 0x33, 0x2a, 0x31}[random.nextInt(6)];
        if (draft.hasMemory()) {
            item.store(draft.memory.target(), 2, selector);
        } else {
            item.load32(draft.rm, selector);
        }
    }

    private boolean shift(Draft draft, ItemBuilder item, String rule) {
        int bits = draft.firstSize() * 8;
        int opcode = draft.form.encoding().opcode()[draft.form.encoding().opcode().length - 1];
        if (draft.immediateSize > 0) {
            draft.immediate = count(bits, rule);
            draft.effect = FlagEffect.ofShift(rule, (int) draft.immediate, bits);
        } else if (opcode == 0xd0 || opcode == 0xd1) {
            draft.effect = FlagEffect.ofShift(rule, 1, bits);
        } else {
            boolean mustKnow = rule.equals("shiftdouble") && bits == 16;
            if (!addressing.isReserved(RCX) && (mustKnow || random.nextBoolean())) {
                int count = count(bits, rule);
                item.code.bytes(0xb1, count); // mov cl, count
                item.end();
                draft.effect = FlagEffect.ofShift(rule, count, bits);
            } else if (mustKnow) {
                return false;
            } else {
                draft.effect = FlagEffect.ofUnknownShift(rule, bits);
            }
        }
        return true;
    }

    private int count(int bits, String rule) {
        int count = switch (random.nextInt(4)) {
            case 0 -> random.nextInt(3);
            case 1 -> bits + random.nextInt(-1, 2);
            default -> random.nextInt(256);
        };
        // SHLD and SHRD of 16 bits by more than 16 have an undefined result.
        return rule.equals("shiftdouble") && bits == 16 && (count & 31) > 16 ? count & 15 : count;
    }

    /** Divisor and upper half of the dividend such that the quotient fits, whatever the lower half is. */
    private boolean division(Draft draft, ItemBuilder item, boolean signed) {
        int size = draft.firstSize();
        int upperRegister = size == 1 ? RAX : RDX;
        if (!draft.hasMemory()) {
            int parent = size == 1 && !draft.rex && !draft.wide && draft.rm < 8 ? draft.rm & 3 : draft.rm;
            if (draft.rm == RAX || draft.rm == RDX || parent == RAX || addressing.isReserved(parent)) {
                return false;
            }
        } else if (draft.memory.target() == 0) {
            return false;
        }
        int bits = size * 8;
        long divisor;
        long upper;
        if (signed) {
            // |dividend| < (|upper| + 1) * 2^bits <= (|divisor| / 2 - 1) * 2^bits, so |quotient| < 2^(bits - 1).
            long magnitude = 8 + (random.nextLong() >>> (64 - bits + 1)) / 2 >>> random.nextInt(bits - 4);
            magnitude = Math.max(8, magnitude);
            if (draft.hasMemory()) {
                magnitude = Math.max(8, magnitude & 0x3fffffff); // a 32-bit immediate reaches memory
            }
            divisor = random.nextBoolean() ? magnitude : -magnitude;
            upper = random.nextLong(-(magnitude / 2 - 2), magnitude / 2 - 1);
        } else {
            divisor = random.nextLong() >>> (64 - bits) >>> random.nextInt(bits);
            if (draft.hasMemory() && size == 8) {
                divisor = (int) divisor;
            }
            if (divisor == 0) {
                divisor = 1;
            }
            upper = Long.remainderUnsigned(random.nextLong() >>> random.nextInt(64), divisor);
        }
        if (draft.hasMemory()) {
            item.store(draft.memory.target(), size, divisor);
        } else if (size == 1) {
            byteDivisor(draft, item, (int) divisor);
        } else {
            item.load(draft.rm, divisor);
        }
        if (size == 1) {
            item.code.bytes(0xb4, (int) upper); // mov ah, upper
            item.end();
        } else {
            item.load(upperRegister, upper);
        }
        return true;
    }

    private static void byteDivisor(Draft draft, ItemBuilder item, int divisor) {
        if (draft.rex || draft.wide || draft.rm > 7) {
            item.code.bytes(0x40 | draft.rm >> 3);
        }
        item.code.bytes(0xb0 | draft.rm & 7, divisor);
        item.end();
    }

    /** BT and its like with a register offset reach memory around their operand. */
    private boolean bit(Draft draft, ItemBuilder item) {
        if (!draft.hasMemory()) {
            return true;
        }
        if (addressing.isReserved(draft.reg) || draft.memory.target() == 0) {
            return false;
        }
        int size = draft.operandSize;
        int offset = (int) (draft.memory.target() - addressing.scratch);
        int first = -(offset / size);
        int last = (Layout.SCRATCH_SIZE - offset) / size - 1;
        if (draft.lock) {
            first = 0;
            last = 0;
        }
        long bitOffset = random.nextInt(first, last + 1) * 8L * size + random.nextInt(8 * size);
        item.load(draft.reg, bitOffset);
        return true;
    }

    private boolean string(Draft draft, ItemBuilder item) {
        int size = draft.form.has("v") ? draft.operandSize : 1;
        draft.address32 = addressing.low && random.nextInt(4) == 0;
        boolean repeatable = !addressing.isReserved(RCX);
        boolean compares = draft.form.has("repc");
        boolean repeat = repeatable && random.nextInt(4) != 0;
        // Either direction stays inside. Long ones are for processors that treat them in bulk.
        int count = random.nextInt(4) != 0 ? random.nextInt(17) : random.nextInt(ROOM / size + 1);
        for (int register : new int[] {RSI, RDI}) {
            if (draft.form.writesImplicitly(register)) {
                item.address(register, addressing.scratch + random.nextInt(ROOM, Layout.SCRATCH_SIZE - ROOM - 8));
            }
        }
        if (draft.form.writesImplicitly(RSI) && draft.form.writesImplicitly(RDI) && random.nextInt(4) == 0) {
            // Overlapping operands.
            int offset = random.nextInt(ROOM + OVERLAP, Layout.SCRATCH_SIZE - ROOM - OVERLAP - 8);
            int distance = random.nextBoolean() ? 2 * size : OVERLAP;
            item.address(RSI, addressing.scratch + offset);
            item.address(RDI, addressing.scratch + offset + random.nextInt(-distance, distance + 1));
        }
        if (repeat) {
            item.load32(RCX, count);
            draft.repeat = compares && random.nextBoolean() ? 0xf2 : 0xf3;
            if (count == 0) {
                draft.effect = FlagEffect.NONE;
            }
        }
        return true;
    }

    private boolean popf(Draft draft, ItemBuilder item) {
        // No trap flag, no alignment checks; interrupts stay enabled in user mode whatever is popped.
        int image = 0x202 | random.nextInt() & (Flags.STATUS | (random.nextInt(4) == 0 ? Flags.D : 0));
        if (draft.operandSize == 2) {
            item.code.bytes(0x66, 0x68).i16(image);
        } else {
            item.code.bytes(0x68).i32(image);
        }
        item.end();
        return true;
    }

    /** Destination, mask and index must differ (SDM, VGATHERDPS); indices are shifted so that they stay small. */
    private boolean gather(Draft draft, ItemBuilder item) {
        int index = random.nextInt(16);
        draft.vvvv = random.nextInt(16);
        if (index == draft.reg || index == draft.vvvv || draft.reg == draft.vvvv) {
            return false;
        }
        Operand operand = draft.form.operands().get(1);
        boolean quad = operand.size() == Operand.Size.Q;
        int shift = quad ? 58 : 26;
        // vpsrld/vpsrlq ymm, ymm, shift: VEX.256.66.0F 72/73 /2
        item.code.bytes(0xc4, 0xc1 | (index < 8 ? 0x20 : 0), (~index & 15) << 3 | 5, quad ? 0x73 : 0x72);
        item.code.bytes(0xd0 | index & 7, shift);
        item.end();
        draft.memory = addressing.vectorIndexed(addressing.target(64 * 8 + 8, 1, false), index);
        return true;
    }

    private void decimal(long target, ItemBuilder item) {
        for (int i = 0; i < 8; i += 4) {
            item.store(target + i, 4, digits() | digits() << 8 | digits() << 16 | digits() << 24);
        }
        item.store(target + 8, 1, digits());
        item.store(target + 9, 1, random.nextBoolean() ? 0x80 : 0);
    }

    private int digits() {
        return random.nextInt(10) << 4 | random.nextInt(10);
    }
}
