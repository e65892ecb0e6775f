package portcullis.fuzz;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.tlfs.CallShape;
import portcullis.tlfs.HypercallCode;

/** The calls that the fuzzer knows, from the specification's pages; written down again here so that a slip in one table shows. */
final class CallTable {
    static final int FLUSH_SPACE = 0x0002;
    static final int FLUSH_LIST = 0x0003;
    static final int MODIFY_PROTECTION = 0x000c;
    static final int ENABLE_PARTITION_VTL = 0x000d;
    static final int ENABLE_VP_VTL = 0x000f;
    static final int VTL_CALL = 0x0011;
    static final int VTL_RETURN = 0x0012;
    static final int LONG_SPIN_WAIT = 0x0008;
    static final int SEND_IPI = 0x000b;
    static final int FLUSH_SPACE_EX = 0x0013;
    static final int FLUSH_LIST_EX = 0x0014;
    static final int SEND_IPI_EX = 0x0015;
    static final int GET_REGISTERS = 0x0050;
    static final int SET_REGISTERS = 0x0051;
    static final int TRANSLATE = 0x0052;
    static final int POST_MESSAGE = 0x005c;
    static final int SIGNAL_EVENT = 0x005d;
    static final int START_VP = 0x0099;
    static final int VP_INDEX_FROM_APIC_ID = 0x009a;
    static final int TRANSLATE_EX = 0x00ac;
    static final int EXT_CAPABILITIES = 0x8001;
    static final int EXT_BOOT_ZEROED = 0x8002;

    // Bits of HV_PARTITION_PRIVILEGE_MASK.
    private static final int NONE = -1;
    private static final int POST_MESSAGES = 36;
    private static final int SIGNAL_EVENTS = 37;
    /** Of calls with this the fuzzer knows that they are there only with trust levels. */
    static final int ACCESS_VSM = 48;

    private static final int ACCESS_VP_REGISTERS = 49;
    private static final int EXTENDED_HYPERCALLS = 52;
    private static final int START_PROCESSOR = 53;

    static final List<CallRow> ROWS = List.of(
            new CallRow(FLUSH_SPACE, false, false, 24, 0, 0, 0, NONE, Enlightenment.TLB_FLUSH),
            new CallRow(FLUSH_LIST, true, false, 24, 8, 0, 0, NONE, Enlightenment.TLB_FLUSH),
            new CallRow(LONG_SPIN_WAIT, false, false, 8, 0, 0, 0, NONE, null),
            new CallRow(SEND_IPI, false, false, 16, 0, 0, 0, NONE, Enlightenment.IPI),
            new CallRow(MODIFY_PROTECTION, true, false, 16, 8, 0, 0, ACCESS_VSM, null),
            new CallRow(ENABLE_PARTITION_VTL, false, false, 16, 0, 0, 0, ACCESS_VSM, null),
            new CallRow(ENABLE_VP_VTL, false, false, 240, 0, 0, 0, ACCESS_VSM, null),
            new CallRow(VTL_CALL, false, false, 0, 0, 0, 0, ACCESS_VSM, null),
            new CallRow(VTL_RETURN, false, false, 0, 0, 0, 0, ACCESS_VSM, null),
            new CallRow(FLUSH_SPACE_EX, false, true, 32, 0, 0, 0, NONE, Enlightenment.TLB_FLUSH),
            new CallRow(FLUSH_LIST_EX, true, true, 32, 8, 0, 0, NONE, Enlightenment.TLB_FLUSH),
            new CallRow(SEND_IPI_EX, false, true, 24, 0, 0, 0, NONE, Enlightenment.IPI),
            new CallRow(GET_REGISTERS, true, false, 16, 4, 0, 16, ACCESS_VP_REGISTERS, Enlightenment.VP_REGISTERS),
            new CallRow(SET_REGISTERS, true, false, 16, 32, 0, 0, ACCESS_VP_REGISTERS, Enlightenment.VP_REGISTERS),
            new CallRow(TRANSLATE, false, false, 32, 0, 16, 0, NONE, Enlightenment.VP_REGISTERS),
            new CallRow(POST_MESSAGE, false, false, 256, 0, 0, 0, POST_MESSAGES, Enlightenment.SYNIC),
            new CallRow(SIGNAL_EVENT, false, false, 8, 0, 0, 0, SIGNAL_EVENTS, Enlightenment.SYNIC),
            new CallRow(START_VP, false, false, 240, 0, 0, 0, START_PROCESSOR, Enlightenment.START_VP),
            new CallRow(VP_INDEX_FROM_APIC_ID, true, false, 16, 4, 0, 4, NONE, null),
            new CallRow(TRANSLATE_EX, false, false, 32, 0, 64, 0, NONE, Enlightenment.VP_REGISTERS),
            new CallRow(EXT_CAPABILITIES, false, false, 0, 0, 8, 0, EXTENDED_HYPERCALLS, Enlightenment.EXTENDED_CALLS),
            new CallRow(
                    EXT_BOOT_ZEROED, false, false, 0, 0, 4088, 0, EXTENDED_HYPERCALLS, Enlightenment.EXTENDED_CALLS));

    private static final Map<Integer, CallRow> BY_CODE =
            ROWS.stream().collect(Collectors.toUnmodifiableMap(CallRow::code, Function.identity()));

    private CallTable() {}

    /** The row of a call, or null. */
    static CallRow row(int code) {
        return BY_CODE.get(code);
    }

    /** The row of any published call: of those that are not in the table, from the specification as data. */
    static CallRow rowOrShape(int code) {
        CallRow row = BY_CODE.get(code);
        HypercallCode known = HypercallCode.of(code);
        if (row != null || known == null || !known.shape().published()) {
            return row;
        }
        CallShape shape = known.shape();
        return new CallRow(
                code,
                shape.rep(),
                shape.variableHeader(),
                shape.inputHeader(),
                shape.inputElement(),
                shape.outputHeader(),
                shape.outputElement(),
                NONE,
                null);
    }
}
