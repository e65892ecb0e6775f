package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a command has shown: its exit status, its standard output, and what it said to the user. */
record Shown(int status, String output, String messages) {
    /** Runs a command in this process. */
    static Shown by(String... arguments) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringWriter said = new StringWriter();
        PrintStream before = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            int status = Main.execute(new PrintWriter(said, true), arguments);
            return new Shown(status, bytes.toString(StandardCharsets.UTF_8), said.toString());
        } finally {
            System.setOut(before);
        }
    }

    /** Asserts that the output has these, in the order in which they must come. */
    void assertInOrder(List<String> parts) {
        int at = 0;
        for (String part : parts) {
            int found = output.indexOf(part, at);
            assertTrue(found >= 0, () -> "no '" + part + "' where it should be in:\n" + output);
            at = found + part.length();
        }
    }
}
