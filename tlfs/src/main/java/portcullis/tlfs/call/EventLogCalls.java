package portcullis.tlfs.call;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls of the hypervisor's event log, and what is in its buffers. For the root partition
 * only.
 *
 * <p>Source: v2.0, 19.2 and 19.3.
 */
public final class EventLogCalls {
    /** Type: HV_EVENTLOG_TYPE. */
    public static final int TYPE_GLOBAL_SYSTEM_EVENTS = 0;

    public static final int TYPE_LOCAL_DIAGNOSTICS = 1;

    /** TimeBasis: HV_EVENTLOG_ENTRY_TIME_BASIS. */
    public static final int TIME_REFERENCE = 0;

    public static final int TIME_TSC = 1;

    /** HvCallInitializeEventLogBufferGroup (0x0060). The system time is not aligned. */
    public static final class InitializeEventLogBufferGroupInput {
        public static final int TYPE = 0;
        public static final int MAXIMUM_BUFFER_COUNT = 4;
        public static final int BUFFER_PAGES = 8;
        public static final int THRESHOLD = 12;
        public static final int TIME_BASIS = 16;
        public static final int SYSTEM_TIME = 20;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallInitializeEventLogBufferGroup input")
                .u32("Type")
                .u32("MaximumBufferCount")
                .u32("BufferPages")
                .u32("Threshold")
                .u32("TimeBasis")
                .bytes("SystemTime", 8)
                .reserved(4)
                .build(SIZE);

        private InitializeEventLogBufferGroupInput() {}
    }

    /** HvCallFinalizeEventLogBufferGroup (0x0061). */
    public static final class FinalizeEventLogBufferGroupInput {
        public static final int TYPE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallFinalizeEventLogBufferGroup input")
                .u32("Type")
                .reserved(4)
                .build(SIZE);

        private FinalizeEventLogBufferGroupInput() {}
    }

    /** HvCallCreateEventLogBuffer (0x0062). */
    public static final class CreateEventLogBufferInput {
        public static final int TYPE = 0;
        public static final int BUFFER_INDEX = 4;
        public static final int PROXIMITY_INFO = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallCreateEventLogBuffer input")
                .u32("Type")
                .u32("BufferIndex")
                .u64("ProximityInfo")
                .build(SIZE);

        private CreateEventLogBufferInput() {}
    }

    /**
     * HvCallDeleteEventLogBuffer (0x0063), and the calls that map (0x0064), unmap (0x0065), release (0x0067) and
     * flush (0x0068) a buffer.
     */
    public static final class EventLogBufferInput {
        public static final int TYPE = 0;
        public static final int BUFFER_INDEX = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallDeleteEventLogBuffer input")
                .u32("Type")
                .u32("BufferIndex")
                .build(SIZE);

        private EventLogBufferInput() {}
    }

    /** HvCallMapEventLogBuffer: the first of as many page numbers as a buffer of the group has pages. */
    public static final class MapEventLogBufferOutput {
        public static final int GPA_PAGES = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallMapEventLogBuffer output").u64("GpaPages").build(SIZE);

        private MapEventLogBufferOutput() {}
    }

    /** HvCallSetEventLogGroupSources (0x0066). */
    public static final class SetEventLogGroupSourcesInput {
        public static final int TYPE = 0;
        public static final int ENABLE_FLAGS = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallSetEventLogGroupSources input")
                .u32("Type")
                .reserved(4)
                .u64("EnableFlags")
                .build(SIZE);

        private SetEventLogGroupSourcesInput() {}
    }

    /** HV_EVENTLOG_BUFFER_HEADER. */
    public static final class BufferHeader {
        public static final int BUFFER_SIZE = 0;
        public static final int BUFFER_INDEX = 4;
        public static final int EVENTS_LOST = 8;
        public static final int REFERENCE_COUNTER = 12;
        public static final int TIME_STAMP = 16;
        public static final int LOGICAL_PROCESSOR = 40;
        public static final int BUFFER_STATE = 44;
        public static final int NEXT_BUFFER_OFFSET = 48;
        public static final int TYPE = 56;
        public static final int NEXT_BUFFER_INDEX = 60;
        public static final int SIZE = 88;

        /** BufferState: HV_EVENTLOG_BUFFER_STATE. */
        public static final int STATE_STANDBY = 0;

        public static final int STATE_FREE = 1;
        public static final int STATE_IN_USE = 2;
        public static final int STATE_COMPLETE = 3;
        public static final int STATE_READY = 4;
        /** HV_EVENTLOG_BUFFER_INDEX_NONE. */
        public static final int INDEX_NONE = 0xFFFF_FFFF;

        public static final Layout LAYOUT = Layout.of("HV_EVENTLOG_BUFFER_HEADER")
                .u32("BufferSize")
                .u32("BufferIndex")
                .u32("EventsLost")
                .u32("ReferenceCounter")
                .u64("TimeStamp")
                .reserved(16)
                .u32("LogicalProcessor")
                .u32("BufferState")
                .u64("NextBufferOffset")
                .u32("Type")
                .u32("NextBufferIndex")
                .reserved(24)
                .build(SIZE);

        private BufferHeader() {}
    }

    /** HV_EVENTLOG_ENTRY_HEADER. The size is the whole entry's, a multiple of 8. */
    public static final class EntryHeader {
        public static final int CONTEXT = 0;
        public static final int SIZE_FIELD = 4;
        public static final int TYPE = 6;
        public static final int TIME_STAMP = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HV_EVENTLOG_ENTRY_HEADER")
                .u32("Context")
                .u16("Size")
                .u16("Type")
                .u64("TimeStamp")
                .build(SIZE);

        private EntryHeader() {}
    }

    private EventLogCalls() {}
}
