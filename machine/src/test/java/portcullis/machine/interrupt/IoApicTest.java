package portcullis.machine.interrupt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.apic.MsiSink;
import portcullis.machine.bus.MmioBus;

class IoApicTest {
    private static final long BASE = IoApic.DEFAULT_ADDRESS;
    private static final int LEVEL = 1 << 15;
    private static final int MASKED = 1 << 16;
    private static final int REMOTE_IRR = 1 << 14;
    private static final int PIN = 14;

    private record Message(long address, int data) {}

    /** A local APIC reduced to what matters here: it remembers messages and calls back on demand. */
    private final class Sink implements MsiSink {
        private Runnable whenDelivered = () -> {};

        @Override
        public void deliver(long address, int data) {
            messages.add(new Message(address, data));
            whenDelivered.run();
        }
    }

    private final List<Message> messages = new ArrayList<>();
    private final Sink sink = new Sink();
    private final MmioBus bus = new MmioBus();
    private final IoApic ioApic = new IoApic(sink);

    IoApicTest() {
        ioApic.attach(bus);
    }

    private int register(int index) {
        bus.write(BASE, 4, index);
        return (int) bus.read(BASE + 0x10, 4);
    }

    private void register(int index, int value) {
        bus.write(BASE, 4, index);
        bus.write(BASE + 0x10, 4, value);
    }

    private void route(int pin, int entry) {
        register(0x10 + 2 * pin, entry);
    }

    private int entry(int pin) {
        return register(0x10 + 2 * pin);
    }

    private void line(int pin, boolean level) {
        ioApic.line(pin).set(level);
    }

    private void assertVectors(int... vectors) {
        assertEquals(
                java.util.Arrays.stream(vectors).boxed().toList(),
                messages.stream().map(message -> message.data & 0xff).toList());
    }

    @Test
    void shouldKeepVersionReadOnly() {
        assertEquals(0x0017_0020, register(1));
        register(1, 0xffdf_ffdf);
        assertEquals(0x0017_0020, register(1));
    }

    @Test
    void shouldKeepFourBitsOfIdAndShowThemAsArbitration() {
        register(0, -1);
        assertEquals(0x0f00_0000, register(0));
        assertEquals(0x0f00_0000, register(2));
        register(2, 0);
        assertEquals(0x0f00_0000, register(2));
    }

    @Test
    void shouldKeepOnlyTheBitsThatEntriesHave() {
        for (int pin = 0; pin < IoApic.PINS; pin++) {
            assertEquals(MASKED, entry(pin));
            route(pin, -1);
            register(0x11 + 2 * pin, -1);
            assertEquals(0x1afff, entry(pin));
            assertEquals(0xff00_0000, register(0x11 + 2 * pin));
        }
        assertEquals(0, register(0x40));
        assertEquals(0, register(0x0f));
        register(0x40, -1);
        register(0xff, -1);
        assertEquals(List.of(), messages);
    }

    @Test
    void shouldIgnoreNarrowAndUnalignedAccesses() {
        register(0, 0x0500_0000);
        assertEquals(0, bus.read(BASE + 0x10, 1));
        assertEquals(0, bus.read(BASE + 0x11, 4));
        bus.write(BASE + 0x10, 2, -1);
        assertEquals(0x0500_0000, register(0));
        bus.write(BASE, 1, 1);
        assertEquals(0x0017_0020, bus.read(BASE + 0x10, 4));
        assertEquals(1, bus.read(BASE, 4));
    }

