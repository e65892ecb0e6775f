package portcullis.hypervisor.synic;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.message.SynicMessages;

/**
 * The ports and connections of a partition (TLFS inter-partition-communication.md). The host makes both: a connection, by its id,
 * takes what guests post and signal, to a Java handler or into a port; a port takes messages or event flags into the guest, from a
 * connection or from Java. Thread-safe.
 */
public final class Connections {
    /** Ids of connections and ports have 24 bits; the others must be zero. */
    private static final int ID_BITS = 24;

    private static final int FLAGS = SynicMessages.EventFlags.FLAG_COUNT;

    private final SynicDirectory directory;
    private final ConcurrentMap<Integer, Connection> connections = new ConcurrentHashMap<>();
    private final ConcurrentMap<Integer, Port> ports = new ConcurrentHashMap<>();

    public Connections(SynicDirectory directory) {
        this.directory = directory;
    }

    /** The partition's SynICs. */
    public SynicDirectory directory() {
        return directory;
    }

    // Ports

    /**
     * Makes a port for messages.
     *
     * @param id 24 bits
     * @throws IllegalArgumentException where the id is out of range or in use
     */
    public MessagePort createMessagePort(int id, PortTarget target) {
        return add(new MessagePort(this, checkedId(id), target));
    }

    /**
     * Makes a port for event flags.
     *
     * @param id 24 bits
     * @param firstFlag base flag number
     * @param flags flag count, 1 or more; {@code firstFlag + flags} is 2048 or less
     * @throws IllegalArgumentException where the id is out of range or in use, or the flags are out of range
     */
    public EventPort createEventPort(int id, PortTarget target, int firstFlag, int flags) {
        if (firstFlag < 0 || flags < 1 || flags > FLAGS - firstFlag) {
            throw new IllegalArgumentException(
                    "a SINTx has flags 0 to 2047, not " + firstFlag + " and " + flags + " more");
        }
        return add(new EventPort(this, checkedId(id), target, firstFlag, flags));
    }

    private <P extends Port> P add(P port) {
        if (ports.putIfAbsent(port.id(), port) != null) {
            throw new IllegalArgumentException("port 0x%x exists".formatted(port.id()));
        }
        return port;
    }

    /** The port with this id; null where there is none. */
    public Port port(int id) {
        return ports.get(id);
    }

    void forget(Port port) {
        ports.remove(port.id(), port);
    }

    private static int checkedId(int id) {
        if (id >>> ID_BITS != 0) {
            throw new IllegalArgumentException("ids have 24 bits: 0x%x".formatted(id));
        }
        return id;
    }

    // Connections

    /**
     * Has {@code handler} take what guests post to connection {@code id}.
     *
     * @param id 24 bits
     * @throws IllegalArgumentException where the id is out of range or in use; so for the others
     */
    public Connection connect(int id, MessageHandler handler) {
        return connect(id, 0, new Connection.End.Messages(handler));
    }

    /**
     * Has {@code handler} take what guests signal to connection {@code id}.
     *
     * @param flags flag numbers from here on are refused; 1 to 65536
     */
    public Connection connect(int id, int flags, EventHandler handler) {
        return connect(id, 0, new Connection.End.Events(handler, flags));
    }

    /** Has {@code port} take what guests send to connection {@code id}. */
    public Connection connect(int id, Port port) {
        return connect(id, port, 0);
    }

    /** The same for trust levels {@code lowestVtl} and higher only: for others there is no such connection. */
    public Connection connect(int id, Port port, int lowestVtl) {
        return connect(id, lowestVtl, new Connection.End.ToPort(port));
    }

    private Connection connect(int id, int lowestVtl, Connection.End end) {
        Connection connection = new Connection(this, checkedId(id), lowestVtl, end);
        if (connections.putIfAbsent(id, connection) != null) {
            throw new IllegalArgumentException("connection 0x%x exists".formatted(id));
        }
        return connection;
    }

    void forget(Connection connection) {
        connections.remove(connection.id(), connection);
    }

    private Connection find(int id, int vtl) {
        Connection connection = connections.get(id);
        return connection == null || vtl < connection.lowestVtl() ? null : connection;
    }

    // What guests call

    /**
     * HvCallPostMessage, but for the privilege. Does not wait.
     *
     * @param vp VP index of the caller
     * @param vtl its trust level
     * @param connectionId as the guest gave it, all 32 bits
     * @param type likewise
     * @param payloadSize likewise
     * @param payload the first {@code payloadSize} bytes count; 240 are there or more
     * @return HV_STATUS
     */
    public int postMessage(int vp, int vtl, int connectionId, int type, int payloadSize, byte[] payload) {
        if (type <= 0 || payloadSize < 0 || payloadSize > SynicMessage.MAXIMUM_PAYLOAD) {
            return HvStatus.INVALID_PARAMETER;
        }
        Connection connection = find(connectionId, vtl);
        if (connection == null) {
            return HvStatus.INVALID_CONNECTION_ID;
        }
        byte[] sent = Arrays.copyOf(payload, payloadSize);
        return switch (connection.end()) {
            case Connection.End.Messages(MessageHandler handler) ->
                handler.received(new MessageHandler.Received(vp, vtl, connectionId, type, sent));
            case Connection.End.ToPort(MessagePort port) -> port.post(type, sent);
            case Connection.End.ToPort(EventPort port) -> HvStatus.INVALID_PORT_ID;
            case Connection.End.Events(EventHandler handler, int flags) -> HvStatus.INVALID_PORT_ID;
        };
    }

    /**
     * HvCallSignalEvent, but for the privilege. Does not wait.
     *
     * @param vp VP index of the caller
     * @param vtl its trust level
     * @param connectionId as the guest gave it, all 32 bits
     * @param flag likewise, 0 to 65535
     * @return HV_STATUS
     */
    public int signalEvent(int vp, int vtl, int connectionId, int flag) {
        Connection connection = find(connectionId, vtl);
        if (connection == null) {
            return HvStatus.INVALID_CONNECTION_ID;
        }
        return switch (connection.end()) {
            case Connection.End.Events(EventHandler handler, int flags) -> {
                if (flag < 0 || flag >= flags) {
                    yield HvStatus.INVALID_PARAMETER;
                }
                handler.signalled(vp, vtl, connectionId, flag);
                yield HvStatus.SUCCESS;
            }
            case Connection.End.ToPort(EventPort port) -> port.signal(flag);
            case Connection.End.ToPort(MessagePort port) -> HvStatus.INVALID_PORT_ID;
            case Connection.End.Messages(MessageHandler handler) -> HvStatus.INVALID_PORT_ID;
        };
    }
}
