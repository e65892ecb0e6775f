package portcullis.tlfs.call;

import static portcullis.tlfs.layout.Layout.bit;
import static portcullis.tlfs.layout.Layout.bits;

import portcullis.tlfs.layout.Layout;

/**
 * Inputs and outputs of the calls that send messages and events, and make ports and connections for them.
 *
 * <p>Source: the pages of these calls under TLFS hypercalls/; ports of messages, events and monitors v6.0b, 11.10.6 to
 * 11.10.8; port properties v2.0, 14.9.
 */
public final class SynicCalls {
    /** HV_PORT_INFO: what a port of each type is created with. */
    public static final class PortInfo {
        public static final int PORT_TYPE = 0;
        public static final int TARGET_SINT = 8;
        public static final int TARGET_VP = 12;
        public static final int BASE_FLAG_NUMBER = 16;
        public static final int FLAG_COUNT = 18;
        public static final int MONITOR_ADDRESS = 8;
        public static final int SIZE = 24;

        /** PortType: HV_PORT_TYPE. The current text has the last only. */
        public static final int TYPE_MESSAGE = 1;

        public static final int TYPE_EVENT = 2;
        public static final int TYPE_MONITOR = 3;
        public static final int TYPE_DOORBELL = 4;

        public static final Layout LAYOUT = Layout.of("HV_PORT_INFO")
                .u32("PortType")
                .reserved(4)
                .u32("TargetSint")
                .u32("TargetVp")
                .u16("BaseFlagNumber")
                .u16("FlagCount")
                .reserved(4)
                .at(8)
                .u64("MonitorAddress")
                .reserved(8)
                .build(SIZE);

        private PortInfo() {}
    }

    /** HV_CONNECTION_INFO. Of the types the doorbell has the longest part. */
    public static final class ConnectionInfo {
        public static final int PORT_TYPE = 0;
        public static final int MONITOR_ADDRESS = 8;
        public static final int GUEST_PHYSICAL_ADDRESS = 8;
        public static final int TRIGGER_VALUE = 16;
        public static final int FLAGS = 24;
        public static final int SIZE = 32;
        public static final int FLAGS_TRIGGER_SIZE_SHIFT = 0;
        public static final long FLAGS_TRIGGER_SIZE_MASK = 0xFL;
        public static final long FLAGS_TRIGGER_ANY_VALUE = 1L << 31;

        /** TriggerSize in Flags: any. Others are 1, 2, 3, 4 for 1, 2, 4, 8 bytes. */
        public static final int TRIGGER_SIZE_ANY = 0;

        public static final Layout LAYOUT = Layout.of("HV_CONNECTION_INFO")
                .u32("PortType")
                .reserved(4)
                .u64("MonitorAddress")
                .at(8)
                .u64("GuestPhysicalAddress")
                .u64("TriggerValue")
                .u64("Flags", bits("TriggerSize", 0, 4), bit("TriggerAnyValue", 31))
                .build(SIZE);

        private ConnectionInfo() {}
    }

    /** HvCallPostMessage (0x005C). */
    public static final class PostMessageInput {
        public static final int CONNECTION_ID = 0;
        public static final int MESSAGE_TYPE = 8;
        public static final int PAYLOAD_SIZE = 12;
        public static final int MESSAGE = 16;
        public static final int SIZE = 256;

        public static final Layout LAYOUT = Layout.of("HvCallPostMessage input")
                .u32("ConnectionId")
                .reserved(4)
                .u32("MessageType")
                .u32("PayloadSize")
                .bytes("Message", 240)
                .build(SIZE);

        private PostMessageInput() {}
    }

    /** HvCallSignalEvent (0x005D). */
    public static final class SignalEventInput {
        public static final int CONNECTION_ID = 0;
        public static final int FLAG_NUMBER = 4;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallSignalEvent input")
                .u32("ConnectionId")
                .u16("FlagNumber")
                .reserved(2)
                .build(SIZE);

        private SignalEventInput() {}
    }

    /**
     * HvCallPostMessageDirect (0x00C1). As its prototype declares it and its callers have it: a source of 4 bytes and
     * a whole HV_MESSAGE. Its table has 1 and 240 bytes.
     */
    public static final class PostMessageDirectInput {
        public static final int PARTITION_ID = 0;
        public static final int VP_INDEX = 8;
        public static final int VTL = 12;
        public static final int SINT_INDEX = 16;
        public static final int MESSAGE = 20;
        public static final int SIZE = 280;

        public static final Layout LAYOUT = Layout.of("HvCallPostMessageDirect input")
                .u64("PartitionId")
                .u32("VpIndex")
                .u8("Vtl")
                .reserved(3)
                .u32("SintIndex")
                .bytes("Message", 256)
                .reserved(4)
                .build(SIZE);

        private PostMessageDirectInput() {}
    }

    /** HvCallSignalEventDirect (0x00C0). */
    public static final class SignalEventDirectInput {
        public static final int TARGET_PARTITION = 0;
        public static final int TARGET_VP = 8;
        public static final int TARGET_VTL = 12;
        public static final int TARGET_SINT = 13;
        public static final int FLAG_NUMBER = 14;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallSignalEventDirect input")
                .u64("TargetPartition")
                .u32("TargetVp")
                .u8("TargetVtl")
                .u8("TargetSint")
                .u16("FlagNumber")
                .build(SIZE);

