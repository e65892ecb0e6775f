package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs of the calls that send and route virtual interrupts. No output but the result value.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/, hv_interrupt_control.md, hv_interrupt_entry.md,
 * hv_device_interrupt_target.md; ClearVirtualInterrupt v2.0, 13.5.2.
 */
public final class InterruptCalls {
    /** HV_MSI_ENTRY. */
    public static final class MsiEntry {
        public static final int ADDRESS = 0;
        public static final int DATA = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HV_MSI_ENTRY").u32("Address").u32("Data").build(SIZE);

        private MsiEntry() {}
    }

    /** HV_INTERRUPT_ENTRY. */
    public static final class InterruptEntry {
        public static final int INTERRUPT_SOURCE = 0;
        public static final int MSI_ENTRY = 8;
        public static final int DATA = 8;
        public static final int SIZE = 16;

        /** InterruptSource: HvInterruptSourceMsi. */
        public static final int SOURCE_MSI = 1;

        public static final Layout LAYOUT = Layout.of("HV_INTERRUPT_ENTRY")
                .u32("InterruptSource")
                .reserved(4)
                .structure("MsiEntry", MsiEntry.LAYOUT)
                .at(8)
                .u64("Data")
                .build(SIZE);

        private InterruptEntry() {}
    }

    /**
     * HV_DEVICE_INTERRUPT_TARGET. A set begins where the mask is; its banks mask and banks are the call's variable
     * header.
     */
    public static final class DeviceInterruptTarget {
        public static final int VECTOR = 0;
        public static final int FLAGS = 4;
        public static final int PROCESSOR_MASK = 8;
        public static final int PROCESSOR_SET = 8;
        public static final int SIZE = 16;
        public static final int FLAGS_MULTICAST = 1;
        public static final int FLAGS_PROCESSOR_SET_FORMAT = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HV_DEVICE_INTERRUPT_TARGET")
                .u32("Vector")
                .u32("Flags", bit("Multicast", 0), bit("ProcessorSetFormat", 1))
                .u64("ProcessorMask")
                .at(8)
                .u64("ProcessorSet")
                .build(SIZE);

        private DeviceInterruptTarget() {}
    }

    /** HvCallSendSyntheticClusterIpi (0x000B). The mask's size is 8, not 1 as its page has it. */
    public static final class SendSyntheticClusterIpiInput {
        public static final int VECTOR = 0;
        public static final int TARGET_VTL = 4;
        public static final int PROCESSOR_MASK = 8;
        public static final int SIZE = 16;

        /** Vectors below are refused. */
        public static final int MIN_VECTOR = 0x10;

        /** Vectors above are refused. */
        public static final int MAX_VECTOR = 0xFF;

        public static final Layout LAYOUT = Layout.of("HvCallSendSyntheticClusterIpi input")
                .u32("Vector")
                .u8("TargetVtl")
                .reserved(3)
                .u64("ProcessorMask")
                .build(SIZE);

        private SendSyntheticClusterIpiInput() {}
    }

    /** HvCallSendSyntheticClusterIpiEx (0x0015): the set's banks are the variable header. */
    public static final class SendSyntheticClusterIpiExInput {
        public static final int VECTOR = 0;
        public static final int TARGET_VTL = 4;
        public static final int PROCESSOR_SET = 8;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallSendSyntheticClusterIpiEx input")
                .u32("Vector")
                .u8("TargetVtl")
                .reserved(3)
                .bytes("ProcessorSet", 16)
                .build(SIZE);

        private SendSyntheticClusterIpiExInput() {}
    }

    /** HvCallAssertVirtualInterrupt (0x0094), and with a trust level of 0 its predecessor (0x0055). */
    public static final class AssertVirtualInterruptInput {
        public static final int TARGET_PARTITION = 0;
        public static final int INTERRUPT_CONTROL = 8;
        public static final int DESTINATION_ADDRESS = 16;
        public static final int REQUESTED_VECTOR = 24;
        public static final int TARGET_VTL = 28;
        public static final int SIZE = 32;
        public static final int INTERRUPT_CONTROL_INTERRUPT_TYPE_SHIFT = 0;
        public static final long INTERRUPT_CONTROL_INTERRUPT_TYPE_MASK = 0xFFFFFFFFL;
        public static final long INTERRUPT_CONTROL_LEVEL_TRIGGERED = 1L << 32;
        public static final long INTERRUPT_CONTROL_LOGICAL_DESTINATION_MODE = 1L << 33;

        /** Type in InterruptControl: HV_INTERRUPT_TYPE. */
        public static final int TYPE_FIXED = 0;

        public static final int TYPE_LOWEST_PRIORITY = 1;
        public static final int TYPE_SMI = 2;
        public static final int TYPE_REMOTE_READ = 3;
        public static final int TYPE_NMI = 4;
        public static final int TYPE_INIT = 5;
        public static final int TYPE_SIPI = 6;
        public static final int TYPE_EXT_INT = 7;
        public static final int TYPE_LOCAL_INT0 = 8;
        public static final int TYPE_LOCAL_INT1 = 9;
        /** RequestedVector: HV_INTERRUPT_VECTOR_NONE (v6.0b, 10.4.3). */
        public static final int VECTOR_NONE = 0xFFFF_FFFF;

        public static final Layout LAYOUT = Layout.of("HvCallAssertVirtualInterrupt input")
                .u64("TargetPartition")
                .u64(
                        "InterruptControl",
                        bits("InterruptType", 0, 32),
                        bit("LevelTriggered", 32),
                        bit("LogicalDestinationMode", 33))
                .u64("DestinationAddress")
                .u32("RequestedVector")
                .u8("TargetVtl")
                .reserved(3)
                .build(SIZE);

        private AssertVirtualInterruptInput() {}
    }

    /** HvCallClearVirtualInterrupt (0x0056). */
    public static final class ClearVirtualInterruptInput {
        public static final int DESTINATION_PARTITION = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallClearVirtualInterrupt input")
                .u64("DestinationPartition")
                .build(SIZE);

        private ClearVirtualInterruptInput() {}
    }

    /** HvCallRetargetDeviceInterrupt (0x007E). */
    public static final class RetargetDeviceInterruptInput {
        public static final int PARTITION_ID = 0;
        public static final int DEVICE_ID = 8;
        public static final int INTERRUPT_ENTRY = 16;
        public static final int INTERRUPT_TARGET = 40;
        public static final int SIZE = 56;

        public static final Layout LAYOUT = Layout.of("HvCallRetargetDeviceInterrupt input")
                .u64("PartitionId")
                .u64("DeviceId")
                .structure("InterruptEntry", InterruptEntry.LAYOUT)
                .reserved(8)
                .structure("InterruptTarget", DeviceInterruptTarget.LAYOUT)
                .build(SIZE);

        private RetargetDeviceInterruptInput() {}
    }

    /** HvCallSetVirtualInterruptTarget (0x011F), ARM64 only. */
    public static final class SetVirtualInterruptTargetInput {
        public static final int PARTITION_ID = 0;
        public static final int INTERRUPT_ID = 8;
        public static final int VP_INDEX = 12;
        public static final int VTL = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallSetVirtualInterruptTarget input")
                .u64("PartitionId")
                .u32("InterruptId")
                .u32("VpIndex")
                .u8("Vtl")
                .reserved(7)
                .build(SIZE);

        private SetVirtualInterruptTargetInput() {}
    }

    private InterruptCalls() {}
}
