package portcullis.machine.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.bus.PortBus;

class Pic8259PairTest {
    private static final int MASTER = 0x20;
    private static final int SLAVE = 0xa0;
    private static final int EOI = 0x20;

    private final RecordingLine intr = new RecordingLine();
    private final PortBus bus = new PortBus();
    private final Pic8259Pair pic = new Pic8259Pair(intr::set);

    @BeforeEach
    void initialise() {
        pic.attach(bus);
        initialise(MASTER, 0x30, 4, 0x01);
        initialise(SLAVE, 0x38, 2, 0x01);
    }

    private void initialise(int port, int vector, int cascade, int icw4) {
        out(port, 0x11);
        out(port + 1, vector);
        out(port + 1, cascade);
        out(port + 1, icw4);
    }

    private void out(int port, int value) {
        bus.write(port, 1, value);
    }

    private int in(int port) {
        return bus.read(port, 1);
    }

    private int requests(int port) {
        out(port, 0x0a);
        return in(port);
    }

    private int inService(int port) {
        out(port, 0x0b);
        return in(port);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
    void shouldDeliverEveryInputAtItsVector(int irq) {
        pic.line(irq).pulse();
        assertTrue(intr.level);
        assertEquals(0x30 + irq, pic.acknowledge());
        assertFalse(intr.level);
        assertEquals(irq < 8 ? 1 << irq : 4, inService(MASTER));
        assertEquals(irq < 8 ? 0 : 1 << (irq - 8), inService(SLAVE));
        out(SLAVE, EOI);
        out(MASTER, EOI);
        assertEquals(0, inService(MASTER) | inService(SLAVE));
        assertFalse(intr.level);
    }

    @Test
    void shouldRequestNothingBeforeItIsInitialised() {
        pic.reset();
        pic.line(3).set(true);
        assertFalse(intr.level);
        out(MASTER, 0x11);
        assertFalse(intr.level);
        out(MASTER + 1, 0x20);
        out(MASTER + 1, 4);
        assertFalse(intr.level);
        out(MASTER + 1, 1);
        assertFalse(intr.level, "initialisation resets edge sensing: a line that is high already is no edge");
        pic.line(3).set(false);
        pic.line(3).set(true);
        assertEquals(0x23, pic.acknowledge());
    }

    @Test
    void shouldDoWithoutIcw4AndIcw3WhereIcw1SaysSo() {
        out(MASTER, 0x12);
        out(MASTER + 1, 0x47);
        out(MASTER + 1, 0xfe);
        assertEquals(0xfe, in(MASTER + 1));
        pic.line(0).pulse();
        assertEquals(0x40, pic.acknowledge());
    }

    @Test
    void shouldRefuseALineWhereTheSlaveIs() {
        assertThrows(IllegalArgumentException.class, () -> pic.line(2));
    }

    @Test
    void shouldHoldBackLowerPrioritiesWhileInService() {
        pic.line(3).pulse();
        assertEquals(0x33, pic.acknowledge());
        pic.line(4).pulse();
        pic.line(3).pulse();
        assertFalse(intr.level);
        pic.line(1).pulse();
        assertEquals(0x31, pic.acknowledge());
        assertEquals(0x0a, inService(MASTER));
        out(MASTER, EOI);
        assertFalse(intr.level);
        out(MASTER, EOI);
        assertEquals(0x33, pic.acknowledge());
        out(MASTER, EOI);
        assertEquals(0x34, pic.acknowledge());
    }

    @Test
    void shouldMaskButRemember() {
        out(MASTER + 1, 0xff);
        pic.line(5).pulse();
        assertFalse(intr.level);
        assertEquals(0x20, requests(MASTER));
        out(MASTER + 1, 0xdf);
        assertTrue(intr.level);
        assertTrue(pic.pending());
        assertEquals(0xdf, in(MASTER + 1));
    }

    @Test
    void shouldServeTheSlaveThroughTheMastersMaskAndPriority() {
        pic.line(3).pulse();
        pic.line(8).pulse();
        assertEquals(0x38, pic.acknowledge(), "input 2 goes before input 3");
        out(SLAVE, EOI);
        out(MASTER, EOI);
        assertEquals(0x33, pic.acknowledge());
        out(MASTER, EOI);
        out(MASTER + 1, 0x04);
        pic.line(9).pulse();
        assertFalse(intr.level);
        out(MASTER + 1, 0x00);
        assertEquals(0x39, pic.acknowledge());
    }

    @Test
    void shouldSignalTheSlavesNextRequestAfterTheFirst() {
        pic.line(9).pulse();
        pic.line(10).pulse();
        assertEquals(0x39, pic.acknowledge());
        out(SLAVE, EOI);
        assertFalse(intr.level, "the master still has the slave in service");
        out(MASTER, EOI);
        assertTrue(intr.level);
        assertEquals(0x3a, pic.acknowledge());
        assertFalse(intr.level);
    }

    @Test
    void shouldLetTheSlaveInterruptItselfOnlyWhenSpecialFullyNested() {
        pic.line(10).pulse();
        assertEquals(0x3a, pic.acknowledge());
        pic.line(8).pulse();
        assertFalse(intr.level);
        initialise(MASTER, 0x30, 4, 0x11);
        initialise(SLAVE, 0x38, 2, 0x01);
        pic.line(10).pulse();
        assertEquals(0x3a, pic.acknowledge());
        pic.line(8).pulse();
        assertTrue(intr.level);
        assertEquals(0x38, pic.acknowledge());
        pic.line(3).pulse();
        assertFalse(intr.level, "below the slave nothing passes");
        pic.line(1).pulse();
        assertTrue(intr.level);
    }

    @ParameterizedTest
    @CsvSource({"0x4d0,0xff,0xf8", "0x4d1,0xff,0xde", "0x4d0,0x00,0x00"})
    void shouldKeepFixedInputsEdgeTriggered(String port, String written, String read) {
        out(Integer.decode(port), Integer.decode(written));
        assertEquals(Integer.decode(read), in(Integer.decode(port)));
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 11})
    void shouldFollowTheLineOfALevelTriggeredInput(int irq) {
        bus.write(0x4d0, 2, 1 << irq);
        pic.line(irq).set(true);
        assertEquals(0x30 + irq, pic.acknowledge());
        out(SLAVE, EOI);
        out(MASTER, EOI);
        assertTrue(intr.level, "still asserted");
        assertEquals(0x30 + irq, pic.acknowledge());
        pic.line(irq).set(false);
        out(SLAVE, EOI);
        out(MASTER, EOI);
        if (irq < 8) {
            assertFalse(intr.level);
        }
        assertEquals(0, requests(irq < 8 ? MASTER : SLAVE));
    }

