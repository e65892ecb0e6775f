package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntPredicate;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.DiskFile;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.SavedConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.machine.loader.LoadProgress;
import portcullis.memory.GuestMemory;
import portcullis.soft.model.CpuModel;

/** Nothing is forgotten: a machine that was saved and restored does what it would have done without, to the byte. */
@Timeout(120)
class SavedMachineTest {
    private static final Path GUESTS = Path.of(System.getProperty("portcullis.home"), "guests", "build");
    private static final EngineFactory ENGINES = new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available());
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    /** What a run leaves: the trace, what the guest said, and what memory holds. */
    private static final class Record {
        private final List<String> trace = new ArrayList<>();
        private final StringBuilder said = new StringBuilder();
        private String end;
        private long memory;
    }

    /** One process's part of a run, into the record of all of them. */
    private static final class Part {
        private final Record record;
        private final int lastLine;
        private final IntPredicate stopAtByte;
        private final CountDownLatch stopped = new CountDownLatch(1);
        private volatile Pc pc;
        private volatile boolean over;

        /**
         * @param lastLine of the trace: the machine stops behind it
         * @param stopAtByte whether it stops in the middle of a slice, where the guest has said its n-th byte
         */
        Part(Record record, int lastLine, IntPredicate stopAtByte) {
            this.record = record;
            this.lastLine = lastLine;
            this.stopAtByte = stopAtByte;
        }

        HostAttachments host() {
            return new HostAttachments(
                    this::serial, value -> {}, value -> {}, LoadProgress.NONE, trouble -> {}, false, this::line);
        }

        private void line(String line) {
            if (over) {
                // The end of a slice that the machine's end has cut off.
                return;
            }
            record.trace.add(line);
            if (record.trace.size() == lastLine) {
                stop();
            }
        }

        private void serial(int value) {
            record.said.append((char) value);
            if (stopAtByte.test(record.said.length())) {
                stop();
            }
        }

        private void stop() {
            pc.partition().pauseSoon();
            stopped.countDown();
        }

        /** Until it stops, or the run ends. @return whether it may go on */
        boolean await(Pc machine) throws InterruptedException {
            for (int waited = 0; waited < LIMIT_SECONDS * 100; waited++) {
                if (stopped.await(10, TimeUnit.MILLISECONDS)) {
                    machine.pause();
                    over = true;
                    return true;
                }
                try {
                    record.end = String.valueOf(machine.partition().awaitEnd(1, TimeUnit.MILLISECONDS));
                    return false;
                } catch (TimeoutException running) {
                    continue;
                }
            }
            throw new AssertionError("the guest does not get anywhere");
        }
    }

    private MachineConfig config(
            String guest, int cpus, String append, Path disk, TimeSource time, HypervConfig hyperv) {
        BootFiles boot = new BootFiles(GUESTS.resolve(guest), KernelLoader.Format.AUTO, List.of(), append);
        List<DiskFile> disks = disk == null ? List.of() : List.of(new DiskFile(disk, false));
        return new MachineConfig(cpus, 32L << 20, boot, disks, time, ConsoleKind.SERIAL, hyperv);
    }

    private static void finish(Pc pc, Record record) {
        GuestMemory memory = pc.partition().memory();
        CRC32C crc = new CRC32C();
        byte[] page = new byte[GuestMemory.PAGE_SIZE];
        for (GuestMemory.Segment segment : memory.segments()) {
            for (long gpa = segment.gpa(); gpa < segment.gpa() + segment.size(); gpa += page.length) {
                memory.read(gpa, page, 0, page.length);
                crc.update(page);
            }
        }
        record.memory = crc.getValue();
    }

    private Record uninterrupted(MachineConfig config, int lines) throws LoadException, InterruptedException {
        Record record = new Record();
        Part part = new Part(record, lines, n -> false);
        try (Pc pc = new Pc(config, ENGINES, part.host())) {
            part.pc = pc;
            pc.start();
            part.await(pc);
            finish(pc, record);
        }
        return record;
    }

    /** The same run in two machines: the second has the first one's state from a file. */
    private Record interrupted(MachineConfig config, int lines, int at, IntPredicate atByte)
            throws IOException, LoadException, InterruptedException {
        Record record = new Record();
        Path file = folder.resolve("state");
        Part first = new Part(record, at, atByte);
        try (Pc pc = new Pc(config, ENGINES, first.host())) {
            first.pc = pc;
            pc.start();
            if (!first.await(pc)) {
                finish(pc, record);
                return record;
            }
            pc.save(file);
        }
        Part second = new Part(record, lines, n -> false);
        try (SavedMachine saved = SavedMachine.open(file);
                Pc pc = Pc.restore(saved, SavedConfig.of(saved), ENGINES, second.host())) {
            second.pc = pc;
            pc.resume();
            second.await(pc);
            finish(pc, record);
        }
        return record;
    }

    private static void same(Record expected, Record got, String where) {
        int lines = Math.min(expected.trace.size(), got.trace.size());
        for (int i = 0; i < lines; i++) {
            assertEquals(expected.trace.get(i), got.trace.get(i), where + ", line " + i);
        }
        assertEquals(expected.trace.size(), got.trace.size(), where);
        assertEquals(expected.said.toString(), got.said.toString(), where);
        assertEquals(expected.end, got.end, where);
        assertEquals(expected.memory, got.memory, where);
    }

    @ParameterizedTest
    @CsvSource({"demo, 4, 7, 3000", "hello, 1, 1, 5000", "sse, 1, 3, 500"})
    void shouldGoOnWhereItWasSaved(String guest, int cpus, long seed, int lines)
            throws IOException, LoadException, InterruptedException {
        goOn(config(guest, cpus, "", null, new TimeSource.Virtual(seed), HypervConfig.OFF), lines, 3);
    }

    /** With hypercalls, SynIC messages and timers under way, and by other interleavings with the host's inhibits. */
    @ParameterizedTest
    @CsvSource({"hypercall, '', 2000", "hypercall, '', 6000", "flushstorm, 30, 4000"})
    void shouldGoOnInTheMiddleOfTheHypervisorsInterface(String guest, String append, int lines)
            throws IOException, LoadException, InterruptedException {
        TimeSource time = new TimeSource.Virtual(5, Schedule.parse("pct:3"), TimeSource.Virtual.NO_LIMIT, 200_000);
        goOn(config(guest, 3, append, null, time, HypervConfig.ON), lines, 6);
    }

    /** In the middle of trust levels: intercepts and their messages pending, locks held, processors suspended by them. */
    @ParameterizedTest
    @CsvSource({
        "vsm, busy lock interrupt, 5",
        "vsm=2, third, 7",
        "vsm, mbec, 3",
        "vsm=2, register third third-register, 7",
        "vsm, startup, 5",
        "vsm=2, third-startup, 5",
        "vsm, caller, 9",
        "vsm, wake, 9"
    })
    void shouldGoOnInAnyTrustLevel(String hyperv, String groups, int points)
            throws IOException, LoadException, InterruptedException {
        TimeSource time = new TimeSource.Virtual(11, Schedule.parse("pct:3"), TimeSource.Virtual.NO_LIMIT, 0);
        MachineConfig config = config("secure", 2, groups, null, time, HypervOptions.parse(hyperv));
        Record expected = goOn(config, Integer.MAX_VALUE, points);
        assertTrue(expected.said.toString().contains(" hold, 0 fail, "), expected.said::toString);
    }

    /** @return what each of the runs did */
    private Record goOn(MachineConfig config, int lines, int points)
            throws IOException, LoadException, InterruptedException {
        Record expected = uninterrupted(config, lines);
        int all = expected.trace.size();
        for (int at = 1; at < all; at += all / points + 1) {
            same(expected, interrupted(config, lines, at, n -> false), "saved at line " + at);
        }
        // In the middle of a slice, and of an instruction that has its answer.
        int bytes = expected.said.length();
        for (int at = 1; at < bytes; at += bytes / 3 + 1) {
            int nth = at;
            same(expected, interrupted(config, lines, lines, n -> n == nth), "saved at byte " + at);
        }
        return expected;
    }

    /** A guest that plays with every device at random, and with a disk that it writes to. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldForgetNothingOfAnyDevice(int seed) throws IOException, LoadException, InterruptedException {
        int lines = 2000;
        Path disk = folder.resolve("disk");
        Files.write(disk, new byte[1 << 16]);
        MachineConfig config =
                config("fuzz", 2, String.valueOf(seed), disk, new TimeSource.Virtual(seed), HypervConfig.ON);
        Record expected = uninterrupted(config, lines);
        assertFalse(String.valueOf(expected.end).contains(Outcome.HostError.class.getSimpleName()), expected.end);
        int all = expected.trace.size();
        for (int at = 1; at < all; at += all / 7 + 1) {
            Files.write(disk, new byte[1 << 16]);
            same(expected, interrupted(config, lines, at, n -> false), "seed " + seed + " saved at line " + at);
        }
    }
}
