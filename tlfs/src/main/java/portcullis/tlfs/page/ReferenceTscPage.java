package portcullis.tlfs.page;

import portcullis.tlfs.layout.Layout;

/**
 * HV_REFERENCE_TSC_PAGE: reference time is the high half of TSC times scale, plus offset. Source: TLFS timers.md,
 * "Partition Reference Time Stamp Counter Page".
 */
public final class ReferenceTscPage {
    public static final int TSC_SEQUENCE = 0;
    public static final int TSC_SCALE = 8;
    public static final int TSC_OFFSET = 16;
    public static final int SIZE = 4096;

    /** TscSequence: the page is not to be used, the counter MSR is. */
    public static final int SEQUENCE_INVALID = 0;

    public static final Layout LAYOUT = Layout.of("HV_REFERENCE_TSC_PAGE")
            .u32("TscSequence")
            .reserved(4)
            .u64("TscScale")
            .u64("TscOffset")
            .reserved(4072)
            .build(SIZE);

    private ReferenceTscPage() {}
}
