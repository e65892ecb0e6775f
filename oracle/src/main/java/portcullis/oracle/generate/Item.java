package portcullis.oracle.generate;

import java.util.List;
import portcullis.oracle.isa.InstructionForm;

/**
 * One instruction of a sequence with the instructions that prepare it, kept together when a case is made smaller.
 *
 * @param code machine code, position independent but for {@code fixups}
 * @param fixups 32-bit displacements to fill in when the place is known
 * @param instructions number of instructions executed at most
 * @param form the form under test; null for control flow
 * @param effect on the status flags
 * @param stackBytes by how much it grows the stack; negative where it shrinks it
 * @param approximation what of its result is only approximately defined
 */
public record Item(
        byte[] code,
        List<Fixup> fixups,
        int instructions,
        InstructionForm form,
        FlagEffect effect,
        int stackBytes,
        Approximation approximation) {
    /**
     * A 32-bit field at {@code position} that holds {@code target - (address of the item + end)}.
     *
     * @param target virtual address; for jumps to another item, -1
     * @param skip for jumps to another item: how many items of the sequence lie between
     */
    public record Fixup(int position, int end, long target, int skip) {}

    /** Results that differ between correct processors. */
    public enum Approximation {
        NONE,
        /** A vector of floats with a relative error below 1.5 * 2^-12 (SDM, RCPPS and RSQRTPS). */
        RECIPROCAL,
        /** x87 registers within a unit in the last place (SDM volume 1, 8.3.10). */
        TRANSCENDENTAL
    }

    boolean isJump() {
        return fixups.stream().anyMatch(fixup -> fixup.target() == -1);
    }
}
