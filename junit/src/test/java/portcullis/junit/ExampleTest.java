package portcullis.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is shown as an example is the test that runs. */
class ExampleTest {
    private static final Path HOME = Path.of(System.getProperty(PortcullisExtension.HOME));
    private static final Path SOURCE = HOME.resolve("junit/src/test/java/portcullis/junit/example/PostmanTest.java");

    private static String example() throws IOException {
        String source = Files.readString(SOURCE);
        return source.substring(source.indexOf("@Guest("));
    }

    @ParameterizedTest
    @CsvSource({"README.md, ## In a test", "docs/embedding.md, ## In a test"})
    void shouldBeWhatTheTextsShow(String file, String section) throws IOException {
        String text = Files.readString(HOME.resolve(file));
        int at = text.indexOf("\n" + section + "\n");
        assertTrue(at >= 0, file + " has no section '" + section + "'");
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text.substring(at));
        assertTrue(block.find(), file + " has no Java there");
        assertEquals(example(), block.group(1), file + " and " + SOURCE + " differ; put the source's text there");
    }

    @Test
    void shouldHaveAboutTwentyLines() throws IOException {
        assertTrue(example().lines().filter(line -> !line.isBlank()).count() <= 20);
    }
}
