package portcullis.fuzz;

import java.util.function.IntPredicate;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;

/** What must become of calls that are carried out, where that follows from their input alone. An account of its own, too. */
final class HandlerRules {
    /** {@link #expect}: not known here. */
    static final int ANY = -1;
    /** A target inhibits flushes. */
    static final int SUSPENDED = -2;

    private static final int INVALID_PARTITION = 0x0d;
    private static final int INVALID_VP = 0x0e;

    private final HypervConfig config;
    private final int processors;
    private final IntPredicate inhibited;
    /** How many elements are done when a list fails, or -1. */
    int elements;

    /** @param inhibited whether flushes of a VP are inhibited, at the caller's trust level */
    HandlerRules(HypervConfig config, int processors, IntPredicate inhibited) {
        this.config = config;
        this.processors = processors;
        this.inhibited = inhibited;
    }

    /** @param call whose form {@link CallRules} has found right */
    int expect(Call call) {
        elements = -1;
        if (config.trustLevels() > 0 && call.code() > CallTable.FLUSH_LIST_EX
                || call.code() == CallTable.SEND_IPI && config.trustLevels() > 0) {
            // What is right depends on levels.
            return ANY;
        }
        return switch (call.code()) {
            case CallTable.FLUSH_SPACE -> flush(call, false, false);
            case CallTable.FLUSH_LIST -> flush(call, true, false);
            case CallTable.FLUSH_SPACE_EX -> flush(call, false, true);
            case CallTable.FLUSH_LIST_EX -> flush(call, true, true);
            case CallTable.SEND_IPI -> interrupt(call);
            case CallTable.SEND_IPI_EX -> {
                int set = set(call, 8);
                yield set == 0 ? interrupt(call) : set;
            }
            case CallTable.LONG_SPIN_WAIT, CallTable.EXT_CAPABILITIES, CallTable.EXT_BOOT_ZEROED -> 0;
            case CallTable.VP_INDEX_FROM_APIC_ID -> vpIndex(call);
            case CallTable.GET_REGISTERS,
                    CallTable.SET_REGISTERS,
                    CallTable.START_VP,
                    CallTable.TRANSLATE,
                    CallTable.TRANSLATE_EX -> target(call);
            default -> ANY;
        };
    }

    private int flush(Call call, boolean list, boolean sparse) {
        boolean ranges = list && config.has(Enlightenment.TLB_FLUSH_EXTENDED);
        long known = 3 | (list ? 0 : 4) | (ranges ? 8 : 0);
        long flags = call.longAt(8);
        if ((flags & ~known) != 0) {
            return CallRules.INVALID_PARAMETER;
        }
        boolean all = (flags & 1) != 0;
        if (!all && sparse) {
            int set = set(call, 16);
            if (set != 0) {
                return set;
            }
            all = call.longAt(16) == 1;
        }
        for (int vp = 0; vp < processors; vp++) {
            if (inhibited.test(vp)
                    && (all || (sparse ? inSet(call, 16, vp) : vp < 64 && (call.longAt(16) >>> vp & 1) != 0))) {
                return SUSPENDED;
            }
        }
        return 0;
    }

    /** HV_VP_SET. */
    private static int set(Call call, int at) {
        long format = call.longAt(at);
        if (format == 1) {
            return 0;
        }
        if (format != 0) {
            return CallRules.INVALID_PARAMETER;
        }
        return Long.bitCount(call.longAt(at + 8)) == call.variableQwords() ? 0 : CallRules.INVALID_INPUT;
    }

    private static boolean inSet(Call call, int at, int vp) {
        long banks = call.longAt(at + 8);
        int bank = vp / 64;
        if ((banks >>> bank & 1) == 0) {
            return false;
        }
        int index = Long.bitCount(banks & (1L << bank) - 1);
        return (call.longAt(at + 16 + index * 8) >>> vp % 64 & 1) != 0;
    }

    private static int interrupt(Call call) {
        long vector = call.intAt(0) & 0xffff_ffffL;
        boolean wrong = vector < 16 || vector > 255 || !levelZero(call.bytes[4] & 0xff);
        return wrong ? CallRules.INVALID_PARAMETER : 0;
    }

    /** HV_INPUT_VTL: bit 4 says that bits 3:0 count, bits 7:5 are zero. There is no level but 0. */
    private static boolean levelZero(int input) {
        return (input & 0xe0) == 0 && ((input & 0x10) == 0 || (input & 0xf) == 0);
    }

    private int vpIndex(Call call) {
        if (call.longAt(0) != -1) {
            return INVALID_PARTITION;
        }
        if (!levelZero(call.bytes[8] & 0xff)) {
            return CallRules.INVALID_PARAMETER;
        }
        for (int i = call.start(); i < call.reps(); i++) {
            long id = call.intAt(16 + i * 4) & 0xffff_ffffL;
            if (id % 3 != 0 || id / 3 >= processors) {
                elements = i;
                return CallRules.INVALID_PARAMETER;
            }
        }
        return 0;
    }

    /** Partition, VP, level. Whether the rest is right is not known here. */
    private int target(Call call) {
        int vp = call.intAt(8);
        if (call.longAt(0) != -1) {
            return INVALID_PARTITION;
        }
        return vp != -2 && (vp < 0 || vp >= processors) ? INVALID_VP : ANY;
    }

    /** Whether a call can change registers of {@code vp}. */
    static boolean changes(Call call, int vp) {
        int target = call.intAt(8);
        return call.code() == CallTable.SET_REGISTERS && (target == -2 || target == vp);
    }
}
