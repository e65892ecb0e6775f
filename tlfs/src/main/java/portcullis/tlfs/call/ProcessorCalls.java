package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;
import portcullis.tlfs.register.InitialVpContext;

/**
 * Inputs and outputs of the calls that act on virtual processors and their scheduling.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; GetLogicalProcessorRunTime and ParkedVirtualProcessors
 * v2.0, 6.4.
 */
public final class ProcessorCalls {
    /** HvCallNotifyLongSpinWait (0x0008). */
    public static final class NotifyLongSpinWaitInput {
        public static final int SPIN_COUNT = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallNotifyLongSpinWait input")
                .u32("SpinCount")
                .reserved(4)
                .build(SIZE);

        private NotifyLongSpinWaitInput() {}
    }

    /** HvCallStartVirtualProcessor (0x0099). */
    public static final class StartVirtualProcessorInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TARGET_VTL = 12;
        public static final int VP_CONTEXT = 16;
        public static final int SIZE = 240;

        public static final Layout LAYOUT = Layout.of("HvCallStartVirtualProcessor input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u8("TargetVtl")
                .reserved(3)
                .structure("VpContext", InitialVpContext.LAYOUT)
                .build(SIZE);

        private StartVirtualProcessorInput() {}
    }

    /** HvCallGetVpIndexFromApicId (0x009A), header. */
    public static final class GetVpIndexFromApicIdInput {
        public static final int PARTITION_ID = 0;
        public static final int TARGET_VTL = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpIndexFromApicId input")
                .u64("PartitionId")
                .u8("TargetVtl")
                .reserved(7)
                .build(SIZE);

        private GetVpIndexFromApicIdInput() {}
    }

    /**
     * HvCallGetVpIndexFromApicId, an APIC id. Its page pads elements to 8 bytes, in its table; by its prototype, and
     * for guests, they are 4.
     */
    public static final class GetVpIndexFromApicIdElement {
        public static final int PROCESSOR_HW_ID = 0;
        public static final int SIZE = 4;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpIndexFromApicId element")
                .u32("ProcessorHwId")
                .build(SIZE);

        private GetVpIndexFromApicIdElement() {}
    }

    /** HvCallGetVpIndexFromApicId, an index. */
    public static final class GetVpIndexFromApicIdOutputElement {
        public static final int VP_INDEX = 0;
        public static final int SIZE = 4;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpIndexFromApicId output element")
                .u32("VpIndex")
                .build(SIZE);

        private GetVpIndexFromApicIdOutputElement() {}
    }

    /** HvCallCreateVp (0x004E). In v2.0 locality and flags are at 16 and 24. */
    public static final class CreateVpInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int SUBNODE_TYPE = 15;
        public static final int SUBNODE_ID = 16;
        public static final int PROXIMITY_DOMAIN_INFO = 24;
        public static final int FLAGS = 32;
        public static final int SIZE = 40;

        public static final Layout LAYOUT = Layout.of("HvCallCreateVp input")
                .u64("PartitionId")
                .u32("VpIndex")
                .reserved(3)
                .u8("SubnodeType")
                .u64("SubnodeId")
                .u64("ProximityDomainInfo")
                .u64("Flags")
                .build(SIZE);

