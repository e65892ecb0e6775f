package portcullis.oracle;

import java.util.List;
import portcullis.oracle.generate.TestCase;

/**
 * A case on which the processors disagree.
 *
 * @param problem exception or exit that ended the case on the processor under test; null where it went to its end
 * @param differences state that differs at the end, one a line
 */
public record Finding(TestCase test, String problem, List<String> differences) {
    /** The mnemonics of the case, which say roughly what it is about. */
    public String signature() {
        StringBuilder text = new StringBuilder();
        for (var item : test.items()) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append(item.form() == null ? "(flow)" : item.form().toString());
        }
        return text.toString();
    }
}
