package portcullis.fuzz;

import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.tlfs.HypercallCode;

/**
 * What must become of a call before anybody looks at what it asks for (TLFS, "Hypercall Interface"). An account of its own:
 * nothing here is the dispatcher's. The text leaves the order of several errors at once open; here it is the dispatcher's: mode,
 * code, privilege, control word, then registers or addresses, then access.
 */
final class CallRules {
    /** {@link #predict}: the call is carried out, and what it says is the handler's business. */
    static final int CARRIED_OUT = -1;

    static final int UNDEFINED = -2;

    static final int INVALID_CODE = 2;
    static final int INVALID_INPUT = 3;
    static final int INVALID_ALIGNMENT = 4;
    static final int INVALID_PARAMETER = 5;
    static final int ACCESS_DENIED = 6;

    private static final int FAST_BYTES = 112;
    private static final int SHORT_FAST_BYTES = 16;

    private final HypervConfig config;
    private final GuestMemory memory;
    private MemoryView view;

    CallRules(HypervConfig config, GuestMemory memory) {
        this.config = config;
        this.memory = memory;
    }

    boolean offered(CallRow row) {
        return (row.with() == null || config.has(row.with()))
                && (row.privilege() != CallTable.ACCESS_VSM || config.trustLevels() > 0);
    }

    /**
     * @param level the caller's trust level
     * @param identified whether that has written its OS id
     */
    int predict(Call call, Mode mode, int level, boolean identified) {
        view = memory.view(level);
        if (!mode.mayCall() || !identified) {
            return UNDEFINED;
        }
        CallRow row = CallTable.row(call.code());
        if (row == null || !offered(row)) {
            return notThere(call.code(), row);
        }
        if (row.privilege() >= 0 && (config.privileges() >>> row.privilege() & 1) == 0) {
            return ACCESS_DENIED;
        }
        boolean switches = row.code() == CallTable.VTL_CALL || row.code() == CallTable.VTL_RETURN;
        if (switches && call.control != row.code()) {
            return UNDEFINED;
        }
        if (!wellFormed(call, row)) {
            return INVALID_INPUT;
        }
        int input = row.inputBytes(call.variableQwords(), call.reps());
        int output = row.outputBytes(call.reps());
        return call.fast() ? registers(input, output, mode) : memory(call, input, output);
    }

    private int notThere(int code, CallRow row) {
        HypercallCode known = HypercallCode.of(code);
        long needed = row != null && row.privilege() >= 0
                ? 1L << row.privilege()
                : row != null || known == null ? 0 : known.privileges();
        return (config.privileges() & needed) != needed ? ACCESS_DENIED : INVALID_CODE;
    }

    private static boolean wellFormed(Call call, CallRow row) {
        // Bits 30:27, 47:44 and 63:60 are zero; bit 31 is for a hypervisor below this one.
        boolean reserved = (call.control >>> 27 & 0x1f) != 0
                || (call.control >>> 44 & 0xf) != 0
                || (call.control >>> 60 & 0xf) != 0;
        boolean reps = row.rep() ? call.start() < call.reps() : call.start() == 0 && call.reps() == 0;
        return !reserved && reps && (row.variable() || call.variableQwords() == 0);
    }

    private int registers(int input, int output, Mode mode) {
        if (input > SHORT_FAST_BYTES && !config.xmmInput() || output > 0 && !config.xmmOutput()) {
            return UNDEFINED;
        }
        if (input > FAST_BYTES) {
            return INVALID_INPUT;
        }
        boolean fits = mode.wide && (input + 15) / 16 * 16 + output <= FAST_BYTES;
        return output > 0 && !fits ? INVALID_INPUT : CARRIED_OUT;
    }

    private int memory(Call call, int input, int output) {
        if (!placed(call.input, input) || !placed(call.output, output)) {
            return INVALID_ALIGNMENT;
        }
        if (input > 0 && output > 0 && call.input < call.output + output && call.output < call.input + input) {
            return INVALID_ALIGNMENT;
        }
        boolean accessible =
                (input == 0 || memoryAt(call.input, false)) && (output == 0 || memoryAt(call.output, true));
        return accessible ? CARRIED_OUT : INVALID_INPUT;
    }

    private static boolean placed(long gpa, int bytes) {
        if (bytes == 0) {
            return true;
        }
        return gpa % 8 == 0 && gpa >= 0 && gpa < Layout.LIMIT && gpa % Layout.PAGE + bytes <= Layout.PAGE;
    }

    /** Whether a higher level may be in the way of a call's parameters. */
    boolean restricted(Call call) {
        return !call.fast() && (restricted(call.input) || restricted(call.output));
    }

    private boolean restricted(long gpa) {
        return gpa >= 0 && gpa < Layout.LIMIT && view.protection(gpa) != Protection.ALL;
    }

    private boolean memoryAt(long gpa, boolean write) {
        return write ? view.writable(gpa, 1) : view.readable(gpa, 1);
    }
}
