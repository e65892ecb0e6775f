package portcullis.engine;

/** What CPUID gives for one leaf, whatever ECX holds. */
public record CpuidLeaf(int leaf, int eax, int ebx, int ecx, int edx) {}
