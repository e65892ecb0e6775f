package portcullis.tlfs.message;

import java.util.HashMap;
import java.util.Map;

/**
 * HV_MESSAGE_TYPE, the first 4 bytes of a message. Types with bit 31 are the hypervisor's own: no guest can send them.
 *
 * <p>Source: TLFS hv_message_type.md; EVENT_LOG_BUFFERS_COMPLETE, TLB_PAGE_SIZE_MISMATCH and X64_LEGACY_FP_ERROR from
 * v6.0b, 11.10.2.
 */
public final class MessageType {
    /** The slot is empty. */
    public static final int NONE = 0;
    /** Bit 31. */
    public static final int HYPERVISOR_MASK = 0x8000_0000;

    public static final int UNMAPPED_GPA = 0x8000_0000;
    public static final int GPA_INTERCEPT = 0x8000_0001;
    public static final int UNACCEPTED_GPA = 0x8000_0003;
    public static final int GPA_ATTRIBUTE_INTERCEPT = 0x8000_0004;
    public static final int TIMER_EXPIRED = 0x8000_0010;
    public static final int INVALID_VP_REGISTER_VALUE = 0x8000_0020;
    public static final int UNRECOVERABLE_EXCEPTION = 0x8000_0021;
    public static final int UNSUPPORTED_FEATURE = 0x8000_0022;
    public static final int TLB_PAGE_SIZE_MISMATCH = 0x8000_0023;
    public static final int OPAQUE_INTERCEPT = 0x8000_003F;
    public static final int EVENT_LOG_BUFFERS_COMPLETE = 0x8000_0040;
    public static final int HYPERCALL_INTERCEPT = 0x8000_0050;
    public static final int SYNIC_EVENT_INTERCEPT = 0x8000_0060;
    public static final int SYNIC_SINT_INTERCEPT = 0x8000_0061;
    public static final int SYNIC_SINT_DELIVERABLE = 0x8000_0062;
    public static final int ASYNC_CALL_COMPLETION = 0x8000_0070;
    public static final int INSUFFICIENT_MEMORY = 0x8000_0071;
    public static final int SCHEDULER_VP_SIGNAL_BITSET = 0x8000_0100;
    public static final int SCHEDULER_VP_SIGNAL_PAIR = 0x8000_0101;
    public static final int X64_IO_PORT_INTERCEPT = 0x8001_0000;
    public static final int MSR_INTERCEPT = 0x8001_0001;
    public static final int X64_CPUID_INTERCEPT = 0x8001_0002;
    public static final int EXCEPTION_INTERCEPT = 0x8001_0003;
    public static final int X64_APIC_EOI = 0x8001_0004;
    public static final int X64_LEGACY_FP_ERROR = 0x8001_0005;
    public static final int REGISTER_INTERCEPT = 0x8001_0006;
    public static final int X64_HALT = 0x8001_0007;
    public static final int X64_INTERRUPTION_DELIVERABLE = 0x8001_0008;
    public static final int X64_SIPI_INTERCEPT = 0x8001_0009;
    public static final int X64_RDTSC_INTERCEPT = 0x8001_000A;
    public static final int X64_APIC_SMI_INTERCEPT = 0x8001_000B;
    public static final int X64_APIC_INIT_SIPI_INTERCEPT = 0x8001_000D;
    public static final int X64_APIC_WRITE_INTERCEPT = 0x8001_000E;
    public static final int X64_SNP_GUEST_REQUEST_INTERCEPT = 0x8001_0011;
    public static final int X64_EXCEPTION_TRAP_INTERCEPT = 0x8001_0012;
    public static final int X64_SEV_VMGEXIT_INTERCEPT = 0x8001_0013;
    public static final int X64_MSR_LIST_INTERCEPT = 0x8001_0015;

    // In no version of the text.
    public static final int ENABLE_PARTITION_VTL_INTERCEPT = 0x8000_0005;
    public static final int IOMMU_FAULT = 0x8000_0024;
    public static final int X64_PROXY_INTERRUPT_INTERCEPT = 0x8001_000F;
    public static final int X64_ISOLATION_CTRL_REG_INTERCEPT = 0x8001_0010;

    private static final Map<Integer, String> NAMES = names();

    private MessageType() {}

    /** The name of a type, for traces; a number in hexadecimal where it has none. */
    public static String name(int type) {
        String name = NAMES.get(type);
        return name != null ? name : String.format("0x%08X", type);
    }

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>();
        for (var field : MessageType.class.getFields()) {
            try {
                if (!field.getName().equals("HYPERVISOR_MASK")) {
                    names.put(field.getInt(null), field.getName());
                }
            } catch (IllegalAccessException e) {
                throw new AssertionError(field.getName(), e); // getFields returns public fields only
            }
        }
        return Map.copyOf(names);
    }
}
