package portcullis.tlfs.page;

import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * The overlay page of monitored notifications: four groups of 32 triggers.
 *
 * <p>Source: v6.0b, 11.10.8 and 11.10.9; the current text no longer has it.
 */
public final class MonitoredNotifications {
    /** HV_MONITOR_TRIGGER_GROUP: 32 triggers, a bit each. */
    public static final class TriggerGroup {
        public static final int PENDING = 0;
        public static final int ARMED = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_MONITOR_TRIGGER_GROUP")
                .u32("Pending")
                .u32("Armed")
                .build(SIZE);

        private TriggerGroup() {}
    }

    /** HV_MONITOR_PARAMETER: what HvCallSignalEvent is called with. */
    public static final class Parameter {
        public static final int CONNECTION_ID = 0;
        public static final int FLAG_NUMBER = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_MONITOR_PARAMETER")
                .u32("ConnectionId")
                .u16("FlagNumber")
                .reserved(2)
                .build(SIZE);

        private Parameter() {}
    }

    /** HV_MONITOR_PAGE. Latencies are in units of 100 ns. */
    public static final class MonitorPage {
        public static final int TRIGGER_STATE = 0;
        public static final int TRIGGER_GROUP = 8;
        public static final int TRIGGER_GROUP_COUNT = 4;
        public static final int LATENCY = 576;
        public static final int LATENCY_COUNT = 128;
        public static final int PARAMETER = 1088;
        public static final int PARAMETER_COUNT = 128;
        public static final int SIZE = 4096;
        public static final int TRIGGER_STATE_GROUP_ENABLE_SHIFT = 0;
        public static final int TRIGGER_STATE_GROUP_ENABLE_MASK = 0xF;

        public static final Layout LAYOUT = Layout.of("HV_MONITOR_PAGE")
                .u32("TriggerState", bits("GroupEnable", 0, 4))
                .reserved(4)
                .structures("TriggerGroup", TriggerGroup.LAYOUT, 4)
                .reserved(536)
                .array("Latency", 2, 128)
                .reserved(256)
                .structures("Parameter", Parameter.LAYOUT, 128)
                .reserved(1984)
                .build(SIZE);

        private MonitorPage() {}
    }

    private MonitoredNotifications() {}
}
