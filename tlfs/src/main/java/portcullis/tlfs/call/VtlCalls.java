package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;
import portcullis.tlfs.register.InitialVpContext;

/**
 * Inputs of the calls of virtual secure mode. No output but the result value. VtlCall and VtlReturn have no parameters
 * but their control input, {@link portcullis.tlfs.register.VsmRegisters.VtlReturnControl}.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/.
 */
public final class VtlCalls {
    /** HvCallModifyVtlProtectionMask (0x000C), header. Flags: {@link MemoryArguments.MapGpaFlags}. */
    public static final class ModifyVtlProtectionMaskInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int MAP_FLAGS = 8;
        public static final int TARGET_VTL = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallModifyVtlProtectionMask input")
                .u64("TargetPartitionId")
                .u32("MapFlags")
                .u8("TargetVtl")
                .reserved(3)
                .build(SIZE);

        private ModifyVtlProtectionMaskInput() {}
    }

    /** HvCallModifyVtlProtectionMask, a guest physical page number. */
    public static final class ModifyVtlProtectionMaskElement {
        public static final int GPA_PAGE_LIST = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallModifyVtlProtectionMask element")
                .u64("GpaPageList")
                .build(SIZE);

        private ModifyVtlProtectionMaskElement() {}
    }

    /** HvCallEnablePartitionVtl (0x000D). */
    public static final class EnablePartitionVtlInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int TARGET_VTL = 8;
        public static final int FLAGS = 9;
        public static final int SIZE = 16;
        public static final int FLAGS_ENABLE_MBEC = 1;

        public static final Layout LAYOUT = Layout.of("HvCallEnablePartitionVtl input")
                .u64("TargetPartitionId")
                .u8("TargetVtl")
                .u8("Flags", bit("EnableMbec", 0))
                .reserved(6)
                .build(SIZE);

        private EnablePartitionVtlInput() {}
    }

    /** HvCallEnableVpVtl (0x000F). */
    public static final class EnableVpVtlInput {
        public static final int TARGET_PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TARGET_VTL = 12;
        public static final int VP_VTL_CONTEXT = 16;
        public static final int SIZE = 240;

        public static final Layout LAYOUT = Layout.of("HvCallEnableVpVtl input")
                .u64("TargetPartitionId")
                .u32("VpIndex")
                .u8("TargetVtl")
                .reserved(3)
                .structure("VpVtlContext", InitialVpContext.LAYOUT)
                .build(SIZE);

        private EnableVpVtlInput() {}
    }

    private VtlCalls() {}
}
