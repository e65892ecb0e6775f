package portcullis.oracle.sandbox;

/** One of the processors compared, with its copy of the sandbox. For one thread. */
public interface Processor extends AutoCloseable {
    /** Address, in this Java process, of this processor's copy of the sandbox. */
    long memory();

    /** Replaces the fixed code. */
    void install(Trampoline trampoline);

    /** To be called after the code area of {@link #memory} was written. */
    void codeChanged();

    /**
     * Executes {@code count} cases of the table.
     *
     * @param first index of the first
     * @return number of cases completed; fewer than {@code count} where the processor raised a fault that the cases cannot
     *     raise, then {@link #problem} says what happened
     */
    int run(int first, int count);

    /** What ended the last {@link #run} early. */
    String problem();

    /** CPUID as the test programs see it: EAX, EBX, ECX, EDX. */
    int[] cpuid(int leaf, int subleaf);

    /** XCR0, or 0 where the processor does not offer XSAVE. */
    long xcr0();

    @Override
    void close();
}
