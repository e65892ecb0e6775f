package portcullis.tlfs.nested;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * Smaller structures of nested virtualization.
 *
 * <p>Source: named with each.
 */
public final class NestedStructures {
    /**
     * Synthetic exit reason of a direct virtual flush that could not be done ("Synthetic VM-Exit Reasons"), VMX and
     * SVM.
     */
    public static final int VMX_EXIT_TRAP_AFTER_FLUSH = 0x1000_0031;

    public static final int SVM_EXIT_ENL = 0xF000_0000;
    public static final int SVM_ENL_EXIT_TRAP_AFTER_FLUSH = 1;

    /**
     * HV_SVM_ENLIGHTENED_VMCB_FIELDS, at 0x3E0 of the VMCB; clean bit 31 (TLFS hv_svm_enlightened_vmcb_fields.md).
     */
    public static final class EnlightenedVmcb {
        public static final int ENLIGHTENMENTS_CONTROL = 0;
        public static final int VP_ID = 4;
        public static final int VM_ID = 8;
        public static final int PARTITION_ASSIST_PAGE = 16;
        public static final int SIZE = 32;
        public static final int ENLIGHTENMENTS_CONTROL_NESTED_FLUSH_VIRTUAL_HYPERCALL = 1;
        public static final int ENLIGHTENMENTS_CONTROL_MSR_BITMAP = 1 << 1;
        public static final int ENLIGHTENMENTS_CONTROL_ENLIGHTENED_NPT_TLB = 1 << 2;

        /** Offset in the VMCB. */
        public static final int VMCB_OFFSET = 0x3E0;

        public static final Layout LAYOUT = Layout.of("HV_SVM_ENLIGHTENED_VMCB_FIELDS")
                .u32(
                        "EnlightenmentsControl",
                        bit("NestedFlushVirtualHypercall", 0),
                        bit("MsrBitmap", 1),
                        bit("EnlightenedNptTlb", 2))
                .u32("VpId")
                .u64("VmId")
                .u64("PartitionAssistPage")
                .reserved(8)
                .build(SIZE);

        private EnlightenedVmcb() {}
    }

    /**
     * VM_PARTITION_ASSIST_PAGE: not zero, flushes of the nested partition are not done directly (TLFS
     * nested-virtualization.md, "Direct Virtual Flush").
     */
    public static final class PartitionAssistPage {
        public static final int TLB_LOCK_COUNT = 0;
        public static final int SIZE = 4;

        public static final Layout LAYOUT =
                Layout.of("VM_PARTITION_ASSIST_PAGE").u32("TlbLockCount").build(SIZE);

        private PartitionAssistPage() {}
    }

    private NestedStructures() {}
}
