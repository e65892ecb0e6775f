package portcullis.soft.model;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import portcullis.engine.CpuidLeaf;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.state.State;

/** What one processor claims by CPUID, and which control register bits follow from it. Immutable, shared by all CPUs. */
public final class CpuModel {
    /** Vendor strings that a guest can be shown. */
    public enum Vendor {
        INTEL("GenuineIntel"),
        AMD("AuthenticAMD");

        final String signature;

        Vendor(String signature) {
            this.signature = signature;
        }
    }

    /** XSAVE components that are there: x87, SSE, AVX, PKRU. */
    public static final int XSAVE_AVX_OFFSET = 576;

    public static final int XSAVE_PKRU_OFFSET = 2688;

    /** Features that have no implementation yet; never offered. */
    private static final Set<Feature> MISSING = EnumSet.noneOf(Feature.class);

    private final Vendor vendor;
    private final Set<Feature> features;
    private final int physicalBits;
    private final int cpus;
    private final long frequency;
    private volatile List<CpuidLeaf> hypervisorLeaves = List.of();

    /**
     * @param features what to offer, of {@link #available}; without what needs features that are missing
     * @param physicalBits guest physical address width
     * @param cpus processors in the partition, for the topology leaves
     * @param frequency ticks of the time-stamp counter a second
     */
    public CpuModel(Vendor vendor, Set<Feature> features, int physicalBits, int cpus, long frequency) {
        this.vendor = vendor;
        this.features = offered(vendor, features);
        this.physicalBits = physicalBits;
        this.cpus = cpus;
        this.frequency = frequency;
    }

    /** What a processor of {@code vendor} offers of {@code wanted}: what is there, and has all that it needs. */
    public static Set<Feature> offered(Vendor vendor, Set<Feature> wanted) {
        EnumSet<Feature> offered = EnumSet.noneOf(Feature.class);
        offered.addAll(wanted);
        offered.retainAll(available());
        FeatureNeeds.settle(offered);
        if (vendor == Vendor.AMD) {
            offered.remove(Feature.ARCH_CAPABILITIES);
        }
        return Collections.unmodifiableSet(offered);
    }

    /** What the hypervisor says of itself. Before the first CPU runs. */
    public void setHypervisorLeaves(List<CpuidLeaf> leaves) {
        hypervisorLeaves = List.copyOf(leaves);
    }

    /** All that the processor can do. */
    public static Set<Feature> available() {
        EnumSet<Feature> all = EnumSet.allOf(Feature.class);
        all.removeAll(MISSING);
        return Collections.unmodifiableSet(all);
    }

    /** What CPUID tells, as text by topic. */
    public Map<String, String> description() {
        Map<String, String> topics = new LinkedHashMap<>();
        topics.put("cpu vendor", vendor.name().toLowerCase(Locale.ROOT));
        topics.put(
                "cpu features",
                features.stream().map(feature -> feature.qemuName).collect(Collectors.joining(" ")));
        topics.put("physical address bits", Integer.toString(physicalBits));
        topics.put("tsc frequency", Long.toString(frequency));
        return topics;
    }

    public boolean has(Feature feature) {
        return features.contains(feature);
    }

    public Vendor vendor() {
        return vendor;
    }

    public boolean isIntel() {
        return vendor == Vendor.INTEL;
    }

    public int physicalBits() {
        return physicalBits;
    }

    /** Canonical at the widest linear addresses that there are: what table and MSR bases must be, whatever CR4.LA57 says. */
    public boolean canonicalAtWidest(long la) {
        int shift = has(Feature.LA57) ? 7 : 16;
        return la << shift >> shift == la;
    }

    /** CR4 bits that may be set. */
    public long cr4Allowed() {
        long bits = Cpu.CR4_PCE;
        bits |= has(Feature.TSC) ? Cpu.CR4_TSD : 0;
        bits |= has(Feature.PSE) ? PageWalker.CR4_PSE : 0;
        bits |= has(Feature.PAE) ? PageWalker.CR4_PAE : 0;
        bits |= has(Feature.MCE) ? Cpu.CR4_MCE : 0;
        bits |= has(Feature.VME) ? Cpu.CR4_VME | Cpu.CR4_PVI : 0;
        bits |= has(Feature.DE) ? Cpu.CR4_DE : 0;
        bits |= has(Feature.PGE) ? PageWalker.CR4_PGE : 0;
        bits |= has(Feature.FXSR) ? Cpu.CR4_OSFXSR : 0;
        bits |= has(Feature.SSE) ? Cpu.CR4_OSXMMEXCPT : 0;
        bits |= has(Feature.UMIP) ? Cpu.CR4_UMIP : 0;
        bits |= has(Feature.LA57) ? PageWalker.CR4_LA57 : 0;
        bits |= has(Feature.FSGSBASE) ? Cpu.CR4_FSGSBASE : 0;
        bits |= has(Feature.PCID) ? PageWalker.CR4_PCIDE : 0;
        bits |= has(Feature.XSAVE) ? Cpu.CR4_OSXSAVE : 0;
        bits |= has(Feature.SMEP) ? PageWalker.CR4_SMEP : 0;
        bits |= has(Feature.SMAP) ? PageWalker.CR4_SMAP : 0;
        bits |= has(Feature.PKU) ? PageWalker.CR4_PKE : 0;
        return bits;
    }

