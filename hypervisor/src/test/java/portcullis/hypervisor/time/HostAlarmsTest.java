package portcullis.hypervisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HostAlarmsTest {
    private final HostAlarms alarms = new HostAlarms();
    private final BlockingQueue<String> fired = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        alarms.close();
    }

    private String next() throws InterruptedException {
        return fired.poll(60, TimeUnit.SECONDS);
    }

    private Alarm alarm(String name) {
        return alarms.create(name, () -> fired.add(name));
    }

    @Test
    void shouldFireInOrderOfDeadline() throws InterruptedException {
        alarms.pause();
        long now = alarms.clock().ticks();
        alarm("third").set(now + 3);
        alarm("first").set(now - 5);
        alarm("second").set(now + 2);
        alarm("also second").set(now + 2);
        alarms.resume();
        assertEquals(List.of("first", "second", "also second", "third"), List.of(next(), next(), next(), next()));
    }

    @Test
    void shouldNotFireEarly() throws InterruptedException {
        long deadline = alarms.clock().ticks() + 2_000_000;
        alarms.create("late", () -> fired.add(alarms.clock().ticks() >= deadline ? "due" : "early"))
                .set(deadline);
        assertEquals("due", next());
    }

    @Test
    void shouldReplaceAndForgetDeadlines() throws InterruptedException {
        alarms.pause();
        Alarm moved = alarm("moved");
        Alarm cleared = alarm("cleared");
        moved.set(Long.MAX_VALUE);
        moved.set(0);
        cleared.set(0);
        cleared.clear();
        alarm("last").set(1);
        alarms.resume();
        assertEquals("moved", next());
        assertEquals("last", next());
        assertTrue(fired.isEmpty());
    }

    @Test
    void shouldWakeForEarlierDeadline() throws InterruptedException {
        alarm("never").set(Long.MAX_VALUE);
        alarm("soon").set(alarms.clock().ticks() + 1000);
        assertEquals("soon", next());
    }

    @Test
    void shouldLetActionsSetAlarms() throws InterruptedException {
        Alarm second = alarm("second");
        alarms.create("first", () -> second.set(0)).set(0);
        assertEquals("second", next());
    }

    @Test
    void shouldGoOnAfterActionsThatThrow() throws InterruptedException {
        alarms.onFailure(failure -> fired.add(failure.getMessage()));
        alarms.create("broken", () -> {
                    throw new IllegalStateException("broken");
                })
                .set(0);
        assertEquals("broken", next());
        alarm("next").set(0);
        assertEquals("next", next());
    }

    @Test
    void shouldStandStillAndBeSetWhilePaused() {
        alarms.pause();
        long stopped = alarms.clock().ticks();
        assertEquals(stopped, alarms.clock().ticks());
        alarms.clock().set(1L << 40);
        alarms.resume();
        assertTrue(alarms.clock().ticks() >= 1L << 40);
        assertThrows(IllegalStateException.class, () -> alarms.clock().set(0));
    }
}
