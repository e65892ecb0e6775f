package portcullis.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import portcullis.machine.config.BootFiles;
import portcullis.machine.loader.KernelLoader;

/**
 * {@code portcullis rehearse}: the short run that the launcher records into its ahead-of-time cache. The demonstration guest where
 * it is built, for its profile is like that of real guests; else a boot sector, so that at least the classes are there.
 */
@Command(name = "rehearse", hidden = true)
final class RehearseCommand implements Callable<Integer> {
    /** mov cx,50000; loop $; xor ax,ax; out 0xf4,ax; hlt; then up to the signature zeroes. */
    private static final String BOOT_SECTOR = "b950c3e2fe31c0e7f4f4";

    @Mixin
    private MachineOptions options;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path demo = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "demo");
        if (Files.exists(demo)) {
            options.cpus = 2;
            return run(demo);
        }
        byte[] sector = new byte[512];
        byte[] code = HexFormat.of().parseHex(BOOT_SECTOR);
        System.arraycopy(code, 0, sector, 0, code.length);
        sector[510] = 0x55;
        sector[511] = (byte) 0xaa;
        Path file = Files.createTempFile("portcullis", ".sector");
        try {
            return run(Files.write(file, sector));
        } finally {
            Files.delete(file);
        }
    }

    private int run(Path guest) throws InterruptedException {
        return new Session(options, new BootFiles(guest, KernelLoader.Format.AUTO, List.of(), "")).run();
    }
}
