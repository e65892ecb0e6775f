package portcullis.hypervisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualAlarmsTest {
    private final VirtualClock clock = new VirtualClock(1);
    private final VirtualAlarms alarms = new VirtualAlarms(clock);
    private final List<String> fired = new ArrayList<>();

    private Alarm alarm(String name) {
        return alarms.create(name, () -> fired.add(name));
    }

    @Test
    void shouldFireInOrderOfDeadlineThenCreation() {
        Alarm a = alarm("a");
        Alarm b = alarm("b");
        Alarm c = alarm("c");
        c.set(10);
        b.set(10);
        a.set(20);
        clock.advanceTo(9);
        assertEquals(0, alarms.fireDue());
        assertEquals(10, alarms.nextDeadline());
        clock.advanceTo(20);
        assertEquals(3, alarms.fireDue());
        assertEquals(List.of("b", "c", "a"), fired);
        assertEquals(VirtualAlarms.NEVER, alarms.nextDeadline());
    }

    @Test
    void shouldLeaveWhatActionsSetForTheNextCall() {
        Alarm[] self = new Alarm[1];
        self[0] = alarms.create("again", () -> {
            fired.add("again");
            self[0].set(0);
        });
        self[0].set(0);
        assertEquals(1, alarms.fireDue());
        assertEquals(1, alarms.fireDue());
        assertEquals(2, fired.size());
    }

    @Test
    void shouldLetAnActionCallOffOneThatIsDueWithIt() {
        Alarm second = alarm("second");
        alarms.create("first", second::clear).set(1);
        second.set(2);
        clock.advanceTo(5);
        alarms.fireDue();
        assertEquals(List.of(), fired);
    }

    @Test
    void shouldFireNothingWhilePaused() {
        alarm("due").set(0);
        alarms.pause();
        assertEquals(0, alarms.fireDue());
        alarms.resume();
        assertEquals(1, alarms.fireDue());
    }

    @Test
    void shouldCountInstructionsUntilDeadline() {
        VirtualClock slow = new VirtualClock(10);
        assertEquals(1, slow.instructionsUntil(0));
        assertEquals(1, slow.instructionsUntil(10));
        assertEquals(2, slow.instructionsUntil(11));
        assertEquals(Long.MAX_VALUE / 10 + 1, slow.instructionsUntil(Long.MAX_VALUE));
    }
}
