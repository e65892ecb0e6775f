package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.machine.loader.FlatImage.Mode;

@Timeout(60)
class RunTest {
    @Test
    void shouldBePausedBeforeItsFirstInstruction() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            assertEquals(Guests.ADDRESS, machine.vp(0).register(Register.RIP));
            assertEquals(0, machine.vp(0).register(Register.RAX));
            assertEquals(0, machine.time());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "REAL,      1000,   b83412 f4,       1234",
        "PROTECTED, 100000, b878563412 f4,   12345678",
        "LONG,      100000, 48b8efcdab8967452301 f4, 123456789abcdef",
        "LONG,      7000,   b82a000000 50 58 f4, 2a"
    })
    void shouldRunCodeInEachMode(Mode mode, String address, String code, String rax) {
        long start = Long.parseLong(address, 16);
        try (Machine machine = Machine.builder()
                .memory("16M")
                .virtualTime(1)
                .flat(Guests.code(code), start, mode)
                .build()) {
            Stop stop = machine.run(Until.halted());
            assertEquals(OptionalInt.of(0), stop.vp());
            assertEquals(Long.parseLong(rax, 16), machine.vp(0).register(Register.RAX));
            assertEquals(RunState.HALTED, machine.vp(0).state());
            assertEquals(start + Guests.code(code).length, machine.vp(0).register(Register.RIP));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldComeToTheGuestsStatus(boolean virtual) {
        MachineBuilder builder = Guests.flat(Guests.EXIT_7);
        try (Machine machine = (virtual ? builder : builder.hostTime()).build()) {
            Stop stop = machine.run(Until.exit(7));
            assertEquals(new Outcome.GuestExit(7), stop.outcome().orElseThrow());
            assertEquals(new Outcome.GuestExit(7), machine.outcome().orElseThrow());
            assertEquals(stop.outcome(), machine.run(Until.ended()).outcome(), "a state: it is so already");
        }
    }

    @Test
    void shouldTellAnotherEnd() {
        try (Machine machine = Guests.flat(Guests.EXIT_7).build()) {
            NotReachedException refused = assertThrows(NotReachedException.class, () -> machine.run(Until.exit(1)));
            assertTrue(
                    refused.getMessage()
                            .startsWith(
                                    "the run has ended before the guest has ended the run with status 1: exit with status 7\n"),
                    refused.getMessage());
            IllegalStateException again = assertThrows(IllegalStateException.class, () -> machine.run(Until.halted()));
            assertTrue(again.getMessage().contains("reset() the machine"), again.getMessage());
            assertThrows(IllegalStateException.class, machine::resume);
        }
    }

    /** HV_X64_MSR_RESET: {@code mov $0x40000003, %ecx; mov $1, %eax; xor %edx, %edx; wrmsr}. */
    @Test
    void shouldSeeThatTheGuestAsksTheHypervisorForAReset() {
        try (Machine machine =
                Guests.flat("b903000040 b801000000 31d2 0f30 ebfe").hyperv("on").build()) {
            machine.run(Until.guestReset());
            machine.reset();
            machine.run(Until.guestReset());
        }
        try (Machine machine = Guests.flat("b903000040 b801000000 31d2 0f30 ebfe")
                .hyperv("on,-reset")
                .build()) {
            machine.run(Until.tripleFault());
        }
    }

    @Test
    void shouldRunAgainAfterReset() {
        try (Machine machine = Guests.flat(Guests.EXIT_7).build()) {
            machine.run(Until.ended());
            long time = machine.time();
            machine.reset();
            assertTrue(machine.outcome().isEmpty());
            assertEquals(Guests.ADDRESS, machine.vp(0).register(Register.RIP));
            machine.run(Until.exit(7));
            assertTrue(machine.time() > time, "guest time goes on");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSeeTripleFaults(boolean virtual) {
        MachineBuilder builder = Guests.flat(Guests.TRIPLE_FAULT);
        try (Machine machine = (virtual ? builder : builder.hostTime()).build()) {
            Stop stop = machine.run(Until.tripleFault());
            assertInstanceOf(Outcome.TripleFault.class, stop.outcome().orElseThrow());
            assertEquals(OptionalInt.of(0), stop.vp());
        }
    }

    @Test
    void shouldStopAtEachText() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            machine.run(Until.serial("A"));
            assertEquals("A", machine.serialText());
            machine.run(Until.serial("B"));
            assertEquals("AB", machine.serialText());
            Limit limit = Limit.instructions(1000);
            assertThrows(NotReachedException.class, () -> machine.run(Until.serial("A"), limit), "it was taken");
        }
    }

    @Test
    void shouldCountWhatWasSaidBefore() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            machine.run(Until.serial("AB"));
            machine.run(Until.instructions(100));
        }
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            machine.run(Until.instructions(1000));
            long time = machine.time();
            machine.run(Until.serial("A"));
            assertEquals(time, machine.time(), "it does not run at all");
        }
    }

    @Test
    void shouldStopBeforeAnInstructionAndExecuteItThen() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            Vp vp = machine.vp(0);
            long loop = Guests.ADDRESS + 2;
            for (int round = 1; round <= 5; round++) {
                Stop stop = machine.run(Until.address(loop));
                assertEquals(Until.address(loop), stop.reached());
                assertEquals(loop, vp.register(Register.RIP));
                assertEquals(round, vp.register(Register.RAX));
            }
            machine.run(Until.instructions(10_000));
            assertTrue(vp.register(Register.RAX) > 1000, "nobody stops there any more");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldNotTakeAMachineForHaltedThatHasBeenSentWhatWakesIt(boolean virtual) {
        // By the host's time it is a race: between what has come and what becomes of it.
        for (int round = 0; round < (virtual ? 1 : 50); round++) {
            sendWhatWakes(virtual);
        }
    }

    private static void sendWhatWakes(boolean virtual) {
        MachineBuilder builder = Guests.flat(Guests.HALT);
        try (Machine machine = (virtual ? builder : builder.hostTime()).build()) {
            machine.run(Until.halted());
            machine.run(Until.halted());
            machine.vp(0).interrupt(0x40);
            machine.run(Until.halted()); // its interrupts are off
            Until shutDown = Until.tripleFault();
            machine.vp(0).nmi();
            assertEquals(
                    shutDown, machine.run(Until.any(Until.halted(), shutDown)).reached());
        }
    }

    @Test
    void shouldStopAtOnceWhereItStandsAlready() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            machine.run(Until.address(Guests.ADDRESS));
            assertEquals(0, machine.time());
            machine.run(Until.address(Guests.ADDRESS));
            assertEquals(1, machine.vp(0).register(Register.RAX), "once around");
        }
    }

    @Test
    void shouldCountInstructionsAndGoOn() {
        long[] counts = new long[2];
        for (int run = 0; run < 2; run++) {
            try (Machine machine = Guests.flat(Guests.COUNT).build()) {
                machine.run(Until.instructions(1000));
                assertTrue(machine.time() >= 1000 && machine.time() < 1100, "time " + machine.time());
                machine.run(Until.time(Duration.ofNanos(5000)));
                assertTrue(machine.time() >= 6000 && machine.time() < 6200, "time " + machine.time());
                counts[run] = machine.vp(0).register(Register.RAX);
            }
        }
        assertEquals(counts[0], counts[1]);
    }

    @Test
    void shouldRefuseConditionsThatSayNothing() {
        assertThrows(IllegalArgumentException.class, () -> Until.serial(""));
        assertThrows(IllegalArgumentException.class, () -> Until.instructions(0));
        assertThrows(IllegalArgumentException.class, () -> Until.time(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> Until.any());
        assertThrows(IllegalArgumentException.class, () -> Until.event(EnumSet.noneOf(Kind.class), event -> true));
        assertThrows(IllegalArgumentException.class, () -> Limit.instructions(0));
    }

    @Test
    void shouldTakeLimitsThatNeverCome() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            machine.run(Until.instructions(100));
            Until never = Until.instructions(Long.MAX_VALUE);
            machine.run(Until.any(never, Until.serial("B")), Limit.instructions(Long.MAX_VALUE - 1));
        }
    }

    @Test
    void shouldLetTimePassByTheHostsClock() {
        try (Machine machine = Guests.flat(Guests.COUNT).hostTime().build()) {
            machine.run(Until.time(Duration.ofMillis(2)));
            assertTrue(machine.time() >= 2_000_000, "time " + machine.time());
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> machine.run(Until.instructions(5)));
            assertTrue(refused.getMessage().contains("virtualTime(seed)"), refused.getMessage());
        }
    }

    @Test
    void shouldSayWhichOfSeveralCameFirst() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            Until b = Until.serial("B");
            Stop stop = machine.run(Until.any(Until.exit(1), Until.any(b, Until.halted())));
            assertEquals(b, stop.reached());
        }
    }

    @Test
    void shouldStopAtAnEventOfTheTrace() {
        for (int history : List.of(0, 10)) {
            try (Machine machine = Guests.flat(Guests.SAY_AB).history(history).build()) {
                Stop stop = machine.run(Until.event(EnumSet.of(Kind.EXIT), event -> true));
                assertEquals(Kind.EXIT, stop.event().orElseThrow().kind());
                machine.run(Until.serial("A"));
            }
        }
    }

    @Test
    void shouldDoTheSameForTheSameSeed() {
        assertEquals(traced(3), traced(3));
        assertFalse(traced(3).equals(traced(4)), "another seed is another run");
    }

    private static List<String> traced(long seed) {
        List<String> lines = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Machine machine = Machine.builder()
                .cpus(3)
                .memory("32M")
                .virtualTime(seed)
                .multiboot(Guests.built("demo"))
                .trace(
                        EnumSet.of(Kind.INTERRUPT, Kind.RUN_STATE),
                        event -> lines.add(event.at().time() + " " + event.at().vp() + " " + event.kind()))
                .build()) {
            machine.run(Until.serial("processors"));
            lines.add("said at " + machine.time());
            machine.run(Until.instructions(100_000));
            machine.run(Until.exit(1));
            lines.add("ended at " + machine.time());
            lines.add(machine.serialText());
        }
        return lines;
    }
}
