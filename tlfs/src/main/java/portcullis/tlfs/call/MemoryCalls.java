package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls by which a parent gives memory to a partition and to the hypervisor, and reaches it.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; ReadGpa and WriteGpa v2.0, 12.3.5 and 12.4.
 */
public final class MemoryCalls {
    /** HV_PROXIMITY_DOMAIN_INFO (TLFS hv_proximity_domain_info.md): where memory is to come from. */
    public static final class ProximityDomainInfo {
        public static final int ID = 0;
        public static final int FLAGS = 4;
        public static final int SIZE = 8;
        public static final int FLAGS_PROXIMITY_PREFERRED = 1;
        public static final int FLAGS_PROXIMITY_INFO_VALID = 1 << 31;

        public static final Layout LAYOUT = Layout.of("HV_PROXIMITY_DOMAIN_INFO")
                .u32("Id")
                .u32("Flags", bit("ProximityPreferred", 0), bit("ProximityInfoValid", 31))
                .build(SIZE);

        private ProximityDomainInfo() {}
    }

    /** HV_GPA_MAPPING, an element of HvCallMapSparseGpaPages: page numbers. */
    public static final class GpaMapping {
        public static final int TARGET_GPA_PAGE_NUMBER = 0;
        public static final int SOURCE_GPA_PAGE_NUMBER = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_GPA_MAPPING")
                .u64("TargetGpaPageNumber")
                .u64("SourceGpaPageNumber")
                .build(SIZE);

        private GpaMapping() {}
    }

    /** HvCallDepositMemory (0x0048), header. */
    public static final class DepositMemoryInput {
        public static final int PARTITION_ID = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallDepositMemory input").u64("PartitionId").build(SIZE);

        private DepositMemoryInput() {}
    }

    /** HvCallDepositMemory, a page number. */
    public static final class DepositMemoryElement {
        public static final int GPA_PAGE_LIST = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallDepositMemory element").u64("GpaPageList").build(SIZE);

        private DepositMemoryElement() {}
    }

    /** HvCallWithdrawMemory (0x0049), header. */
    public static final class WithdrawMemoryInput {
        public static final int PARTITION_ID = 0;
        public static final int PROXIMITY_DOMAIN_INFO = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallWithdrawMemory input")
                .u64("PartitionId")
                .structure("ProximityDomainInfo", ProximityDomainInfo.LAYOUT)
                .build(SIZE);

        private WithdrawMemoryInput() {}
    }

    /** HvCallWithdrawMemory, a page number. */
    public static final class WithdrawMemoryOutputElement {
        public static final int GPA_PAGE_LIST = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallWithdrawMemory output element")
                .u64("GpaPageList")
                .build(SIZE);

        private WithdrawMemoryOutputElement() {}
    }

    /** HvCallGetMemoryBalance (0x004A). */
    public static final class GetMemoryBalanceInput {
        public static final int PARTITION_ID = 0;
        public static final int PROXIMITY_DOMAIN_INFO = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetMemoryBalance input")
                .u64("PartitionId")
                .structure("ProximityDomainInfo", ProximityDomainInfo.LAYOUT)
                .build(SIZE);

        private GetMemoryBalanceInput() {}
    }

    /** HvCallGetMemoryBalance. The second is at 8, not 0 as its page has it. */
    public static final class GetMemoryBalanceOutput {
        public static final int PAGES_AVAILABLE = 0;
        public static final int PAGES_IN_USE = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetMemoryBalance output")
                .u64("PagesAvailable")
                .u64("PagesInUse")
                .build(SIZE);

        private GetMemoryBalanceOutput() {}
    }

    /** HvCallMapGpaPages (0x004B), header. */
    public static final class MapGpaPagesInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int TARGET_GPA_BASE = 8;
        public static final int MAP_FLAGS = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallMapGpaPages input")
                .u64("TargetPartitionId")
                .u64("TargetGpaBase")
                .u32("MapFlags")
                .reserved(4)
                .build(SIZE);

