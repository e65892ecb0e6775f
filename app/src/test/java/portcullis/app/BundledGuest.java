package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Guests that {@code guests/make.sh} builds, run by the command line as a user would. */
final class BundledGuest {
    private static final Path BUILT = Path.of(System.getProperty("portcullis.home"), "guests", "build");

    private BundledGuest() {}

    /**
     * How a run ended.
     *
     * @param output what the guest wrote to its serial port, then what was said to the user
     */
    record Run(int status, String output) {
        List<String> lines() {
            return output.lines().toList();
        }
    }

    /** Skips the test where they are not built, except where that must not be. */
    static void assumeBuilt() {
        boolean built = Files.exists(BUILT.resolve("stamp"));
        assertTrue(built || !"true".equals(System.getenv("CI")), "run guests/make.sh first");
        assumeTrue(built, "guests/make.sh has not been run");
    }

    /** @param folder for the serial port's file */
    static Run run(Path folder, String guest, String... options) throws IOException {
        return run(folder, path(guest), options);
    }

    static Path path(String guest) {
        return BUILT.resolve(guest);
    }

    /** The same for an image that lies elsewhere. */
    static Run run(Path folder, Path guest, String... options) throws IOException {
        Path serial = folder.resolve("serial");
        List<String> arguments =
                new ArrayList<>(List.of("run", "--kernel", guest.toString(), "--serial", "file:" + serial));
        arguments.addAll(List.of(options));
        StringWriter said = new StringWriter();
        int status = Main.execute(new PrintWriter(said, true), arguments.toArray(String[]::new));
        return new Run(status, Files.readString(serial) + said);
    }
}
