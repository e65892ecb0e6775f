package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ConsoleStreamTest {
    private static final int CAPACITY = 4096;
    private static final long DATA = 0x9_0000;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final ConsoleStream stream = new ConsoleStream(said::write);
    private VirtioDriver driver;

    @AfterEach
    void closeDriver() {
        if (driver != null) {
            driver.close();
        }
    }

    @Test
    void shouldGiveInputInOrderAlsoAcrossTheEndOfItsRing() throws InterruptedException {
        byte[] taken = new byte[100];
        for (int round = 0; round < 2 * CAPACITY / 100; round++) {
            for (int i = 0; i < 100; i++) {
                stream.offer((byte) (round + i));
            }
            assertEquals(100, stream.available());
            assertEquals(60, stream.read(taken, 0, 60));
            assertEquals(40, stream.read(taken, 60, 100));
            for (int i = 0; i < 100; i++) {
                assertEquals((byte) (round + i), taken[i]);
            }
        }
    }

    @Test
    @Timeout(20)
    void shouldMakeTheTypistWaitWhileFullAndDropNothing() throws InterruptedException {
        for (int i = 0; i < CAPACITY; i++) {
            stream.offer((byte) i);
        }
        Thread typist = Thread.ofPlatform().daemon().start(() -> {
            try {
                stream.offer((byte) 99);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        while (typist.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(CAPACITY, stream.available());
        byte[] taken = new byte[CAPACITY];
        assertEquals(1, stream.read(taken, 0, 1));
        typist.join();
        assertFalse(typist.isAlive());
        assertEquals(CAPACITY, stream.read(taken, 0, CAPACITY));
        assertEquals(99, taken[CAPACITY - 1]);
    }

    @Test
    void shouldCarryBothDirectionsThroughTheDevice() throws InterruptedException {
        ConsoleDevice device = new ConsoleDevice(stream);
        driver = new VirtioDriver(device, Runnable::run);
        driver.start(0);
        driver.submit(0, new VirtioDriver.Buffer(DATA, 100, true));
        driver.put(0xA_0000, "login: ");
        driver.submit(1, new VirtioDriver.Buffer(0xA_0000, 7, false));
        assertEquals("login: ", said.toString(StandardCharsets.US_ASCII));
        stream.offer((byte) 'x');
        stream.offer((byte) '\n');
        device.inputArrived();
        assertEquals(2, driver.done(0));
        assertArrayEquals(new byte[] {'x', '\n'}, driver.bytes(DATA, 2));
    }
}
