package portcullis.junit.example;

import static portcullis.engine.Register.RAX;
import static portcullis.junit.GuestAssertions.assertThat;
import static portcullis.junit.GuestAssertions.assertThatNext;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import portcullis.host.Inbox;
import portcullis.host.Machine;
import portcullis.host.Until;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.junit.Guest;

/** The example of README.md and docs/embedding.md, which show it from the second annotation on; ExampleTest checks that. */
@EnabledIf("portcullis.junit.BundledGuests#built")
@Guest(multiboot = "guests/build/postman", hyperv = "on")
class PostmanTest {
    @Test
    void shouldAnswerInCapitals(Machine machine) {
        Inbox inbox = machine.inbox(0x10); // what the guest posts to connection 0x10
        machine.run(Until.received(inbox));
        assertThatNext(inbox).hasText("ready");

        MessagePort port = machine.messagePort(0, 2); // to synthetic interrupt source 2 of vp 0
        port.post(0x77, "hello".getBytes());
        assertThat(machine.vp(0)).hasMessage(2).hasType(0x77).hasText("hello");
        machine.run(Until.received(inbox));
        assertThatNext(inbox).isOf(0).hasType(0x77).hasText("HELLO");

        port.post(2, new byte[0]); // its sign to stop: it halts, the number of answers in RAX
        machine.run(Until.halted());
        assertThat(machine.vp(0)).isHalted().has(RAX, 1);
    }
}
