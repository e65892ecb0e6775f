package portcullis.hypervisor;

import java.util.Arrays;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.hyperv.HypervConfig;

/**
 * The shape of a partition.
 *
 * @param apicIds initial APIC id of each VP, in the order of VP indexes; the first is the boot processor
 * @param apicFeatures what CPUID says of local APICs
 * @param hyperv what of Microsoft's interface is offered
 */
public record PartitionConfig(int[] apicIds, ApicFeatures apicFeatures, HypervConfig hyperv) {
    /** VPs that one partition may have. */
    public static final int MAXIMUM_PROCESSORS = 1024;

    /** Without Microsoft's interface. */
    public PartitionConfig(int[] apicIds, ApicFeatures apicFeatures) {
        this(apicIds, apicFeatures, HypervConfig.OFF);
    }

    public PartitionConfig {
        if (apicIds.length == 0 || apicIds.length > MAXIMUM_PROCESSORS) {
            throw new IllegalArgumentException(
                    "a partition has 1 to " + MAXIMUM_PROCESSORS + " processors, not " + apicIds.length);
        }
        if (Arrays.stream(apicIds).distinct().count() != apicIds.length) {
            throw new IllegalArgumentException("APIC ids must differ: " + Arrays.toString(apicIds));
        }
        boolean wide = Arrays.stream(apicIds).anyMatch(id -> id < 0 || id >= 255);
        if (wide && !apicFeatures.x2apic()) {
            throw new IllegalArgumentException("APIC ids over 254 need x2APIC: " + Arrays.toString(apicIds));
        }
        apicIds = apicIds.clone();
    }

    @Override
    public int[] apicIds() {
        return apicIds.clone();
    }
}
