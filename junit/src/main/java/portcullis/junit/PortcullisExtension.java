package portcullis.junit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;
import portcullis.host.Limit;
import portcullis.host.Machine;
import portcullis.host.MachineBuilder;
import portcullis.host.NotReachedException;
import portcullis.hypervisor.schedule.Schedule;

/**
 * Gives tests machines: parameters of type {@link Machine}, made as {@link Guest} says, and {@link MachineBuilder}. All machines are closed
 * when the test, or for parameters of {@code @BeforeAll} the class, is over. Where a test fails, what its machines were about goes with the
 * failure, and how to run it again with the same seed.
 */
public final class PortcullisExtension
        implements ParameterResolver, TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
    /** System property: the seed of all machines by virtual time, whatever their tests say. */
    public static final String SEED = "portcullis.seed";

    /** System property: where relative names of files begin. */
    public static final String HOME = "portcullis.home";

    private static final Namespace NAMESPACE = Namespace.create(PortcullisExtension.class);

    /** The machines of one context, closed with it. */
    private static final class Machines implements AutoCloseable {
        private final List<Machine> made = new ArrayList<>();

        synchronized void add(Machine machine) {
            made.add(machine);
        }

        synchronized List<Machine> all() {
            return List.copyOf(made);
        }

        @Override
        public void close() {
            all().forEach(Machine::close);
        }
    }

    // Parameters

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Machine.class || type == MachineBuilder.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Optional<Guest> guest = guest(parameter, context);
        boolean whole = parameter.getParameter().getType() == Machine.class;
        if (whole && guest.isEmpty()) {
            throw new ParameterResolutionException(
                    "what does the machine boot? Say @Guest(multiboot = ...), kernel or flat on the parameter, the method or the"
                            + " class; or take a MachineBuilder");
        }
        try {
            MachineBuilder builder = Machine.builder();
            guest.ifPresent(said -> shape(builder, said));
            if (guest.isEmpty()) {
                builder.virtualTime(seed(0));
            }
            builder.whenMade(machines(context)::add);
            return whole ? builder.build() : builder;
        } catch (IllegalArgumentException | portcullis.host.MachineException refused) {
            throw new ParameterResolutionException(
                    "no machine for a parameter of %s: %s"
                            .formatted(parameter.getDeclaringExecutable().getName(), refused.getMessage()),
                    refused);
        }
    }

    private static Optional<Guest> guest(ParameterContext parameter, ExtensionContext context) {
        return parameter
                .findAnnotation(Guest.class)
                .or(() -> AnnotationSupport.findAnnotation(context.getTestMethod(), Guest.class))
                .or(() -> context.getTestClass()
                        .flatMap(type -> AnnotationSupport.findAnnotation(
                                type, Guest.class, context.getEnclosingTestClasses())));
    }

    private static void shape(MachineBuilder builder, Guest guest) {
        builder.cpus(guest.cpus()).memory(guest.memory()).hyperv(guest.hyperv());
        if (guest.hostTime()) {
            builder.hostTime();
        } else {
            builder.virtualTime(seed(guest.seed()), Schedule.parse(guest.schedule()));
        }
        if (guest.limit() != 0) {
            builder.limit(new Limit(guest.limit(), Limit.DEFAULT.hostTime()));
        }
        boot(builder, guest);
    }

    private static void boot(MachineBuilder builder, Guest guest) {
        long said = List.of(guest.multiboot(), guest.kernel(), guest.flat()).stream()
                .filter(name -> !name.isEmpty())
                .count();
        if (said > 1) {
            throw new IllegalArgumentException(
                    "@Guest: multiboot, kernel and flat are three ways to boot; give one of them");
        }
        if (!guest.initrd().isEmpty() && guest.kernel().isEmpty()) {
            throw new IllegalArgumentException("@Guest: initrd goes with kernel; give both, or leave it out");
        }
        if (!guest.multiboot().isEmpty()) {
            builder.multiboot(file(guest.multiboot()), guest.append());
        } else if (!guest.initrd().isEmpty()) {
            builder.linux(file(guest.kernel()), file(guest.initrd()), guest.append());
        } else if (!guest.kernel().isEmpty()) {
            builder.linux(file(guest.kernel()), guest.append());
        } else if (!guest.flat().isEmpty()) {
            builder.flat(code(guest.flat()), guest.address(), guest.mode());
        }
    }

    private static Path file(String name) {
        return Path.of(System.getProperty(HOME, "")).resolve(name).normalize();
    }

    private static byte[] code(String hex) {
        try {
            return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
        } catch (IllegalArgumentException odd) {
            throw new IllegalArgumentException(
                    "@Guest: flat = \"%s\" is no code; give two hexadecimal digits a byte".formatted(hex), odd);
        }
    }

    private static long seed(long said) {
        String property = System.getProperty(SEED);
        if (property != null) {
            try {
                return Long.parseLong(property.strip());
            } catch (NumberFormatException none) {
                throw new IllegalArgumentException(
                        "-D%s=%s: give a whole number, the one that a failure has told".formatted(SEED, property),
                        none);
            }
        }
        return said == Guest.ANY_SEED ? ThreadLocalRandom.current().nextLong(1L << 32) : said;
    }

    private static Machines machines(ExtensionContext context) {
        return context.getStore(NAMESPACE).computeIfAbsent(context.getUniqueId(), id -> new Machines(), Machines.class);
    }

    // Failures

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw told(context, failure);
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw told(context, failure);
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw told(context, failure);
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw told(context, failure);
    }

    @Override
    public void handleAfterAllMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw told(context, failure);
    }

    private static Throwable told(ExtensionContext context, Throwable failure) {
        if (failure instanceof TestAbortedException) {
            return failure;
        }
        for (ExtensionContext each = context;
                each != null;
                each = each.getParent().orElse(null)) {
            Machines machines = each.getStore(NAMESPACE).get(each.getUniqueId(), Machines.class);
            if (machines != null) {
                machines.all().forEach(machine -> tell(machine, failure));
            }
        }
        return failure;
    }

    private static void tell(Machine machine, Throwable failure) {
        String again = machine.seed().isPresent()
                ? "the same again: -D%s=%d".formatted(SEED, machine.seed().getAsLong())
                : "by the host's time no two runs are the same";
        String state;
        if (machine.isClosed()) {
            state = machine.toString();
        } else if (tells(failure, machine)) {
            state = "what the machine was about is in the message";
        } else {
            try {
                state = machine.diagnose("what the machine was about:").toString();
            } catch (RuntimeException none) {
                state = "what the machine was about cannot be told: " + none;
            }
        }
        failure.addSuppressed(new MachineState(state + "\n" + again));
    }

    /** Whether the failure is that this machine's run has not come to what it was to come to. */
    private static boolean tells(Throwable failure, Machine machine) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof NotReachedException run
                    && run.diagnosis().machine().equals(machine.toString())) {
                return true;
            }
        }
        return false;
    }
}