        private CreateVpInput() {}
    }

    /** HvCallDeleteVp (0x004F). */
    public static final class DeleteVpInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallDeleteVp input")
                .u64("PartitionId")
                .u32("VpIndex")
                .reserved(4)
                .build(SIZE);

        private DeleteVpInput() {}
    }

    /** HvCallGetVpSetFromMda (0x00E5): a message's destination address. */
    public static final class GetVpSetFromMdaInput {
        public static final int TARGET_PARTITION = 0;
        public static final int DESTINATION_ADDRESS = 8;
        public static final int TARGET_VTL = 16;
        public static final int LOGICAL_DESTINATION_MODE = 17;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpSetFromMda input")
                .u64("TargetPartition")
                .u64("DestinationAddress")
                .u8("TargetVtl")
                .u8("LogicalDestinationMode")
                .reserved(6)
                .build(SIZE);

        private GetVpSetFromMdaInput() {}
    }

    /** HvCallGetVpSetFromMda: a {@link portcullis.tlfs.VpSet} of the page's size. */
    public static final class GetVpSetFromMdaOutput {
        public static final int TARGET_VP_SET = 0;
        public static final int SIZE = 4104;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpSetFromMda output")
                .bytes("TargetVpSet", 4104)
                .build(SIZE);

        private GetVpSetFromMdaOutput() {}
    }

    /** HvCallGetVpCpuidValues (0x00F4), header. */
    public static final class GetVpCpuidValuesInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int FLAGS = 12;
        public static final int SIZE = 24;
        public static final int FLAGS_USE_VP_XFEM_XSS = 1;
        public static final int FLAGS_APPLY_REGISTERED_VALUES = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpCpuidValues input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u32("Flags", bit("UseVpXfemXss", 0), bit("ApplyRegisteredValues", 1))
                .reserved(8)
                .build(SIZE);

        private GetVpCpuidValuesInput() {}
    }

    /** HvCallGetVpCpuidValues, HV_CPUID_LEAF_INFO: leaf and subleaf. */
    public static final class GetVpCpuidValuesElement {
        public static final int EAX = 0;
        public static final int ECX = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpCpuidValues element")
                .u32("Eax")
                .u32("Ecx")
                .build(SIZE);

        private GetVpCpuidValuesElement() {}
    }

    /** HV_CPUID_RESULT, the output element of HvCallGetVpCpuidValues. */
    public static final class CpuidResult {
        public static final int EAX = 0;
        public static final int EBX = 4;
        public static final int ECX = 8;
        public static final int EDX = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_CPUID_RESULT")
                .u32("Eax")
                .u32("Ebx")
                .u32("Ecx")
                .u32("Edx")
                .build(SIZE);

        private CpuidResult() {}
    }

    /** HvCallCheckForIoIntercept (0x00AD). */
    public static final class CheckForIoInterceptInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TARGET_VTL = 12;
        public static final int PORT = 14;
        public static final int SIZE_FIELD = 16;
        public static final int IS_WRITE = 17;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallCheckForIoIntercept input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u8("TargetVtl")
                .reserved(1)
                .u16("Port")
                .u8("Size")
                .u8("IsWrite")
                .reserved(6)
                .build(SIZE);

        private CheckForIoInterceptInput() {}
    }

    /** HvCallCheckForIoIntercept. */
    public static final class CheckForIoInterceptOutput {
        public static final int INTERCEPT = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallCheckForIoIntercept output")
                .u8("Intercept")
                .reserved(7)
                .build(SIZE);

        private CheckForIoInterceptOutput() {}
    }

    /** HvCallMapVpStatePage (0x00E1). */
    public static final class MapVpStatePageInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TYPE = 12;
        public static final int INPUT_VTL = 14;
        public static final int FLAGS = 15;
        public static final int REQUESTED_MAP_LOCATION = 16;
        public static final int SIZE = 24;
        public static final int FLAGS_MAP_LOCATION_PROVIDED = 1;

        /** Type: HV_VP_STATE_PAGE_TYPE. */
        public static final int TYPE_REGISTERS = 0;

        public static final int TYPE_INTERCEPT_MESSAGE = 1;
        public static final int TYPE_GHCB = 2;

        public static final Layout LAYOUT = Layout.of("HvCallMapVpStatePage input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u16("Type")
                .u8("InputVtl")
                .u8("Flags", bit("MapLocationProvided", 0))
                .u64("RequestedMapLocation")
                .build(SIZE);

        private MapVpStatePageInput() {}
    }

    /** HvCallMapVpStatePage. */
    public static final class MapVpStatePageOutput {
        public static final int MAP_LOCATION = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallMapVpStatePage output").u64("MapLocation").build(SIZE);

        private MapVpStatePageOutput() {}
    }

    /** HvCallUnmapVpStatePage (0x00E2). */
    public static final class UnmapVpStatePageInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TYPE = 12;
        public static final int INPUT_VTL = 14;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallUnmapVpStatePage input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u16("Type")
                .u8("InputVtl")
                .reserved(1)
                .build(SIZE);

        private UnmapVpStatePageInput() {}
    }

    /** HvCallGetLogicalProcessorRunTime (0x0004), in units of 100 ns. */
    public static final class GetLogicalProcessorRunTimeOutput {
        public static final int GLOBAL_TIME = 0;
        public static final int LOCAL_RUN_TIME = 8;
        public static final int HYPERVISOR_TIME = 24;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallGetLogicalProcessorRunTime output")
                .u64("GlobalTime")
                .u64("LocalRunTime")
                .reserved(8)
                .u64("HypervisorTime")
                .build(SIZE);

        private GetLogicalProcessorRunTimeOutput() {}
    }

    /** HvCallParkedVirtualProcessors (0x0009). */
    public static final class ParkedVirtualProcessorsInput {
        public static final int PROCESSOR_MASK = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallParkedVirtualProcessors input")
                .u64("ProcessorMask")
                .build(SIZE);

        private ParkedVirtualProcessorsInput() {}
    }

    private ProcessorCalls() {}
}