    /** EFER bits that may be written: LMA is accepted and ignored. */
    public long eferAllowed() {
        return (has(Feature.SYSCALL) ? Cpu.EFER_SCE : 0)
                | (has(Feature.LM) ? Cpu.EFER_LME | PageWalker.EFER_LMA : 0)
                | (has(Feature.NX) ? PageWalker.EFER_NXE : 0);
    }

    /** XCR0 bits that may be set. */
    public long xcr0Allowed() {
        return 3 | (has(Feature.AVX) ? 4 : 0) | (has(Feature.PKU) ? 1 << 9 : 0);
    }

    /** Size in bytes of an XSAVE area for the components in {@code mask}, standard form. */
    public static int xsaveSize(long mask) {
        if ((mask & 1 << 9) != 0) {
            return XSAVE_PKRU_OFFSET + 8;
        }
        return (mask & 4) != 0 ? XSAVE_AVX_OFFSET + 256 : XSAVE_AVX_OFFSET;
    }

    private static final int MAX_BASIC = 0x16;
    private static final int MAX_EXTENDED_INTEL = 0x80000008;
    private static final int MAX_EXTENDED_AMD = 0x80000021;
    /** LFENCE always serialises; speculative return stack overflow does not happen (APM volume 3, E.4). */
    private static final int AMD_NO_SPECULATION = 1 << 2 | 1 << 29;

    private int maxExtended() {
        return isIntel() ? MAX_EXTENDED_INTEL : MAX_EXTENDED_AMD;
    }

    /** Executes CPUID: four 32-bit results into {@code out}, EAX to EDX. */
    public void cpuid(Cpu cpu, int leaf, int subleaf, int[] out) {
        java.util.Arrays.fill(out, 0);
        int effective = leaf;
        if (leaf >>> 28 == 4) {
            hypervisorLeaf(leaf, out);
            return;
        }
        if (Integer.compareUnsigned(leaf, maxExtended()) > 0 || (leaf > MAX_BASIC)) {
            // Intel answers leaves beyond the last with the last basic leaf, AMD with zeroes.
            if (!isIntel()) {
                return;
            }
            effective = MAX_BASIC;
        }
        switch (effective) {
            case 0 -> {
                out[0] = MAX_BASIC;
                signature(out);
            }
            case 1 -> features(cpu, out);
            case 2 -> {
                if (isIntel()) {
                    out[0] = 0x00ff_ff01;
                }
            }
            case 4 -> caches(subleaf, out);
            case 6 -> out[0] = 4; // ARAT: the APIC timer never stops
            case 7 -> {
                if (subleaf == 0) {
                    featureBits(7, out);
                    out[2] |= (cpu.cr4() & PageWalker.CR4_PKE) != 0 ? 1 << 4 : 0; // OSPKE
                }
            }
            case 0xb, 0x1f -> topology(cpu, effective == 0x1f, subleaf, out);
            case 0xd -> xsave(cpu, subleaf, out);
            case 0x15 -> {
                out[0] = 1;
                out[1] = 1;
                out[2] = (int) Math.min(frequency, 0xffff_ffffL);
            }
            case 0x16 -> {
                int megahertz = (int) (frequency / 1_000_000);
                out[0] = megahertz;
                out[1] = megahertz;
                out[2] = 100;
            }
            case 0x80000000 -> {
                out[0] = maxExtended();
                if (!isIntel()) {
                    signature(out);
                }
            }
            case 0x80000001 -> {
                featureBits(0x80000001, out);
                if (!isIntel()) {
                    // AMD repeats the common bits of leaf 1.
                    int[] basic = new int[4];
                    featureBits(1, basic);
                    out[3] |= basic[3] & 0x0183_f3ff;
                    out[2] |= cpus > 1 ? 2 : 0;
                }
            }
            case 0x80000002, 0x80000003, 0x80000004 -> brand(effective, out);
            case 0x80000007 -> out[3] = 1 << 8; // invariant TSC
            case 0x80000008 -> {
                out[0] = physicalBits | (has(Feature.LA57) ? 57 : 48) << 8;
                if (!isIntel()) {
                    out[2] = cpus - 1 & 0xff;
                }
            }
            case 0x80000021 -> out[0] = AMD_NO_SPECULATION;
            default -> {
                // Reserved leaves read as zero.
            }
        }
    }

