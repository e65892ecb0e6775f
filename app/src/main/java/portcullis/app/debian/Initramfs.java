package portcullis.app.debian;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** An initial RAM disk: busybox, the kernel's virtio drivers, and an init that gives the user a shell on the console. */
final class Initramfs {
    /** Loaded in this order: each needs those before it, as of Linux 6.1. */
    private static final List<String> DRIVERS = List.of(
            "virtio_ring",
            "virtio",
            "virtio_pci_modern_dev",
            "virtio_pci_legacy_dev",
            "virtio_pci",
            "virtio_blk",
            "virtio-rng",
            "virtio_console");

    private static final String INIT = """
            #!/bin/busybox sh
            # Runs as the first process, on the console that the kernel was given.
            /bin/busybox mount -t proc proc /proc
            /bin/busybox mount -t sysfs sys /sys
            /bin/busybox mount -t devtmpfs dev /dev
            /bin/busybox --install -s /bin
            export PATH=/bin HOME=/root TERM=vt102
            for driver in %s; do
                [ ! -f /drivers/$driver.ko ] || insmod /drivers/$driver.ko 2>/dev/null
            done
            # The console may be one whose driver was among them.
            exec </dev/console >/dev/console 2>&1
            echo "Linux $(uname -r) is up: $(nproc) processors, $(free -m | sed -n 's/^Mem: *\\([0-9]*\\).*/\\1/p') MiB."
            if [ -f /command ]; then
                sh /command
            else
                echo "'exit' switches the machine off."
                setsid cttyhack sh
            fi
            sync
            poweroff -f
            """;

    private Initramfs() {}

    /**
     * Writes the archive.
     *
     * @param busybox a statically linked one
     * @param programs statically linked ones, for the search path
     * @param modules the folder with the kernel's modules, or null
     * @param command what to run instead of a shell, or null
     */
    static void write(Path archive, Path busybox, List<Path> programs, Path modules, String command)
            throws IOException {
        try (CpioArchive cpio = new CpioArchive(Files.newOutputStream(archive))) {
            for (String folder : List.of("bin", "dev", "drivers", "proc", "root", "sys", "tmp")) {
                cpio.directory(folder);
            }
            // The kernel opens it for init before anything is mounted.
            cpio.device("dev/console", 0600, 5, 1);
            cpio.device("dev/null", 0666, 1, 3);
            cpio.file("bin/busybox", 0755, Files.readAllBytes(busybox));
            cpio.link("bin/sh", "busybox");
            for (Path program : programs) {
                cpio.file("bin/" + program.getFileName(), 0755, Files.readAllBytes(program));
            }
            cpio.file("init", 0755, INIT.formatted(String.join(" ", DRIVERS)).getBytes(StandardCharsets.UTF_8));
            if (modules != null) {
                addDrivers(cpio, modules);
            }
            if (command != null) {
                cpio.file("command", 0644, (command + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void addDrivers(CpioArchive cpio, Path modules) throws IOException {
        try (Stream<Path> files = Files.walk(modules)) {
            for (Path file : files.filter(Initramfs::isDriver).sorted().toList()) {
                cpio.file("drivers/" + file.getFileName(), 0644, Files.readAllBytes(file));
            }
        }
    }

    /** Uncompressed modules only, as Debian's are. */
    private static boolean isDriver(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".ko") && DRIVERS.contains(name.substring(0, name.length() - 3));
    }
}
