package portcullis.oracle.sandbox;

import java.util.Set;
import java.util.TreeSet;

/** Names of the CPUID features that tests depend on. */
public final class Features {
    private static final int EBX = 1;
    private static final int ECX = 2;
    private static final int EDX = 3;
    private static final long AVX_STATE = 6;

    private Features() {}

    /** What {@code processor} offers to user-mode programs, by its CPUID and XCR0. */
    public static Set<String> of(Processor processor) {
        Set<String> features = new TreeSet<>();
        int[] one = processor.cpuid(1, 0);
        add(features, one, EDX, 19, "clflush", 24, "fxsr", 25, "sse", 26, "sse2");
        add(features, one, ECX, 0, "sse3", 1, "pclmul", 9, "ssse3", 13, "cx16", 19, "sse41", 20, "sse42");
        add(features, one, ECX, 22, "movbe", 23, "popcnt", 25, "aes", 27, "xsave");
        int[] seven = processor.cpuid(7, 0);
        add(features, seven, EBX, 3, "bmi1", 8, "bmi2", 19, "adx", 23, "clflushopt", 24, "clwb", 29, "sha");
        int[] extended = processor.cpuid(0x80000001, 0);
        add(features, extended, ECX, 0, "lahf", 5, "lzcnt", 8, "prefetchw");
        if ((processor.xcr0() & AVX_STATE) == AVX_STATE) {
            add(features, one, ECX, 12, "fma", 28, "avx", 29, "f16c");
            add(features, seven, EBX, 5, "avx2");
        }
        return features;
    }

    private static void add(Set<String> features, int[] leaf, int register, Object... bitsAndNames) {
        for (int i = 0; i < bitsAndNames.length; i += 2) {
            if ((leaf[register] >>> (int) bitsAndNames[i] & 1) != 0) {
                features.add((String) bitsAndNames[i + 1]);
            }
        }
    }
}
