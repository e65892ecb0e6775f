package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.EventPort;
import portcullis.hypervisor.synic.MessageBuffers;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** Ports and connections of the host's and a guest that uses them, also over a save in the middle of it. */
@Timeout(60)
class ConnectionsTest {
    // What the guest has: guests/postman.
    private static final int LETTERS = 0x10;
    private static final int EVENTS = 0x11;
    private static final PortTarget LETTER_SOURCE = new PortTarget(0, 0, 2);
    private static final PortTarget EVENT_SOURCE = new PortTarget(0, 0, 3);

    private static final int PORT = 0x123;
    private static final Consumer<Connections> WITH_PORT =
            connections -> connections.createMessagePort(PORT, LETTER_SOURCE);

    @TempDir
    private Path folder;

    private static MachineBuilder postman() {
        return Machine.builder().memory("32M").hyperv("on").virtualTime(1).multiboot(Guests.built("postman"));
    }

    private static void untilReady(Machine machine) {
        Inbox inbox = machine.inbox(LETTERS);
        machine.run(Until.received(inbox));
        assertEquals("ready", inbox.next().text());
    }

    // Events

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldExchangeEventsWithTheGuest(boolean virtual) {
        List<String> signalled = new CopyOnWriteArrayList<>();
        MachineBuilder builder = virtual ? postman() : postman().hostTime();
        try (Machine machine = builder.build()) {
            machine.connections()
                    .connect(EVENTS, 2048, (vp, vtl, id, flag) -> signalled.add(vp + "." + vtl + " " + flag));
            untilReady(machine);
            EventPort port = machine.connections().createEventPort(PORT, EVENT_SOURCE, 32, 8);
            assertEquals(HvStatus.SUCCESS, port.signal(5));
            Stop stop = machine.run(Until.hypercall(HypercallCode.SIGNAL_EVENT));
            assertEquals(HvStatus.SUCCESS, ((TraceEvent.Hypercall) stop.event().orElseThrow()).status());
            assertEquals(List.of("0.0 37"), signalled);

            EventPort last =
                    machine.connections().createEventPort(PORT + 1, new PortTarget(PortTarget.ANY_VP, 0, 3), 2047, 1);
            last.signal(0);
            machine.run(Until.hypercall(HypercallCode.SIGNAL_EVENT));
            assertEquals(List.of("0.0 37", "0.0 2047"), signalled);

            assertEquals(HvStatus.INVALID_PARAMETER, port.signal(8));
            port.close();
            assertEquals(HvStatus.INVALID_PORT_ID, port.signal(5));
        }
    }

    @Test
    void shouldTellTheGuestOnceOfAFlagThatIsSetAlready() {
        List<Integer> flags = new CopyOnWriteArrayList<>();
        EnumSet<Kind> kinds = EnumSet.of(Kind.EVENT_FLAG);
        List<TraceEvent> seen = new CopyOnWriteArrayList<>();
        try (Machine machine = postman().trace(kinds, seen::add).build()) {
            machine.connections().connect(EVENTS, 2048, (vp, vtl, id, flag) -> flags.add(flag));
            untilReady(machine);
            EventPort port = machine.connections().createEventPort(PORT, EVENT_SOURCE, 0, 2048);
            for (int flag : new int[] {7, 7, 3, 7, 600}) {
                assertEquals(HvStatus.SUCCESS, port.signal(flag));
            }
            machine.run(Until.halted());
            assertEquals(List.of(3, 7, 600), flags);
            assertEquals(
                    List.of(7, 3, 600),
                    seen.stream()
                            .map(event -> ((TraceEvent.EventFlag) event).flag())
                            .toList());
            port.signal(7);
            machine.run(Until.halted());
            assertEquals(List.of(3, 7, 600, 7), flags);
        }
    }

    @Test
    void shouldRefuseFlagsThatAConnectionHasNot() {
        try (Machine machine = postman().build()) {
            List<Integer> flags = new CopyOnWriteArrayList<>();
            machine.connections().connect(EVENTS, 7, (vp, vtl, id, flag) -> flags.add(flag));
            untilReady(machine);
            EventPort port = machine.connections().createEventPort(PORT, EVENT_SOURCE, 0, 2048);
            port.signal(7);
            Stop stop = machine.run(Until.hypercall(HypercallCode.SIGNAL_EVENT));
            assertEquals(
                    HvStatus.INVALID_PARAMETER,
                    ((TraceEvent.Hypercall) stop.event().orElseThrow()).status());
            assertEquals(List.of(), flags);
        }
    }

