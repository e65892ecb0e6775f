package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.Outcome;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.DiskFile;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.soft.model.CpuModel;

/** A guest that plays with every device of the whole machine at random: it may come to any end, but never to a fault of ours. */
class RandomGuestTest {
    private static final Path GUEST = Path.of(System.getProperty("portcullis.home"), "guests", "build", "fuzz");
    private static final long SECONDS = 20;

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestIsBuilt() {
        boolean built = Files.exists(GUEST);
        assertTrue(built || !"true".equals(System.getenv("CI")), "run guests/make.sh first");
        assumeTrue(built, "guests/make.sh has not been run");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void shouldSurviveByVirtualTime(int seed) throws IOException, LoadException, InterruptedException {
        survive(seed, new TimeSource.Virtual(seed));
    }

    @Test
    void shouldSurviveByTheHostsTime() throws IOException, LoadException, InterruptedException {
        survive(7, new TimeSource.Host());
    }

    private void survive(int seed, TimeSource time) throws IOException, LoadException, InterruptedException {
        Path disk = Files.write(folder.resolve("disk"), new byte[1 << 16]);
        BootFiles boot = new BootFiles(GUEST, KernelLoader.Format.AUTO, List.of(), String.valueOf(seed));
        MachineConfig config = new MachineConfig(2, 32L << 20, boot, List.of(new DiskFile(disk, false)), time);
        SoftEngines engines = new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available());
        try (Pc pc = new Pc(config, engines, HostAttachments.serialOnly(value -> {}))) {
            pc.start();
            Outcome outcome = pc.partition().awaitEnd(SECONDS, TimeUnit.SECONDS);
            assertFalse(outcome instanceof Outcome.HostError, outcome.toString());
        } catch (TimeoutException wild) {
            // It made an endless loop of itself, which is its right; closing has just stopped it.
            return;
        }
    }
}
