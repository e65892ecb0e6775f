package portcullis.tlfs.message;

import static portcullis.tlfs.layout.Layout.bit;

import portcullis.tlfs.layout.Layout;

/**
 * What the SynIC delivers: messages in the slots of the SIM page, event flags in those of the SIEF page.
 *
 * <p>Source: TLFS hv_message.md, hv_synic_event_flags.md, inter-partition-communication.md, "SIM Page" and "SIEF
 * Page".
 */
public final class SynicMessages {
    /** Bytes of a slot, in both pages: the slot of SINT n begins at {@code n * SLOT_SIZE}. */
    public static final int SLOT_SIZE = 256;

    /**
     * HV_MESSAGE_HEADER. The payload size is at 4, the flags at 5: v2.0 and v6.0b draw them at 7 and 6, guests and
     * the current text do not.
     */
    public static final class Header {
        public static final int MESSAGE_TYPE = 0;
        public static final int PAYLOAD_SIZE = 4;
        public static final int MESSAGE_FLAGS = 5;
        public static final int ORIGINATION_ID = 8;
        public static final int SENDER = 8;
        public static final int PORT = 8;
        public static final int SIZE = 16;
        public static final int MESSAGE_FLAGS_MESSAGE_PENDING = 1;

        public static final Layout LAYOUT = Layout.of("HV_MESSAGE_HEADER")
                .u32("MessageType")
                .u8("PayloadSize")
                .u8("MessageFlags", bit("MessagePending", 0))
                .reserved(2)
                .u64("OriginationId")
                .at(8)
                .u64("Sender")
                .at(8)
                .u32("Port")
                .reserved(4)
                .build(SIZE);

        private Header() {}
    }

    /** HV_MESSAGE. The SIM page has a slot of this size for each SINT. */
    public static final class Message {
        public static final int HEADER = 0;
        public static final int PAYLOAD = 16;
        public static final int SIZE = 256;

        /** Most bytes of payload, HV_MESSAGE_MAX_PAYLOAD_BYTE_COUNT. */
        public static final int MAX_PAYLOAD_SIZE = 240;

        /** HV_MESSAGE_MAX_PAYLOAD_QWORD_COUNT. */
        public static final int MAX_PAYLOAD_QWORDS = 30;

        public static final Layout LAYOUT = Layout.of("HV_MESSAGE")
                .structure("Header", Header.LAYOUT)
                .bytes("Payload", 240)
                .build(SIZE);

        private Message() {}
    }

    /**
     * HV_SYNIC_EVENT_FLAGS: 2048 flags, flag n being bit n % 8 of byte n / 8. The SIEF page has one for each SINT.
     */
    public static final class EventFlags {
        public static final int FLAGS = 0;
        public static final int SIZE = 256;

        /** Flags of one SINT. */
        public static final int FLAG_COUNT = 2048;

        public static final Layout LAYOUT =
                Layout.of("HV_SYNIC_EVENT_FLAGS").bytes("Flags", 256).build(SIZE);

        private EventFlags() {}
    }

    private SynicMessages() {}
}
