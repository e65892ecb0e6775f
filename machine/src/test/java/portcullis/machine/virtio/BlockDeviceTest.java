package portcullis.machine.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.virtio.VirtioDriver.Buffer;

class BlockDeviceTest {
    private static final int SECTORS = 64;
    private static final long FLUSH = 1 << 9;
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int DO_FLUSH = 4;
    private static final int GET_ID = 8;
    private static final int WRITE_ZEROES = 13;

    private static final long HEADER = 0x8_0000;
    private static final long STATUS = 0x8_0100;
    private static final long DATA = 0x9_0000;

    @TempDir
    private Path folder;

    private final List<String> trouble = new ArrayList<>();
    private final List<String> order = new ArrayList<>();
    private Path file;
    private DiskImage image;
    private VirtioDriver driver;
    private BlockDevice device;

    /** Writes down what is asked of it, and fails when told to. */
    private final class WatchedImage implements DiskImage {
        private final DiskImage real;
        private IOException failure;

        WatchedImage(DiskImage real) {
            this.real = real;
        }

        @Override
        public long size() {
            return real.size();
        }

        @Override
        public boolean readOnly() {
            return real.readOnly();
        }

        @Override
        public void read(long at, byte[] into, int offset, int length) throws IOException {
            real.read(at, into, offset, length);
        }

        @Override
        public void write(long at, byte[] from, int offset, int length) throws IOException {
            if (failure != null) {
                throw failure;
            }
            order.add("write " + at / 512);
            real.write(at, from, offset, length);
        }

        @Override
        public void flush() throws IOException {
            order.add("flush");
            real.flush();
        }

        @Override
        public void close() throws IOException {
            real.close();
        }
    }

    private WatchedImage open(boolean readOnly) throws IOException {
        file = folder.resolve("disk.img");
        byte[] content = new byte[SECTORS * 512];
        new Random(1).nextBytes(content);
        Files.write(file, content);
        WatchedImage watched = new WatchedImage(FileDiskImage.open(file, readOnly));
        image = watched;
        device = new BlockDevice(image, "serial-1", trouble::add);
        driver = new VirtioDriver(device, Runnable::run);
        return watched;
    }

    @AfterEach
    void close() throws IOException {
        if (driver != null) {
            driver.close();
            image.close();
        }
    }

    private void header(int type, long sector) {
        driver.memory.putInt(HEADER, type);
        driver.memory.putInt(HEADER + 4, 0);
        driver.memory.putLong(HEADER + 8, sector);
        driver.memory.putByte(STATUS, (byte) 0x55);
    }

