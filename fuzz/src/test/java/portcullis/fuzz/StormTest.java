package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StormTest {
    @Test
    void shouldKeepTheRulesWithManyAtOnce() {
        try (Storm storm = new Storm(1)) {
            assertTrue(storm.run(3000).calls >= 3000);
        }
    }
}
