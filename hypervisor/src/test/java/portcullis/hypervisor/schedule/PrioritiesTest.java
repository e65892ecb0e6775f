package portcullis.hypervisor.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrioritiesTest {
    private static final int[] ALL = {0, 1, 2, 3};
    private static final int[] BUT_THE_FIRST = {1, 2, 3};

    private static int slice(Priorities priorities, int[] ready, boolean waits) {
        int vp = ready[priorities.choose(ready, ready.length)];
        priorities.ran(priorities.budget(), waits);
        return vp;
    }

    /** Who runs, in order, while nobody blocks or waits. */
    private static List<Integer> changes(long seed, int depth, int length, int slices) {
        Priorities priorities = new Priorities(seed, ALL.length, depth, length);
        List<Integer> changes = new ArrayList<>();
        for (int i = 0; i < slices; i++) {
            int vp = slice(priorities, ALL, false);
            if (changes.isEmpty() || changes.getLast() != vp) {
                changes.add(vp);
            }
        }
        return changes;
    }

    @Test
    void shouldRunOneUntilItBlocksWhereNothingChanges() {
        Set<Integer> first = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            List<Integer> changes = changes(seed, 1, 1000, 90);
            assertEquals(1, changes.size());
            first.addAll(changes);
        }
        assertEquals(ALL.length, first.size(), "any VP may be the most important");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldFallBehindAtEachMomentOfChange(int depth) {
        for (long seed = 0; seed < 50; seed++) {
            List<Integer> changes = changes(seed, depth, 10_000, 60);
            assertEquals(depth, changes.size(), changes.toString());
            assertEquals(depth, new HashSet<>(changes).size(), "who has fallen stays behind those who have not");
        }
    }

    @Test
    void shouldChangeAtAnyStepEquallyOften() {
        int early = 0;
        for (long seed = 0; seed < 1000; seed++) {
            Priorities priorities = new Priorities(seed, ALL.length, 2, 10_000);
            int first = slice(priorities, ALL, false);
            while (slice(priorities, ALL, false) == first) {}
            early += priorities.steps() < 5_000 ? 1 : 0;
        }
        assertTrue(early > 400 && early < 600, early + " of 1000 in the first half");
    }

    @Test
    void shouldLetOthersRunWhereTheMostImportantWaits() {
        Priorities priorities = new Priorities(1, ALL.length, 1, 1000);
        Set<Integer> ran = new HashSet<>();
        for (int i = 0; i < ALL.length; i++) {
            ran.add(slice(priorities, ALL, true));
        }
        assertEquals(ALL.length, ran.size(), "all wait in turn");
    }

    @Test
    void shouldLetOthersRunWhereTheMostImportantGoesOnForLong() {
        assertEquals(ALL.length, new HashSet<>(changes(1, 1, 1000, 1000)).size());
    }

    @Test
    void shouldCountOnlyStepsWithAChoice() {
        Priorities priorities = new Priorities(1, ALL.length, 2, 1000);
        for (int i = 0; i < 100; i++) {
            slice(priorities, new int[] {2}, false);
        }
        assertEquals(0, priorities.steps());
        slice(priorities, BUT_THE_FIRST, false);
        assertTrue(priorities.steps() > 0);
    }

    @Test
    void shouldRepeatItselfForOneSeed() {
        assertEquals(changes(5, 4, 10_000, 100), changes(5, 4, 10_000, 100));
        assertNotEquals(changes(5, 4, 10_000, 100), changes(6, 4, 10_000, 100));
    }

    @ParameterizedTest
    @CsvSource({
        "random, random:50-5000",
        "random:1-1, random:1-1",
        "random:50-500, random:50-500",
        "pct:1, pct:1:100000",
        "pct:3:20000, pct:3:20000"
    })
    void shouldReadSchedulesAsTheyAreSpelled(String text, String spelled) {
        assertEquals(spelled, Schedule.parse(text).toString());
        assertEquals(Schedule.parse(text), Schedule.parse(spelled));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "pct",
                "pct:",
                "pct:0",
                "pct:3:0",
                "pct:1001",
                "pct:3:9999999999999",
                "pct:99999999999",
                "random:",
                "random:0-5",
                "random:7-6",
                "random:5",
                "random:1-9999999999",
                "Random"
            })
    void shouldRefuseWhatIsNoSchedule(String text) {
        assertThrows(IllegalArgumentException.class, () -> Schedule.parse(text));
    }
}