    private int request(int type, long sector, Buffer... data) {
        header(type, sector);
        List<Buffer> buffers = new ArrayList<>();
        buffers.add(new Buffer(HEADER, 16, false));
        buffers.addAll(Arrays.asList(data));
        buffers.add(new Buffer(STATUS, 1, true));
        driver.submit(0, buffers.toArray(Buffer[]::new));
        assertNotEquals(-1, driver.done(0), "the request was given back");
        return driver.memory.getByte(STATUS);
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                VirtioDriver.INDIRECT,
                VirtioDriver.EVENT_INDEX,
                VirtioDriver.INDIRECT | VirtioDriver.EVENT_INDEX
            })
    void shouldReadWhatIsThereAndWhatWasWritten(long features) throws IOException {
        open(false);
        driver.start(features | FLUSH);
        byte[] before = Files.readAllBytes(file);
        assertEquals(0, request(IN, 3, new Buffer(DATA, 512, true), new Buffer(DATA + 0x1000, 1536, true)));
        assertArrayEquals(Arrays.copyOfRange(before, 3 * 512, 4 * 512), driver.bytes(DATA, 512));
        assertArrayEquals(Arrays.copyOfRange(before, 4 * 512, 7 * 512), driver.bytes(DATA + 0x1000, 1536));

        driver.put(DATA, "gate".repeat(256));
        assertEquals(0, request(OUT, 60, new Buffer(DATA, 100, false), new Buffer(DATA + 100, 924, false)));
        byte[] after = Files.readAllBytes(file);
        assertArrayEquals(driver.bytes(DATA, 1024), Arrays.copyOfRange(after, 60 * 512, 62 * 512));
        assertArrayEquals(Arrays.copyOf(before, 60 * 512), Arrays.copyOf(after, 60 * 512));
        assertEquals(before.length, after.length);
    }

    @Test
    void shouldServeManyRequestsInOrderOnItsOwnThread() throws Exception {
        open(false).close();
        driver.close();
        image = new WatchedImage(FileDiskImage.open(file, false));
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            driver = new VirtioDriver(new BlockDevice(image, "", trouble::add), thread);
            driver.start(FLUSH);
            for (int i = 0; i < 1000; i++) {
                header(OUT, i % SECTORS);
                driver.submit(
                        0, new Buffer(HEADER, 16, false), new Buffer(DATA, 512, false), new Buffer(STATUS, 1, true));
                thread.submit(() -> {}).get(30, TimeUnit.SECONDS);
                assertEquals(1, driver.done(0));
                assertEquals(0, driver.memory.getByte(STATUS));
            }
        }
        assertEquals(1000, order.size());
        assertEquals("write 39", order.get(999));
    }

    @Test
    void shouldFlushAfterTheWritesBeforeIt() throws IOException {
        open(false);
        driver.start(FLUSH);
        request(OUT, 1, new Buffer(DATA, 512, false));
        request(OUT, 2, new Buffer(DATA, 512, false));
        assertEquals(0, request(DO_FLUSH, 0));
        assertEquals(List.of("write 1", "write 2", "flush"), order);
    }

    @Test
    void shouldWriteThroughWhereDriverDoesNotFlush() throws IOException {
        open(false);
        driver.start(0);
        request(OUT, 1, new Buffer(DATA, 512, false));
        assertEquals(List.of("write 1", "flush"), order);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 64, 512, 1", "0, 63, 1024, 1", "0, -1, 512, 1", "0, 0x7fffffffffffff, 512, 1", "0, 0, 511, 1",
        "1, 64, 512, 1", "1, 63, 1024, 1", "1, 0, 100, 1", "99, 0, 512, 2", "11, 0, 512, 2"
    })
    void shouldAnswerBadRequestsWithStatus(int type, String sector, int length, int expected) throws IOException {
        open(false);
        driver.start(FLUSH);
        byte[] before = Files.readAllBytes(file);
        assertEquals(expected, request(type, Long.decode(sector), new Buffer(DATA, length, type == IN)));
        assertArrayEquals(before, Files.readAllBytes(file));
        assertEquals(List.of(), trouble, "the guest's fault is not the host's trouble");
        assertEquals(15, driver.status());
    }

    @Test
    void shouldTellItsId() throws IOException {
        open(false);
        driver.start(0);
        assertEquals(0, request(GET_ID, 0, new Buffer(DATA, 20, true)));
        assertArrayEquals(Arrays.copyOf("serial-1".getBytes(), 20), driver.bytes(DATA, 20));
    }

    @Test
    void shouldWriteZeroes() throws IOException {
        open(false);
        driver.start(FLUSH);
        driver.memory.putLong(DATA, 5);
        driver.memory.putInt(DATA + 8, 2);
        driver.memory.putInt(DATA + 12, 1);
        byte[] before = Files.readAllBytes(file);
        assertEquals(0, request(WRITE_ZEROES, 0, new Buffer(DATA, 16, false)));
        Arrays.fill(before, 5 * 512, 7 * 512, (byte) 0);
        assertArrayEquals(before, Files.readAllBytes(file));
        driver.memory.putInt(DATA + 8, -1);
        assertEquals(1, request(WRITE_ZEROES, 0, new Buffer(DATA, 16, false)));
        driver.memory.putInt(DATA + 12, 2);
        assertEquals(2, request(WRITE_ZEROES, 0, new Buffer(DATA, 16, false)));
    }

    @Test
    void shouldRefuseWritesToReadOnlyImage() throws IOException {
        open(true);
        assertEquals(1 << 5, driver.offered() & 1 << 5);
        assertEquals(0, driver.offered() & 1 << 14);
        driver.start(FLUSH | 1 << 5);
        byte[] before = Files.readAllBytes(file);
        assertEquals(1, request(OUT, 0, new Buffer(DATA, 512, false)));
        assertEquals(0, request(IN, 0, new Buffer(DATA, 512, true)));
        assertEquals(0, request(DO_FLUSH, 0));
        assertArrayEquals(before, Files.readAllBytes(file));
    }

    @Test
    void shouldReportImageThatShrinksAndGoOn() throws IOException {
        open(false);
        driver.start(FLUSH);
        try (RandomAccessFile other = new RandomAccessFile(file.toFile(), "rw")) {
            other.setLength(10 * 512 + 100);
        }
        assertEquals(1, request(IN, 10, new Buffer(DATA, 512, true)));
        assertEquals(1, request(OUT, 20, new Buffer(DATA, 512, false)));
        assertEquals(1, request(OUT, 10, new Buffer(DATA, 512, false)));
        assertEquals(10 * 512 + 100, Files.size(file), "it must not grow again by itself");
        assertEquals(0, request(IN, 9, new Buffer(DATA, 512, true)));
        assertEquals(1, trouble.size(), trouble.toString());
        assertTrue(trouble.getFirst().contains("has shrunk from 32768 to 5220"), trouble.getFirst());
        assertTrue(device.failed());
    }

    @Test
    void shouldReportFullDiskAndGoOn() throws IOException {
        WatchedImage watched = open(false);
        driver.start(FLUSH);
        watched.failure = new IOException("No space left on device");
        assertEquals(1, request(OUT, 1, new Buffer(DATA, 512, false)));
        assertEquals(1, request(OUT, 1, new Buffer(DATA, 512, false)));
        assertEquals(List.of("No space left on device"), trouble);
        watched.failure = null;
        assertEquals(0, request(OUT, 1, new Buffer(DATA, 512, false)));
    }

    @Test
    void shouldShowCapacityAndLimits() throws IOException {
        open(false);
        assertEquals(SECTORS, driver.bus.read(driver.deviceConfig, 8));
        assertEquals(254, driver.bus.read(driver.deviceConfig + 12, 4));
        assertEquals(512, driver.bus.read(driver.deviceConfig + 20, 4));
    }

    @Test
    void shouldNeedResetForRequestWithoutHeaderOrStatus() throws IOException {
        open(false);
        driver.start(FLUSH);
        driver.submit(0, new Buffer(HEADER, 15, false), new Buffer(STATUS, 1, true));
        assertEquals(15 | 64, driver.status());
        driver.start(FLUSH);
        driver.submit(0, new Buffer(HEADER, 16, false));
        assertEquals(15 | 64, driver.status());
        driver.start(FLUSH);
        assertEquals(0, request(IN, 0, new Buffer(DATA, 512, true)));
    }

    @Test
    void shouldRefuseImagesThatCannotBeDisks() throws IOException {
        Path odd = Files.write(folder.resolve("odd.img"), new byte[700]);
        Path empty = Files.write(folder.resolve("empty.img"), new byte[0]);
        List<Path> unusable = new ArrayList<>(List.of(odd, empty, folder, folder.resolve("missing.img")));
        if (Files.exists(Path.of("/dev/zero"))) {
            unusable.add(Path.of("/dev/zero"));
        }
        for (Path path : unusable) {
            IOException refused = assertThrows(IOException.class, () -> FileDiskImage.open(path, true));
            assertTrue(refused.getMessage().startsWith("disk image " + path), refused.getMessage());
            assertEquals(1, refused.getMessage().lines().count());
        }
    }

    @Test
    void shouldLockImageAgainstSecondWriter() throws IOException {
        open(false);
        IOException refused = assertThrows(IOException.class, () -> FileDiskImage.open(file, false));
        assertTrue(refused.getMessage().contains("in use"), refused.getMessage());
    }
}
