package portcullis.soft.integer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.Map;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Instruction;

/**
 * A hot operation, written once and specialised by a key (kind, width, operand form).
 *
 * <p>For each key that a guest uses, the subclass is defined anew as a hidden class with the key as its class data; read into a
 * {@code static final} field it is a constant to the JIT compiler, which then drops every branch on it. Each specialisation has
 * its own profile and its own compiled code: small and monomorphic, as PERFORMANCE.md found best.
 */
public abstract class Template extends Op {
    protected Template(Instruction in) {
        super(in);
    }

    /** {@code return new Self(in)}: in a specialised class that is the specialised class. */
    protected abstract Op make(Instruction in);

    /** The key of the class that {@code lookup} belongs to; -1 in the class as javac compiled it. */
    protected static int key(MethodHandles.Lookup lookup) {
        try {
            Integer key = MethodHandles.classData(lookup, "_", Integer.class);
            return key == null ? -1 : key;
        } catch (IllegalAccessException e) {
            throw new AssertionError("a class may read its own class data", e);
        }
    }

    /** The address of the memory operand; {@code isFlat} is a constant of the specialisation. */
    protected final long address(Cpu cpu, boolean isFlat, int size, boolean write) {
        if (isFlat) {
            return cpu.field(base) + (cpu.field(index) << scale) + displacement + cpu.field(segmentBase);
        }
        return linear(cpu, size, write);
    }

    protected static int log2(int size) {
        return Integer.numberOfTrailingZeros(size);
    }

    /** Whether this instruction's memory operand can use the short address generation: part of the key. */
    protected static boolean isFlat(Instruction in) {
        return in.is64() && in.addressSize == 8;
    }

    /** All specialisations of one template. */
    public static final class Specializations {
        private final MethodHandles.Lookup lookup;
        private final Class<? extends Template> template;
        private final Map<Integer, Template> prototypes = new HashMap<>();
        private byte[] classFile;

        Specializations(Class<? extends Template> template) {
            this(MethodHandles.lookup(), template);
        }

        /** @param lookup of the template's package: a specialisation is defined next to its template */
        public Specializations(MethodHandles.Lookup lookup, Class<? extends Template> template) {
            this.lookup = lookup;
            this.template = template;
        }

        /** Makes the operation for {@code in} from the specialisation for {@code key}, defining that when it is new. */
        public Op make(int key, Instruction in) {
            Template prototype;
            synchronized (this) {
                prototype = prototypes.get(key);
                if (prototype == null) {
                    prototype = define(key);
                    prototypes.put(key, prototype);
                }
            }
            return prototype.make(in);
        }

        private Template define(int key) {
            try {
                if (classFile == null) {
                    try (InputStream in = template.getResourceAsStream(template.getSimpleName() + ".class")) {
                        classFile = in.readAllBytes();
                    }
                }
                MethodHandles.Lookup hidden = lookup.defineHiddenClassWithClassData(classFile, key, true);
                var constructor = hidden.lookupClass().getDeclaredConstructor(Instruction.class);
                constructor.setAccessible(true);
                return (Template) constructor.newInstance((Instruction) null);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read the class file of " + template, e);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError("a template has a constructor that takes an instruction", e);
            }
        }
    }
}
