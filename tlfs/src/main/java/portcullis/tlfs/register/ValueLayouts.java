package portcullis.tlfs.register;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * Register values of more than 8 bytes, as HV_REGISTER_VALUE holds them.
 *
 * <p>Source: TLFS hv_x64_segment_register.md, hv_x64_table_register.md, hv_x64_fp_register.md,
 * hv_x64_fp_control_status_register.md, hv_x64_xmm_control_status_register.md.
 */
public final class ValueLayouts {
    /**
     * HV_X64_SEGMENT_REGISTER. For what is not code or data (LDTR, TR) and in long mode the architecture says what
     * counts.
     */
    public static final class SegmentRegister {
        public static final int BASE = 0;
        public static final int LIMIT = 8;
        public static final int SELECTOR = 12;
        public static final int ATTRIBUTES = 14;
        public static final int SIZE = 16;
        public static final int ATTRIBUTES_SEGMENT_TYPE_SHIFT = 0;
        public static final int ATTRIBUTES_SEGMENT_TYPE_MASK = 0xF;
        public static final int ATTRIBUTES_NON_SYSTEM_SEGMENT = 1 << 4;
        public static final int ATTRIBUTES_DESCRIPTOR_PRIVILEGE_LEVEL_SHIFT = 5;
        public static final int ATTRIBUTES_DESCRIPTOR_PRIVILEGE_LEVEL_MASK = 0x3;
        public static final int ATTRIBUTES_PRESENT = 1 << 7;
        public static final int ATTRIBUTES_AVAILABLE = 1 << 12;
        public static final int ATTRIBUTES_LONG = 1 << 13;
        public static final int ATTRIBUTES_DEFAULT = 1 << 14;
        public static final int ATTRIBUTES_GRANULARITY = 1 << 15;

        public static final Layout LAYOUT = Layout.of("HV_X64_SEGMENT_REGISTER")
                .u64("Base")
                .u32("Limit")
                .u16("Selector")
                .u16(
                        "Attributes",
                        bits("SegmentType", 0, 4),
                        bit("NonSystemSegment", 4),
                        bits("DescriptorPrivilegeLevel", 5, 2),
                        bit("Present", 7),
                        bit("Available", 12),
                        bit("Long", 13),
                        bit("Default", 14),
                        bit("Granularity", 15))
                .build(SIZE);

        private SegmentRegister() {}
    }

    /** HV_X64_TABLE_REGISTER: GDTR, IDTR. */
    public static final class TableRegister {
        public static final int LIMIT = 6;
        public static final int BASE = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_X64_TABLE_REGISTER")
                .reserved(6)
                .u16("Limit")
                .u64("Base")
                .build(SIZE);

        private TableRegister() {}
    }

    /** HV_X64_FP_REGISTER: one of ST0 to ST7, or an MMX register in its mantissa. */
    public static final class FpRegister {
        public static final int MANTISSA = 0;
        public static final int SIGN_EXPONENT = 8;
        public static final int SIZE = 16;
        public static final int SIGN_EXPONENT_BIASED_EXPONENT_SHIFT = 0;
        public static final int SIGN_EXPONENT_BIASED_EXPONENT_MASK = 0x7FFF;
        public static final int SIGN_EXPONENT_SIGN = 1 << 15;

        public static final Layout LAYOUT = Layout.of("HV_X64_FP_REGISTER")
                .u64("Mantissa")
                .u16("SignExponent", bits("BiasedExponent", 0, 15), bit("Sign", 15))
                .reserved(6)
                .build(SIZE);

        private FpRegister() {}
    }

    /** HV_X64_FP_CONTROL_STATUS_REGISTER. The tag word is abridged, as in FXSAVE. */
    public static final class FpControlStatusRegister {
        public static final int FP_CONTROL = 0;
        public static final int FP_STATUS = 2;
        public static final int FP_TAG = 4;
        public static final int LAST_FP_OP = 6;
        public static final int LAST_FP_RIP = 8;
        public static final int LAST_FP_EIP = 8;
        public static final int LAST_FP_CS = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_X64_FP_CONTROL_STATUS_REGISTER")
                .u16("FpControl")
                .u16("FpStatus")
                .u8("FpTag")
                .reserved(1)
                .u16("LastFpOp")
                .u64("LastFpRip")
                .at(8)
                .u32("LastFpEip")
                .u16("LastFpCs")
                .reserved(2)
                .build(SIZE);

        private FpControlStatusRegister() {}
    }

    /** HV_X64_XMM_CONTROL_STATUS_REGISTER. */
    public static final class XmmControlStatusRegister {
        public static final int LAST_FP_RDP = 0;
        public static final int LAST_FP_DP = 0;
        public static final int LAST_FP_DS = 4;
        public static final int XMM_STATUS_CONTROL = 8;
        public static final int XMM_STATUS_CONTROL_MASK = 12;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_X64_XMM_CONTROL_STATUS_REGISTER")
                .u64("LastFpRdp")
                .at(0)
                .u32("LastFpDp")
                .u16("LastFpDs")
                .reserved(2)
                .u32("XmmStatusControl")
                .u32("XmmStatusControlMask")
                .build(SIZE);

        private XmmControlStatusRegister() {}
    }

    private ValueLayouts() {}
}
