package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.virtio.VirtioDriver.Buffer;

class VirtioFunctionTest {
    private static final long DATA = 0x9_0000;
    private static final int SWITCHED = 100_000;

    private VirtioDriver driver = new VirtioDriver(new EntropyDevice(EntropySource.seeded(7)), Runnable::run);

    @AfterEach
    void close() {
        driver.close();
    }

    private void request() {
        driver.submit(0, new Buffer(DATA, 64, true));
    }

    private void assertNeedsReset() {
        assertEquals(64, driver.status() & 64, "DEVICE_NEEDS_RESET");
        // And after it, all is well again.
        driver.start(0);
        request();
        assertEquals(64, driver.done(0));
    }

    @Test
    void shouldIntroduceItselfAsModernDevice() {
        assertEquals(0x1044_1AF4, driver.config(0, 4));
        assertEquals(1, driver.config(8, 1), "revision of devices without a legacy interface");
        assertTrue(driver.common != 0 && driver.notify != 0 && driver.isr != 0);
        assertEquals(1, driver.get(18, 2), "queues");
        assertEquals(8, driver.get(24, 2), "queue size");
        assertEquals(VirtioFeatures.OFFERED, driver.offered());
        driver.set(0, 4, 2);
        assertEquals(0, driver.get(4, 4), "no such feature window");
    }

    @ParameterizedTest
    @CsvSource({"0x100000000, true", "0x130000000, true", "0, false", "0x100000001, false", "0x300000000, false"})
    void shouldAgreeOnlyOnOfferedFeaturesWithVersion1(String features, boolean agreed) {
        driver.set(20, 1, 0);
        driver.set(20, 1, 3);
        driver.accept(Long.decode(features));
        driver.set(20, 1, 11);
        assertEquals(agreed ? 11 : 3, driver.status());
        driver.set(20, 1, 15);
        assertEquals(agreed ? 15 : 3, driver.status(), "no DRIVER_OK without FEATURES_OK");
    }

    @Test
    void shouldKeepFeaturesOnceAgreed() {
        driver.start(0);
        driver.accept(-1);
        driver.set(8, 4, 0);
        assertEquals(0, driver.get(12, 4));
    }

    @Test
    void shouldFillBuffersAndInterruptByPin() {
        driver.start(0);
        request();
        assertEquals(64, driver.done(0));
        byte[] expected = new byte[64];
        EntropySource.seeded(7).fill(expected);
        assertArrayEquals(expected, driver.bytes(DATA, 64));
        assertTrue(driver.pin);
        assertEquals(1, driver.bus.read(driver.isr, 1));
        assertFalse(driver.pin, "reading acknowledges");
        assertEquals(0, driver.bus.read(driver.isr, 1));
    }

    @Test
    void shouldInterruptByMessageWhereEnabled() {
        driver.enableMessages();
        driver.start(0);
        request();
        assertEquals(List.of("fee00000:31"), driver.messages);
        assertFalse(driver.pin);
        assertEquals(0, driver.bus.read(driver.isr, 1));
    }

    /** Each is a message or in the interrupt status, whichever way the switch is just then. */
    @Test
    void shouldLoseNoInterruptWhileMessagesAreSwitched() throws InterruptedException {
        driver.enableMessages();
        driver.start(0);
        AtomicBoolean over = new AtomicBoolean();
        Thread other = Thread.ofPlatform().daemon().start(() -> {
            for (int on = 0; !over.get(); on ^= 0x8000) {
                driver.setConfig(driver.msixControl, 2, on);
            }
        });
        int lost = 0;
        for (int i = 0; i < SWITCHED && lost == 0; i++) {
            request();
            lost += driver.messages.isEmpty() && driver.bus.read(driver.isr, 1) == 0 ? 1 : 0;
            driver.messages.clear();
            driver.bus.read(driver.isr, 1);
        }
        over.set(true);
        other.join();
        assertEquals(0, lost);
    }

    @Test
    void shouldRefuseVectorsThatAreNotThere() {
        driver.set(16, 2, 2);
        assertEquals(0xffff, driver.get(16, 2));
        driver.set(16, 2, 1);
        assertEquals(1, driver.get(16, 2));
        driver.set(26, 2, 77);
        assertEquals(0xffff, driver.get(26, 2));
    }

    @Test
    void shouldNotInterruptDriverThatPolls() {
        driver.enableMessages();
        driver.start(0);
        driver.memory.putShort(driver.available(0), (short) 1);
        request();
        assertEquals(64, driver.done(0));
        assertEquals(List.of(), driver.messages);
    }

    @Test
    void shouldInterruptAtTheEventAskedFor() {
        driver.enableMessages();
        driver.start(VirtioDriver.EVENT_INDEX);
        driver.askForEvent(0, 2);
        request();
        request();
        assertEquals(List.of(), driver.messages);
        request();
        assertEquals(1, driver.messages.size());
        request();
        assertEquals(1, driver.messages.size());
    }

