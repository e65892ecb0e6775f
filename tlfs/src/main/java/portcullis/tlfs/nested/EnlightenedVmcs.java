package portcullis.tlfs.nested;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * HV_VMX_ENLIGHTENED_VMCS: the VMCS of a nested hypervisor, in memory. Which field is in which group, and what VMCS
 * encoding it has, is in {@link EnlightenedVmcsFields}. Source: TLFS hv_vmx_enlightened_vmcs.md.
 */
public final class EnlightenedVmcs {
    public static final int VERSION_NUMBER = 0;
    public static final int ABORT_INDICATOR = 4;
    public static final int HOST_ES_SELECTOR = 8;
    public static final int HOST_CS_SELECTOR = 10;
    public static final int HOST_SS_SELECTOR = 12;
    public static final int HOST_DS_SELECTOR = 14;
    public static final int HOST_FS_SELECTOR = 16;
    public static final int HOST_GS_SELECTOR = 18;
    public static final int HOST_TR_SELECTOR = 20;
    public static final int HOST_PAT = 24;
    public static final int HOST_EFER = 32;
    public static final int HOST_CR0 = 40;
    public static final int HOST_CR3 = 48;
    public static final int HOST_CR4 = 56;
    public static final int HOST_SYSENTER_ESP_MSR = 64;
    public static final int HOST_SYSENTER_EIP_MSR = 72;
    public static final int HOST_RIP = 80;
    public static final int HOST_SYSENTER_CS_MSR = 88;
    public static final int PIN_CONTROLS = 92;
    public static final int EXIT_CONTROLS = 96;
    public static final int SECONDARY_PROCESSOR_CONTROLS = 100;
    public static final int IO_BITMAP_A = 104;
    public static final int IO_BITMAP_B = 112;
    public static final int MSR_BITMAP = 120;
    public static final int GUEST_ES_SELECTOR = 128;
    public static final int GUEST_CS_SELECTOR = 130;
    public static final int GUEST_SS_SELECTOR = 132;
    public static final int GUEST_DS_SELECTOR = 134;
    public static final int GUEST_FS_SELECTOR = 136;
    public static final int GUEST_GS_SELECTOR = 138;
    public static final int GUEST_LDTR_SELECTOR = 140;
    public static final int GUEST_TR_SELECTOR = 142;
    public static final int GUEST_ES_LIMIT = 144;
    public static final int GUEST_CS_LIMIT = 148;
    public static final int GUEST_SS_LIMIT = 152;
    public static final int GUEST_DS_LIMIT = 156;
    public static final int GUEST_FS_LIMIT = 160;
    public static final int GUEST_GS_LIMIT = 164;
    public static final int GUEST_LDTR_LIMIT = 168;
    public static final int GUEST_TR_LIMIT = 172;
    public static final int GUEST_GDTR_LIMIT = 176;
    public static final int GUEST_IDTR_LIMIT = 180;
    public static final int GUEST_ES_ATTRIBUTES = 184;
    public static final int GUEST_CS_ATTRIBUTES = 188;
    public static final int GUEST_SS_ATTRIBUTES = 192;
    public static final int GUEST_DS_ATTRIBUTES = 196;
    public static final int GUEST_FS_ATTRIBUTES = 200;
    public static final int GUEST_GS_ATTRIBUTES = 204;
    public static final int GUEST_LDTR_ATTRIBUTES = 208;
    public static final int GUEST_TR_ATTRIBUTES = 212;
    public static final int GUEST_ES_BASE = 216;
    public static final int GUEST_CS_BASE = 224;
    public static final int GUEST_SS_BASE = 232;
    public static final int GUEST_DS_BASE = 240;
    public static final int GUEST_FS_BASE = 248;
    public static final int GUEST_GS_BASE = 256;
    public static final int GUEST_LDTR_BASE = 264;
    public static final int GUEST_TR_BASE = 272;
    public static final int GUEST_GDTR_BASE = 280;
    public static final int GUEST_IDTR_BASE = 288;
    public static final int EXIT_MSR_STORE_ADDRESS = 320;
    public static final int EXIT_MSR_LOAD_ADDRESS = 328;
    public static final int ENTRY_MSR_LOAD_ADDRESS = 336;
    public static final int CR3_TARGET0 = 344;
    public static final int CR3_TARGET1 = 352;
    public static final int CR3_TARGET2 = 360;
    public static final int CR3_TARGET3 = 368;
    public static final int PFEC_MASK = 376;
    public static final int PFEC_MATCH = 380;
    public static final int CR3_TARGET_COUNT = 384;
    public static final int EXIT_MSR_STORE_COUNT = 388;
    public static final int EXIT_MSR_LOAD_COUNT = 392;
    public static final int ENTRY_MSR_LOAD_COUNT = 396;
    public static final int TSC_OFFSET = 400;
    public static final int VIRTUAL_APIC_PAGE = 408;
    public static final int GUEST_WORKING_VMCS_PTR = 416;
    public static final int GUEST_IA32_DEBUG_CTL = 424;
    public static final int GUEST_PAT = 432;
    public static final int GUEST_EFER = 440;
    public static final int GUEST_PDPTE0 = 448;
    public static final int GUEST_PDPTE1 = 456;
    public static final int GUEST_PDPTE2 = 464;
    public static final int GUEST_PDPTE3 = 472;
    public static final int GUEST_PENDING_DEBUG_EXCEPTIONS = 480;
    public static final int GUEST_SYSENTER_ESP_MSR = 488;
    public static final int GUEST_SYSENTER_EIP_MSR = 496;
    public static final int GUEST_SLEEP_STATE = 504;
    public static final int GUEST_SYSENTER_CS_MSR = 508;
    public static final int CR0_GUEST_HOST_MASK = 512;
    public static final int CR4_GUEST_HOST_MASK = 520;
    public static final int CR0_READ_SHADOW = 528;
    public static final int CR4_READ_SHADOW = 536;
    public static final int GUEST_CR0 = 544;
    public static final int GUEST_CR3 = 552;
    public static final int GUEST_CR4 = 560;
    public static final int GUEST_DR7 = 568;
    public static final int HOST_FS_BASE = 576;
    public static final int HOST_GS_BASE = 584;
    public static final int HOST_TR_BASE = 592;
    public static final int HOST_GDTR_BASE = 600;
    public static final int HOST_IDTR_BASE = 608;
    public static final int HOST_RSP = 616;
    public static final int EPT_ROOT = 624;
    public static final int VPID = 632;
    public static final int EXIT_EPT_FAULT_GPA = 680;
    public static final int EXIT_INSTRUCTION_ERROR = 688;
    public static final int EXIT_REASON = 692;
    public static final int EXIT_INTERRUPTION_INFO = 696;
    public static final int EXIT_EXCEPTION_ERROR_CODE = 700;
    public static final int EXIT_IDT_VECTORING_INFO = 704;
    public static final int EXIT_IDT_VECTORING_ERROR_CODE = 708;
    public static final int EXIT_INSTRUCTION_LENGTH = 712;
    public static final int EXIT_INSTRUCTION_INFO = 716;
    public static final int EXIT_QUALIFICATION = 720;
    public static final int EXIT_IO_INSTRUCTION_ECX = 728;
    public static final int EXIT_IO_INSTRUCTION_ESI = 736;
    public static final int EXIT_IO_INSTRUCTION_EDI = 744;
    public static final int EXIT_IO_INSTRUCTION_EIP = 752;
    public static final int GUEST_LINEAR_ADDRESS = 760;
    public static final int GUEST_RSP = 768;
    public static final int GUEST_RFLAGS = 776;
    public static final int GUEST_INTERRUPTIBILITY = 784;
    public static final int PROCESSOR_CONTROLS = 788;
    public static final int EXCEPTION_BITMAP = 792;
    public static final int ENTRY_CONTROLS = 796;
    public static final int ENTRY_INTERRUPT_INFO = 800;
    public static final int ENTRY_EXCEPTION_ERROR_CODE = 804;
    public static final int ENTRY_INSTRUCTION_LENGTH = 808;
    public static final int TPR_THRESHOLD = 812;
    public static final int GUEST_RIP = 816;
    public static final int CLEAN_FIELDS = 824;
    public static final int SYNTHETIC_CONTROLS = 832;
    public static final int ENLIGHTENMENTS_CONTROL = 836;
    public static final int VP_ID = 840;
    public static final int VM_ID = 848;
    public static final int PARTITION_ASSIST_PAGE = 856;
    public static final int GUEST_BNDCFGS = 896;
    public static final int GUEST_PERF_GLOBAL_CTRL = 904;
    public static final int GUEST_S_CET = 912;
    public static final int GUEST_SSP = 920;
    public static final int GUEST_INTERRUPT_SSP_TABLE_ADDR = 928;
    public static final int GUEST_LBR_CTL = 936;
    public static final int XSS_EXITING_BITMAP = 960;
    public static final int ENCLS_EXITING_BITMAP = 968;
    public static final int HOST_PERF_GLOBAL_CTRL = 976;
    public static final int TSC_MULTIPLIER = 984;
    public static final int HOST_S_CET = 992;
    public static final int HOST_SSP = 1000;
    public static final int HOST_INTERRUPT_SSP_TABLE_ADDR = 1008;
    public static final int TERTIARY_PROCESSOR_CONTROLS = 1016;
    public static final int SIZE = 1024;
    public static final int ENLIGHTENMENTS_CONTROL_NESTED_FLUSH_VIRTUAL_HYPERCALL = 1;
    public static final int ENLIGHTENMENTS_CONTROL_MSR_BITMAP = 1 << 1;

