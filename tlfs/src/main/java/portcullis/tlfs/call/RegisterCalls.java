package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls that read and write a virtual processor's registers and translate its addresses.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/, hv_translate_gva_control_flags.md,
 * hv_translate_gva_result.md.
 */
public final class RegisterCalls {
    /** HvCallGetVpRegisters (0x0050), header. */
    public static final class GetVpRegistersInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TARGET_VTL = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpRegisters input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u8("TargetVtl")
                .reserved(3)
                .build(SIZE);

        private GetVpRegistersInput() {}
    }

    /** HvCallGetVpRegisters, an {@link portcullis.tlfs.HvRegister}'s code. */
    public static final class GetVpRegistersElement {
        public static final int REGISTER_NAME = 0;
        public static final int SIZE = 4;

        public static final Layout LAYOUT =
                Layout.of("HvCallGetVpRegisters element").u32("RegisterName").build(SIZE);

        private GetVpRegistersElement() {}
    }

    /** HvCallGetVpRegisters, a value. */
    public static final class GetVpRegistersOutputElement {
        public static final int REGISTER_VALUE = 0;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallGetVpRegisters output element")
                .bytes("RegisterValue", 16)
                .build(SIZE);

        private GetVpRegistersOutputElement() {}
    }

    /** HvCallSetVpRegisters (0x0051), header. */
    public static final class SetVpRegistersInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int TARGET_VTL = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallSetVpRegisters input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u8("TargetVtl")
                .reserved(3)
                .build(SIZE);

        private SetVpRegistersInput() {}
    }

    /** HvCallSetVpRegisters, a name and a value. */
    public static final class SetVpRegistersElement {
        public static final int REGISTER_NAME = 0;
        public static final int REGISTER_VALUE = 16;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallSetVpRegisters element")
                .u32("RegisterName")
                .reserved(12)
                .bytes("RegisterValue", 16)
                .build(SIZE);

        private SetVpRegistersElement() {}
    }

    /**
     * HvCallTranslateVirtualAddress (0x0052) and TranslateVirtualAddressEx (0x00AC). Control flags:
     * HV_TRANSLATE_GVA_CONTROL_FLAGS.
     */
    public static final class TranslateVirtualAddressInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int CONTROL_FLAGS = 16;
        public static final int GVA_PAGE = 24;
        public static final int SIZE = 32;
        public static final long CONTROL_FLAGS_VALIDATE_READ = 1L;
        public static final long CONTROL_FLAGS_VALIDATE_WRITE = 1L << 1;
        public static final long CONTROL_FLAGS_VALIDATE_EXECUTE = 1L << 2;
        public static final long CONTROL_FLAGS_PRIVILEGE_EXEMPT = 1L << 3;
        public static final long CONTROL_FLAGS_SET_PAGE_TABLE_BITS = 1L << 4;
        public static final long CONTROL_FLAGS_TLB_FLUSH_INHIBIT = 1L << 5;
        public static final long CONTROL_FLAGS_SUPERVISOR_ACCESS = 1L << 6;
        public static final long CONTROL_FLAGS_USER_ACCESS = 1L << 7;
        public static final long CONTROL_FLAGS_ENFORCE_SMAP = 1L << 8;
        public static final long CONTROL_FLAGS_OVERRIDE_SMAP = 1L << 9;
        public static final long CONTROL_FLAGS_SHADOW_STACK = 1L << 10;
        public static final int CONTROL_FLAGS_INPUT_VTL_SHIFT = 56;
        public static final long CONTROL_FLAGS_INPUT_VTL_MASK = 0xFFL;

        public static final Layout LAYOUT = Layout.of("HvCallTranslateVirtualAddress input")
                .u64("PartitionId")
                .u32("VpIndex")
                .reserved(4)
                .u64(
                        "ControlFlags",
                        bit("ValidateRead", 0),
                        bit("ValidateWrite", 1),
                        bit("ValidateExecute", 2),
                        bit("PrivilegeExempt", 3),
                        bit("SetPageTableBits", 4),
                        bit("TlbFlushInhibit", 5),
                        bit("SupervisorAccess", 6),
                        bit("UserAccess", 7),
                        bit("EnforceSmap", 8),
                        bit("OverrideSmap", 9),
                        bit("ShadowStack", 10),
                        bits("InputVtl", 56, 8))
                .u64("GvaPage")
                .build(SIZE);

        private TranslateVirtualAddressInput() {}
    }

    /** HV_TRANSLATE_GVA_RESULT. */
    public static final class TranslateGvaResult {
        public static final int RESULT_CODE = 0;
        public static final int ATTRIBUTES = 4;
        public static final int SIZE = 8;
        public static final int ATTRIBUTES_CACHE_TYPE_SHIFT = 0;
        public static final int ATTRIBUTES_CACHE_TYPE_MASK = 0xFF;
        public static final int ATTRIBUTES_OVERLAY_PAGE = 1 << 8;

        /** ResultCode: HV_TRANSLATE_GVA_RESULT_CODE. */
        public static final int SUCCESS = 0;

        public static final int PAGE_NOT_PRESENT = 1;
        public static final int PRIVILEGE_VIOLATION = 2;
        public static final int INVALID_PAGE_TABLE_FLAGS = 3;
        public static final int GPA_UNMAPPED = 4;
        public static final int GPA_NO_READ_ACCESS = 5;
        public static final int GPA_NO_WRITE_ACCESS = 6;
        public static final int GPA_ILLEGAL_OVERLAY_ACCESS = 7;
        public static final int INTERCEPT = 8;
        public static final int GPA_UNACCEPTED = 9;

        public static final Layout LAYOUT = Layout.of("HV_TRANSLATE_GVA_RESULT")
                .u32("ResultCode")
                .u32("Attributes", bits("CacheType", 0, 8), bit("OverlayPage", 8))
                .build(SIZE);

        private TranslateGvaResult() {}
    }

    /** HvCallTranslateVirtualAddress. */
    public static final class TranslateVirtualAddressOutput {
        public static final int TRANSLATION_RESULT = 0;
        public static final int GPA_PAGE = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallTranslateVirtualAddress output")
                .structure("TranslationResult", TranslateGvaResult.LAYOUT)
                .u64("GpaPage")
                .build(SIZE);

        private TranslateVirtualAddressOutput() {}
    }

    /**
     * HV_TRANSLATE_GVA_RESULT_EX. The event, HV_X64_PENDING_EVENT, is the two 16-byte values of
     * HvRegisterPendingEvent0 and 1, and 16-byte aligned: 48 bytes, not the 16 of the call's page.
     */
    public static final class TranslateGvaResultEx {
        public static final int RESULT_CODE = 0;
        public static final int ATTRIBUTES = 4;
        public static final int EVENT_INFO = 16;
        public static final int SIZE = 48;
        public static final int ATTRIBUTES_CACHE_TYPE_SHIFT = 0;
        public static final int ATTRIBUTES_CACHE_TYPE_MASK = 0xFF;
        public static final int ATTRIBUTES_OVERLAY_PAGE = 1 << 8;

        public static final Layout LAYOUT = Layout.of("HV_TRANSLATE_GVA_RESULT_EX")
                .u32("ResultCode")
                .u32("Attributes", bits("CacheType", 0, 8), bit("OverlayPage", 8))
                .reserved(8)
                .bytes("EventInfo", 32)
                .build(SIZE);

        private TranslateGvaResultEx() {}
    }

    /** HvCallTranslateVirtualAddressEx. */
    public static final class TranslateVirtualAddressExOutput {
        public static final int TRANSLATION_RESULT = 0;
        public static final int GPA_PAGE = 48;
        public static final int SIZE = 64;

        public static final Layout LAYOUT = Layout.of("HvCallTranslateVirtualAddressEx output")
                .structure("TranslationResult", TranslateGvaResultEx.LAYOUT)
                .u64("GpaPage")
                .reserved(8)
                .build(SIZE);

        private TranslateVirtualAddressExOutput() {}
    }

    private RegisterCalls() {}
}
