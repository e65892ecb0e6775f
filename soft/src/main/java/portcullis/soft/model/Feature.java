package portcullis.soft.model;

/**
 * Features that CPUID reports, named as QEMU names them. Only what the processor does is listed: what is missing here
 * cannot be switched on.
 */
public enum Feature {
    FPU("fpu", 1, 3, 0),
    VME("vme", 1, 3, 1),
    DE("de", 1, 3, 2),
    PSE("pse", 1, 3, 3),
    TSC("tsc", 1, 3, 4),
    MSR("msr", 1, 3, 5),
    PAE("pae", 1, 3, 6),
    MCE("mce", 1, 3, 7),
    CX8("cx8", 1, 3, 8),
    APIC("apic", 1, 3, 9),
    SEP("sep", 1, 3, 11),
    MTRR("mtrr", 1, 3, 12),
    PGE("pge", 1, 3, 13),
    MCA("mca", 1, 3, 14),
    CMOV("cmov", 1, 3, 15),
    PAT("pat", 1, 3, 16),
    PSE36("pse36", 1, 3, 17),
    CLFLUSH("clflush", 1, 3, 19),
    MMX("mmx", 1, 3, 23),
    FXSR("fxsr", 1, 3, 24),
    SSE("sse", 1, 3, 25),
    SSE2("sse2", 1, 3, 26),
    SSE3("pni", 1, 2, 0),
    PCLMULQDQ("pclmulqdq", 1, 2, 1),
    SSSE3("ssse3", 1, 2, 9),
    FMA("fma", 1, 2, 12),
    CX16("cx16", 1, 2, 13),
    PCID("pcid", 1, 2, 17),
    SSE41("sse4.1", 1, 2, 19),
    SSE42("sse4.2", 1, 2, 20),
    X2APIC("x2apic", 1, 2, 21),
    MOVBE("movbe", 1, 2, 22),
    POPCNT("popcnt", 1, 2, 23),
    TSC_DEADLINE("tsc-deadline", 1, 2, 24),
    AES("aes", 1, 2, 25),
    XSAVE("xsave", 1, 2, 26),
    AVX("avx", 1, 2, 28),
    F16C("f16c", 1, 2, 29),
    RDRAND("rdrand", 1, 2, 30),
    HYPERVISOR("hypervisor", 1, 2, 31),
    FSGSBASE("fsgsbase", 7, 1, 0),
    TSC_ADJUST("tsc_adjust", 7, 1, 1),
    BMI1("bmi1", 7, 1, 3),
    AVX2("avx2", 7, 1, 5),
    SMEP("smep", 7, 1, 7),
    BMI2("bmi2", 7, 1, 8),
    ERMS("erms", 7, 1, 9),
    INVPCID("invpcid", 7, 1, 10),
    RDSEED("rdseed", 7, 1, 18),
    ADX("adx", 7, 1, 19),
    SMAP("smap", 7, 1, 20),
    CLFLUSHOPT("clflushopt", 7, 1, 23),
    CLWB("clwb", 7, 1, 24),
    SHA("sha-ni", 7, 1, 29),
    UMIP("umip", 7, 2, 2),
    PKU("pku", 7, 2, 3),
    LA57("la57", 7, 2, 16),
    RDPID("rdpid", 7, 2, 22),
    ARCH_CAPABILITIES("arch-capabilities", 7, 3, 29),
    SYSCALL("syscall", 0x80000001, 3, 11),
    NX("nx", 0x80000001, 3, 20),
    PDPE1GB("pdpe1gb", 0x80000001, 3, 26),
    RDTSCP("rdtscp", 0x80000001, 3, 27),
    LM("lm", 0x80000001, 3, 29),
    LAHF("lahf-lm", 0x80000001, 2, 0),
    ABM("abm", 0x80000001, 2, 5),
    PREFETCHW("3dnowprefetch", 0x80000001, 2, 8);

    /** QEMU's spelling, as on its command line after + or -. */
    public final String qemuName;

    /** CPUID leaf, subleaf 0. */
    final int leaf;
    /** 0 EAX to 3 EDX. */
    final int register;

    final int bit;

    Feature(String qemuName, int leaf, int register, int bit) {
        this.qemuName = qemuName;
        this.leaf = leaf;
        this.register = register;
        this.bit = bit;
    }

    /** The feature of that name, or null. Underscores and dashes are the same; some have two names. */
    public static Feature named(String name) {
        String wanted = name.toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        wanted = switch (wanted) {
            case "sse3" -> "pni";
            case "lzcnt" -> "abm";
            case "sse4-1" -> "sse4.1";
            case "sse4-2" -> "sse4.2";
            default -> wanted;
        };
        for (Feature feature : values()) {
            if (feature.qemuName.replace('_', '-').equals(wanted)) {
                return feature;
            }
        }
        return null;
    }
}