    /** Bits of CleanFields: HV_VMX_ENLIGHTENED_CLEAN_FIELD_...: set, the group of fields has not changed. */
    public static final int CLEAN_FIELD_IO_BITMAP = 1;

    public static final int CLEAN_FIELD_MSR_BITMAP = 1 << 1;
    public static final int CLEAN_FIELD_CONTROL_GRP2 = 1 << 2;
    public static final int CLEAN_FIELD_CONTROL_GRP1 = 1 << 3;
    public static final int CLEAN_FIELD_CONTROL_PROC = 1 << 4;
    public static final int CLEAN_FIELD_CONTROL_EVENT = 1 << 5;
    public static final int CLEAN_FIELD_CONTROL_ENTRY = 1 << 6;
    public static final int CLEAN_FIELD_CONTROL_EXCPN = 1 << 7;
    public static final int CLEAN_FIELD_CRDR = 1 << 8;
    public static final int CLEAN_FIELD_CONTROL_XLAT = 1 << 9;
    public static final int CLEAN_FIELD_GUEST_BASIC = 1 << 10;
    public static final int CLEAN_FIELD_GUEST_GRP1 = 1 << 11;
    public static final int CLEAN_FIELD_GUEST_GRP2 = 1 << 12;
    public static final int CLEAN_FIELD_HOST_POINTER = 1 << 13;
    public static final int CLEAN_FIELD_HOST_GRP1 = 1 << 14;
    public static final int CLEAN_FIELD_ENLIGHTENMENTSCONTROL = 1 << 15;

