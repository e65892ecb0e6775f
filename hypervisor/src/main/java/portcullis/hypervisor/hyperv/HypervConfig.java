package portcullis.hypervisor.hyperv;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import portcullis.engine.CpuidLeaf;
import portcullis.tlfs.HvCpuid;
import portcullis.tlfs.PartitionPrivilege;

/**
 * How much of Microsoft's interface a partition offers.
 *
 * @param offered whether the interface is there at all: the "Hv#1" signature, GUEST_OS_ID and HYPERCALL MSRs
 * @param enlightenments what is offered beyond that; {@link Enlightenment#VP_INDEX} alone, which comes with the signature: the
 *     bare identity
 * @param trustLevels the highest trust level that the guest may enable: 0, 1 or 2
 * @param interruptsUpwards whether SendSyntheticClusterIpi may target a higher level than the caller's: some guests rely on it,
 *     and it lets a lower level choose when a higher one runs
 */
public record HypervConfig(
        boolean offered, Set<Enlightenment> enlightenments, int trustLevels, boolean interruptsUpwards) {
    /** No interface. */
    public static final HypervConfig OFF = new HypervConfig(false, Set.of(), 0);

    /** All that is usual. */
    public static final HypervConfig ON = new HypervConfig(true, usual(), 0);

    private static final String UPWARDS = "+interrupts-upwards";

    private static final int MAX_LEAF = 0x4000000c;
    /** Retries of a spin lock before NotifyLongSpinWait. */
    private static final int SPIN_RETRIES = 0xfff;

    /** Safe where there is a choice. */
    public HypervConfig(boolean offered, Set<Enlightenment> enlightenments, int trustLevels) {
        this(offered, enlightenments, trustLevels, false);
    }

    /** @throws IllegalArgumentException where an enlightenment lacks what it needs; the message says which */
    public HypervConfig {
        EnumSet<Enlightenment> copy = EnumSet.noneOf(Enlightenment.class);
        copy.addAll(enlightenments);
        for (Enlightenment one : copy) {
            for (Enlightenment needed : one.needs()) {
                if (!copy.contains(needed)) {
                    throw new IllegalArgumentException(one.spelling() + " needs " + needed.spelling());
                }
            }
        }
        if (!offered && (!copy.isEmpty() || trustLevels != 0)) {
            throw new IllegalArgumentException("enlightenments and trust levels need the interface");
        }
        if (trustLevels < 0 || trustLevels > 2) {
            throw new IllegalArgumentException("the highest trust level is 0, 1 or 2, not " + trustLevels);
        }
        if (trustLevels > 0 && !(copy.contains(Enlightenment.SYNIC) && copy.contains(Enlightenment.VP_REGISTERS))) {
            throw new IllegalArgumentException("trust levels need synic and vp-registers");
        }
        if (offered) {
            copy.add(Enlightenment.VP_INDEX);
        }
        enlightenments = Collections.unmodifiableSet(copy);
    }

    /** All that a partition can offer. */
    public static Set<Enlightenment> available() {
        return EnumSet.allOf(Enlightenment.class);
    }

    /** What a partition offers unless told otherwise: not the debugger's register, which leads nowhere. */
    public static Set<Enlightenment> usual() {
        return EnumSet.complementOf(EnumSet.of(Enlightenment.SYNTHETIC_DEBUGGER));
    }

    /** As text: what two partitions of the same interface have in common. */
    public String description() {
        if (!offered) {
            return "off";
        }
        String names = enlightenments.stream().map(Enlightenment::spelling).collect(Collectors.joining(" "));
        String levels = trustLevels == 0 ? "on" : "vsm=" + trustLevels + (interruptsUpwards ? UPWARDS : "");
        return levels + (names.isEmpty() ? "" : " " + names);
    }

    /**
     * The configuration that has this {@link #description}.
     *
     * @throws IllegalArgumentException where this build knows none
     */
    public static HypervConfig described(String description) {
        String[] words = description.split(" ");
        if (words[0].equals("off") && words.length == 1) {
            return OFF;
        }
        boolean upwards = words[0].endsWith(UPWARDS);
        String level = words[0].replace(UPWARDS, "");
        int levels = level.equals("on") ? 0 : level.matches("vsm=[12]") ? level.charAt(4) - '0' : -1;
        EnumSet<Enlightenment> named = EnumSet.noneOf(Enlightenment.class);
        for (int i = 1; i < words.length; i++) {
            String word = words[i];
            named.add(available().stream()
                    .filter(one -> one.spelling().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no enlightenment is called " + word)));
        }
        return new HypervConfig(true, named, levels, upwards);
    }

    public boolean has(Enlightenment one) {
        return enlightenments.contains(one);
    }

    /** HV_PARTITION_PRIVILEGE_MASK. */
    public long privileges() {
        if (!offered) {
            return 0;
        }
        long mask = PartitionPrivilege.ACCESS_HYPERCALL_MSRS;
        for (Enlightenment one : enlightenments) {
            mask |= one.privileges;
        }
        return mask | (trustLevels > 0 ? PartitionPrivilege.ACCESS_VSM : 0);
    }

    /** Whether the partition has all of these privileges. */
    public boolean grants(long privileges) {
        return (privileges() & privileges) == privileges;
    }

    /** CPUID 0x40000003 EDX. */
    public int features() {
        int bits = offered ? HvCpuid.FEATURES_EDX_HYPERCALL_MSR_LOCK : 0;
        for (Enlightenment one : enlightenments) {
            bits |= one.features;
        }
        return bits;
    }

    /** Whether fast calls may use XMM registers for input. */
    public boolean xmmInput() {
        return has(Enlightenment.XMM_INPUT);
    }

    public boolean xmmOutput() {
        return has(Enlightenment.XMM_OUTPUT);
    }

    /**
     * CPUID 0x40000000 on (TLFS, "Feature and Interface Discovery").
     *
     * @param processors how many VPs there are
     */
    public List<CpuidLeaf> leaves(int processors) {
        if (!offered) {
            return List.of();
        }
        int recommendations = 0;
        for (Enlightenment one : enlightenments) {
            recommendations |= one.recommendations;
        }
        long privileges = privileges();
        int retries = has(Enlightenment.SPINLOCKS) ? SPIN_RETRIES : -1;
        return List.of(
                // "Microsoft Hv": guests look for this signature before they look at the next leaf.
                new CpuidLeaf(0x40000000, MAX_LEAF, 0x7263694d, 0x666f736f, 0x76482074),
                new CpuidLeaf(0x40000001, 0x31237648, 0, 0, 0),
                // The version whose interface this is; guests take newer ones for a reason to use newer things.
                new CpuidLeaf(0x40000002, 20348, 10 << 16, 0, 0),
                new CpuidLeaf(0x40000003, (int) privileges, (int) (privileges >>> 32), 0, features()),
                new CpuidLeaf(0x40000004, recommendations, retries, 0, 0),
                new CpuidLeaf(0x40000005, processors, processors, 0, 0));
    }
}
