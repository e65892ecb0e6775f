package portcullis.tlfs;

import java.util.HashMap;
import java.util.Map;

/**
 * Hypercall status codes, HV_STATUS: bits 15:0 of the hypercall result value.
 *
 * <p>Source: TLFS v6.0b, Appendix B. Codes 0x0021 to 0x0054 that v5.0C had for single processor features, and that
 * v6.0b folded into {@link #PROCESSOR_FEATURE_NOT_SUPPORTED}, are not repeated. {@code INSUFFICIENT_BUFFERS} is 0x0013:
 * v6.0b misprints 0x0033, which it gives to {@code INSUFFICIENT_BUFFER} too. Of the codes at the end the current text
 * has the name (INVALID_VTL_STATE) or nothing; the numbers are those that guests know.
 */
public final class HvStatus {
    public static final int SUCCESS = 0x0000;
    public static final int INVALID_HYPERCALL_CODE = 0x0002;
    public static final int INVALID_HYPERCALL_INPUT = 0x0003;
    public static final int INVALID_ALIGNMENT = 0x0004;
    public static final int INVALID_PARAMETER = 0x0005;
    public static final int ACCESS_DENIED = 0x0006;
    public static final int INVALID_PARTITION_STATE = 0x0007;
    public static final int OPERATION_DENIED = 0x0008;
    public static final int UNKNOWN_PROPERTY = 0x0009;
    public static final int PROPERTY_VALUE_OUT_OF_RANGE = 0x000A;
    public static final int INSUFFICIENT_MEMORY = 0x000B;
    public static final int PARTITION_TOO_DEEP = 0x000C;
    public static final int INVALID_PARTITION_ID = 0x000D;
    public static final int INVALID_VP_INDEX = 0x000E;
    public static final int INVALID_PORT_ID = 0x0011;
    public static final int INVALID_CONNECTION_ID = 0x0012;
    public static final int INSUFFICIENT_BUFFERS = 0x0013;
    public static final int NOT_ACKNOWLEDGED = 0x0014;
    public static final int INVALID_VP_STATE = 0x0015;
    public static final int ACKNOWLEDGED = 0x0016;
    public static final int INVALID_SAVE_RESTORE_STATE = 0x0017;
    public static final int INVALID_SYNIC_STATE = 0x0018;
    public static final int OBJECT_IN_USE = 0x0019;
    public static final int INVALID_PROXIMITY_DOMAIN_INFO = 0x001A;
    public static final int NO_DATA = 0x001B;
    public static final int INACTIVE = 0x001C;
    public static final int NO_RESOURCES = 0x001D;
    public static final int FEATURE_UNAVAILABLE = 0x001E;
    public static final int PARTIAL_PACKET = 0x001F;
    public static final int PROCESSOR_FEATURE_NOT_SUPPORTED = 0x0020;
    public static final int PROCESSOR_CACHE_LINE_FLUSH_SIZE_INCOMPATIBLE = 0x0030;
    public static final int INSUFFICIENT_BUFFER = 0x0033;
    public static final int INCOMPATIBLE_PROCESSOR = 0x0037;
    public static final int INSUFFICIENT_DEVICE_DOMAINS = 0x0038;
    public static final int CPUID_FEATURE_VALIDATION_ERROR = 0x003C;
    public static final int CPUID_XSAVE_FEATURE_VALIDATION_ERROR = 0x003D;
    public static final int PROCESSOR_STARTUP_TIMEOUT = 0x003E;
    public static final int SMX_ENABLED = 0x003F;
    public static final int INVALID_LP_INDEX = 0x0041;
    public static final int INVALID_REGISTER_VALUE = 0x0050;
    public static final int NX_NOT_DETECTED = 0x0055;
    public static final int INVALID_DEVICE_ID = 0x0057;
    public static final int INVALID_DEVICE_STATE = 0x0058;
    public static final int PENDING_PAGE_REQUESTS = 0x0059;
    public static final int PAGE_REQUEST_INVALID = 0x0060;
    public static final int OPERATION_FAILED = 0x0071;
    public static final int NOT_ALLOWED_WITH_NESTED_VIRT_ACTIVE = 0x0072;

    public static final int NOT_FOUND = 0x0010;
    public static final int INVALID_VTL_STATE = 0x0051;
    public static final int KEY_ALREADY_EXISTS = 0x0065;
    public static final int DEVICE_ALREADY_IN_DOMAIN = 0x0066;
    public static final int INVALID_CPU_GROUP_ID = 0x006F;
    public static final int INVALID_CPU_GROUP_STATE = 0x0070;
    public static final int INSUFFICIENT_ROOT_MEMORY = 0x0073;
    public static final int EVENT_BUFFER_ALREADY_FREED = 0x0074;
    public static final int TIMEOUT = 0x0078;
    public static final int CALL_PENDING = 0x0079;
    public static final int VTL_ALREADY_ENABLED = 0x0086;
    public static final int UNKNOWN_REGISTER_NAME = 0x0087;

    private static final Map<Integer, String> NAMES = names();

    private HvStatus() {}

    /**
     * The specification's name of a status code, for traces and messages.
     *
     * @return {@code "HV_STATUS_..."}, or the code in hexadecimal where the specification has no name for it
     */
    public static String name(int status) {
        String name = NAMES.get(status);
        return name != null ? name : String.format("0x%04X", status);
    }

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>();
        for (var field : HvStatus.class.getFields()) {
            try {
                names.put(field.getInt(null), "HV_STATUS_" + field.getName());
            } catch (IllegalAccessException e) {
                throw new AssertionError(field.getName(), e); // getFields returns public fields only
            }
        }
        return Map.copyOf(names);
    }
}
