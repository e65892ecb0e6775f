package portcullis.hypervisor.hypercall;

import java.util.List;

/** The calls that a partition offers, by code. */
public final class HypercallTable {
    /** Codes from here on are extended hypercalls. */
    private static final int EXTENDED = 0x8000;

    private static final int NORMAL_CODES = 0x400;
    private static final int EXTENDED_CODES = 0x40;

    private final Hypercall[] normal = new Hypercall[NORMAL_CODES];
    private final Hypercall[] extended = new Hypercall[EXTENDED_CODES];

    public HypercallTable(List<Hypercall> calls) {
        for (Hypercall call : calls) {
            int code = call.code().code();
            Hypercall[] part = code < EXTENDED ? normal : extended;
            int index = code < EXTENDED ? code : code - EXTENDED;
            if (part[index] != null) {
                throw new IllegalArgumentException(call.code() + " is declared twice");
            }
            part[index] = call;
        }
    }

    /** The call of {@code code} (16 bits), or null where there is none. */
    public Hypercall lookup(int code) {
        Hypercall[] part = code < EXTENDED ? normal : extended;
        int index = code < EXTENDED ? code : code - EXTENDED;
        return index < part.length ? part[index] : null;
    }
}
