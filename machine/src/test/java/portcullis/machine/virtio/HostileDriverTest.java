package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayDeque;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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
            for (int round = 0; round < ROUNDS; round++) {
                driver.start(random.nextInt(4) * VirtioDriver.INDIRECT);
                int queue = random.nextInt((int) driver.get(18, 2));
                for (int i = 0; i < 24; i++) {
                    descriptor(driver, random, random.nextInt(8) == 0 ? DATA : driver.ring(queue), i);
                }
                // A header that makes some of them real requests.
                driver.memory.putLong(DATA + 0x1000, random.nextInt(14));
                driver.memory.putLong(DATA + 0x1008, random.nextInt(70));
                for (int i = random.nextInt(6); i >= 0; i--) {
                    driver.add(queue, random.nextInt(random.nextInt(10) == 0 ? 0x10000 : 8));
                }
                if (random.nextInt(10) == 0) {
                    driver.memory.putShort(driver.available(queue) + 2, (short) random.nextInt());
                }
                driver.kick(queue);
                driver.kick(0);
            }
            assertWorks(driver, device);
        }
    }

    private static void descriptor(VirtioDriver driver, Random random, long table, int index) {
        long gpa = switch (random.nextInt(12)) {
            case 0 -> random.nextLong();
            case 1 -> VirtioDriver.RAM - random.nextInt(64);
            case 2 -> driver.ring(0) + random.nextInt(0x8000);
            case 3, 4, 5 -> DATA + 0x1000;
            default -> DATA + random.nextInt(0x4000);
        };
        long length = switch (random.nextInt(10)) {
            case 0 -> random.nextInt();
            case 1 -> 0;
            case 2, 3 -> 16L * (1 + random.nextInt(8));
            case 4 -> 512;
            default -> 1 + random.nextInt(2048);
        };
        driver.descriptor(table, index, gpa, length, random.nextInt(8), random.nextInt(26));
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
                    case 2 -> driver.setConfig(random.nextInt(256) & -4, 4, random.nextInt());
                    default -> driver.bus.write(gpa, size, value);
                }
            }
            driver.host.reset();
            portcullis.machine.pci.PciSetup.assign(driver.host);
            driver.setConfig(4, 2, 6);
            assertWorks(driver, device);
        }
    }

    private static void assertWorks(VirtioDriver driver, VirtioDevice device) {
        driver.start(0);
        if (device instanceof EntropyDevice) {
            driver.submit(0, new Buffer(DATA, 16, true));
            assertEquals(16, driver.done(0));
        } else if (device instanceof ConsoleDevice) {
            driver.submit(1, new Buffer(DATA, 16, false));
            assertEquals(0, driver.done(1));
        } else {
            driver.memory.putInt(DATA, 8);
            driver.submit(0, new Buffer(DATA, 16, false), new Buffer(DATA + 16, 21, true));
            assertEquals(21, driver.done(0));
        }
    }
}
