package portcullis.tlfs.message;

import portcullis.tlfs.layout.Layout;

/**
 * Payloads of the messages that tell of something other than an intercepted instruction. Offsets count from the
 * payload, which begins 16 bytes into the message.
 *
 * <p>Source: TLFS hv_timer_message_payload.md; the others v2.0, 16.5.
 */
public final class NotificationMessages {
    /** HV_TIMER_MESSAGE_PAYLOAD (0x80000010). Times are reference times, in units of 100 ns. */
    public static final class TimerExpired {
        public static final int TIMER_INDEX = 0;
        public static final int EXPIRATION_TIME = 8;
        public static final int DELIVERY_TIME = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HV_TIMER_MESSAGE_PAYLOAD")
                .u32("TimerIndex")
                .reserved(4)
                .u64("ExpirationTime")
                .u64("DeliveryTime")
                .build(SIZE);

        private TimerExpired() {}
    }

    /** APIC EOI (0x80010004). */
    public static final class ApicEoi {
        public static final int VP_INDEX = 0;
        public static final int INTERRUPT_VECTOR = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_X64_APIC_EOI_MESSAGE")
                .u32("VpIndex")
                .u32("InterruptVector")
                .build(SIZE);

        private ApicEoi() {}
    }

    /** FERR asserted (0x80010005). */
    public static final class LegacyFpError {
        public static final int VP_INDEX = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_X64_LEGACY_FP_ERROR_MESSAGE")
                .u32("VpIndex")
                .reserved(4)
                .build(SIZE);

        private LegacyFpError() {}
    }

    /** Invalid VP register value (0x80000020). */
    public static final class InvalidVpRegisterValue {
        public static final int VP_INDEX = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_X64_INVALID_VP_REGISTER_MESSAGE")
                .u32("VpIndex")
                .reserved(4)
                .build(SIZE);

        private InvalidVpRegisterValue() {}
    }

    /** Unsupported feature (0x80000022). */
    public static final class UnsupportedFeature {
        public static final int VP_INDEX = 0;
        public static final int FEATURE_CODE = 4;
        public static final int FEATURE_PARAMETER = 8;
        public static final int SIZE = 16;

        /** HvUnsupportedFeatureIntercept: the parameter is the intercept's number (v2.0, 9.2.4). */
        public static final int INTERCEPT = 1;
        /** HvUnsupportedFeatureTaskSwitchTss: the parameter is the type of the task state segment. */
        public static final int TASK_SWITCH_TSS = 2;

        public static final Layout LAYOUT = Layout.of("HV_X64_UNSUPPORTED_FEATURE_MESSAGE")
                .u32("VpIndex")
                .u32("FeatureCode")
                .u64("FeatureParameter")
                .build(SIZE);

        private UnsupportedFeature() {}
    }

    /** Event log buffers complete (0x80000040). */
    public static final class EventLogBuffersComplete {
        public static final int EVENT_LOG_TYPE = 0;
        public static final int BUFFER_INDEX = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HV_EVENTLOG_BUFFERS_COMPLETE_MESSAGE")
                .u32("EventLogType")
                .u32("BufferIndex")
                .build(SIZE);

        private EventLogBuffersComplete() {}
    }

    /** Opaque intercept (0x8000003F): details are in the intercept page. */
    public static final class OpaqueIntercept {
        public static final int VP_INDEX = 0;
        public static final int SIZE = 4;

        public static final Layout LAYOUT =
                Layout.of("HV_OPAQUE_INTERCEPT_MESSAGE").u32("VpIndex").build(SIZE);

        private OpaqueIntercept() {}
    }

    private NotificationMessages() {}
}
