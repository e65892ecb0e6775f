package portcullis.app.debian;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Where fetched files live between runs. */
final class Folders {
    private Folders() {}

    /** {@code $XDG_CACHE_HOME/portcullis}, by default {@code ~/.cache/portcullis}. */
    static Path cache() throws IOException {
        String home = System.getenv("XDG_CACHE_HOME");
        Path base = home != null && Path.of(home).isAbsolute()
                ? Path.of(home)
                : Path.of(System.getProperty("user.home"), ".cache");
        return Files.createDirectories(base.resolve("portcullis"));
    }

    /** Deletes a folder and all that is in it; follows no links. */
    static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException problem) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