    @Test
    void shouldAnswerSpuriousWhereNoRequestIsLeft() {
        assertEquals(0x37, pic.acknowledge());
        assertEquals(0, inService(MASTER));
        out(0x4d1, 0x08);
        pic.line(11).set(true);
        pic.line(11).set(false);
        assertEquals(0x3f, pic.acknowledge());
        assertEquals(4, inService(MASTER), "only the master has something to end");
        assertEquals(0, inService(SLAVE));
    }

    @Test
    void shouldEndAutomatically() {
        initialise(MASTER, 0x30, 4, 0x03);
        pic.line(0).pulse();
        pic.line(1).pulse();
        assertEquals(0x30, pic.acknowledge());
        assertTrue(intr.level);
        assertEquals(2, intr.rises, "each request is an edge");
        assertEquals(0x31, pic.acknowledge());
        assertEquals(2, intr.rises);
        assertEquals(0, inService(MASTER));
    }

    @Test
    void shouldRotateOnAutomaticEnd() {
        initialise(MASTER, 0x30, 4, 0x03);
        out(MASTER, 0x80);
        pic.line(0).pulse();
        pic.line(1).pulse();
        assertEquals(0x30, pic.acknowledge());
        pic.line(0).pulse();
        assertEquals(0x31, pic.acknowledge());
        assertEquals(0x30, pic.acknowledge());
        out(MASTER, 0x00);
        pic.line(1).pulse();
        assertEquals(0x31, pic.acknowledge());
        pic.line(1).pulse();
        pic.line(0).pulse();
        assertEquals(0x31, pic.acknowledge(), "rotation stopped with input 0 the lowest");
    }