    @ParameterizedTest
    @CsvSource({
        "0x00000031,0x00,0xfee00000,0x4031", // fixed, physical
        "0x00000031,0x05,0xfee05000,0x4031",
        "0x00000831,0xff,0xfeeff004,0x4031", // logical
        "0x00000931,0x03,0xfee03004,0x4131", // lowest priority
        "0x00000200,0x01,0xfee01000,0x4200", // SMI
        "0x00000400,0x02,0xfee02000,0x4400", // NMI
        "0x00008400,0x02,0xfee02000,0x4400", // NMI is an edge always
        "0x00000500,0x02,0xfee02000,0x4500", // INIT
        "0x00000700,0x00,0xfee00000,0x4700", // ExtINT
        "0x0000a831,0x0d,0xfee0d004,0xc031", // level, active low
        "0x00002031,0x00,0xfee00000,0x4031", // polarity describes the board
    })
    void shouldTranslateEntriesToMessages(String low, String destination, String address, String data) {
        register(0x11 + 2 * PIN, Integer.decode(destination) << 24);
        route(PIN, Integer.decode(low));
        line(PIN, true);
        assertEquals(List.of(new Message(Long.decode(address), Integer.decode(data))), messages);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x331, 0x631})
    void shouldDropReservedDeliveryModes(int low) {
        route(PIN, low);
        line(PIN, true);
        assertEquals(List.of(), messages);
    }

    @Test
    void shouldDeliverEachEdgeOnce() {
        route(PIN, 0x76);
        line(PIN, true);
        line(PIN, true);
        assertVectors(0x76);
        ioApic.endOfInterrupt(0x76);
        assertVectors(0x76);
        line(PIN, false);
        line(PIN, true);
        assertVectors(0x76, 0x76);
        assertEquals(0x76, entry(PIN));
    }

    @Test
    void shouldDeliverALevelOnceUntilItEnds() {
        route(PIN, 0x77 | LEVEL);
        line(PIN, true);
        line(PIN, false);
        line(PIN, true);
        assertVectors(0x77);
        assertEquals(0x77 | LEVEL | REMOTE_IRR, entry(PIN));
        line(PIN, false);
        ioApic.endOfInterrupt(0x77);
        assertVectors(0x77);
        assertEquals(0x77 | LEVEL, entry(PIN));
    }

    @Test
    void shouldDeliverAgainAtTheEndWhileTheLineIsAsserted() {
        route(PIN, 0x9a | LEVEL);
        line(PIN, true);
        ioApic.endOfInterrupt(0x9a);
        assertVectors(0x9a, 0x9a);
        assertEquals(0x9a | LEVEL | REMOTE_IRR, entry(PIN));
        ioApic.endOfInterrupt(0x55);
        assertVectors(0x9a, 0x9a);
    }

    @Test
    void shouldEndByTheEoiRegister() {
        route(PIN, 0x44 | LEVEL);
        line(PIN, true);
        line(PIN, false);
        bus.write(BASE + 0x40, 4, 0x45);
        assertEquals(0x44 | LEVEL | REMOTE_IRR, entry(PIN));
        bus.write(BASE + 0x40, 4, 0x44);
        assertEquals(0x44 | LEVEL, entry(PIN));
    }

    @Test
    void shouldLoseEdgesButNotLevelsWhileMasked() {
        route(PIN, 0x81 | MASKED);
        line(PIN, true);
        route(PIN, 0x81);
        assertVectors();
        line(PIN, false);
        line(PIN, true);
        assertVectors(0x81);
        line(PIN, false);
        messages.clear();

        route(PIN, 0x82 | LEVEL | MASKED);
        line(PIN, true);
        assertVectors();
        route(PIN, 0x82 | LEVEL);
        assertVectors(0x82);
    }

    @Test
    void shouldRetriggerWhenUnmaskedAfterTheEnd() {
        route(PIN, 0x83 | LEVEL);
        line(PIN, true);
        route(PIN, 0x83 | LEVEL | MASKED);
        ioApic.endOfInterrupt(0x83);
        assertVectors(0x83);
        route(PIN, 0x83 | LEVEL);
        assertVectors(0x83, 0x83);
    }

    @Test
    void shouldKeepRemoteIrrWhenTheDestinationChanges() {
        route(13, 0x64 | LEVEL);
        route(14, 0x84 | LEVEL);
        line(13, true);
        line(14, true);
        line(14, false);
        register(0x11 + 2 * 14, 0x0100_0000);
        line(13, false);
        register(0x11 + 2 * 13, 0x0100_0000);
        assertEquals(0x84 | LEVEL | REMOTE_IRR, entry(14));
        ioApic.endOfInterrupt(0x64);
        assertEquals(0x64 | LEVEL, entry(13));
        assertEquals(0x84 | LEVEL | REMOTE_IRR, entry(14));
        ioApic.endOfInterrupt(0x84);
        assertEquals(0x84 | LEVEL, entry(14));
        assertVectors(0x64, 0x84);
    }

    @Test
    void shouldForgetRemoteIrrWhenTurnedToEdge() {
        route(PIN, 0x50 | LEVEL);
        line(PIN, true);
        route(PIN, 0x50 | MASKED);
        assertEquals(0x50 | MASKED, entry(PIN));
        route(PIN, 0x50 | LEVEL);
        assertVectors(0x50, 0x50);
    }

    @Test
    void shouldTakeCallsFromWithinADelivery() {
        // A processor that ends the interrupt while the message is still under way: nothing deadlocks, the level comes
        // again.
        route(PIN, 0x60 | LEVEL);
        sink.whenDelivered = () -> {
            assertTrue(!Thread.holdsLock(ioApic));
            if (messages.size() < 3) {
                ioApic.endOfInterrupt(0x60);
            }
        };
        line(PIN, true);
        assertVectors(0x60, 0x60, 0x60);
    }

    @Test
    void shouldMaskAllPinsOnReset() {
        route(PIN, 0x60 | LEVEL);
        line(PIN, true);
        ioApic.reset();
        assertEquals(MASKED, entry(PIN));
        route(PIN, 0x61 | LEVEL);
        assertVectors(0x60, 0x61);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 24})
    void shouldRefusePinsThatAreNotThere(int pin) {
        assertThrows(IllegalArgumentException.class, () -> ioApic.line(pin));
    }
}
