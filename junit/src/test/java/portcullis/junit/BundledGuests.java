package portcullis.junit;

import java.nio.file.Files;
import java.nio.file.Path;

/** Guests that {@code guests/make.sh} builds. */
public final class BundledGuests {
    private BundledGuests() {}

    /** Whether there are any; where that must be, tests run into it. */
    public static boolean built() {
        Path stamp = Path.of(System.getProperty(PortcullisExtension.HOME), "guests", "build", "stamp");
        return Files.exists(stamp) || "true".equals(System.getenv("CI"));
    }
}
