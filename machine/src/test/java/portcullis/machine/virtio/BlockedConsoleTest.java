package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import portcullis.machine.virtio.VirtioDriver.Buffer;

/** A console whose output nobody takes: the host's write blocks, with two chunks of a request's output to come. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlockedConsoleTest {
    private static final long DATA = 0x9_0000;
    private static final long NEXT = 0xA_0000;
    private static final int TRANSMIT = 1;
    private static final int CHUNK = 4096;
    private static final String OUTPUT = "a".repeat(2 * CHUNK);

    private final CountDownLatch blocked = new CountDownLatch(1);
    private final CountDownLatch taken = new CountDownLatch(1);
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final DeviceThread thread = new DeviceThread();
    private final VirtioDriver driver = new VirtioDriver(new ConsoleDevice(new ConsoleStream(this::take)), thread);

    private void take(int value) {
        blocked.countDown();
        try {
            taken.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        said.write(value);
    }

    @BeforeEach
    void say() throws InterruptedException {
        driver.start(0);
        driver.put(DATA, OUTPUT);
        driver.submit(TRANSMIT, new Buffer(DATA, OUTPUT.length(), false));
        blocked.await();
    }

    @AfterEach
    void close() {
        taken.countDown();
        assertTrue(thread.close(List.of(driver.function), 60, TimeUnit.SECONDS));
        driver.close();
    }

    private void awaitThread() {
        CompletableFuture.runAsync(() -> {}, thread).join();
    }

    private String said() {
        return said.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void shouldLetADriverResetAndCutOffWhatIsLeftOfItsRequest() {
        int access = driver.accessCapability;
        driver.setConfig(access + 4, 1, 0);
        driver.setConfig(access + 8, 4, 20);
        driver.setConfig(access + 12, 4, 1);
        driver.setConfig(access + 16, 4, 0);
        assertEquals(0, driver.status());
        driver.start(0);
        driver.put(NEXT, "next");
        driver.submit(TRANSMIT, new Buffer(NEXT, 4, false));
        assertEquals(-1, driver.done(TRANSMIT));
        taken.countDown();
        awaitThread();
        assertEquals(0, driver.done(TRANSMIT));
        assertEquals(-1, driver.done(TRANSMIT), "the request before the reset has no ring");
        assertEquals(OUTPUT.substring(CHUNK) + "next", said());
    }

    @Test
    void shouldNotHoldARequestThatTheHostHasAndLoseNothingOfIt() {
        assertFalse(driver.function.hold(0));
        driver.function.release();
        taken.countDown();
        awaitThread();
        assertEquals(0, driver.done(TRANSMIT));
        assertEquals(OUTPUT, said());
    }

    @Test
    void shouldFinishTheRequestBeforeItIsHeld() {
        CompletableFuture<Boolean> held =
                CompletableFuture.supplyAsync(() -> driver.function.hold(TimeUnit.SECONDS.toNanos(60)));
        taken.countDown();
        assertTrue(held.join());
        assertEquals(0, driver.done(TRANSMIT));
        assertEquals(OUTPUT, said());
    }

    @Test
    void shouldEndWithTheMachineWithoutTouchingItsMemory() {
        assertFalse(thread.close(List.of(driver.function), 0, TimeUnit.SECONDS));
        taken.countDown();
        assertTrue(thread.close(List.of(driver.function), 60, TimeUnit.SECONDS));
        assertEquals(-1, driver.done(TRANSMIT));
        assertEquals(OUTPUT.substring(CHUNK), said());
    }
}
