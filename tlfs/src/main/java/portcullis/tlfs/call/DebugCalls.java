package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls of the hypervisor's debugging connection.
 *
 * <p>Source: v2.0, 20.2 and 20.3.
 */
public final class DebugCalls {
    /** HV_DEBUG_MAXIMUM_DATA_SIZE: most bytes in a call. */
    public static final int MAXIMUM_DATA_SIZE = 4088;

    /** HvCallPostDebugData (0x0069). */
    public static final class PostDebugDataInput {
        public static final int COUNT = 0;
        public static final int OPTIONS = 4;
        public static final int DATA = 8;
        public static final int SIZE = 4096;
        public static final int OPTIONS_LOOP = 1;

        public static final Layout LAYOUT = Layout.of("HvCallPostDebugData input")
                .u32("Count")
                .u32("Options", bit("Loop", 0))
                .bytes("Data", 4088)
                .build(SIZE);

        private PostDebugDataInput() {}
    }

    /** HvCallPostDebugData. */
    public static final class PostDebugDataOutput {
        public static final int PENDING_COUNT = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallPostDebugData output")
                .u32("PendingCount")
                .reserved(4)
                .build(SIZE);

        private PostDebugDataOutput() {}
    }

    /** HvCallRetrieveDebugData (0x006A). The timeout is in units of 100 ns. */
    public static final class RetrieveDebugDataInput {
        public static final int COUNT = 0;
        public static final int OPTIONS = 4;
        public static final int TIMEOUT = 8;
        public static final int SIZE = 16;
        public static final int OPTIONS_LOOP = 1;
        public static final int OPTIONS_TEST_ACTIVITY = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HvCallRetrieveDebugData input")
                .u32("Count")
                .u32("Options", bit("Loop", 0), bit("TestActivity", 1))
                .u64("Timeout")
                .build(SIZE);

        private RetrieveDebugDataInput() {}
    }

    /** HvCallRetrieveDebugData. */
    public static final class RetrieveDebugDataOutput {
        public static final int RETRIEVED_COUNT = 0;
        public static final int REMAINING_COUNT = 4;
        public static final int DATA = 8;
        public static final int SIZE = 4096;

        public static final Layout LAYOUT = Layout.of("HvCallRetrieveDebugData output")
                .u32("RetrievedCount")
                .u32("RemainingCount")
                .bytes("Data", 4088)
                .build(SIZE);

        private RetrieveDebugDataOutput() {}
    }

    /** HvCallResetDebugSession (0x006B). */
    public static final class ResetDebugSessionInput {
        public static final int OPTIONS = 0;
        public static final int SIZE = 8;
        public static final int OPTIONS_PURGE_INCOMING_DATA = 1;
        public static final int OPTIONS_PURGE_OUTGOING_DATA = 1 << 1;

        public static final Layout LAYOUT = Layout.of("HvCallResetDebugSession input")
                .u32("Options", bit("PurgeIncomingData", 0), bit("PurgeOutgoingData", 1))
                .reserved(4)
                .build(SIZE);

        private ResetDebugSessionInput() {}
    }

    private DebugCalls() {}
}
