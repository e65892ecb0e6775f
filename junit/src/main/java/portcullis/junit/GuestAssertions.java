package portcullis.junit;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.opentest4j.AssertionFailedError;
import portcullis.engine.Register;
import portcullis.host.GuestMessage;
import portcullis.host.Inbox;
import portcullis.host.Machine;
import portcullis.host.RunState;
import portcullis.host.Suspension;
import portcullis.host.Vp;
import portcullis.hypervisor.Outcome;

/**
 * Assertions on guests that read as sentences: {@code assertThat(machine.vp(0)).isHalted().has(RAX, 42)}. They fail with
 * {@link AssertionFailedError}, as JUnit's own do; the message says what was expected and what was there.
 */
public final class GuestAssertions {
    private GuestAssertions() {}

    /** On a processor's active trust level. */
    public static VpAssert assertThat(Vp vp) {
        return new VpAssert(vp);
    }

    /** On a machine. */
    public static MachineAssert assertThat(Machine machine) {
        return new MachineAssert(machine);
    }

    /** On the oldest message that waits, which is taken. Fails where there is none. */
    public static MessageAssert assertThatNext(Inbox inbox) {
        if (inbox.isEmpty()) {
            fail(
                    "the guest has posted nothing (more) to connection 0x%x".formatted(inbox.connection()),
                    "a message",
                    "none");
        }
        return new MessageAssert(inbox.next());
    }

    /** On a SynIC message. */
    public static MessageAssert assertThat(GuestMessage message) {
        return new MessageAssert(message);
    }

    private static void fail(String what, Object expected, Object actual) {
        throw new AssertionFailedError(what + ": expected " + expected + ", but was " + actual, expected, actual);
    }

    private static void same(String what, Object expected, Object actual) {
        if (!expected.equals(actual)) {
            fail(what, expected, actual);
        }
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** Assertions on a processor. */
    public static final class VpAssert {
        private final Vp vp;

        private VpAssert(Vp vp) {
            this.vp = vp;
        }

        /** A register has this value, all 64 bits of it. */
        public VpAssert has(Register register, long value) {
            same(vp + ": " + register, hex(value), hex(vp.register(register)));
            return this;
        }

        /** It is about this. */
        public VpAssert is(RunState state) {
            same(vp.toString(), state, vp.state());
            return this;
        }

        /** It has halted. */
        public VpAssert isHalted() {
            return is(RunState.HALTED);
        }

        /** It is suspended at the flush gate of another VP. @param other index */
        public VpAssert isSuspendedOn(int other) {
            Optional<Suspension> suspension = vp.suspension();
            same(
                    vp.toString(),
                    "suspended on vp " + other,
                    suspension
                            .map(wait -> "suspended on vp " + wait.waitingOn())
                            .orElseGet(() -> vp.state().toString()));
            return this;
        }

        /** It is suspended on nobody. */
        public VpAssert isNotSuspended() {
            vp.suspension()
                    .ifPresent(wait -> fail(vp.toString(), "not suspended", "suspended on vp " + wait.waitingOn()));
            return this;
        }

        /** A trust level is active. @param level 0 to 2 */
        public VpAssert isInLevel(int level) {
            same(vp + ": active trust level", level, vp.activeLevel());
            return this;
        }

        /** There is a message in a slot of its SynIC; more is asserted of that. @param sint synthetic interrupt source, 0 to 15 */
        public MessageAssert hasMessage(int sint) {
            Optional<GuestMessage> message = vp.message(sint);
            if (message.isEmpty()) {
                fail(vp + ": slot of sint " + sint, "a message", "empty");
            }
            return new MessageAssert(message.orElseThrow());
        }

        /** There is no message in a slot of its SynIC. @param sint synthetic interrupt source, 0 to 15 */
        public VpAssert hasNoMessage(int sint) {
            vp.message(sint).ifPresent(message -> fail(vp + ": slot of sint " + sint, "empty", message));
            return this;
        }
    }

    /** Assertions on a machine. */
    public static final class MachineAssert {
        private final Machine machine;

        private MachineAssert(Machine machine) {
            this.machine = machine;
        }

        /** This is somewhere in what the guest has sent on its serial port. */
        public MachineAssert hasSaid(String text) {
            if (!machine.serialText().contains(text)) {
                fail("what the guest has said", "\"" + text + "\" in it", "\"" + machine.serialText() + "\"");
            }
            return this;
        }

        /** The guest has ended the run with a status. @param status {@code (value << 1) | 1} */
        public MachineAssert hasExited(int status) {
            Object actual = machine.outcome().<Object>map(outcome -> outcome).orElse("not at all");
            same("how the run has ended", new Outcome.GuestExit(status), actual);
            return this;
        }

        /** The run has not ended. */
        public MachineAssert hasNotEnded() {
            machine.outcome().ifPresent(outcome -> fail("how the run has ended", "not at all", outcome));
            return this;
        }
    }

    /** Assertions on a message. */
    public static final class MessageAssert {
        private final GuestMessage message;

        private MessageAssert(GuestMessage message) {
            this.message = message;
        }

        /** Of this VP: its sender, or where it lies. @param vp index */
        public MessageAssert isOf(int vp) {
            same("vp of " + message, vp, message.vp());
            return this;
        }

        /** HV_MESSAGE_TYPE. */
        public MessageAssert hasType(int type) {
            same("type of " + message, hex(type), hex(message.type()));
            return this;
        }

        /** The payload up to its first zero byte, as UTF-8. */
        public MessageAssert hasText(String text) {
            same("text of " + message, text, message.text());
            return this;
        }

        /** All of the payload. */
        public MessageAssert hasPayload(byte... payload) {
            if (!Arrays.equals(payload, message.payload())) {
                fail(
                        "payload of " + message,
                        HexFormat.ofDelimiter(" ").formatHex(payload),
                        HexFormat.ofDelimiter(" ").formatHex(message.payload()));
            }
            return this;
        }
    }
}
