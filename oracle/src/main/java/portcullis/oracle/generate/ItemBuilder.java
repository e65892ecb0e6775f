package portcullis.oracle.generate;

import java.util.ArrayList;
import java.util.List;
import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.sandbox.CodeBuffer;

/** Code of an item while it is made, with the few fixed instructions that guards are made of. None of them changes flags. */
final class ItemBuilder {
    final CodeBuffer code = new CodeBuffer();
    private final List<Item.Fixup> fixups = new ArrayList<>();
    private int pendingPosition = -1;
    private long pendingTarget;
    private int instructions;

    /** A 32-bit displacement to {@code target} from the end of the current instruction. */
    void relative(long target) {
        pendingPosition = code.size();
        pendingTarget = target;
        code.i32(0);
    }

    /** A 32-bit displacement to the item after the next {@code skip} ones; the current instruction ends with it. */
    void relativeToItem(int skip) {
        fixups.add(new Item.Fixup(code.size(), code.size() + 4, -1, skip));
        code.i32(0);
    }

    /** To be called after each instruction. */
    ItemBuilder end() {
        if (pendingPosition >= 0) {
            fixups.add(new Item.Fixup(pendingPosition, code.size(), pendingTarget, 0));
            pendingPosition = -1;
        }
        instructions++;
        return this;
    }

    /** Counts instructions that are executed more than once. */
    void repeats(int times) {
        instructions += times;
    }

    /** mov [target], value; {@code size} 1, 2, 4 or 8 (then the value is sign-extended from 32 bits). */
    ItemBuilder store(long target, int size, long value) {
        switch (size) {
            case 1 -> code.bytes(0xc6);
            case 2 -> code.bytes(0x66, 0xc7);
            case 4 -> code.bytes(0xc7);
            default -> code.bytes(0x48, 0xc7);
        }
        code.bytes(0x05);
        relative(target);
        code.little(value, Math.min(size, 4));
        return end();
    }

    /** mov r64, value. */
    ItemBuilder load(int register, long value) {
        code.bytes(0x48 | register >> 3, 0xb8 | register & 7).i64(value);
        return end();
    }

    /** mov r32, value: the upper half is cleared. */
    ItemBuilder load32(int register, int value) {
        if (register > 7) {
            code.bytes(0x41);
        }
        code.bytes(0xb8 | register & 7).i32(value);
        return end();
    }

    /** lea r64, [target]. */
    ItemBuilder address(int register, long target) {
        code.bytes(0x48 | register >> 3 << 2, 0x8d, (register & 7) << 3 | 5);
        relative(target);
        return end();
    }

    Item build(InstructionForm form, FlagEffect effect, int stackBytes, Item.Approximation approximation) {
        return new Item(code.toByteArray(), List.copyOf(fixups), instructions, form, effect, stackBytes, approximation);
    }
}