    public static final Layout LAYOUT = Layout.of("HV_VMX_ENLIGHTENED_VMCS")
            .u32("VersionNumber")
            .u32("AbortIndicator")
            .u16("HostEsSelector")
            .u16("HostCsSelector")
            .u16("HostSsSelector")
            .u16("HostDsSelector")
            .u16("HostFsSelector")
            .u16("HostGsSelector")
            .u16("HostTrSelector")
            .reserved(2)
            .u64("HostPat")
            .u64("HostEfer")
            .u64("HostCr0")
            .u64("HostCr3")
            .u64("HostCr4")
            .u64("HostSysenterEspMsr")
            .u64("HostSysenterEipMsr")
            .u64("HostRip")
            .u32("HostSysenterCsMsr")
            .u32("PinControls")
            .u32("ExitControls")
            .u32("SecondaryProcessorControls")
            .u64("IoBitmapA")
            .u64("IoBitmapB")
            .u64("MsrBitmap")
            .u16("GuestEsSelector")
            .u16("GuestCsSelector")
            .u16("GuestSsSelector")
            .u16("GuestDsSelector")
            .u16("GuestFsSelector")
            .u16("GuestGsSelector")
            .u16("GuestLdtrSelector")
            .u16("GuestTrSelector")
            .u32("GuestEsLimit")
            .u32("GuestCsLimit")
            .u32("GuestSsLimit")
            .u32("GuestDsLimit")
            .u32("GuestFsLimit")
            .u32("GuestGsLimit")
            .u32("GuestLdtrLimit")
            .u32("GuestTrLimit")
            .u32("GuestGdtrLimit")
            .u32("GuestIdtrLimit")
            .u32("GuestEsAttributes")
            .u32("GuestCsAttributes")
            .u32("GuestSsAttributes")
            .u32("GuestDsAttributes")
            .u32("GuestFsAttributes")
            .u32("GuestGsAttributes")
            .u32("GuestLdtrAttributes")
            .u32("GuestTrAttributes")
            .u64("GuestEsBase")
            .u64("GuestCsBase")
            .u64("GuestSsBase")
            .u64("GuestDsBase")
            .u64("GuestFsBase")
            .u64("GuestGsBase")
            .u64("GuestLdtrBase")
            .u64("GuestTrBase")
            .u64("GuestGdtrBase")
            .u64("GuestIdtrBase")
            .reserved(24)
            .u64("ExitMsrStoreAddress")
            .u64("ExitMsrLoadAddress")
            .u64("EntryMsrLoadAddress")
            .u64("Cr3Target0")
            .u64("Cr3Target1")
            .u64("Cr3Target2")
            .u64("Cr3Target3")
            .u32("PfecMask")
            .u32("PfecMatch")
            .u32("Cr3TargetCount")
            .u32("ExitMsrStoreCount")
            .u32("ExitMsrLoadCount")
            .u32("EntryMsrLoadCount")
            .u64("TscOffset")
            .u64("VirtualApicPage")
            .u64("GuestWorkingVmcsPtr")
            .u64("GuestIa32DebugCtl")
            .u64("GuestPat")
            .u64("GuestEfer")
            .u64("GuestPdpte0")
            .u64("GuestPdpte1")
            .u64("GuestPdpte2")
            .u64("GuestPdpte3")
            .u64("GuestPendingDebugExceptions")
            .u64("GuestSysenterEspMsr")
            .u64("GuestSysenterEipMsr")
            .u32("GuestSleepState")
            .u32("GuestSysenterCsMsr")
            .u64("Cr0GuestHostMask")
            .u64("Cr4GuestHostMask")
            .u64("Cr0ReadShadow")
            .u64("Cr4ReadShadow")
            .u64("GuestCr0")
            .u64("GuestCr3")
            .u64("GuestCr4")
            .u64("GuestDr7")
            .u64("HostFsBase")
            .u64("HostGsBase")
            .u64("HostTrBase")
            .u64("HostGdtrBase")
            .u64("HostIdtrBase")
            .u64("HostRsp")
            .u64("EptRoot")
            .u16("Vpid")
            .reserved(6)
            .reserved(40)
            .u64("ExitEptFaultGpa")
            .u32("ExitInstructionError")
            .u32("ExitReason")
            .u32("ExitInterruptionInfo")
            .u32("ExitExceptionErrorCode")
            .u32("ExitIdtVectoringInfo")
            .u32("ExitIdtVectoringErrorCode")
            .u32("ExitInstructionLength")
            .u32("ExitInstructionInfo")
            .u64("ExitQualification")
            .u64("ExitIoInstructionEcx")
            .u64("ExitIoInstructionEsi")
            .u64("ExitIoInstructionEdi")
            .u64("ExitIoInstructionEip")
            .u64("GuestLinearAddress")
            .u64("GuestRsp")
            .u64("GuestRflags")
            .u32("GuestInterruptibility")
            .u32("ProcessorControls")
            .u32("ExceptionBitmap")
            .u32("EntryControls")
            .u32("EntryInterruptInfo")
            .u32("EntryExceptionErrorCode")
            .u32("EntryInstructionLength")
            .u32("TprThreshold")
            .u64("GuestRip")
            .u32("CleanFields")
            .reserved(4)
            .u32("SyntheticControls")
            .u32("EnlightenmentsControl", bit("NestedFlushVirtualHypercall", 0), bit("MsrBitmap", 1))
            .u32("VpId")
            .reserved(4)
            .u64("VmId")
            .u64("PartitionAssistPage")
            .reserved(32)
            .u64("GuestBndcfgs")
            .u64("GuestPerfGlobalCtrl")
            .u64("GuestSCet")
            .u64("GuestSsp")
            .u64("GuestInterruptSspTableAddr")
            .u64("GuestLbrCtl")
            .reserved(16)
            .u64("XssExitingBitmap")
            .u64("EnclsExitingBitmap")
            .u64("HostPerfGlobalCtrl")
            .u64("TscMultiplier")
            .u64("HostSCet")
            .u64("HostSsp")
            .u64("HostInterruptSspTableAddr")
            .u64("TertiaryProcessorControls")
            .build(SIZE);

    private EnlightenedVmcs() {}
}
