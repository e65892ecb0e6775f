package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.memory.Protection;
import portcullis.soft.model.CpuModel;

/** What a trust level that is enabled costs in memory: less than 2 MiB on a processor, and a byte for each page that is protected. */
class TrustLevelMemoryTest {
    private static final long MIB = 1L << 20;
    private static final long RAM = 1L << 30;
    private static final long PAGE = 4096;
    private static final Path STATUS = Path.of("/proc/self/statm");

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
        assumeTrue(Files.exists(STATUS), "the host does not say what memory is resident");
    }

    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** Outside the heap: bytes of this process's mappings that are made for protections. */
    private static long residentOutsideHeap(Runnable action) throws IOException {
        heap();
        long before = resident();
        action.run();
        return resident() - before;
    }

    private static long resident() throws IOException {
        return Long.parseLong(Files.readString(STATUS).split(" ")[1]) * PAGE;
    }

    @Test
    void shouldTakeLessThanTwoMebibytesAndAByteAPage() throws LoadException, IOException {
        BootFiles boot = new BootFiles(BundledGuest.path("hello"), KernelLoader.Format.AUTO, List.of(), "");
        MachineConfig config = new MachineConfig(
                1, RAM, boot, List.of(), new TimeSource.Virtual(1), ConsoleKind.SERIAL, HypervOptions.parse("vsm=2"));
        try (Pc pc = new Pc(
                config,
                new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available()),
                HostAttachments.serialOnly(value -> {}))) {
            Partition partition = pc.partition();
            VirtualProcessor vp = partition.processors().getFirst();
            enable(partition, vp, 2);
            long before = heap();
            enable(partition, vp, 1);
            long level = heap() - before;

            assertTrue(level < 2 * MIB, "a level takes " + level + " bytes");
            long protections =
                    residentOutsideHeap(() -> partition.memory().view(0).protectAll(1, Protection.READ));
            assertEquals(Protection.READ, partition.memory().view(0).protection(RAM / 2));

            assertTrue(protections < RAM / PAGE + MIB, "protections of " + RAM + " bytes take " + protections);
        }
    }

    private static void enable(Partition partition, VirtualProcessor vp, int level) {
        partition.openLevel(level);
        vp.enableLevel(level, cpu -> {});
        assertEquals(level, vp.context(level).level());
    }
}