    // Save and restore

    /** Saves a machine for whose guest a message is in the slot and {@code waiting} wait behind it, and an event flag. */
    private Path saved(int waiting) throws java.io.IOException {
        Path file = folder.resolve("state");
        try (Machine machine = postman().connections(WITH_PORT).build()) {
            untilReady(machine);
            // Until it sleeps: what is posted comes while nothing runs.
            machine.run(Until.halted());
            for (int i = 0; i <= waiting; i++) {
                assertEquals(HvStatus.SUCCESS, port(machine).post(0x100 + i, new byte[] {(byte) ('a' + i)}));
            }
            machine.connections()
                    .createEventPort(PORT + 1, EVENT_SOURCE, 100, 1)
                    .signal(0);
            machine.save(file);
        }
        return file;
    }

    private static MessagePort port(Machine machine) {
        return assertInstanceOf(MessagePort.class, machine.connections().port(PORT));
    }

    private static List<String> answers(Inbox inbox) {
        return inbox.waiting().stream()
                .map(message -> "%x %s".formatted(message.type(), message.text()))
                .toList();
    }

    private static List<String> expected(int first, int end) {
        return IntStream.range(first, end)
                .mapToObj(i -> "%x %c".formatted(0x100 + i, 'A' + i))
                .toList();
    }

    @Test
    void shouldGiveMessagesThatWaitBackToTheirPort() throws java.io.IOException {
        Path file = saved(5);
        List<Integer> flags = new CopyOnWriteArrayList<>();
        try (Machine machine = Machine.builder().connections(WITH_PORT).restore(file)) {
            Inbox inbox = machine.inbox(LETTERS);
            machine.connections().connect(EVENTS, 2048, (vp, vtl, id, flag) -> flags.add(flag));
            int count = 6;
            while (port(machine).post(0x100 + count, new byte[] {(byte) ('a' + count)}) == HvStatus.SUCCESS) {
                count++;
            }
            assertEquals(6 + MessageBuffers.OF_A_PORT - 5, count, "those that wait have its buffers");
            machine.run(Until.halted());
            assertEquals(expected(0, count), answers(inbox));
            assertEquals(List.of(100), flags);
            assertEquals(HvStatus.SUCCESS, port(machine).post(0x100, new byte[0]), "and give them back");
        }
    }

    @Test
    void shouldDropThemWithTheirPort() throws java.io.IOException {
        Path file = saved(5);
        try (Machine machine = Machine.builder().connections(WITH_PORT).restore(file)) {
            Inbox inbox = machine.inbox(LETTERS);
            port(machine).close();
            machine.run(Until.halted());
            assertEquals(expected(0, 1), answers(inbox), "what is in the slot is the guest's");
        }
    }

    @Test
    void shouldDeliverThemWhereThereIsNoSuchPort() throws java.io.IOException {
        Path file = saved(5);
        try (Machine machine = Machine.builder().restore(file)) {
            Inbox inbox = machine.inbox(LETTERS);
            MessagePort other = machine.messagePort(0, 2);
            assertEquals(HvStatus.SUCCESS, other.post(0x106, new byte[] {'g'}));
            machine.run(Until.halted());
            assertEquals(expected(0, 7), answers(inbox));
        }
    }

    @Test
    void shouldSaveThemOnceMore() throws java.io.IOException {
        Path first = saved(3);
        Path second = folder.resolve("again");
        try (Machine machine = Machine.builder().connections(WITH_PORT).restore(first)) {
            machine.save(second);
        }
        try (Machine machine = Machine.builder().connections(WITH_PORT).restore(second)) {
            Inbox inbox = machine.inbox(LETTERS);
            machine.run(Until.halted());
            assertEquals(expected(0, 4), answers(inbox));
            assertTrue(machine.vp(0).message(2).isEmpty());
        }
    }
}
