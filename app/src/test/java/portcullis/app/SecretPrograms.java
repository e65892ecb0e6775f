package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.host.Limit;
import portcullis.host.Machine;
import portcullis.host.MachineBuilder;
import portcullis.host.NotReachedException;
import portcullis.host.Until;
import portcullis.host.Vp;
import portcullis.host.VpLevel;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;

/**
 * Random normal sides of the guest {@code secure}, each by its number: what it does, on how many processors, and how those interleave
 * follow from that. A run leaves all that level 0 can observe.
 */
final class SecretPrograms {
    private static final List<Schedule> SCHEDULES = List.of(
            Schedule.parse("random"),
            Schedule.parse("random:20-300"),
            Schedule.parse("pct:4"),
            Schedule.parse("pct:3"));
    private static final int DISK = 1 << 14;
    private static final Limit LONGEST = Limit.instructions(60_000_000);

    /** As it is in the guest's image. */
    static final String SECRET = "THE SECRET VALUE";

    /** With the same number of characters. */
    static final List<String> OTHERS =
            List.of("another secret!!", "\0".repeat(16), "\u00ff".repeat(16), "\u0001SECRET VALUE\u0080\u0000\u0007");

    private final Path folder;

    /** @param folder for images and disks */
    SecretPrograms(Path folder) {
        this.folder = folder;
    }

    /**
     * What level 0 could observe of a run.
     *
     * @param end how it ended
     * @param time guest time, in instructions
     * @param said everything that was sent to the serial port, a character a byte
     * @param processors registers of level 0 by VP, where it runs
     * @param memory a sum of all pages that level 0 may read, whatever lies over them
     * @param disk the same of the disk
     */
    record Observed(String end, long time, String said, List<String> processors, long memory, long disk) {
        private static final Pattern FIGURES =
                Pattern.compile("in the end .*, intercepts (\\d+), brought out (\\d+) of (\\d+)");

        /** Whether the program came to its own end. */
        boolean complete() {
            return said.contains("# random: in the end");
        }

        /** Memory intercepts and others; how often random code was brought out by the secure side; how often it ran. */
        long[] figures() {
            long[] sums = new long[3];
            for (MatchResult line : FIGURES.matcher(said).results().toList()) {
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += Long.parseLong(line.group(i + 1));
                }
            }
            return sums;
        }
    }

    /** How many processors the program runs on: 1 to 3. */
    static int cpus(int number) {
        return 1 + number % 3;
    }

    /** The guest, with another secret in the page that its secure side hides. */
    private Path with(String secret) throws IOException {
        String image = Files.readString(BundledGuest.path("secure"), StandardCharsets.ISO_8859_1);
        assertEquals(image.indexOf(SECRET), image.lastIndexOf(SECRET), "it is there once");
        assertFalse(image.indexOf(SECRET) < 0);
        // The guest is told its image's name: it must be the same one.
        return Files.writeString(folder.resolve("guest"), image.replace(SECRET, secret), StandardCharsets.ISO_8859_1);
    }

    /** @param more words for the guest in front of the program's */
    Observed run(int number, String secret, String... more) throws IOException {
        Path disk = folder.resolve("disk");
        byte[] content = new byte[DISK];
        Arrays.fill(content, (byte) number);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        List<String> words = new ArrayList<>(List.of(more));
        words.addAll(List.of("random", String.valueOf(number)));
        MachineBuilder builder = Machine.builder()
                .multiboot(with(secret), words.toArray(String[]::new))
                .cpus(cpus(number))
                .memory("16M")
                .hyperv("vsm")
                .virtualTime(number, SCHEDULES.get(number / 3 % SCHEDULES.size()))
                .history(0)
                .serial(said::write);
        boolean withDisk = number % 2 == 0;
        if (withDisk) {
            builder.disk(Files.write(disk, content));
        }
        try (Machine machine = builder.build()) {
            boolean endless = false;
            try {
                machine.run(Until.ended(), LONGEST);
            } catch (NotReachedException limit) {
                endless = true;
            }
            Optional<Outcome> outcome = machine.outcome();
            assertFalse(outcome.orElse(null) instanceof Outcome.HostError, outcome::toString);
            return new Observed(
                    endless && outcome.isEmpty() ? "endless" : outcome.toString(),
                    machine.time(),
                    said.toString(StandardCharsets.ISO_8859_1),
                    machine.vps().stream().map(SecretPrograms::registers).toList(),
                    memory(machine.partition().memory()),
                    withDisk ? sum(Files.readAllBytes(disk)) : 0);
        }
    }

    private static String registers(Vp vp) {
        VpLevel level = vp.level(0);
        if (vp.activeLevel() != 0) {
            // Level 1 is at work, in the registers that both share, when another processor ends the run.
            return "level " + vp.activeLevel();
        }
        StringBuilder text = new StringBuilder();
        for (Register register : Register.values()) {
            text.append(register)
                    .append('=')
                    .append(Long.toHexString(level.register(register)))
                    .append(' ');
        }
        for (SegmentRegister register : SegmentRegister.values()) {
            text.append(level.segment(register)).append(' ');
        }
        for (int i = 0; i < 16; i++) {
            text.append(Arrays.toString(level.vector(i))).append(' ');
        }
        return text.append(level.describe()).append(level.state()).toString();
    }

    /** Of pages that level 0 may read: what it finds there, and what lies below overlay pages. */
    private static long memory(GuestMemory memory) {
        MemoryView view = memory.view(0);
        CRC32C sum = new CRC32C();
        byte[] page = new byte[GuestMemory.PAGE_SIZE];
        for (GuestMemory.Segment segment : memory.segments()) {
            for (long at = segment.gpa();
                    at < Math.min(segment.gpa() + segment.size(), memory.limit());
                    at += page.length) {
                if ((view.protection(at) & Protection.READ) != 0 && view.readable(at, page.length)) {
                    view.read(at, page, 0, page.length);
                    sum.update(page);
                    memory.read(at, page, 0, page.length);
                    sum.update(page);
                }
            }
        }
        return sum.getValue();
    }

    private static long sum(byte[] content) {
        CRC32C sum = new CRC32C();
        sum.update(content);
        return sum.getValue();
    }
}
