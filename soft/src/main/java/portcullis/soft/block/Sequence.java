package portcullis.soft.block;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;

/**
 * Operations of a block that is executed often, as one.
 *
 * <p>As with {@code integer.Template}, each is defined anew as a hidden class, with its operations as class data: constants to the
 * JIT compiler, which knows the type of each and inlines it. That saves a dispatch an instruction, and mispredicted dispatches are
 * what an interpreter waits for most. Longer ones, over branches, were measured to gain no more.
 */
final class Sequence extends Op {
    static final int LENGTH = 16;

    private static final Op[] OPS = ops(MethodHandles.lookup());
    private static final Op O0 = op(0);
    private static final Op O1 = op(1);
    private static final Op O2 = op(2);
    private static final Op O3 = op(3);
    private static final Op O4 = op(4);
    private static final Op O5 = op(5);
    private static final Op O6 = op(6);
    private static final Op O7 = op(7);
    private static final Op O8 = op(8);
    private static final Op O9 = op(9);
    private static final Op O10 = op(10);
    private static final Op O11 = op(11);
    private static final Op O12 = op(12);
    private static final Op O13 = op(13);
    private static final Op O14 = op(14);
    private static final Op O15 = op(15);

    private static byte[] classFile;

    private Sequence() {
        super(null);
    }

    /** @param ops up to {@link #LENGTH} */
    static Op of(Op[] ops) {
        try {
            byte[] bytes = classFile;
            if (bytes == null) {
                try (InputStream in = Sequence.class.getResourceAsStream("Sequence.class")) {
                    bytes = in.readAllBytes();
                }
                classFile = bytes;
            }
            MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClassWithClassData(bytes, ops, true);
            var constructor = hidden.lookupClass().getDeclaredConstructor();
            constructor.setAccessible(true);
            return (Op) constructor.newInstance();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the class file of " + Sequence.class, e);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a sequence has a constructor without parameters", e);
        }
    }

    /** None in the class as javac compiled it. */
    private static Op[] ops(MethodHandles.Lookup lookup) {
        try {
            Op[] ops = MethodHandles.classData(lookup, "_", Op[].class);
            return ops == null ? new Op[0] : ops;
        } catch (IllegalAccessException e) {
            throw new AssertionError("a class may read its own class data", e);
        }
    }

    private static Op op(int i) {
        return i < OPS.length ? OPS[i] : null;
    }

    // The position tells which operation a fault comes from.
    @Override
    public void execute(Cpu cpu) {
        Interpreter at = (Interpreter) cpu;
        at.position = 0;
        O0.execute(cpu);
        if (O1 != null) {
            at.position = 1;
            O1.execute(cpu);
        }
        if (O2 != null) {
            at.position = 2;
            O2.execute(cpu);
        }
        if (O3 != null) {
            at.position = 3;
            O3.execute(cpu);
        }
        if (O4 != null) {
            at.position = 4;
            O4.execute(cpu);
        }
        if (O5 != null) {
            at.position = 5;
            O5.execute(cpu);
        }
        if (O6 != null) {
            at.position = 6;
            O6.execute(cpu);
        }
        if (O7 != null) {
            at.position = 7;
            O7.execute(cpu);
        }
        if (O8 != null) {
            at.position = 8;
            O8.execute(cpu);
        }
        if (O9 != null) {
            at.position = 9;
            O9.execute(cpu);
        }
        if (O10 != null) {
            at.position = 10;
            O10.execute(cpu);
        }
        if (O11 != null) {
            at.position = 11;
            O11.execute(cpu);
        }
        if (O12 != null) {
            at.position = 12;
            O12.execute(cpu);
        }
        if (O13 != null) {
            at.position = 13;
            O13.execute(cpu);
        }
        if (O14 != null) {
            at.position = 14;
            O14.execute(cpu);
        }
        if (O15 != null) {
            at.position = 15;
            O15.execute(cpu);
        }
    }
}
