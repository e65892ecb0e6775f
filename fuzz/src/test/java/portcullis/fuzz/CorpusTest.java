package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What coverage-guided runs have learnt ({@code bench/jazzer.sh}), once more. */
class CorpusTest {
    private static final Path CORPUS = Path.of("src", "test", "resources", "corpus");

    @Test
    void shouldKeepTheRulesForEveryInputOfTheCorpus() throws IOException {
        List<Path> inputs;
        try (var files = Files.list(CORPUS)) {
            inputs = files.sorted().toList();
        }
        assertFalse(inputs.isEmpty());
        for (Path input : inputs) {
            try {
                BytesTarget.run(Files.readAllBytes(input));
            } catch (Violation violation) {
                throw new AssertionError(input + ": " + violation.getMessage(), violation);
            }
        }
    }
}
