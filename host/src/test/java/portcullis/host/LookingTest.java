package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.hyperv.GuestCrash;
import portcullis.hypervisor.synic.MessageHandler;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.memory.GuestAddressException;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** What can be seen of a machine, and done to it. */
@Timeout(60)
class LookingTest {
    private static Machine machine(String guest, int cpus, String hyperv, boolean virtual, String... words) {
        MachineBuilder builder =
                Machine.builder().cpus(cpus).memory("64M").hyperv(hyperv).multiboot(Guests.built(guest), words);
        return (virtual ? builder.virtualTime(1) : builder.hostTime()).build();
    }

    @Test
    void shouldReadAndWriteRegisters() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            Vp vp = machine.vp(0);
            vp.setRegister(Register.RAX, 1000);
            machine.run(Until.address(Guests.ADDRESS + 2));
            assertEquals(1001, vp.register(Register.RAX));
            VpLevel level = vp.level(0);
            Segment data = level.segment(SegmentRegister.DS);
            level.setSegment(SegmentRegister.DS, new Segment(data.selector(), 0x1000, -1, data.attributes()));
            assertEquals(0x1000, level.segment(SegmentRegister.DS).base());
            assertArrayEquals(new long[4], level.vector(15));
            assertEquals(0, level.msr(0xc000_0081));
            assertTrue(vp.describe().contains("RAX=00000000000003e9"), vp.describe());
            refuses("CR4 cannot hold 0xffffffffffffffff", () -> vp.setRegister(Register.CR4, -1));
            refuses("there are vector registers 0 to 15, not 16", () -> level.vector(16));
            refuses(
                    "vp 0 has no trust level 1; the guest enables levels",
                    () -> vp.level(1).state());
            refuses("vp 0 has no trust level 3", () -> vp.level(3).register(Register.RAX));
            refuses("the machine has vps 0 to 0, not 1", () -> machine.vp(1));
            refuses("trust levels are 0 to 2, not 3", () -> machine.memory(3));
            refuses("local APICs take vectors 16 to 255, not 3", () -> vp.interrupt(3));
            refuses("synthetic interrupt sources are 0 to 15, not 16", () -> vp.message(16));
        }
    }

    private static void refuses(String message, Runnable wrong) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, wrong::run);
        assertTrue(refused.getMessage().contains(message), refused.getMessage());
    }

    @Test
    void shouldReadAndWriteMemoryByBothAddresses() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            for (Memory memory : new Memory[] {machine.memory(), machine.vp(0).memory()}) {
                for (long at : new long[] {0x20_0000, 0x20_0ffd, 0x20_0fff}) {
                    memory.putLong(at, 0x1122_3344_5566_7788L);
                    assertEquals(0x1122_3344_5566_7788L, memory.getLong(at));
                    assertEquals(0x5566_7788, memory.getInt(at));
                    assertEquals(0x7788, memory.getShort(at));
                    assertEquals(0x88, memory.getByte(at));
                    memory.putInt(at, -2);
                    memory.putShort(at, 0x4142);
                    assertEquals(0x1122_3344_ffff_4142L, memory.getLong(at));
                    assertEquals("BA", memory.text(at, 2));
                }
                byte[] bytes = new byte[10_000];
                bytes[9_999] = 7;
                memory.write(0x30_0123, bytes);
                assertArrayEquals(bytes, memory.read(0x30_0123, bytes.length));
                assertThrows(GuestAddressException.class, () -> memory.getLong(0xf000_0000L));
                memory.putByte(0x20_0003, 0);
                assertEquals(3, memory.text(0x20_0000, 100).length());
            }
            assertThrows(
                    GuestAddressException.class, () -> machine.vp(0).memory().getByte(0xffff_8000_0000_0000L));
        }
    }

    @Test
    void shouldHaveTheGuestExecuteCodeThatIsWrittenOver() {
        try (Machine machine = Guests.flat(Guests.COUNT).build()) {
            machine.run(Until.instructions(1000));
            machine.memory().write(Guests.ADDRESS, Guests.code(Guests.EXIT_7));
            machine.vp(0).setRegister(Register.RIP, Guests.ADDRESS);
            machine.run(Until.exit(7));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTalkToTheGuest(boolean virtual) {
        try (Machine machine = machine("postman", 1, "on", virtual)) {
            Inbox inbox = machine.inbox(0x10);
            Stop stop = machine.run(Until.hypercall(HypercallCode.POST_MESSAGE));
            assertEquals(HvStatus.SUCCESS, ((TraceEvent.Hypercall) stop.event().orElseThrow()).status());
            machine.run(Until.received(inbox));
            GuestMessage ready = inbox.next();
            assertEquals("ready", ready.text());
            assertEquals(0, ready.vp());
            assertThrows(NoSuchElementException.class, inbox::next);
            MessagePort port = machine.messagePort(0, 2);
            assertEquals(HvStatus.SUCCESS, port.post(0x77, "hello".getBytes()));
            GuestMessage slot = machine.vp(0).message(2).orElseThrow();
            assertEquals("hello", slot.text());
            assertEquals(0x77, slot.type());
            assertTrue(machine.vp(0).message(3).isEmpty());
            machine.run(Until.received(inbox));
            assertEquals("HELLO", inbox.next().text());
            port.post(2, new byte[0]);
            machine.run(Until.halted());
            machine.run(Until.time(java.time.Duration.ofMillis(1)));
            assertEquals(1, machine.vp(0).register(Register.RAX));
        }
    }

    @Test
    void shouldKeepMessagesInOrderAndRefuseTooMany() {
        try (Machine machine = machine("postman", 1, "on", true)) {
            Inbox inbox = machine.inbox(0x10);
            refuses("connection 0x10 exists", () -> machine.inbox(0x10));
            machine.run(Until.received(inbox));
            inbox.next();
            MessagePort port = machine.messagePort(0, 2);
            for (int i = 0; i < 5; i++) {
                assertEquals(HvStatus.SUCCESS, port.post(0x100 + i, new byte[] {(byte) ('a' + i)}));
            }
            machine.run(Until.any(Until.halted(), Until.instructions(1_000_000)));
            assertEquals(5, inbox.waiting().size());
            for (int i = 0; i < 5; i++) {
                GuestMessage answer = inbox.next();
                assertEquals(0x100 + i, answer.type());
                assertEquals(String.valueOf((char) ('A' + i)), answer.text());
            }
            MessageHandler.Received one = new MessageHandler.Received(0, 0, 0x10, 1, new byte[0]);
            for (int i = 0; i < Inbox.CAPACITY; i++) {
                assertEquals(HvStatus.SUCCESS, inbox.received(one));
            }
            assertEquals(HvStatus.INSUFFICIENT_BUFFERS, inbox.received(one));
        }
    }

    @Test
    void shouldStopWhereAMessageComes() {
        try (Machine machine = machine("hypercall", 1, "on", true, "connection")) {
            Stop stop = machine.run(Until.message(5));
            assertEquals(5, ((TraceEvent.Message) stop.event().orElseThrow()).sint());
            assertEquals(0x1234, machine.vp(0).message(5).orElseThrow().type());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldShowWhoIsSuspendedAndLift(boolean virtual) {
        try (Machine machine = machine("flushstorm", 2, "on", virtual, "paced", "0")) {
            machine.run(Until.event(EnumSet.of(Kind.FLUSH), event -> true));
            machine.vp(1).inhibitFlushes();
            assertEquals(Set.of(InhibitReason.HOST), machine.vp(1).flushInhibits());
            Stop stop = machine.run(Until.suspended(0));
            assertEquals(0, stop.vp().orElseThrow());
            Suspension suspension = machine.vp(0).suspension().orElseThrow();
            assertEquals(1, suspension.waitingOn());
            assertEquals(machine.vp(0).register(Register.RIP), suspension.rip());
            assertTrue(suspension.since() > 0 && suspension.since() <= machine.time());
            assertEquals(RunState.SUSPENDED, machine.vp(0).state());
            NotReachedException refused = assertThrows(
                    NotReachedException.class,
                    () -> machine.run(Until.exit(1), new Limit(50_000, Limit.DEFAULT.hostTime())));
            assertTrue(refused.getMessage().contains("vp 0 (vtl 0) waits on vp 1, held by host"), refused.getMessage());
            assertTrue(refused.getMessage().contains("vp 0 vtl 0 suspended on vp 1 since 0."), refused.getMessage());
            assertTrue(refused.getMessage().contains("suspending vp 0 waiting on vp 1"), refused.getMessage());
            machine.vp(1).liftFlushInhibit();
            assertEquals(Set.of(), machine.vp(1).flushInhibits());
            machine.run(Until.event(EnumSet.of(Kind.FLUSH), event -> true));
            assertTrue(machine.vp(0).suspension().isEmpty());
        }
    }

    @Test
    void shouldReachTheLevelThatIsNotActive() {
        try (Machine machine = machine("secure", 1, "vsm", true)) {
            Stop stop = machine.run(Until.event(EnumSet.of(Kind.VTL_ENTRY), event -> true));
            assertEquals(Kind.VTL_ENTRY, stop.event().orElseThrow().kind());
            Vp vp = machine.vp(0);
            assertEquals(1, vp.activeLevel());
            assertNotEquals(vp.level(0).register(Register.RIP), vp.level(1).register(Register.RIP));
            assertNotEquals(vp.level(0).register(Register.RSP), vp.level(1).register(Register.RSP));
            assertEquals(vp.register(Register.RIP), vp.level(1).register(Register.RIP));
            assertEquals(1, vp.activeLevel());
            assertTrue(vp.level(0).describe().startsWith("RAX="));
            machine.run(Until.event(EnumSet.of(Kind.VTL_RETURN), event -> true));
            assertEquals(0, vp.activeLevel());
            machine.run(Until.exit(1));
        }
    }

    /** What the guest's crash registers are told of (TLFS, "Partition Crash Enlightenment"): P3 to P4 the message, then CRASH_CTL. */
    private static final String CRASH =
            "b903010040 b800002000 31d2 0f30 b904010040 b8%02x000000 0f30" + " b905010040 31c0 ba000000c0 0f30 f4 ebfd";

    @Test
    void shouldTellOfACrashThatTheGuestReports() {
        byte[] words = "Kernel panic\n\u009b2Jnot syncing\n".getBytes(StandardCharsets.UTF_8);
        try (Machine machine =
                Guests.flat(CRASH.formatted(words.length)).hyperv("on").build()) {
            machine.memory().write(0x20_0000, words);
            assertTrue(machine.crash().isEmpty());
            Stop stop = machine.run(Until.crashed());
            assertEquals(0, stop.vp().orElseThrow());
            GuestCrash crash = machine.crash().orElseThrow();
            assertEquals("Kernel panic\n2Jnot syncing\n", crash.message());
            assertEquals(0x20_0000, crash.parameters().get(3));
            machine.run(Until.crashed()); // it has
            machine.run(Until.halted());
            List<String> said = machine.diagnose("a test asks").output();
            assertEquals(
                    "portcullis: the guest reports a crash on vp 0: P0=0 P1=0 P2=0 P3=200000 P4=%x; it says:\n"
                                    .formatted(words.length)
                            + "  | Kernel panic\n  | 2Jnot syncing",
                    said.getLast());
            machine.reset();
            assertTrue(machine.crash().isEmpty());
            machine.run(Until.crashed());
        }
    }

    @Test
    void shouldType() {
        // 1: mov $0x3fd, %edx; in %dx, %al; test $1, %al; jz 1b; mov $0xf8, %dl; in %dx, %al; out %al, %dx; jmp 1b
        try (Machine machine =
                Guests.flat("bafd030000 ec a801 74f6 b2f8 ec ee ebf0").build()) {
            machine.type("some words");
            machine.run(Until.serial("some words"));
            String much = "x".repeat(5000);
            IllegalStateException refused = assertThrows(IllegalStateException.class, () -> machine.type(much));
            assertTrue(refused.getMessage().contains("4096 bytes at a time"), refused.getMessage());
        }
    }

    @Test
    void shouldHearOfEventsFromTheFirst() {
        Set<RunStateOf> seen = new java.util.LinkedHashSet<>();
        Consumer<TraceEvent> listener = event -> seen.add(new RunStateOf(
                event.at().vp(), ((TraceEvent.RunStateChange) event).state().name()));
        try (Machine machine = Guests.flat(Guests.HALT)
                .cpus(2)
                .trace(EnumSet.of(Kind.RUN_STATE), listener::accept)
                .build()) {
            machine.run(Until.halted());
        }
        assertEquals(
                Set.of(
                        new RunStateOf(0, "RUNNING"),
                        new RunStateOf(1, "WAIT_FOR_STARTUP"),
                        new RunStateOf(0, "HALTED")),
                seen);
    }

    private record RunStateOf(int vp, String state) {}

    @Test
    void shouldDiagnoseAMachineThatRuns() {
        try (Machine machine = Guests.flat(Guests.COUNT).hostTime().start()) {
            Diagnosis diagnosis = machine.diagnose("just so");
            assertTrue(diagnosis.toString().startsWith("just so\nmachine with 1 vp, 16 MiB, the host's time, at 0."));
            assertTrue(diagnosis.outcome().isEmpty());
            assertFalse(diagnosis.processors().isEmpty());
            long before = machine.time();
            while (machine.time() == before) {
                Thread.onSpinWait();
            }
        }
    }
}