    /** Priorities after an operation word, shown by the order in which all inputs are then served. */
    @ParameterizedTest
    @CsvSource({
        "0xc3, 4 5 6 7 0 1 3", // set priority: 3 lowest
        "0xc7, 0 1 3 4 5 6 7",
        "0x40, 0 1 3 4 5 6 7", // no operation
    })
    void shouldServeInOrderOfPriority(String operation, String order) {
        out(MASTER, Integer.decode(operation));
        for (int irq : new int[] {7, 6, 5, 4, 3, 1, 0}) {
            pic.line(irq).pulse();
        }
        for (String irq : order.trim().split(" ")) {
            assertEquals(0x30 + Integer.parseInt(irq), pic.acknowledge());
            out(MASTER, 0x60 | Integer.parseInt(irq));
        }
        assertFalse(intr.level);
    }

    @Test
    void shouldRotateOnEndOfInterrupt() {
        pic.line(4).pulse();
        assertEquals(0x34, pic.acknowledge());
        out(MASTER, 0xa0);
        pic.line(4).pulse();
        pic.line(5).pulse();
        assertEquals(0x35, pic.acknowledge());
        out(MASTER, 0xe5);
        pic.line(5).pulse();
        assertEquals(0x34, pic.acknowledge());
        out(MASTER, 0xa0);
        pic.line(4).pulse();
        assertEquals(0x35, pic.acknowledge());
    }

    @Test
    void shouldLetLowerPrioritiesPassInSpecialMaskMode() {
        pic.line(1).pulse();
        assertEquals(0x31, pic.acknowledge());
        out(MASTER + 1, 0x02);
        out(MASTER, 0x68);
        pic.line(6).pulse();
        assertTrue(intr.level);
        assertEquals(0x36, pic.acknowledge());
        out(MASTER, EOI);
        assertEquals(0x02, inService(MASTER), "what is masked is not ended");
        out(MASTER, 0x48);
        pic.line(6).pulse();
        assertFalse(intr.level);
        out(MASTER, 0x61);
        assertTrue(intr.level);
    }

    @Test
    void shouldAcknowledgeByPoll() {
        out(MASTER, 0x0c);
        assertEquals(0, in(MASTER));
        pic.line(6).pulse();
        pic.line(12).pulse();
        out(MASTER, 0x0c);
        assertEquals(0x82, in(MASTER));
        out(SLAVE, 0x0c);
        assertEquals(0x84, in(SLAVE + 1), "either port is the acknowledge cycle");
        assertEquals(0x04, inService(MASTER));
        assertEquals(0x10, inService(SLAVE));
        assertEquals(0, requests(SLAVE));
        out(SLAVE, EOI);
        out(MASTER, EOI);
        out(MASTER, 0x0c);
        assertEquals(0x86, in(MASTER));
    }

    @Test
    void shouldNeverShowAStaleOutputLevel() {
        // Two devices toggle lines while a processor acknowledges: when all is quiet, the output says what the
        // registers say.
        AtomicBoolean shown = new AtomicBoolean();
        AtomicInteger callers = new AtomicInteger();
        Pic8259Pair busy = new Pic8259Pair(level -> {
            assertEquals(1, callers.incrementAndGet());
            shown.set(level);
            callers.decrementAndGet();
        });
        PortBus ports = new PortBus();
        busy.attach(ports);
        for (int value : new int[] {0x11, 0x30, 4, 3}) {
            ports.write(value == 0x11 ? 0x20 : 0x21, 1, value);
        }
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            for (int round = 0; round < 200; round++) {
                Thread first = toggler(busy, 3);
                Thread second = toggler(busy, 4);
                while (first.isAlive() || second.isAlive()) {
                    busy.acknowledge();
                }
                first.join();
                second.join();
                assertEquals(busy.pending(), shown.get());
                busy.acknowledge();
                busy.acknowledge();
                assertFalse(shown.get());
            }
        });
    }

    private static Thread toggler(Pic8259Pair pic, int irq) {
        return Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 100; i++) {
                pic.line(irq).pulse();
            }
        });
    }
}
