package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import portcullis.engine.Register;
import portcullis.hypervisor.synic.EventPort;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.hypervisor.synic.Synic;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** A machine is closed while other threads look into it: what it took of the host is given back when they have looked. */
@Timeout(60)
class ClosingTest {
    private static final int ROUNDS = 40;
    private static final String LOOP = "ebfe";

    @Test
    void shouldLetWhoLooksIntoItComeToAnEnd() throws InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            Machine machine = Guests.flat(LOOP).hostTime().build();
            if (round % 2 == 0) {
                machine.resume();
            }
            AtomicInteger looking = new AtomicInteger();
            AtomicReference<Throwable> other = new AtomicReference<>();
            List<Thread> threads = List.of(
                    look(looking, other, () -> machine.memory().getInt(0x1000)),
                    look(looking, other, () -> machine.vp(0).register(Register.RIP)));
            while (looking.get() < 2) {
                Thread.onSpinWait();
            }
            machine.close();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(null, other.get());
        }
    }

    /** A port outlives its machine, whose message page is no more. */
    @Test
    void shouldSendNothingIntoAMachineThatIsClosed() {
        Machine machine = Guests.flat(LOOP).hyperv("on").build();
        Synic synic = machine.partition().processors().getFirst().context(0).synic();
        synic.writeMsr(HvMsr.SCONTROL, 1);
        synic.writeMsr(HvMsr.SIMP, 0x8000 | 1);
        synic.writeMsr(HvMsr.SIEFP, 0x9000 | 1);
        synic.writeMsr(HvMsr.SINT0 + 2, 0x40);
        MessagePort messages = machine.messagePort(0, 2);
        EventPort events = machine.connections().createEventPort(1, new PortTarget(0, 0, 2), 0, 8);
        assertEquals(HvStatus.SUCCESS, messages.post(1, new byte[8]));
        assertEquals(HvStatus.SUCCESS, events.signal(1));
        machine.close();
        machine.close();
        assertEquals(HvStatus.INVALID_SYNIC_STATE, messages.post(1, new byte[8]));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, events.signal(2));
    }

    /** Looks until it is refused. */
    private static Thread look(AtomicInteger looking, AtomicReference<Throwable> other, Runnable how) {
        return Thread.ofPlatform().daemon().start(() -> {
            try {
                how.run();
                looking.incrementAndGet();
                while (true) {
                    how.run();
                }
            } catch (IllegalStateException closed) {
                // As it is to be.
                return;
            } catch (RuntimeException | Error broken) {
                other.set(broken);
            }
        });
    }
}
