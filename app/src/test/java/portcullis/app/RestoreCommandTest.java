package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.host.Machine;
import portcullis.host.Until;

/** {@code run --restore}: goes on, or says in one line why not and starts nothing. */
@Timeout(120)
class RestoreCommandTest {
    private static final Path GUESTS = Path.of(System.getProperty("portcullis.home"), "guests", "build");
    private static final int LAST_WORDS = 1;

    @TempDir
    private Path folder;

    private Path file;
    private Path disk;

    /** The demonstration guest on two processors, saved when it has said something. */
    @BeforeEach
    void saveMachine() throws IOException {
        BundledGuest.assumeBuilt();
        file = folder.resolve("machine.state");
        disk = Files.write(folder.resolve("disk.img"), new byte[1 << 16]);
        try (Machine machine = Machine.builder()
                .cpus(2)
                .memory("32M")
                .kernel(GUESTS.resolve("demo"))
                .disk(disk)
                .build()) {
            machine.run(Until.serial("Portcullis demonstration guest"));
            assertEquals(machine.save(file), Files.size(file));
        }
    }

    private record Run(int status, String said, String serial) {}

    private Run restore(String... options) throws IOException {
        Path serial = folder.resolve("serial");
        Files.deleteIfExists(serial);
        List<String> arguments =
                new ArrayList<>(List.of("run", "--restore", file.toString(), "--serial", "file:" + serial));
        arguments.addAll(List.of(options));
        StringWriter said = new StringWriter();
        int status = Main.execute(new PrintWriter(said, true), arguments.toArray(String[]::new));
        return new Run(status, said.toString(), Files.exists(serial) ? Files.readString(serial) : "");
    }

    private void refused(Run run, String why) {
        assertEquals(ExitStatus.BAD_INPUT, run.status, run.said);
        assertTrue(run.said.contains(why), run.said);
        assertEquals(1, run.said.strip().lines().count(), run.said);
        assertEquals("", run.serial, "nothing was started");
    }

    @Test
    void shouldGoOnToTheEnd() throws IOException {
        Run run = restore();
        assertEquals(LAST_WORDS, run.status, run.said);
        assertTrue(run.serial.endsWith("All of it is right.\n"), run.serial);
        assertFalse(run.serial.contains("Portcullis demonstration guest"), "what was said before is not said again");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--cpus 2", "--memory 32M", "--time host", "--hyperv off", "--cpu-vendor intel"})
    void shouldTakeWhatTheFileSaysAnyhow(String option) throws IOException {
        assertEquals(LAST_WORDS, restore(option.split(" ")).status);
    }

    @ParameterizedTest
    @CsvSource({
        "--cpus 3, 'processors: 2 there, 3 here'",
        "--memory 64M, 'memory: 32768 KiB there, 65536 KiB here'",
        "--time virtual, 'time: host there, virtual'",
        "--hyperv on, 'hyperv: off there, on'",
        "--cpu-vendor amd, 'cpu vendor: intel there, amd here'",
        "--cpu-features -avx2, 'cpu features: avx2'",
        "--console virtio, 'console: serial there, virtio here'",
        "--kernel pom.xml, leave --kernel out",
        "--append x, leave --append out",
    })
    void shouldRefuseAnotherMachine(String option, String why) throws IOException {
        refused(restore(option.split(" ")), why);
    }

    @Test
    void shouldRefuseDamagedFiles() throws IOException {
        byte[] good = Files.readAllBytes(file);
        for (int at : new int[] {12, 100, good.length / 2, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            Files.write(file, bad);
            refused(restore(), "is damaged");
            Files.write(file, Arrays.copyOf(good, at));
            refused(restore(), at < 12 ? "is no saved machine" : "is damaged");
        }
        Files.writeString(file, "something else altogether");
        refused(restore(), "is no saved machine");
        Files.delete(file);
        refused(restore(), "does not exist");
    }

    @Test
    void shouldRefuseADiskThatHasGoneOn() throws IOException {
        Files.setLastModifiedTime(
                disk, FileTime.fromMillis(Files.getLastModifiedTime(disk).toMillis() + 5000));
        refused(restore(), disk + " was written to after");
        assertEquals(LAST_WORDS, restore("--disk", disk.toString()).status);
        Files.delete(disk);
        refused(restore(), "cannot be read; name it with --disk");
    }

    @Test
    void shouldTakeADiskThatHasMoved() throws IOException {
        Path moved = Files.move(disk, folder.resolve("moved.img"));
        assertEquals(LAST_WORDS, restore("--disk", moved.toString()).status);
        Files.write(moved, new byte[1 << 17]);
        refused(restore("--disk", moved.toString()), "disks: 65536 bytes there, 131072 bytes here");
        refused(restore("--disk", moved + ",ro"), "disks: ");
    }
}
