package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.machine.pci.PciSetup;
import portcullis.machine.virtio.VirtioDriver.Buffer;

/** Random rings and registers: whatever a guest does, no exception comes out, work is bounded, and a reset makes it whole. */
class HostileDriverTest {
    private static final int ROUNDS = 1500;
    private static final long DATA = 0x9_0000;

    private static final class MemoryImage implements DiskImage {
        private final byte[] content = new byte[64 * 512];

        @Override
        public long size() {
            return content.length;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long at, byte[] into, int offset, int length) {
            System.arraycopy(content, (int) at, into, offset, length);
        }

        @Override
        public void write(long at, byte[] from, int offset, int length) {
            System.arraycopy(from, offset, content, (int) at, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private static final class EchoPort implements ConsolePort {
        private final ArrayDeque<Byte> queue = new ArrayDeque<>();

        @Override
        public void write(byte[] from, int offset, int length) {
            for (int i = 0; i < length && queue.size() < 10_000; i++) {
                queue.add(from[offset + i]);
            }
        }

        @Override
        public int available() {
            return queue.size();
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            int count = Math.min(length, queue.size());
            for (int i = 0; i < count; i++) {
                into[offset + i] = queue.remove();
            }
            return count;
        }
    }

    static Stream<VirtioDevice> devices() {
        return Stream.of(
                new BlockDevice(new MemoryImage(), "fuzz", line -> {}),
                new ConsoleDevice(new EchoPort()),
                new EntropyDevice(EntropySource.seeded(3)));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void shouldSurviveRandomRings(VirtioDevice device) {
        try (VirtioDriver driver = new VirtioDriver(device, Runnable::run)) {
            Random random = new Random(42);
            int served = 0;
            int broken = 0;
            for (int round = 0; round < ROUNDS; round++) {
                driver.start(random.nextInt(4) * VirtioDriver.INDIRECT);
                int queue = random.nextInt((int) driver.get(18, 2));
                requests(driver, random, driver.ring(queue));
                // A header that makes some of them real requests.
                driver.memory.putLong(DATA + 0x1000, random.nextInt(14));
                driver.memory.putLong(DATA + 0x1008, random.nextInt(70));
                for (int i = random.nextInt(4); i >= 0; i--) {
                    driver.add(queue, random.nextInt(20) == 0 ? random.nextInt(0x10000) : 4 * random.nextInt(2));
                }
                if (random.nextInt(20) == 0) {
                    driver.memory.putShort(driver.available(queue) + 2, (short) random.nextInt());
                }
                driver.kick(queue);
                driver.kick(0);
                served += driver.done(queue) >= 0 ? 1 : 0;
                broken += (driver.status() & 64) != 0 ? 1 : 0;
            }
            assertTrue(served > 50 && broken > 50, "both sides were tried: " + served + ", " + broken);
            assertWorks(driver, device);
        }
    }

    /** Two chains of four descriptors that look like requests, and as often as not something wrong in one of them. */
    private static void requests(VirtioDriver driver, Random random, long table) {
        for (int first = 0; first < 8; first += 4) {
            int readable = random.nextInt(3);
            int count = Math.max(1, readable + random.nextInt(3));
            for (int i = 0; i < count; i++) {
                int flags = (i < readable ? 0 : 2) | (i + 1 < count ? 1 : 0);
                long length = i == 0 && readable > 0 ? 16 : random.nextInt(2) * 511 + 1;
                driver.descriptor(table, first + i, DATA + 0x1000 * (i + 1), length, flags, first + i + 1);
            }
        }
        if (random.nextBoolean()) {
            long odd = table + 16 * random.nextInt(8);
            switch (random.nextInt(6)) {
                case 0 -> driver.memory.putLong(odd, random.nextLong());
                case 1 -> driver.memory.putLong(odd, VirtioDriver.RAM - random.nextInt(64));
                case 2 -> driver.memory.putLong(odd, table + random.nextInt(0x8000));
                case 3 -> driver.memory.putInt(odd + 8, random.nextInt() >>> random.nextInt(32));
                case 4 -> driver.memory.putShort(odd + 12, (short) random.nextInt(8));
                default -> driver.memory.putShort(odd + 14, (short) random.nextInt(10));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void shouldSurviveRandomRegisterAccesses(VirtioDevice device) {
        try (VirtioDriver driver = new VirtioDriver(device, Runnable::run)) {
            Random random = new Random(43);
            long[] places = {
                driver.common, driver.common + 0x1000, driver.common + 0x2000, driver.notify, driver.msixTable
            };
            for (int i = 0; i < 60_000; i++) {
                long gpa = places[Math.min(random.nextInt(12), 4) % 5] + random.nextInt(64);
                if (random.nextInt(3) > 0) {
                    gpa = driver.common + 4L * random.nextInt(16) + 2 * random.nextInt(2);
                }
                int size = 1 << random.nextInt(4);
                long value =
                        random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(0x20) * 0x1000L + random.nextInt(2);
                switch (random.nextInt(8)) {
                    case 0 -> driver.bus.read(gpa, size);
                    case 1 -> driver.set(20, 1, random.nextInt(256));
                    case 2 -> driver.setConfig(0x40 + random.nextInt(192) & -4, 4, random.nextInt());
                    case 3 -> driver.setConfig(4, 2, 2 | random.nextInt(0x10000));
                    default -> driver.bus.write(gpa, size, value);
                }
            }
            driver.host.reset();
            PciSetup.assign(driver.host);
            driver.setConfig(4, 2, 6);
            assertWorks(driver, device);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void shouldNeitherBreakNorLockUpUnderSeveralProcessors(VirtioDevice device) throws Exception {
        try (ExecutorService worker = Executors.newSingleThreadExecutor();
                ExecutorService processors = Executors.newFixedThreadPool(3);
                VirtioDriver driver = new VirtioDriver(device, worker)) {
            driver.start(0);
            List<Future<?>> running = new ArrayList<>();
            for (int seed = 0; seed < 3; seed++) {
                Random random = new Random(seed);
                running.add(processors.submit(() -> {
                    for (int i = 0; i < 3000; i++) {
                        switch (random.nextInt(8)) {
                            case 0 -> driver.set(20, 1, random.nextInt(4) * 5);
                            case 1 -> driver.setConfig(driver.msixControl, 2, random.nextInt(4) << 14);
                            case 2 -> driver.setConfig(4, 2, random.nextInt(8));
                            case 3 -> driver.bus.read(driver.isr, 1);
                            case 4 -> driver.bus.write(driver.notify, 2, 0);
                            case 5 -> driver.bus.write(driver.msixTable + random.nextInt(32), 4, random.nextInt());
                            case 6 -> restart(driver);
                            default -> driver.submit(0, new Buffer(DATA, 16, false), new Buffer(DATA + 16, 600, true));
                        }
                    }
                }));
            }
            for (Future<?> processor : running) {
                processor.get(60, TimeUnit.SECONDS);
            }
            driver.host.reset();
            PciSetup.assign(driver.host);
            driver.setConfig(4, 2, 6);
            worker.submit(() -> {}).get(60, TimeUnit.SECONDS);
            driver.start(0);
            submitSomething(driver, device);
            worker.submit(() -> {}).get(60, TimeUnit.SECONDS);
            assertTrue(driver.done(device instanceof ConsoleDevice ? 1 : 0) >= 0);
        }
    }

    /** As {@link VirtioDriver#start}, while others do the same: what comes of it does not matter. */
    private static void restart(VirtioDriver driver) {
        driver.set(20, 1, 0);
        driver.set(20, 1, 3);
        driver.accept(VirtioDriver.VERSION_1);
        driver.set(20, 1, 11);
        driver.enable(0);
        driver.set(20, 1, 15);
    }

    private static void assertWorks(VirtioDriver driver, VirtioDevice device) {
        driver.start(0);
        submitSomething(driver, device);
        assertTrue(driver.done(device instanceof ConsoleDevice ? 1 : 0) >= 0);
        assertEquals(15, driver.status());
    }

    private static void submitSomething(VirtioDriver driver, VirtioDevice device) {
        switch (device) {
            case EntropyDevice entropy -> driver.submit(0, new Buffer(DATA, 16, true));
            case ConsoleDevice console -> driver.submit(1, new Buffer(DATA, 16, false));
            default -> {
                driver.memory.putInt(DATA, 8);
                driver.submit(0, new Buffer(DATA, 16, false), new Buffer(DATA + 16, 21, true));
            }
        }
    }
}
