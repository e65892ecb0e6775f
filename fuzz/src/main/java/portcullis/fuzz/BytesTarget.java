package portcullis.fuzz;

import java.util.EnumMap;
import java.util.Map;

/** A program from bytes, for fuzzers that learn which bytes lead somewhere new. For one thread. */
public final class BytesTarget {
    private static final int STEPS = 300;
    private static final Map<Variant, Bench> BENCHES = new EnumMap<>(Variant.class);

    private BytesTarget() {}

    /** Runs the program that {@code bytes} choose. @throws Violation where a rule does not hold */
    public static void run(byte[] bytes) {
        Choices choices = Choices.of(bytes);
        Variant variant = Programs.variant(choices);
        Bench bench = BENCHES.computeIfAbsent(variant, Bench::new);
        try {
            new Program(bench, choices, new Tally()).run(STEPS);
            bench.restart();
        } catch (Violation violation) {
            // The next program shall not suffer for this one.
            BENCHES.remove(variant).close();
            throw violation;
        }
    }
}
