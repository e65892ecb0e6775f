package portcullis.tlfs.page;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * The virtual processor assist page.
 *
 * <p>Source: TLFS hv_vp_assist_page.md and vp-properties.md, "Virtual Processor Assist Page"; the EOI assist from
 * virtual-interrupts.md, "EOI Assist".
 */
public final class AssistPage {
    /** HV_VP_VTL_CONTROL (TLFS hv_vp_vtl_control.md): why the level was entered, and what its return loads. */
    public static final class VtlControl {
        public static final int ENTRY_REASON = 0;
        public static final int VINA_STATUS = 4;
        public static final int VTL_RETURN_X64_RAX = 8;
        public static final int VTL_RETURN_X64_RCX = 16;
        public static final int VTL_RETURN_X86_EAX = 8;
        public static final int VTL_RETURN_X86_ECX = 12;
        public static final int VTL_RETURN_X86_EDX = 16;
        public static final int SIZE = 24;
        public static final int VINA_STATUS_VINA_ASSERTED = 1;

        /** EntryReason: HV_VTL_ENTRY_REASON. */
        public static final int ENTRY_REASON_RESERVED = 0;

        public static final int ENTRY_REASON_VTL_CALL = 1;
        public static final int ENTRY_REASON_INTERRUPT = 2;
        public static final int ENTRY_REASON_INTERCEPT = 3;

        public static final Layout LAYOUT = Layout.of("HV_VP_VTL_CONTROL")
                .u32("EntryReason")
                .u8("VinaStatus", bit("VinaAsserted", 0))
                .reserved(3)
                .u64("VtlReturnX64Rax")
                .u64("VtlReturnX64Rcx")
                .at(8)
                .u32("VtlReturnX86Eax")
                .u32("VtlReturnX86Ecx")
                .u32("VtlReturnX86Edx")
                .reserved(4)
                .build(SIZE);

        private VtlControl() {}
    }

    /** HV_NESTED_ENLIGHTENMENTS_CONTROL (TLFS hv_nested_enlightenments_control.md). */
    public static final class NestedEnlightenmentsControl {
        public static final int FEATURES = 0;
        public static final int HYPERCALL_CONTROLS = 4;
        public static final int SIZE = 8;
        public static final int FEATURES_DIRECT_HYPERCALL = 1;
        public static final int FEATURES_VIRTUALIZATION_EXCEPTION = 1 << 1;
        public static final int HYPERCALL_CONTROLS_INTER_PARTITION_COMMUNICATION = 1;

        public static final Layout LAYOUT = Layout.of("HV_NESTED_ENLIGHTENMENTS_CONTROL")
                .u32("Features", bit("DirectHypercall", 0), bit("VirtualizationException", 1))
                .u32("HypercallControls", bit("InterPartitionCommunication", 0))
                .build(SIZE);

        private NestedEnlightenmentsControl() {}
    }

    /** HV_VIRTUALIZATION_FAULT_INFORMATION (TLFS hv_virtualization_fault_information.md). */
    public static final class VirtualizationFaultInformation {
        public static final int PARAMETER0 = 0;
        public static final int CODE = 4;
        public static final int PARAMETER1 = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_VIRTUALIZATION_FAULT_INFORMATION")
                .u16("Parameter0")
                .reserved(2)
                .u32("Code")
                .u64("Parameter1")
                .build(SIZE);

        private VirtualizationFaultInformation() {}
    }

    /** HV_VP_ASSIST_PAGE: an overlay page, one a virtual processor and trust level. */
    public static final class VpAssistPage {
        public static final int APIC_ASSIST = 0;
        public static final int VTL_CONTROL = 8;
        public static final int NESTED_ENLIGHTENMENTS_CONTROL = 32;
        public static final int ENLIGHTEN_VM_ENTRY = 40;
        public static final int CURRENT_NESTED_VMCS = 48;
        public static final int SYNTHETIC_TIME_UNHALTED_TIMER_EXPIRED = 56;
        public static final int VIRTUALIZATION_FAULT_INFORMATION = 64;
        public static final int SIZE = 4096;
        public static final int APIC_ASSIST_NO_EOI_REQUIRED = 1;

        /**
         * In no version of the text, but what "intercept page" means in entry reason 3: an HV_MESSAGE of an intercept
         * to this level.
         */
        public static final int INTERCEPT_MESSAGE = 112;

        public static final Layout LAYOUT = Layout.of("HV_VP_ASSIST_PAGE")
                .u32("ApicAssist", bit("NoEoiRequired", 0))
                .reserved(4)
                .structure("VtlControl", VtlControl.LAYOUT)
                .structure("NestedEnlightenmentsControl", NestedEnlightenmentsControl.LAYOUT)
                .u8("EnlightenVmEntry")
                .reserved(7)
                .u64("CurrentNestedVmcs")
                .u8("SyntheticTimeUnhaltedTimerExpired")
                .reserved(7)
                .structure("VirtualizationFaultInformation", VirtualizationFaultInformation.LAYOUT)
                .reserved(4016)
                .build(SIZE);

        private VpAssistPage() {}
    }

    private AssistPage() {}
}
