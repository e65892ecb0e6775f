package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.hypervisor.synic.SynicBench.VECTOR;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** HvCallPostMessage and HvCallSignalEvent, and the ports behind them. */
class ConnectionsTest {
    private static final int ANY = PortTarget.ANY_VP;

    private final SynicBench bench = new SynicBench(3);
    private final Connections connections = bench.connections;
    private final byte[] input = new byte[240];

    @AfterEach
    void close() {
        bench.close();
    }

    private static PortTarget target(int vp) {
        return new PortTarget(vp, 0, 2);
    }

    private int post(int connection) {
        return connections.postMessage(1, 0, connection, 7, 8, input);
    }

    private int signal(int connection, int flag) {
        return connections.signalEvent(1, 0, connection, flag);
    }

    @Test
    void shouldHandMessagesToJava() {
        List<MessageHandler.Received> got = new ArrayList<>();
        connections.connect(0xabcdef, (MessageHandler) message -> {
            got.add(message);
            return HvStatus.INSUFFICIENT_BUFFERS;
        });
        for (int i = 0; i < input.length; i++) {
            input[i] = (byte) i;
        }
        int status = connections.postMessage(1, 0, 0xabcdef, 0x7fff_ffff, 240, input);
        assertEquals(HvStatus.INSUFFICIENT_BUFFERS, status, "the handler's answer");
        connections.postMessage(2, 0, 0xabcdef, 1, 3, input);
        assertEquals(2, got.size());
        assertArrayEquals(input, got.get(0).payload());
        assertArrayEquals(new byte[] {0, 1, 2}, got.get(1).payload());
        assertEquals(1, got.get(0).vp());
        assertEquals(0x7fff_ffff, got.get(0).type());
        assertEquals(0xabcdef, got.get(0).connection());
    }

    @Test
    void shouldHandEventsToJava() {
        List<Integer> got = new ArrayList<>();
        connections.connect(5, 10, (vp, vtl, connection, flag) -> got.add(flag));
        assertEquals(HvStatus.SUCCESS, signal(5, 0));
        assertEquals(HvStatus.SUCCESS, signal(5, 9));
        assertEquals(HvStatus.INVALID_PARAMETER, signal(5, 10));
        assertEquals(List.of(0, 9), got);
    }

    @ParameterizedTest(name = "type {0}, size {1}")
    @CsvSource({"0, 8", "80000000, 8", "ffffffff, 8", "1, 241", "1, -1", "1, 2147483647"})
    void shouldRefuseWrongParameters(String type, int size) {
        connections.connect(5, (MessageHandler) message -> HvStatus.SUCCESS);
        int messageType = Integer.parseUnsignedInt(type, 16);
        assertEquals(HvStatus.INVALID_PARAMETER, connections.postMessage(0, 0, 5, messageType, size, input));
    }

