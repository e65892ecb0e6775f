package portcullis.app.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.app.console.EscapeKey.Command;

class EscapeKeyTest {
    private final EscapeKey escape = new EscapeKey();

    @Test
    void shouldPassEveryOtherKey() {
        for (int key = 0; key < 256; key++) {
            if (key != 1) {
                assertEquals(Command.KEY, escape.take(key));
                assertEquals(key, escape.key());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"x, END", "X, END", "h, HELP", "b, BREAK", "P, POWER_BUTTON", "s, SAVE", "z, NONE", "a, KEY"})
    void shouldTakeALetterAfterCtrlA(char letter, Command command) {
        assertEquals(Command.NONE, escape.take(1));
        assertEquals(command, escape.take(letter));
        assertEquals(Command.KEY, escape.take('q'));
        assertEquals('q', escape.key());
    }

    @Test
    void shouldTakeLettersWithCtrlStillDown() {
        escape.take(1);
        assertEquals(Command.END, escape.take('x' & 0x1f));
        escape.take(1);
        assertEquals(Command.KEY, escape.take(1));
        assertEquals(1, escape.key());
    }
}
