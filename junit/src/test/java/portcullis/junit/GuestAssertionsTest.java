package portcullis.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static portcullis.junit.GuestAssertions.assertThat;
import static portcullis.junit.GuestAssertions.assertThatNext;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.opentest4j.AssertionFailedError;
import portcullis.engine.Register;
import portcullis.host.GuestMessage;
import portcullis.host.Inbox;
import portcullis.host.Machine;
import portcullis.host.RunState;
import portcullis.host.Until;

class GuestAssertionsTest {
    private static void fails(String message, Runnable assertion) {
        AssertionFailedError failure = assertThrows(AssertionFailedError.class, assertion::run);
        assertEquals(message, failure.getMessage());
    }

    /** {@code mov $42, %eax; hlt} */
    @Test
    @Guest(flat = "b82a000000 f4", cpus = 2, hyperv = "on")
    void shouldAssertOnProcessors(Machine machine) {
        assertThat(machine.vp(1)).is(RunState.WAIT_FOR_STARTUP).isInLevel(0);
        machine.run(Until.halted());
        assertThat(machine.vp(0))
                .isHalted()
                .has(Register.RAX, 42)
                .isNotSuspended()
                .hasNoMessage(2);
        fails(
                "vp 0: RAX: expected 0x2b, but was 0x2a",
                () -> assertThat(machine.vp(0)).has(Register.RAX, 43));
        fails(
                "vp 0: expected RUNNING, but was HALTED",
                () -> assertThat(machine.vp(0)).is(RunState.RUNNING));
        fails(
                "vp 0: expected suspended on vp 1, but was HALTED",
                () -> assertThat(machine.vp(0)).isSuspendedOn(1));
        fails(
                "vp 0: active trust level: expected 1, but was 0",
                () -> assertThat(machine.vp(0)).isInLevel(1));
        fails(
                "vp 0: slot of sint 2: expected a message, but was empty",
                () -> assertThat(machine.vp(0)).hasMessage(2));
    }

    /** {@code mov $0x3f8, %edx; mov $'A', %al; out %al, %dx; mov $3, %eax; out %eax, $0xf4} */
    @Test
    @Guest(flat = "baf8030000 b041 ee b803000000 e7f4")
    void shouldAssertOnMachines(Machine machine) {
        assertThat(machine).hasNotEnded();
        fails(
                "how the run has ended: expected GuestExit[code=7], but was not at all",
                () -> assertThat(machine).hasExited(7));
        machine.run(Until.ended());
        assertThat(machine).hasSaid("A").hasExited(7);
        fails(
                "what the guest has said: expected \"B\" in it, but was \"A\"",
                () -> assertThat(machine).hasSaid("B"));
        fails(
                "how the run has ended: expected not at all, but was GuestExit[code=7]",
                () -> assertThat(machine).hasNotEnded());
    }

    @Test
    void shouldAssertOnMessages() {
        GuestMessage message = new GuestMessage(1, 0, 0x10, new byte[] {'o', 'k', 0, 1});
        assertThat(message).isOf(1).hasType(0x10).hasText("ok").hasPayload((byte) 'o', (byte) 'k', (byte) 0, (byte) 1);
        String what = "message 0x10 of vp 1 vtl 0, 4 bytes: \"ok\"";
        fails(
                "vp of " + what + ": expected 0, but was 1",
                () -> assertThat(message).isOf(0));
        fails(
                "type of " + what + ": expected 0x11, but was 0x10",
                () -> assertThat(message).hasType(0x11));
        fails(
                "text of " + what + ": expected no, but was ok",
                () -> assertThat(message).hasText("no"));
        fails(
                "payload of " + what + ": expected 07, but was 6f 6b 00 01",
                () -> assertThat(message).hasPayload((byte) 7));
    }

    @Test
    @Guest(flat = "f4", hyperv = "on")
    void shouldMissMessages(Machine machine) {
        Inbox inbox = machine.inbox(5);
        fails(
                "the guest has posted nothing (more) to connection 0x5: expected a message, but was none",
                () -> assertThatNext(inbox));
    }

    @Test
    @EnabledIf("portcullis.junit.BundledGuests#built")
    @Guest(multiboot = "guests/build/flushstorm", append = "paced 0", cpus = 2, memory = "64M", hyperv = "on")
    void shouldAssertOnSuspensions(Machine machine) {
        machine.vp(1).inhibitFlushes();
        machine.run(Until.suspended(0));
        assertThat(machine.vp(0)).isSuspendedOn(1);
        fails(
                "vp 0: expected not suspended, but was suspended on vp 1",
                () -> assertThat(machine.vp(0)).isNotSuspended());
    }
}
