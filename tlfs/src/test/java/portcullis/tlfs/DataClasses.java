package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import portcullis.tlfs.call.DebugCalls;
import portcullis.tlfs.call.EventLogCalls;
import portcullis.tlfs.call.FlushArguments;
import portcullis.tlfs.call.FlushCalls;
import portcullis.tlfs.call.InterceptCalls;
import portcullis.tlfs.call.InterruptCalls;
import portcullis.tlfs.call.MemoryArguments;
import portcullis.tlfs.call.MemoryCalls;
import portcullis.tlfs.call.PartitionArguments;
import portcullis.tlfs.call.PartitionCalls;
import portcullis.tlfs.call.ProcessorCalls;
import portcullis.tlfs.call.RegisterCalls;
import portcullis.tlfs.call.StatsCalls;
import portcullis.tlfs.call.SynicCalls;
import portcullis.tlfs.call.SystemCalls;
import portcullis.tlfs.call.VtlCalls;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.NotificationMessages;
import portcullis.tlfs.message.SynicMessages;
import portcullis.tlfs.nested.EnlightenedVmcs;
import portcullis.tlfs.nested.NestedStructures;
import portcullis.tlfs.page.AssistPage;
import portcullis.tlfs.page.MonitoredNotifications;
import portcullis.tlfs.page.ReferenceTscPage;
import portcullis.tlfs.register.InitialVpContext;
import portcullis.tlfs.register.MsrContents;
import portcullis.tlfs.register.PlatformRegisters;
import portcullis.tlfs.register.SynicRegisters;
import portcullis.tlfs.register.ValueLayouts;
import portcullis.tlfs.register.VpStateRegisters;
import portcullis.tlfs.register.VsmRegisters;

/** What the tests of the definitions share: where they are, and how constants are named after the specification. */
final class DataClasses {
    /** Classes that are, or contain, structures. */
    static final List<Class<?>> STRUCTURES = List.of(
            AssistPage.class,
            DebugCalls.class,
            EnlightenedVmcs.class,
            EventLogCalls.class,
            FlushCalls.class,
            InitialVpContext.class,
            InterceptCalls.class,
            InterceptMessages.class,
            InterruptCalls.class,
            MemoryCalls.class,
            MonitoredNotifications.class,
            NestedStructures.class,
            NotificationMessages.class,
            PartitionCalls.class,
            ProcessorCalls.class,
            ReferenceTscPage.class,
            RegisterCalls.class,
            StatsCalls.class,
            SynicCalls.class,
            SynicMessages.class,
            SystemCalls.class,
            ValueLayouts.class,
            VtlCalls.class);

    /** Classes that contain registers and flags. */
    static final List<Class<?>> REGISTERS = List.of(
            FlushArguments.class,
            MemoryArguments.class,
            MsrContents.class,
            PartitionArguments.class,
            PlatformRegisters.class,
            SynicRegisters.class,
            VpStateRegisters.class,
            VsmRegisters.class);

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
