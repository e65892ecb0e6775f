package portcullis.hypervisor.flush;

import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.tlfs.HvStatus;

/** What one flush hypercall asks to be dropped, parsed. Reused. */
final class FlushOrder {
    // HV_FLUSH_FLAGS.
    static final long ALL_PROCESSORS = 1;
    static final long ALL_SPACES = 2;
    static final long NON_GLOBAL_ONLY = 4;
    static final long EXTENDED_RANGES = 8;

    // HV_GVA_RANGE.
    private static final int ADDITIONAL_PAGES = 0xfff;
    private static final int EXTENDED_ADDITIONAL = 0x7ff;
    private static final int LARGE_PAGE = 1 << 11;
    private static final int GIGANTIC = 1 << 12;
    private static final long LARGE_ADDRESS = -1L << 21;
    private static final long GIGANTIC_ADDRESS = -1L << 30;

    long space;
    boolean globals;
    long flags;

    /** Takes address space and flags. @return an HV_STATUS */
    int parse(long addressSpace, long flagBits, boolean list, boolean extendedOffered) {
        long known = ALL_PROCESSORS | ALL_SPACES | (list ? 0 : NON_GLOBAL_ONLY);
        if (list && extendedOffered) {
            known |= EXTENDED_RANGES;
        }
        if ((flagBits & ~known) != 0) {
            return HvStatus.INVALID_PARAMETER;
        }
        flags = flagBits;
        space = (flagBits & ALL_SPACES) != 0 ? VirtualCpu.ALL_SPACES : addressSpace;
        globals = (flagBits & NON_GLOBAL_ONLY) == 0;
        return HvStatus.SUCCESS;
    }

    /** Adds element {@code index} of a range list to what a VP has pending. */
    void addRange(CallContext call, int index, int level, PendingFlushes pending) {
        long range = call.inputLong(call.element(index));
        if ((flags & EXTENDED_RANGES) != 0 && (range & LARGE_PAGE) != 0) {
            boolean gigantic = (range & GIGANTIC) != 0;
            long size = gigantic ? 1L << 30 - 12 : 1L << 21 - 12;
            long count = (range & EXTENDED_ADDITIONAL) + 1;
            long address = range & (gigantic ? GIGANTIC_ADDRESS : LARGE_ADDRESS);
            pending.addRange(level, space, address, count * size, true);
            return;
        }
        int mask = (flags & EXTENDED_RANGES) != 0 ? EXTENDED_ADDITIONAL : ADDITIONAL_PAGES;
        pending.addRange(level, space, range & -4096L, (range & mask) + 1, true);
    }
}
