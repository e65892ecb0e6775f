package portcullis.machine.testdev;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import portcullis.hypervisor.synic.Connection;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.Port;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.hypervisor.synic.Synic;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The hyperv-testdev of kvm-unit-tests: a 32-bit port by which a guest has its synthetic interrupt sources asserted, and connections
 * made that lead back into the guest. What is written, from the lowest byte: SINTx, VP index, command, connection id.
 *
 * <p>A message that is posted to a connection arrives at its VP and SINTx as it is; an event sets the flag of the connection's
 * number. What cannot be (a VP or source that is not there, an id in use) is ignored. Thread-safe.
 */
public final class HypervTestDevice implements PortDevice, Saved {
    private static final int PORT = 0x3000;
    private static final int PORTS = 4;

    private static final int SINTS = 16;
    /** Ids of ports begin here: out of the way of others'. The second half is for events. */
    private static final int MESSAGE_PORTS = 0x7e_0000;

    private static final int EVENT_PORTS = 0x7f_0000;

    private enum Command {
        NONE,
        CREATE_SOURCE,
        DESTROY_SOURCE,
        ASSERT_SOURCE,
        CONNECT_MESSAGES,
        DISCONNECT_MESSAGES,
        CONNECT_EVENTS,
        DISCONNECT_EVENTS
    }

    private static final Command[] COMMANDS = Command.values();

    /** A connection of the guest's and the port that it leads to. */
    private record Loop(Connection connection, Port port) {
        void close() {
            connection.close();
            port.close();
        }
    }

    private final Connections connections;
    /** VP index and SINTx of the sources that can be asserted. */
    private final Set<Integer> sources = new HashSet<>();

    private final Map<Integer, Loop> messages = new HashMap<>();
    private final Map<Integer, Loop> events = new HashMap<>();

    /** @param connections of the partition */
    public HypervTestDevice(Connections connections) {
        this.connections = connections;
    }

    public void attach(PortBus bus) {
        bus.register(PORT, PORTS, this);
    }

    /** Forgets sources and connections: the machine is reset. */
    public synchronized void reset() {
        sources.clear();
        messages.values().forEach(Loop::close);
        messages.clear();
        events.values().forEach(Loop::close);
        events.clear();
    }

    @Override
    public int read(int port, int size) {
        return 0;
    }

    @Override
    public void write(int port, int size, int value) {
        int command = value >>> 16 & 0xff;
        int sint = value & 0xff;
        int vp = value >>> 8 & 0xff;
        if (port == PORT && size == 4 && command < COMMANDS.length && sint < SINTS) {
            carryOut(COMMANDS[command], vp, sint, value >>> 24);
        }
    }

    private synchronized void carryOut(Command command, int vp, int sint, int id) {
        int source = vp << 8 | sint;
        switch (command) {
            case CREATE_SOURCE -> sources.add(source);
            case DESTROY_SOURCE -> sources.remove(source);
            case ASSERT_SOURCE -> {
                Synic synic = connections.directory().synic(vp, 0);
                if (sources.contains(source) && synic != null) {
                    synic.assertSint(sint);
                }
            }
            case CONNECT_MESSAGES ->
                connect(
                        messages,
                        id,
                        connection ->
                                connections.createMessagePort(MESSAGE_PORTS + connection, new PortTarget(vp, 0, sint)));
            case DISCONNECT_MESSAGES -> disconnect(messages, id);
            case CONNECT_EVENTS ->
                connect(
                        events,
                        id,
                        connection -> connections.createEventPort(
                                EVENT_PORTS + connection, new PortTarget(vp, 0, sint), connection, 1));
            case DISCONNECT_EVENTS -> disconnect(events, id);
            case NONE -> {
                // Nothing is asked for.
            }
        }
    }

    private void connect(Map<Integer, Loop> loops, int id, IntFunction<Port> makePort) {
        // Messages and events share one space of connection ids.
        if (messages.containsKey(id) || events.containsKey(id)) {
            return;
        }
        Port port = null;
        try {
            port = makePort.apply(id);
            loops.put(id, new Loop(connections.connect(id, port), port));
        } catch (IllegalArgumentException taken) {
            // By somebody else of the host's: the guest's command is ignored.
            if (port != null) {
                port.close();
            }
        }
    }

    private static void disconnect(Map<Integer, Loop> loops, int id) {
        Loop loop = loops.remove(id);
        if (loop != null) {
            loop.close();
        }
    }

    // Saved state

    /** Restored before processors: messages may wait in the buffers of its ports. */
    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(sources.size());
        sources.stream().sorted().forEach(out::putInt);
        save(messages, out);
        save(events, out);
    }

    private static void save(Map<Integer, Loop> loops, StateWriter out) {
        out.putInt(loops.size());
        new TreeMap<>(loops).forEach((id, loop) -> {
            out.putInt(id);
            out.putInt(loop.port.target().vp());
            out.putInt(loop.port.target().sint());
        });
    }

    @Override
    public synchronized void restore(StateReader in) {
        for (int count = in.getInt(); count > 0; count--) {
            sources.add(in.getInt());
        }
        for (Command command : new Command[] {Command.CONNECT_MESSAGES, Command.CONNECT_EVENTS}) {
            for (int count = in.getInt(); count > 0; count--) {
                int id = in.getInt(0, 0xff);
                carryOut(command, in.getInt(0, 0xff), in.getInt(0, SINTS - 1), id);
            }
        }
    }
}
