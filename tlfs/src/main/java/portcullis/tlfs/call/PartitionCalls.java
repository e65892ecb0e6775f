package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls that make, describe, save and remove partitions.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; GetPartitionId, SavePartitionState and
 * RestorePartitionState v2.0, 5.6.7 and 17.3.
 */
public final class PartitionCalls {
    /**
     * HvCallCreatePartition (0x0040). Flags: {@link PartitionArguments.CreationFlags}. In v2.0 the first 16 bytes.
     */
    public static final class CreatePartitionInput {
        public static final int FLAGS = 0;
        public static final int PROXIMITY_DOMAIN_INFO = 8;
        public static final int COMPATIBILITY_VERSION = 16;
        public static final int DISABLED_PROCESSOR_FEATURES = 24;
        public static final int DISABLED_PROCESSOR_FEATURES_COUNT = 2;
        public static final int DISABLED_PROCESSOR_XSAVE_FEATURES = 40;
        public static final int SIZE = 56;

        public static final Layout LAYOUT = Layout.of("HvCallCreatePartition input")
                .u64("Flags")
                .u64("ProximityDomainInfo")
                .u32("CompatibilityVersion")
                .reserved(4)
                .array("DisabledProcessorFeatures", 8, 2)
                .u64("DisabledProcessorXsaveFeatures")
                .reserved(8)
                .build(SIZE);

        private CreatePartitionInput() {}
    }

    /** HvCallCreatePartition. */
    public static final class CreatePartitionOutput {
        public static final int NEW_PARTITION_ID = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallCreatePartition output").u64("NewPartitionId").build(SIZE);

        private CreatePartitionOutput() {}
    }

    /** HvCallInitializePartition (0x0041), FinalizePartition (0x0042), DeletePartition (0x0043). */
    public static final class PartitionInput {
        public static final int PARTITION_ID = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallInitializePartition input").u64("PartitionId").build(SIZE);

        private PartitionInput() {}
    }

    /** HvCallGetPartitionProperty (0x0044). */
    public static final class GetPartitionPropertyInput {
        public static final int PARTITION_ID = 0;
        public static final int PROPERTY_CODE = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetPartitionProperty input")
                .u64("PartitionId")
                .u32("PropertyCode")
                .reserved(4)
                .build(SIZE);

        private GetPartitionPropertyInput() {}
    }

    /** HvCallGetPartitionProperty. */
    public static final class GetPartitionPropertyOutput {
        public static final int PROPERTY_VALUE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallGetPartitionProperty output")
                .u64("PropertyValue")
                .build(SIZE);

        private GetPartitionPropertyOutput() {}
    }

    /** HvCallSetPartitionProperty (0x0045). */
    public static final class SetPartitionPropertyInput {
        public static final int PARTITION_ID = 0;
        public static final int PROPERTY_CODE = 8;
        public static final int PROPERTY_VALUE = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallSetPartitionProperty input")
                .u64("PartitionId")
                .u32("PropertyCode")
                .reserved(4)
                .u64("PropertyValue")
                .build(SIZE);

        private SetPartitionPropertyInput() {}
    }

    /** HvCallSetPartitionPropertyEx (0x010A): the value is the variable header. */
    public static final class SetPartitionPropertyExInput {
        public static final int PARTITION_ID = 0;
        public static final int PROPERTY_CODE = 8;
        public static final int PROPERTY_ARGUMENT = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallSetPartitionPropertyEx input")
                .u64("PartitionId")
                .u32("PropertyCode")
                .reserved(4)
                .u64("PropertyArgument")
                .build(SIZE);

        private SetPartitionPropertyExInput() {}
    }

    /** HvCallGetPartitionId (0x0046). */
    public static final class GetPartitionIdOutput {
        public static final int PARTITION_ID = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallGetPartitionId output").u64("PartitionId").build(SIZE);

        private GetPartitionIdOutput() {}
    }

    /** HvCallGetNextChildPartition (0x0047). */
    public static final class GetNextChildPartitionInput {
        public static final int PARENT_PARTITION_ID = 0;
        public static final int PREVIOUS_CHILD_PARTITION_ID = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetNextChildPartition input")
                .u64("ParentPartitionId")
                .u64("PreviousChildPartitionId")
                .build(SIZE);

        private GetNextChildPartitionInput() {}
    }

    /** HvCallGetNextChildPartition. */
    public static final class GetNextChildPartitionOutput {
        public static final int NEXT_CHILD_PARTITION_ID = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallGetNextChildPartition output")
                .u64("NextChildPartitionId")
                .build(SIZE);

        private GetNextChildPartitionOutput() {}
    }

    /** HvCallSavePartitionState (0x005E). */
    public static final class SavePartitionStateInput {
        public static final int PARTITION_ID = 0;
        public static final int FLAGS = 8;
        public static final int SIZE = 16;
        public static final int FLAGS_START = 1;
        public static final int FLAGS_SUMMARY = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HvCallSavePartitionState input")
                .u64("PartitionId")
                .u32("Flags", bit("Start", 0), bit("Summary", 1))
                .reserved(4)
                .build(SIZE);

        private SavePartitionStateInput() {}
    }

    /** HvCallSavePartitionState. */
    public static final class SavePartitionStateOutput {
        public static final int SAVE_STATE = 0;
        public static final int SAVE_DATA_COUNT = 4;
        public static final int SAVE_DATA = 8;
        public static final int SIZE = 4088;

        public static final Layout LAYOUT = Layout.of("HvCallSavePartitionState output")
                .u32("SaveState")
                .u32("SaveDataCount")
                .bytes("SaveData", 4080)
                .build(SIZE);

        private SavePartitionStateOutput() {}
    }

    /** HvCallRestorePartitionState (0x005F). */
    public static final class RestorePartitionStateInput {
        public static final int PARTITION_ID = 0;
        public static final int FLAGS = 8;
        public static final int RESTORE_DATA_COUNT = 12;
        public static final int RESTORE_DATA = 16;
        public static final int SIZE = 4096;
        public static final int FLAGS_START = 1;
        public static final int FLAGS_SUMMARY = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HvCallRestorePartitionState input")
                .u64("PartitionId")
                .u32("Flags", bit("Start", 0), bit("Summary", 1))
                .u32("RestoreDataCount")
                .bytes("RestoreData", 4080)
                .build(SIZE);

        private RestorePartitionStateInput() {}
    }

    /** HvCallRestorePartitionState. */
    public static final class RestorePartitionStateOutput {
        public static final int RESTORE_STATE = 0;
        public static final int RESTORE_DATA_CONSUMED = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallRestorePartitionState output")
                .u32("RestoreState")
                .u32("RestoreDataConsumed")
                .build(SIZE);

        private RestorePartitionStateOutput() {}
    }

    private PartitionCalls() {}
}
