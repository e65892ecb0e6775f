package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the extended calls, of the calls for properties of the whole system, and synthetic machine
 * checks.
 *
 * <p>Source: the pages of the extended calls under TLFS hypercalls/; system properties v2.0, 23.
 */
public final class SystemCalls {
    /** HvCallSetSystemProperty (0x006F). */
    public static final class SetSystemPropertyInput {
        public static final int PROPERTY_CODE = 0;
        public static final int PROPERTY_VALUE = 8;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallSetSystemProperty input")
                .u32("PropertyCode")
                .reserved(4)
                .bytes("PropertyValue", 16)
                .build(SIZE);

        private SetSystemPropertyInput() {}
    }

    /** HvCallGetSystemProperty (0x007B; in v2.0 0x0071). */
    public static final class GetSystemPropertyInput {
        public static final int PROPERTY_CODE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallGetSystemProperty input")
                .u32("PropertyCode")
                .reserved(4)
                .build(SIZE);

        private GetSystemPropertyInput() {}
    }

    /** HvCallGetSystemProperty. */
    public static final class GetSystemPropertyOutput {
        public static final int PROPERTY_VALUE = 0;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetSystemProperty output")
                .bytes("PropertyValue", 16)
                .build(SIZE);

        private GetSystemPropertyOutput() {}
    }

    /** HvExtCallQueryCapabilities (0x8001). */
    public static final class QueryCapabilitiesOutput {
        public static final int CAPABILITIES = 0;
        public static final int SIZE = 8;
        public static final long CAPABILITIES_GET_BOOT_ZEROED_MEMORY = 1L;
        public static final long CAPABILITIES_MEMORY_HEAT_HINT = 1L << 1;
        public static final long CAPABILITIES_EPF_SETUP = 1L << 2;
        public static final long CAPABILITIES_SCHEDULER_ASSIST_SETUP = 1L << 3;
        public static final long CAPABILITIES_MEMORY_HEAT_HINT_ASYNC = 1L << 4;

        public static final Layout LAYOUT = Layout.of("HvExtCallQueryCapabilities output")
                .u64(
                        "Capabilities",
                        bit("GetBootZeroedMemory", 0),
                        bit("MemoryHeatHint", 1),
                        bit("EpfSetup", 2),
                        bit("SchedulerAssistSetup", 3),
                        bit("MemoryHeatHintAsync", 4))
                .build(SIZE);

        private QueryCapabilitiesOutput() {}
    }

    /** HV_EXT_OUTPUT_BOOT_ZEROED_MEMORY_RANGE: page number and count. */
    public static final class BootZeroedMemoryRange {
        public static final int START_GPA = 0;
        public static final int PAGE_COUNT = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_EXT_OUTPUT_BOOT_ZEROED_MEMORY_RANGE")
                .u64("StartGpa")
                .u64("PageCount")
                .build(SIZE);

        private BootZeroedMemoryRange() {}
    }

    /** HvExtCallGetBootZeroedMemory (0x8002). In v6.0b the output is one range. */
    public static final class GetBootZeroedMemoryOutput {
        public static final int RANGE_COUNT = 0;
        public static final int RANGES = 8;
        public static final int RANGES_COUNT = 255;
        public static final int SIZE = 4088;

        public static final Layout LAYOUT = Layout.of("HvExtCallGetBootZeroedMemory output")
                .u64("RangeCount")
                .structures("Ranges", BootZeroedMemoryRange.LAYOUT, 255)
                .build(SIZE);

        private GetBootZeroedMemoryOutput() {}
    }

    /** HV_PERF_COUNTER_CONFIGURATION, the one system property there is (code 0). */
    public static final class PerfCounterConfiguration {
        public static final int PROFILE_SOURCE = 0;
        public static final int PERIOD = 8;
        public static final int SIZE = 16;

        /** ProfileSource: HV_PROFILE_SOURCE. */
        public static final int SOURCE_INVALID = 0;

        public static final int SOURCE_CYCLES_NOT_HALTED = 1;
        public static final int SOURCE_CACHE_MISSES = 2;
        public static final int SOURCE_BRANCH_MISPREDICTIONS = 3;

        public static final Layout LAYOUT = Layout.of("HV_PERF_COUNTER_CONFIGURATION")
                .u32("ProfileSource")
                .reserved(4)
                .u64("Period")
                .build(SIZE);

        private PerfCounterConfiguration() {}
    }

    /**
     * HV_SYNMC_X64_EVENT (v6.0b, 7.8.6): the machine check banks' three registers, and whether MCG_STATUS is to have
     * RIPV and EIPV.
     */
    public static final class SyntheticMachineCheckEvent {
        public static final int STATUS = 0;
        public static final int ADDR = 8;
        public static final int MISC = 16;
        public static final int RIP_VALID = 24;
        public static final int EIP_VALID = 25;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HV_SYNMC_X64_EVENT")
                .u64("Status")
                .u64("Addr")
                .u64("Misc")
                .u8("RipValid")
                .u8("EipValid")
                .reserved(6)
                .build(SIZE);

        private SyntheticMachineCheckEvent() {}
    }

    private SystemCalls() {}
}