    @ParameterizedTest(name = "connection {0}")
    @CsvSource({"6", "1000005", "ff000005", "80000005"})
    void shouldRefuseUnknownConnections(String id) {
        MessagePort port = connections.createMessagePort(1, target(0));
        connections.connect(5, port);
        int connection = Integer.parseUnsignedInt(id, 16);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(connection));
        assertEquals(HvStatus.INVALID_CONNECTION_ID, signal(connection, 0));
    }

    @Test
    void shouldHideConnectionsFromLowerLevels() {
        connections.connect(5, connections.createEventPort(1, target(0), 0, 1), 1);
        bench.enable(0);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, connections.signalEvent(0, 0, 5, 0));
        assertEquals(HvStatus.SUCCESS, connections.signalEvent(0, 1, 5, 0));
    }

    @Test
    void shouldRefuseTheOtherKind() {
        connections.connect(1, (MessageHandler) message -> HvStatus.SUCCESS);
        connections.connect(2, 1, (vp, vtl, connection, flag) -> {});
        connections.connect(3, connections.createMessagePort(3, target(0)));
        connections.connect(4, connections.createEventPort(4, target(0), 0, 1));
        assertEquals(HvStatus.INVALID_PORT_ID, signal(1, 0));
        assertEquals(HvStatus.INVALID_PORT_ID, post(2));
        assertEquals(HvStatus.INVALID_PORT_ID, signal(3, 0));
        assertEquals(HvStatus.INVALID_PORT_ID, post(4));
    }

    @Test
    void shouldCarryMessagesIntoAPort() {
        bench.enable(0);
        connections.connect(5, connections.createMessagePort(0x123456, target(0)));
        input[0] = 42;
        assertEquals(HvStatus.SUCCESS, post(5));
        assertEquals(VECTOR + 2, bench.interrupt());
        assertEquals(7, bench.type(2));
        assertEquals(8, bench.payloadSize(2));
        assertEquals(0x123456, bench.view.getLong(SynicBench.slot(2) + 8), "the port's id");
        assertEquals(42, bench.consume(2));
        for (int i = 0; i < 17; i++) {
            assertEquals(HvStatus.SUCCESS, post(5));
        }
        assertEquals(HvStatus.INSUFFICIENT_BUFFERS, post(5));
    }

    @Test
    void shouldCarryEventsIntoAPort() {
        bench.enable(0);
        connections.connect(5, connections.createEventPort(1, target(0), 100, 3));
        assertEquals(HvStatus.SUCCESS, signal(5, 2));
        assertEquals(VECTOR + 2, bench.interrupt());
        assertEquals(1L << 102, bench.flags(2, 1));
        assertEquals(HvStatus.INVALID_PARAMETER, signal(5, 3));
        assertEquals(HvStatus.INVALID_PARAMETER, signal(5, 0xffff));
    }

    @Test
    void shouldSayWhyAPortTakesNothing() {
        connections.connect(1, connections.createMessagePort(1, target(0)));
        connections.connect(2, connections.createEventPort(2, target(0), 0, 1));
        connections.connect(3, connections.createMessagePort(3, target(3)));
        connections.connect(4, connections.createEventPort(4, new PortTarget(0, 1, 2), 0, 1));
        connections.connect(5, connections.createMessagePort(5, target(ANY)));
        connections.connect(6, connections.createEventPort(6, target(ANY), 0, 1));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, post(1));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, signal(2, 0));
        assertEquals(HvStatus.INVALID_VP_INDEX, post(3));
        assertEquals(HvStatus.INVALID_VP_INDEX, signal(4, 0));
        assertEquals(HvStatus.INVALID_VP_INDEX, post(5));
        assertEquals(HvStatus.INVALID_VP_INDEX, signal(6, 0));
        bench.enable(0);
        bench.write(HvMsr.SINT0 + 2, 0x10082);
        assertEquals(HvStatus.SUCCESS, post(1), "a masked source takes messages");
        assertEquals(HvStatus.INVALID_SYNIC_STATE, signal(2, 0), "but no events");
    }

    @Test
    void shouldFindAVpThatTakesIt() {
        connections.connect(5, connections.createMessagePort(5, target(ANY)));
        connections.connect(6, connections.createEventPort(6, target(ANY), 0, 1));
        bench.enable(1);
        bench.enable(2);
        bench.write(1, HvMsr.SIMP, 0);
        assertEquals(HvStatus.SUCCESS, post(5));
        assertEquals(VECTOR + 2, bench.interrupt(2));
        assertEquals(HvStatus.SUCCESS, signal(6, 0));
        assertEquals(VECTOR + 2, bench.interrupt(1));
        assertEquals(LocalApic.NONE, bench.interrupt(2));
    }

    @Test
    void shouldRefuseWhatGoesToAPortThatIsGone() {
        bench.enable(0);
        MessagePort messages = connections.createMessagePort(1, target(0));
        EventPort events = connections.createEventPort(2, target(0), 0, 1);
        connections.connect(1, messages);
        connections.connect(2, events);
        post(1);
        post(1);
        bench.interrupt();
        assertSame(messages, connections.port(1));
        messages.close();
        events.close();
        assertNull(connections.port(1));
        assertEquals(HvStatus.INVALID_PORT_ID, post(1));
        assertEquals(HvStatus.INVALID_PORT_ID, signal(2, 0));
        bench.consume(2);
        bench.endOfMessage();
        assertEquals(0, bench.type(2), "what waited is lost");
        MessagePort again = connections.createMessagePort(1, target(0));
        messages.close();
        assertSame(again, connections.port(1), "closing twice is nothing to others");
    }

    @Test
    void shouldDeliverWhatWasPostedBeforeTheConnectionBroke() {
        bench.enable(0);
        MessagePort port = connections.createMessagePort(1, target(0));
        Connection connection = connections.connect(1, port);
        post(1);
        post(1);
        connection.close();
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(1));
        bench.consume(2);
        bench.endOfMessage();
        assertEquals(7, bench.type(2));
        Connection other = connections.connect(1, port);
        connection.close();
        assertEquals(HvStatus.SUCCESS, post(1), "closing twice is nothing to others");
        other.close();
    }

    @Test
    void shouldLetTheHostSendThroughPorts() {
        bench.enable(0);
        MessagePort messages = connections.createMessagePort(1, target(0));
        EventPort events = connections.createEventPort(2, new PortTarget(0, 0, 3), 5, 2);
        byte[] payload = {9, 0, 0, 0, 0, 0, 0, 0};
        assertEquals(HvStatus.SUCCESS, messages.post(0x8001_0000, payload));
        payload[0] = 10;
        assertEquals(HvStatus.SUCCESS, messages.post(1, payload));
        payload[0] = 11;
        assertEquals(9, bench.consume(2));
        assertTrue(bench.pending(2));
        bench.endOfMessage();
        assertEquals(10, bench.consume(2), "copied when it was posted");
        assertFalse(bench.pending(2));
        assertEquals(HvStatus.SUCCESS, events.signal(1));
        assertEquals(1L << 6, bench.flags(3, 0));
        assertEquals(HvStatus.INVALID_PARAMETER, events.signal(2));
        assertThrows(IllegalArgumentException.class, () -> messages.post(0, payload));
        assertThrows(IllegalArgumentException.class, () -> messages.post(1, new byte[241]));
    }

    @Test
    void shouldRefuseIdsThatAreTakenOrTooLarge() {
        MessagePort port = connections.createMessagePort(1, target(0));
        connections.connect(1, port);
        assertThrows(IllegalArgumentException.class, () -> connections.createEventPort(1, target(0), 0, 1));
        assertThrows(IllegalArgumentException.class, () -> connections.connect(1, port));
        assertThrows(IllegalArgumentException.class, () -> connections.connect(1 << 24, port));
        assertThrows(IllegalArgumentException.class, () -> connections.createMessagePort(-1, target(0)));
        assertThrows(IllegalArgumentException.class, () -> connections.createEventPort(2, target(0), 2047, 2));
        assertThrows(IllegalArgumentException.class, () -> connections.createEventPort(2, target(0), -1, 2));
        assertThrows(IllegalArgumentException.class, () -> connections.createEventPort(2, target(0), 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new PortTarget(0, 0, 16));
        assertThrows(IllegalArgumentException.class, () -> new PortTarget(0, 3, 1));
    }
}
