package portcullis.app.debian;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What is fetched and kept to boot the distribution's kernel, a folder a kernel version.
 *
 * @param kernel a bzImage
 * @param modules folder with its modules
 */
public record DebianFiles(Path kernel, Path busybox, Path modules) {
    /** Kernels for virtual machines, Debian's name first; others are derivatives'. */
    private static final List<String> META_PACKAGES =
            List.of("linux-image-cloud-amd64", "linux-image-virtual", "linux-image-amd64");

    private static final String BUSYBOX = "busybox-static";

    /**
     * Finds the newest kernel that apt knows, fetching it unless it has been fetched before.
     *
     * @param say is told what takes time
     * @throws IOException with one line for the user, the remedy included
     */
    public static DebianFiles fetch(Consumer<String> say) throws IOException, InterruptedException {
        Path cache = Files.createDirectories(Folders.cache().resolve("debian"));
        if (!Apt.available()) {
            throw new IOException(
                    "this needs Debian's tools (apt-get, dpkg-deb), which this system does not have; fetch a kernel "
                            + "by hand and start it with 'portcullis run --kernel'");
        }
        Apt apt = new Apt(cache);
        Optional<String> kernel = newestKernel(apt);
        if (kernel.isEmpty() || apt.candidate(BUSYBOX).isEmpty()) {
            say.accept("fetching package lists");
            apt.update();
            kernel = newestKernel(apt);
        }
        if (kernel.isEmpty()) {
            throw new IOException("apt knows none of " + String.join(", ", META_PACKAGES)
                    + "; add Debian's main archive to its sources, or start a kernel with 'portcullis run --kernel'");
        }
        String version = apt.candidate(kernel.get()).orElse("unknown").replaceAll("[^A-Za-z0-9.+~-]", "_");
        Path folder = cache.resolve(kernel.get() + "_" + version);
        if (!Files.isDirectory(folder)) {
            download(apt, kernel.get(), cache, folder, say);
        }
        return new DebianFiles(only(folder.resolve("boot"), "vmlinuz-"), busyboxIn(folder), modulesIn(folder));
    }

    private static Optional<String> newestKernel(Apt apt) throws IOException, InterruptedException {
        for (String name : META_PACKAGES) {
            Optional<String> kernel = apt.kernelOf(name);
            if (kernel.isPresent()) {
                return kernel;
            }
        }
        return Optional.empty();
    }

    /** Into a folder of its own first: what is in place is whole, however many run at once. */
    private static void download(Apt apt, String kernel, Path cache, Path folder, Consumer<String> say)
            throws IOException, InterruptedException {
        Path fresh = Files.createTempDirectory(cache, "unpack");
        try {
            say.accept("fetching " + kernel + " and " + BUSYBOX + " (about 30 MB, once)");
            apt.unpack(kernel, fresh);
            apt.unpack(BUSYBOX, fresh);
            Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
            say.accept("somebody else has just fetched it");
        } finally {
            if (Files.exists(fresh)) {
                Folders.delete(fresh);
            }
        }
    }

    private static Path only(Path folder, String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow(() -> new IOException(
                            "there is no %s in %s; delete that folder and start again".formatted(prefix, folder)));
        }
    }

    /** Some releases have it in /usr/bin. */
    private static Path busyboxIn(Path folder) throws IOException {
        for (String place : List.of("bin/busybox", "usr/bin/busybox")) {
            if (Files.isRegularFile(folder.resolve(place))) {
                return folder.resolve(place);
            }
        }
        throw new IOException("there is no busybox in %s; delete that folder and start again".formatted(folder));
    }

    private static Path modulesIn(Path folder) {
        for (String place : List.of("lib/modules", "usr/lib/modules")) {
            if (Files.isDirectory(folder.resolve(place))) {
                return folder.resolve(place);
            }
        }
        return null;
    }

    /**
     * Writes the initial RAM disk.
     *
     * @param programs statically linked ones that it holds besides busybox, by the names of their files
     * @param command what it runs instead of a shell, or null
     */
    public void writeInitramfs(Path archive, List<Path> programs, String command) throws IOException {
        Initramfs.write(archive, busybox, programs, modules, command);
    }
}