    @Test
    void shouldSayFromWhichRequestOnToNotify() {
        driver.start(VirtioDriver.EVENT_INDEX);
        request();
        request();
        assertEquals(2, driver.memory.getShort(driver.used(0) + 4 + 8 * 8));
    }

    @Test
    void shouldWrapRoundTheRingManyTimes() {
        driver.start(VirtioDriver.EVENT_INDEX | VirtioDriver.INDIRECT);
        for (int i = 0; i < 70_000; i++) {
            driver.submit(0, new Buffer(DATA, 1, true));
            assertEquals(1, driver.done(0));
        }
    }

    @Test
    void shouldWaitForBusMastering() {
        driver.start(0);
        driver.setConfig(4, 2, 2);
        request();
        assertEquals(-1, driver.done(0));
        driver.setConfig(4, 2, 6);
        assertEquals(64, driver.done(0));
    }

    @Test
    void shouldDoNothingBeforeDriverIsReady() {
        driver.set(20, 1, 0);
        driver.set(20, 1, 3);
        driver.accept(VirtioDriver.VERSION_1);
        driver.set(20, 1, 11);
        driver.enable(0);
        request();
        assertEquals(-1, driver.done(0));
        driver.set(20, 1, 15);
        assertEquals(64, driver.done(0));
    }

    @Test
    void shouldForgetEverythingOnReset() {
        driver.start(0);
        request();
        driver.set(20, 1, 0);
        assertEquals(0, driver.status());
        assertFalse(driver.pin);
        driver.set(22, 2, 0);
        assertEquals(0, driver.get(28, 2), "queue enabled");
        assertEquals(0, driver.get(32, 8));
        assertEquals(0xffff, driver.get(26, 2));
        request();
        assertEquals(-1, memoryAnswers());
        driver.host.reset();
        assertEquals(0, driver.config(4, 2) & 7);
    }

    private int memoryAnswers() {
        int first = driver.done(0);
        return first == -1 ? -1 : driver.done(0);
    }

    @Test
    void shouldGiveAccessThroughConfigurationSpace() {
        int at = driver.accessCapability;
        driver.setConfig(at + 4, 1, 0);
        driver.setConfig(at + 8, 4, 20);
        driver.setConfig(at + 12, 4, 1);
        driver.setConfig(at + 16, 4, 3);
        assertEquals(3, driver.status());
        assertEquals(3, driver.config(at + 16, 1));
        driver.setConfig(at + 8, 4, 0x7fff_fffe);
        driver.setConfig(at + 12, 4, 2);
        driver.config(at + 16, 4);
        driver.setConfig(at + 4, 1, 5);
        driver.config(at + 16, 4);
        driver.setConfig(at + 12, 4, 3);
        driver.config(at + 16, 4);
        assertEquals(3, driver.status());
    }

    /** Descriptors 0 and 1 by hand, then head 0. */
    private void raw(long gpa, long length, int flags, int next) {
        driver.descriptor(driver.ring(0), 0, gpa, length, flags, next);
        driver.add(0, 0);
        driver.kick(0);
    }

    @ParameterizedTest
    @CsvSource({
        // address, length, flags, next: what is wrong
        "0x90000, 64, 3, 0", // a loop
        "0x90000, 64, 3, 9", // next out of the table
        "0x90000, 0, 2, 0", // nothing to write to
        "0x1fffff, 2, 2, 0", // past the end of memory
        "0xfffffffffffffff0, 64, 2, 0", // wraps
        "0x90000, 0xffffffff, 2, 0", // four gigabytes
        "0x90000, 64, 0, 0", // not writable
        "0x90000, 16, 4, 0" // indirect, but not agreed on
    })
    void shouldNeedResetForBadDescriptors(String gpa, String length, int flags, int next) {
        driver.start(0);
        raw(Long.parseUnsignedLong(gpa.substring(2), 16), Long.decode(length), flags, next);
        assertNotEquals(null, driver.function.complaint());
        assertNeedsReset();
    }