    /** Leaves 0x40000000 to 0x400000ff are the hypervisor's; one that says nothing has a signature, and no more. */
    private void hypervisorLeaf(int leaf, int[] out) {
        if (!has(Feature.HYPERVISOR)) {
            return;
        }
        for (CpuidLeaf given : hypervisorLeaves) {
            if (given.leaf() == leaf) {
                out[0] = given.eax();
                out[1] = given.ebx();
                out[2] = given.ecx();
                out[3] = given.edx();
                return;
            }
        }
        if (hypervisorLeaves.isEmpty() && leaf == 0x40000000) {
            out[0] = leaf;
            byte[] text = "Portcullis\0\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            out[1] = word(text, 0);
            out[2] = word(text, 4);
            out[3] = word(text, 8);
        }
    }

    private void signature(int[] out) {
        byte[] text = vendor.signature.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        out[1] = word(text, 0);
        out[3] = word(text, 4);
        out[2] = word(text, 8);
    }

    private static int word(byte[] text, int at) {
        return text[at] & 0xff | (text[at + 1] & 0xff) << 8 | (text[at + 2] & 0xff) << 16 | (text[at + 3] & 0xff) << 24;
    }

    private void featureBits(int leaf, int[] out) {
        for (Feature feature : features) {
            if (feature.leaf == leaf) {
                out[feature.register] |= 1 << feature.bit;
            }
        }
    }

    private void features(Cpu cpu, int[] out) {
        // Generations that guests know as free of the old speculation errata, and apply no workarounds to: Intel family
        // 6 model
        // 0x8f, AMD family 0x19 model 0x11.
        out[0] = isIntel() ? 0x000806f8 : 0x00a10f11;
        out[1] = cpu.apicId() << 24 | Math.min(cpus, 255) << 16 | 8 << 8;
        featureBits(1, out);
        if ((cpu.cr4() & Cpu.CR4_OSXSAVE) != 0) {
            out[2] |= 1 << 27;
        }
        if (!cpu.apicEnabled()) {
            out[3] &= ~(1 << 9);
        }
        if (cpus > 1) {
            out[3] |= 1 << 28;
        }
    }

    private void caches(int subleaf, int[] out) {
        if (!isIntel()) {
            return;
        }
        // type | level << 5 | self-initialising; line 64 bytes, 8 ways.
        int[] types = {1 | 1 << 5, 2 | 1 << 5, 3 | 2 << 5, 3 | 3 << 5};
        int[] sets = {64, 64, 1024, 8192};
        if (subleaf < 0 || subleaf > 3) {
            return;
        }
        int cores = Math.min(63, Math.max(0, cpus - 1));
        out[0] = types[subleaf] | 1 << 8 | cores << 26 | (subleaf == 3 ? cores << 14 : 0);
        out[1] = 63 | 7 << 22;
        out[2] = sets[subleaf] - 1;
    }

    private void topology(Cpu cpu, boolean v2, int subleaf, int[] out) {
        int coreShift = 32 - Integer.numberOfLeadingZeros(Math.max(cpus - 1, 0));
        out[2] = subleaf & 0xff;
        out[3] = cpu.apicId();
        if (subleaf == 0) {
            out[0] = 0;
            out[1] = 1;
            out[2] |= 1 << 8;
        } else if (subleaf == 1) {
            out[0] = coreShift;
            out[1] = cpus;
            out[2] |= 2 << 8;
        }
    }

    private void xsave(Cpu cpu, int subleaf, int[] out) {
        if (!has(Feature.XSAVE)) {
            return;
        }
        switch (subleaf) {
            case 0 -> {
                out[0] = (int) xcr0Allowed();
                out[1] = xsaveSize(cpu.field(State.XCR0));
                out[2] = xsaveSize(xcr0Allowed());
            }
            case 1 -> out[0] = 1; // XSAVEOPT
            case 2 -> {
                if (has(Feature.AVX)) {
                    out[0] = 256;
                    out[1] = XSAVE_AVX_OFFSET;
                }
            }
            case 9 -> {
                if (has(Feature.PKU)) {
                    out[0] = 8;
                    out[1] = XSAVE_PKRU_OFFSET;
                }
            }
            default -> {
                // No such component.
            }
        }
    }

    private static void brand(int leaf, int[] out) {
        byte[] text = java.util.Arrays.copyOf(
                "Portcullis Virtual CPU".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 48);
        int at = (leaf - 0x80000002) * 16;
        for (int i = 0; i < 4; i++) {
            out[i] = word(text, at + i * 4);
        }
    }
}