        private SignalEventDirectInput() {}
    }

    /** HvCallSignalEventDirect. */
    public static final class SignalEventDirectOutput {
        public static final int NEWLY_SIGNALED = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT = Layout.of("HvCallSignalEventDirect output")
                .u8("NewlySignaled")
                .reserved(7)
                .build(SIZE);

        private SignalEventDirectOutput() {}
    }

    /** HvCallCreatePort (0x0095). Its predecessor (0x0057) has the first 48 bytes, without trust levels. */
    public static final class CreatePortInput {
        public static final int PORT_PARTITION = 0;
        public static final int PORT_ID = 8;
        public static final int PORT_VTL = 12;
        public static final int MIN_CONNECTION_VTL = 13;
        public static final int CONNECTION_PARTITION = 16;
        public static final int PORT_INFO = 24;
        public static final int PROXIMITY_DOMAIN_INFO = 48;
        public static final int SIZE = 56;

        public static final Layout LAYOUT = Layout.of("HvCallCreatePort input")
                .u64("PortPartition")
                .u32("PortId")
                .u8("PortVtl")
                .u8("MinConnectionVtl")
                .reserved(2)
                .u64("ConnectionPartition")
                .structure("PortInfo", PortInfo.LAYOUT)
                .u64("ProximityDomainInfo")
                .build(SIZE);

        private CreatePortInput() {}
    }

    /**
     * HvCallConnectPort (0x0096). Its predecessor (0x0059) has the first 32 bytes, without trust level, and 8 of the
     * connection's information.
     */
    public static final class ConnectPortInput {
        public static final int CONNECTION_PARTITION = 0;
        public static final int CONNECTION_ID = 8;
        public static final int CONNECTION_VTL = 12;
        public static final int PORT_PARTITION = 16;
        public static final int PORT_ID = 24;
        public static final int CONNECTION_INFO = 32;
        public static final int PROXIMITY_DOMAIN_INFO = 64;
        public static final int SIZE = 72;

        public static final Layout LAYOUT = Layout.of("HvCallConnectPort input")
                .u64("ConnectionPartition")
                .u32("ConnectionId")
                .u8("ConnectionVtl")
                .reserved(3)
                .u64("PortPartition")
                .u32("PortId")
                .reserved(4)
                .structure("ConnectionInfo", ConnectionInfo.LAYOUT)
                .u64("ProximityDomainInfo")
                .build(SIZE);

        private ConnectPortInput() {}
    }

    /** HvCallDeletePort (0x0058). */
    public static final class DeletePortInput {
        public static final int PORT_PARTITION = 0;
        public static final int PORT_ID = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallDeletePort input")
                .u64("PortPartition")
                .u32("PortId")
                .reserved(4)
                .build(SIZE);

        private DeletePortInput() {}
    }

    /** HvCallDisconnectPort (0x005B). */
    public static final class DisconnectPortInput {
        public static final int CONNECTION_PARTITION = 0;
        public static final int CONNECTION_ID = 8;
        public static final int SIZE = 16;

        public static final Layout LAYOUT = Layout.of("HvCallDisconnectPort input")
                .u64("ConnectionPartition")
                .u32("ConnectionId")
                .reserved(4)
                .build(SIZE);

        private DisconnectPortInput() {}
    }

    /** HvCallGetPortProperty (0x005A). */
    public static final class GetPortPropertyInput {
        public static final int PARTITION_ID = 0;
        public static final int PORT_ID = 8;
        public static final int PROPERTY_CODE = 16;
        public static final int SIZE = 24;

        public static final Layout LAYOUT = Layout.of("HvCallGetPortProperty input")
                .u64("PartitionId")
                .u32("PortId")
                .reserved(4)
                .u32("PropertyCode")
                .reserved(4)
                .build(SIZE);

        private GetPortPropertyInput() {}
    }

    /** HvCallGetPortProperty. */
    public static final class GetPortPropertyOutput {
        public static final int PROPERTY_VALUE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallGetPortProperty output").u64("PropertyValue").build(SIZE);

        private GetPortPropertyOutput() {}
    }

    /** HvCallSetPortProperty (0x0070). */
    public static final class SetPortPropertyInput {
        public static final int PARTITION_ID = 0;
        public static final int PORT_ID = 8;
        public static final int PROPERTY_CODE = 16;
        public static final int PROPERTY_VALUE = 24;
        public static final int SIZE = 32;

        public static final Layout LAYOUT = Layout.of("HvCallSetPortProperty input")
                .u64("PartitionId")
                .u32("PortId")
                .reserved(4)
                .u32("PropertyCode")
                .reserved(4)
                .u64("PropertyValue")
                .build(SIZE);

        private SetPortPropertyInput() {}
    }

    /** HvCallSetPortProperty. */
    public static final class SetPortPropertyOutput {
        public static final int PROPERTY_VALUE = 0;
        public static final int SIZE = 8;

        public static final Layout LAYOUT =
                Layout.of("HvCallSetPortProperty output").u64("PropertyValue").build(SIZE);

        private SetPortPropertyOutput() {}
    }

    private SynicCalls() {}
}