    @ParameterizedTest
    @CsvSource({
        // table address, bytes: what is wrong
        "0xA0000, 0",
        "0xA0000, 15",
        "0xA0000, 0x80000000",
        "0x1ffff0, 32",
        "0x7fffffff0000, 16"
    })
    void shouldNeedResetForBadIndirectTables(String gpa, String length) {
        driver.start(VirtioDriver.INDIRECT);
        raw(Long.decode(gpa), Long.decode(length), 4, 0);
        assertNeedsReset();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6})
    void shouldNeedResetForNestedIndirectTables(int flags) {
        driver.start(VirtioDriver.INDIRECT);
        driver.descriptor(0xA_0000, 0, 0xA_0000, 16, flags, 0);
        raw(0xA_0000, 16, 4, 0);
        assertNeedsReset();
    }

    @Test
    void shouldNeedResetForReadableBehindWritable() {
        driver.start(0);
        driver.submit(0, new Buffer(DATA, 8, true), new Buffer(DATA, 8, false));
        assertNeedsReset();
    }

    @Test
    void shouldNeedResetForIndexBeyondTheRing() {
        driver.start(0);
        driver.memory.putShort(driver.available(0) + 2, (short) 9);
        driver.kick(0);
        assertNeedsReset();
    }

    @Test
    void shouldNeedResetForHeadOutOfTheTable() {
        driver.start(0);
        driver.add(0, 8);
        driver.kick(0);
        assertNeedsReset();
    }

    @ParameterizedTest
    @CsvSource({
        "0x10008, 0x12000, 0x14000",
        "0x10000, 0x12001, 0x14000",
        "0x10000, 0x12000, 0x14002",
        "0x1ffff0, 0x12000, 0x14000",
        "0x10000, 0x200000, 0x14000",
        "0x10000, 0x12000, 0x7fffffffffffffc0"
    })
    void shouldNeedResetForBadRingAddresses(String descriptors, String available, String used) {
        driver.set(20, 1, 0);
        driver.set(20, 1, 3);
        driver.accept(VirtioDriver.VERSION_1);
        driver.set(20, 1, 11);
        driver.set(32, 8, Long.decode(descriptors));
        driver.set(40, 8, Long.decode(available));
        driver.set(48, 8, Long.decode(used));
        driver.set(28, 2, 1);
        assertEquals(0, driver.get(28, 2), "not enabled");
        assertNeedsReset();
    }

    @Test
    void shouldTellReadyDriverThatItNeedsReset() {
        driver.enableMessages();
        driver.start(0);
        driver.set(16, 2, 0);
        long generation = driver.get(21, 1);
        driver.add(0, 100);
        driver.kick(0);
        assertEquals(List.of("fee00000:30"), driver.messages);
        assertNotEquals(generation, driver.get(21, 1));
    }

    @Test
    void shouldStopRingThatTheDeviceRefillsItself() {
        driver.close();
        // Its output is a run of available indexes: each request done makes the next one available.
        int[] index = {1};
        driver = new VirtioDriver(
                new EntropyDevice(bytes -> {
                    index[0]++;
                    bytes[0] = (byte) index[0];
                    bytes[1] = (byte) (index[0] >>> 8);
                }),
                Runnable::run);
        driver.start(0);
        driver.submit(0, new Buffer(driver.available(0) + 2, 2, true));
        assertEquals(64, driver.status() & 64);
        assertTrue(index[0] <= 100, "bounded work: " + index[0]);
    }

    @Test
    void shouldRunOneRequestAtATimeWhereExecutorIsSynchronous() {
        driver.close();
        ArrayDeque<Byte> input = new ArrayDeque<>();
        ConsoleDevice[] console = new ConsoleDevice[1];
        // An echo: output is input at once, while the output request is still in hand.
        console[0] = new ConsoleDevice(new ConsolePort() {
            @Override
            public void write(byte[] from, int offset, int length) {
                for (int i = 0; i < length; i++) {
                    input.add(from[offset + i]);
                }
                console[0].inputArrived();
            }

            @Override
            public int available() {
                return input.size();
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                int count = Math.min(length, input.size());
                for (int i = 0; i < count; i++) {
                    into[offset + i] = input.remove();
                }
                return count;
            }
        });
        driver = new VirtioDriver(console[0], Runnable::run);
        driver.start(0);
        driver.submit(0, new Buffer(DATA, 100, true));
        assertEquals(-1, driver.done(0), "no input yet");
        driver.put(0xA_0000, "hello");
        driver.submit(1, new Buffer(0xA_0000, 2, false), new Buffer(0xA_0002, 3, false));
        assertEquals(0, driver.done(1));
        assertEquals(5, driver.done(0));
        assertArrayEquals("hello".getBytes(), driver.bytes(DATA, 5));
    }

    @Test
    void shouldKeepInputUntilThereIsABuffer() {
        driver.close();
        int[] left = {10};
        ConsoleDevice console = new ConsoleDevice(new ConsolePort() {
            @Override
            public void write(byte[] from, int offset, int length) {}

            @Override
            public int available() {
                return left[0];
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                int count = Math.min(length, left[0]);
                left[0] -= count;
                return count;
            }
        });
        driver = new VirtioDriver(console, Runnable::run);
        driver.start(0);
        console.inputArrived();
        assertEquals(10, left[0]);
        driver.submit(0, new Buffer(DATA, 4, true));
        assertEquals(4, driver.done(0));
        assertEquals(6, left[0]);
    }
}