        private MapGpaPagesInput() {}
    }

    /** HvCallMapGpaPages, a page number. */
    public static final class MapGpaPagesElement {
        public static final int SOURCE_GPA_PAGE_LIST = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallMapGpaPages element").u64("SourceGpaPageList").build(SIZE);

        private MapGpaPagesElement() {}
    }

    /**
     * HvCallUnmapGpaPages (0x004C), header; there are no elements, the repetitions count pages. Without flags, 16
     * bytes, in v2.0.
     */
    public static final class UnmapGpaPagesInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int TARGET_GPA_BASE = 8;
        public static final int UNMAP_FLAGS = 16;
        public static final int SIZE = 24;
        public static final int UNMAP_FLAGS_KEEP_PRECOMMITTED = 1 << 1;
        public static final int UNMAP_FLAGS_LARGE_PAGE = 1 << 2;

        public static final Layout LAYOUT = Layout.of("HvCallUnmapGpaPages input")
                .u64("TargetPartitionId")
                .u64("TargetGpaBase")
                .u32("UnmapFlags", bit("KeepPrecommitted", 1), bit("LargePage", 2))
                .reserved(4)
                .build(SIZE);

        private UnmapGpaPagesInput() {}
    }

    /** HvCallMapSparseGpaPages (0x006E), header. */
    public static final class MapSparseGpaPagesInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int MAP_FLAGS = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallMapSparseGpaPages input")
                .u64("TargetPartitionId")
                .u32("MapFlags")
                .reserved(4)
                .build(SIZE);

        private MapSparseGpaPagesInput() {}
    }

    /** HvCallModifySparseGpaPages (0x0090), header. */
    public static final class ModifySparseGpaPagesInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int MAP_FLAGS = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallModifySparseGpaPages input")
                .u64("TargetPartitionId")
                .u32("MapFlags")
                .reserved(4)
                .build(SIZE);

        private ModifySparseGpaPagesInput() {}
    }

    /** HvCallModifySparseGpaPages, a page number. */
    public static final class ModifySparseGpaPagesElement {
        public static final int GPA_PAGE_NUMBER = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallModifySparseGpaPages element")
                .u64("GpaPageNumber")
                .build(SIZE);

        private ModifySparseGpaPagesElement() {}
    }

    /** HvCallReadGpa (0x0053): at most 16 bytes, within a page. */
    public static final class ReadGpaInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int BYTE_COUNT = 12;
        public static final int BASE_GPA = 16;
        public static final int CONTROL_FLAGS = 24;
        public static final int SIZE = 32;
        public static final int CONTROL_FLAGS_CACHE_TYPE_SHIFT = 0;
        public static final long CONTROL_FLAGS_CACHE_TYPE_MASK = 0xFFL;

        public static final Layout LAYOUT = Layout.of("HvCallReadGpa input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u32("ByteCount")
                .u64("BaseGpa")
                .u64("ControlFlags", bits("CacheType", 0, 8))
                .build(SIZE);

        private ReadGpaInput() {}
    }

    /** HV_ACCESS_GPA_RESULT. */
    public static final class AccessGpaResult {
        public static final int RESULT_CODE = 0;
        public static final int SIZE = 8;

        /** ResultCode: HV_ACCESS_GPA_RESULT_CODE. */
        public static final int SUCCESS = 0;

        public static final int UNMAPPED = 1;
        public static final int READ_INTERCEPT = 2;
        public static final int WRITE_INTERCEPT = 3;
        public static final int ILLEGAL_OVERLAY_ACCESS = 4;

        public static final Layout LAYOUT =
                Layout.of("HV_ACCESS_GPA_RESULT").u32("ResultCode").reserved(4).build(SIZE);

        private AccessGpaResult() {}
    }

    /** HvCallReadGpa. */
    public static final class ReadGpaOutput {
        public static final int ACCESS_RESULT = 0;
        public static final int DATA_LOW = 8;
        public static final int DATA_HIGH = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallReadGpa output")
                .structure("AccessResult", AccessGpaResult.LAYOUT)
                .u64("DataLow")
                .u64("DataHigh")
                .build(SIZE);

        private ReadGpaOutput() {}
    }

    /** HvCallWriteGpa (0x0054). */
    public static final class WriteGpaInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int BYTE_COUNT = 12;
        public static final int BASE_GPA = 16;
        public static final int CONTROL_FLAGS = 24;
        public static final int DATA_LOW = 32;
        public static final int DATA_HIGH = 40;
        public static final int SIZE = 48;
        public static final int CONTROL_FLAGS_CACHE_TYPE_SHIFT = 0;
        public static final long CONTROL_FLAGS_CACHE_TYPE_MASK = 0xFFL;

        public static final Layout LAYOUT = Layout.of("HvCallWriteGpa input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u32("ByteCount")
                .u64("BaseGpa")
                .u64("ControlFlags", bits("CacheType", 0, 8))
                .u64("DataLow")
                .u64("DataHigh")
                .build(SIZE);

        private WriteGpaInput() {}
    }

    /** HvCallWriteGpa. */
    public static final class WriteGpaOutput {
        public static final int ACCESS_RESULT = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallWriteGpa output")
                .structure("AccessResult", AccessGpaResult.LAYOUT)
                .build(SIZE);

        private WriteGpaOutput() {}
    }

    private MemoryCalls() {}
}
