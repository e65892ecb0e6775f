package portcullis.soft.block;

import java.util.Arrays;
import portcullis.soft.cpu.Op;

/**
 * How a block is executed: what the loop calls one after the other. Immutable, so that a block may get another form while CPUs
 * execute it.
 */
final class Form {
    /** The block's operations, or {@link Sequence}s of them. */
    final Op[] ops;

    private final Op[] plain;
    /** How many plain operations each of {@link #ops} stands for, but the last, which may stand for fewer. */
    private final int stride;

    private Form(Op[] plain, Op[] ops, int stride) {
        this.plain = plain;
        this.ops = ops;
        this.stride = stride;
    }

    /** One operation an instruction. */
    static Form plain(Op[] plain) {
        return new Form(plain, plain, 1);
    }

    /** For a block that is executed often. Costs milliseconds: classes are defined. */
    static Form sequences(Op[] plain) {
        Op[] ops = new Op[(plain.length + Sequence.LENGTH - 1) / Sequence.LENGTH];
        for (int i = 0; i < ops.length; i++) {
            int from = i * Sequence.LENGTH;
            ops[i] = Sequence.of(Arrays.copyOfRange(plain, from, Math.min(from + Sequence.LENGTH, plain.length)));
        }
        return new Form(plain, ops, Sequence.LENGTH);
    }

    /** Index of the plain operation under way in {@code ops[index]}. */
    int at(int index, int position) {
        return stride == 1 ? index : index * stride + position;
    }

    /** The plain operation under way in {@code ops[index]}. */
    Op op(int index, int position) {
        return plain[at(index, position)];
    }
}
