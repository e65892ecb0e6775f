package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.NotificationMessages;
import portcullis.tlfs.message.SynicMessages;
import portcullis.tlfs.page.AssistPage;
import portcullis.tlfs.page.MonitoredNotifications;
import portcullis.tlfs.page.ReferenceTscPage;
import portcullis.tlfs.register.InitialVpContext;
import portcullis.tlfs.register.ValueLayouts;

/** What the tests of the definitions share: where they are, and how constants are named after the specification. */
final class DataClasses {
    /** Classes that are, or contain, structures. */
    static final List<Class<?>> ALL = List.of(
            AssistPage.class,
            InitialVpContext.class,
            InterceptMessages.class,
            MonitoredNotifications.class,
            NotificationMessages.class,
            ReferenceTscPage.class,
            SynicMessages.class,
            ValueLayouts.class);

    private DataClasses() {}

    /** PayloadSize: PAYLOAD_SIZE. */
    static String constant(String specName) {
        return specName.replaceAll("([a-z0-9])([A-Z])", "$1_$2")
                .replaceAll("([A-Z])([A-Z][a-z])", "$1_$2")
                .toUpperCase(Locale.ROOT);
    }

    /** One bit is a mask where it is; more are a shift, and a mask of the shifted value. */
    static void checkBits(Class<?> type, String constant, int shift, int width) throws ReflectiveOperationException {
        if (width == 1) {
            long bit = type.getField(constant).getLong(null);
            assertEquals(1L << shift, shift == 31 ? bit & 0xFFFF_FFFFL : bit, constant);
        } else {
            assertEquals(shift, type.getField(constant + "_SHIFT").getInt(null), constant);
            assertEquals((1L << width) - 1, type.getField(constant + "_MASK").getLong(null), constant);
        }
    }

    /** The lines of a table beside this class, without comments. */
    static List<String> resource(String name) {
        try (InputStream in = DataClasses.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
