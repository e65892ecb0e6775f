package portcullis.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import portcullis.engine.Register;
import portcullis.host.Limit;
import portcullis.host.Machine;
import portcullis.host.MachineBuilder;
import portcullis.host.NotReachedException;
import portcullis.host.Until;
import portcullis.machine.loader.FlatImage.Mode;

/** Runs tests that use the extension, as JUnit does, and looks at what comes of them. */
@Timeout(60)
class PortcullisExtensionTest {
    private static final String COUNT = "ffc0 ebfc";
    private static final List<Machine> SEEN = new ArrayList<>();

    /** Failures of the tests of a class, and of the class itself; {@code null} for each that has not failed. */
    private static List<Throwable> run(Class<?> tests) {
        SEEN.clear();
        List<Throwable> results = new ArrayList<>();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(tests))
                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "false")
                .build();
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest() || result.getThrowable().isPresent()) {
                    results.add(result.getThrowable().orElse(null));
                }
            }
        });
        return results;
    }

    private static Throwable onlyFailure(Class<?> tests) {
        List<Throwable> results = run(tests);
        assertEquals(1, results.size(), results.toString());
        assertTrue(results.getFirst() != null, "it did not fail");
        return results.getFirst();
    }

    private static void passes(Class<?> tests) {
        List<Throwable> results = run(tests);
        assertTrue(!results.isEmpty());
        results.forEach(result -> assertEquals(null, result));
    }

    @AfterEach
    void forgetTheSeed() {
        System.clearProperty(PortcullisExtension.SEED);
    }

    @Guest(flat = COUNT, cpus = 2, memory = "8M", hyperv = "on", seed = 5)
    static class Shapes {
        @BeforeEach
        void watch(MachineBuilder builder) {
            SEEN.add(builder.build());
        }

        @Test
        void takesTheClass(Machine machine) {
            SEEN.add(machine);
            assertEquals("machine with 2 vps, 8 MiB, virtual time, seed 5, at 0.000000000 s", machine.toString());
        }

        @Test
        @Guest(flat = "b078 f4", mode = Mode.REAL, address = 0x2000)
        void prefersTheMethod(Machine machine, @Guest(flat = COUNT, hostTime = true) Machine other) {
            machine.run(Until.halted());
            assertEquals(0x78, machine.vp(0).register(Register.RAX));
            assertEquals(0x2003, machine.vp(0).register(Register.RIP));
            assertTrue(other.seed().isEmpty());
            assertNotSame(machine, other);
            SEEN.add(machine);
            SEEN.add(other);
        }

        @Nested
        class Within {
            @Test
            void takesTheOuterClass(Machine machine) {
                assertEquals(5, machine.seed().orElseThrow());
            }
        }
    }

    @Test
    void shouldMakeMachinesAsTheNearestAnnotationSaysAndCloseThem() {
        passes(Shapes.class);
        assertEquals(6, SEEN.size());
        SEEN.forEach(machine -> assertTrue(machine.isClosed(), machine.toString()));
    }

    @ExtendWith(PortcullisExtension.class)
    static class OfTheClass {
        private static Machine shared;

        @BeforeAll
        static void make(@Guest(flat = COUNT) Machine machine) {
            shared = machine;
            SEEN.add(machine);
        }

        @Test
        void one() {
            shared.run(Until.instructions(100));
        }

        @Test
        void other() {
            shared.run(Until.instructions(100));
        }
    }

    @Test
    void shouldKeepAMachineOfTheClassForAllItsTests() {
        passes(OfTheClass.class);
        assertTrue(SEEN.getFirst().isClosed());
    }

    @ExtendWith(PortcullisExtension.class)
    static class OfItsOwn {
        @Test
        void builds(MachineBuilder builder) {
            Machine machine =
                    builder.flat(new byte[] {(byte) 0xf4}, 0x1000, Mode.LONG).build();
            assertEquals(0, machine.seed().orElseThrow());
            SEEN.add(machine);
        }
    }

    @Test
    void shouldCloseWhatABuilderMakes() {
        passes(OfItsOwn.class);
        assertTrue(SEEN.getFirst().isClosed());
    }

    @Guest(flat = COUNT, seed = 77)
    static class Fails {
        @Test
        void fails(Machine machine) {
            machine.run(Until.instructions(1000));
            assertEquals(1, 2, "on purpose");
        }
    }

    private static String report(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void shouldTellWhatTheMachineWasAboutAndTheSeed() {
        Throwable failure = onlyFailure(Fails.class);
        assertTrue(failure.getMessage().startsWith("on purpose"));
        String report = report(failure);
        assertTrue(report.contains("Suppressed: what the machine was about:\n"), report);
        assertTrue(report.contains("vp 0 vtl 0 running\n"), report);
        assertTrue(report.contains("last instructions:\n"), report);
        assertTrue(report.contains("the same again: -Dportcullis.seed=77"), report);
    }

    @Test
    void shouldTakeTheSeedFromTheProperty() {
        System.setProperty(PortcullisExtension.SEED, "123");
        assertTrue(report(onlyFailure(Fails.class)).contains("-Dportcullis.seed=123"));
        System.setProperty(PortcullisExtension.SEED, "many");
        Throwable refused = onlyFailure(Fails.class);
        assertInstanceOf(ParameterResolutionException.class, refused);
        assertTrue(refused.getMessage().contains("-Dportcullis.seed=many: give a whole number"), refused.getMessage());
    }

    @Guest(flat = COUNT, limit = 5000)
    static class NeverHalts {
        @Test
        void waits(Machine machine) {
            machine.run(Until.halted());
        }
    }

    @Test
    void shouldNotTellTwiceWhatTheMessageTells() {
        Throwable failure = onlyFailure(NeverHalts.class);
        assertInstanceOf(NotReachedException.class, failure);
        assertTrue(failure.getMessage().startsWith("5000 ns of guest time have passed"), failure.getMessage());
        assertEquals(
                "what the machine was about is in the message\nthe same again: -Dportcullis.seed=0",
                failure.getSuppressed()[0].toString());
    }

    @Guest(flat = COUNT)
    static class FailsBefore {
        @BeforeEach
        void fails(Machine machine) {
            SEEN.add(machine);
            machine.run(Until.exit(1), Limit.instructions(100));
        }

        @Test
        void never() {}
    }

    @Test
    void shouldTellOfFailuresAroundATest() {
        assertEquals(1, onlyFailure(FailsBefore.class).getSuppressed().length);
        assertTrue(SEEN.getFirst().isClosed());
    }

    @Guest(flat = COUNT)
    static class IsSkipped {
        @Test
        void skips(Machine machine) {
            Assumptions.assumeTrue(machine.seed().isEmpty(), "not today");
        }
    }

    @Test
    void shouldLeaveAssumptionsAlone() {
        assertEquals(0, onlyFailure(IsSkipped.class).getSuppressed().length);
    }

    @Guest(flat = COUNT, seed = Guest.ANY_SEED)
    static class AnySeed {
        @Test
        void one(Machine machine) {
            SEEN.add(machine);
        }
    }

    @Test
    void shouldChooseASeedWhereAnyWillDo() {
        passes(AnySeed.class);
        long first = SEEN.getFirst().seed().orElseThrow();
        passes(AnySeed.class);
        assertNotEquals(first, SEEN.getFirst().seed().orElseThrow());
    }

    // Bad input

    @ExtendWith(PortcullisExtension.class)
    static class BootsNothing {
        @Test
        void test(Machine machine) {}
    }

    @Guest
    static class SaysNothing {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = COUNT, multiboot = "x")
    static class SaysTwo {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = "xyz")
    static class NoCode {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = COUNT, initrd = "x")
    static class InitrdAlone {
        @Test
        void test(Machine machine) {}
    }

    @Guest(multiboot = "guests/nowhere")
    static class NoFile {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = COUNT, hyperv = "perhaps")
    static class BadHyperv {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = COUNT, schedule = "fair")
    static class BadSchedule {
        @Test
        void test(Machine machine) {}
    }

    @Guest(flat = COUNT, limit = -1)
    static class BadLimit {
        @Test
        void test(Machine machine) {}
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(BootsNothing.class, "what does the machine boot? Say @Guest(multiboot = ...)"),
                Arguments.of(SaysNothing.class, "what does the machine boot? Say multiboot"),
                Arguments.of(SaysTwo.class, "give one of them"),
                Arguments.of(NoCode.class, "@Guest: flat = \"xyz\" is no code; give two hexadecimal digits a byte"),
                Arguments.of(InitrdAlone.class, "initrd goes with kernel"),
                Arguments.of(NoFile.class, "guests/nowhere does not exist; check the path"),
                Arguments.of(BadHyperv.class, "'perhaps': say on, off, identity or vsm"),
                Arguments.of(BadSchedule.class, "say random, random:LEAST-MOST"),
                Arguments.of(BadLimit.class, "a limit is 1 nanosecond at least"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void shouldSayWhatWouldDo(Class<?> tests, String message) {
        Throwable refused = onlyFailure(tests);
        assertInstanceOf(ParameterResolutionException.class, refused);
        assertTrue(refused.getMessage().contains(message), refused.getMessage());
    }
}
