package portcullis.oracle.generate;

import java.util.ArrayList;
import java.util.List;
import portcullis.oracle.sandbox.CodeBuffer;

/**
 * A sequence of instructions with the state it starts from.
 *
 * @param seed it was generated from
 * @param slot of the sandbox whose memory its operands address
 * @param reserved general registers that no item writes, a bit each: they hold addresses
 * @param items in order
 * @param input state before
 */
public record TestCase(long seed, int slot, int reserved, List<Item> items, InputState input) {
    /** Whether items address memory through a general register. */
    public boolean isReserved(int register) {
        return (reserved >> register & 1) != 0;
    }

    /** Instructions executed at most, loops counted in full and a repeated string instruction once. */
    public int instructions() {
        int count = 0;
        for (Item item : items) {
            count += item.instructions();
        }
        return count;
    }

    /** Status flags that the manual leaves undefined at the end. */
    public int undefinedFlags() {
        return FlagTracker.undefinedAfter(items);
    }

    public Item.Approximation approximation() {
        return items.isEmpty() ? Item.Approximation.NONE : items.getLast().approximation();
    }

    /**
     * Machine code for a place.
     *
     * @param address of its first byte
     * @param done where to go at the end
     */
    public byte[] assemble(long address, long done) {
        int[] offsets = offsets();
        CodeBuffer code = new CodeBuffer();
        for (Item item : items) {
            code.bytes(item.code());
        }
        code.bytes(0xe9).i32(0); // jmp done
        code.patch32(code.size() - 4, (int) (done - (address + code.size())));
        for (int i = 0; i < items.size(); i++) {
            for (Item.Fixup fixup : items.get(i).fixups()) {
                long target = fixup.target() == -1
                        ? address + offsets[Math.min(i + 1 + fixup.skip(), items.size())]
                        : fixup.target();
                code.patch32(offsets[i] + fixup.position(), (int) (target - (address + offsets[i] + fixup.end())));
            }
        }
        return code.toByteArray();
    }

    /** Offset of each item, and of the end. */
    public int[] offsets() {
        int[] offsets = new int[items.size() + 1];
        for (int i = 0; i < items.size(); i++) {
            offsets[i + 1] = offsets[i] + items.get(i).code().length;
        }
        return offsets;
    }

    public TestCase withInput(InputState state) {
        return new TestCase(seed, slot, reserved, items, state);
    }

    /** Without the item at {@code index}; jumps over it lead where they led. Null if what is left reads an undefined flag. */
    public TestCase without(int index) {
        List<Item> left = new ArrayList<>(items.size());
        int stack = 0;
        for (int i = 0; i < items.size(); i++) {
            if (i == index) {
                continue;
            }
            Item item = items.get(i);
            left.add(i < index ? shorterJumps(item, index - i - 1) : item);
            stack += item.stackBytes();
            if (stack < 0) {
                return null;
            }
        }
        return FlagTracker.undefinedAfter(left) < 0 ? null : new TestCase(seed, slot, reserved, left, input);
    }

    private static Item shorterJumps(Item item, int between) {
        if (!item.isJump()) {
            return item;
        }
        List<Item.Fixup> fixups = item.fixups().stream()
                .map(fixup -> fixup.target() == -1 && fixup.skip() > between
                        ? new Item.Fixup(fixup.position(), fixup.end(), -1, fixup.skip() - 1)
                        : fixup)
                .toList();
        return new Item(
                item.code(),
                fixups,
                item.instructions(),
                item.form(),
                item.effect(),
                item.stackBytes(),
                item.approximation());
    }
}
