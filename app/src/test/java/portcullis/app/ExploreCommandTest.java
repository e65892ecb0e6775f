package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Explorations of bundled guests. How often the planted bug shows depends on the compiler: about each 20th seed of these slices. */
@Timeout(300)
class ExploreCommandTest {
    private static final String SLICES = "random:20-300";
    private static final int CAUGHT = 42 << 1 | 1;
    private static final Pattern AGAIN = Pattern.compile("(?m)^Again: portcullis (run .*)$");

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private record Said(int status, String text) {}

    private static Said say(List<String> arguments) {
        StringWriter said = new StringWriter();
        int status = Main.execute(new PrintWriter(said, true), arguments.toArray(String[]::new));
        return new Said(status, said.toString());
    }

    private static Said explore(String guest, String... options) {
        List<String> arguments = new ArrayList<>(
                List.of("explore", "--multiboot", BundledGuest.path(guest).toString()));
        arguments.addAll(List.of("--cpus", "2", "--memory", "32M", "--hyperv", "on"));
        arguments.addAll(List.of(options));
        return say(arguments);
    }

    private static int firstFailure(Said said) {
        Matcher matcher = Pattern.compile("(?m)^seed (\\d+): the guest ends with status 85,")
                .matcher(said.text);
        assertTrue(matcher.find(), said.text);
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void shouldFindThePlantedBugAndTellHowToRepeatIt() throws IOException {
        Said found = explore("planted", "--seeds", "400", "--schedule", SLICES);
        assertEquals(ExitStatus.FOUND, found.status, found.text);
        assertTrue(found.text.contains("  guest: planted: processor 1 read a page that was gone"), found.text);
        assertTrue(found.text.contains(" vp 1 from 0x"), found.text);
        assertFalse(found.text.contains("bug of Portcullis"), found.text);
        Matcher again = AGAIN.matcher(found.text);
        assertTrue(again.find(), found.text);
        List<String> command = new ArrayList<>(List.of(again.group(1).split(" ")));
        command.addAll(List.of("--serial", "file:" + folder.resolve("serial")));
        assertEquals(CAUGHT, say(command).status);
    }

    @Test
    void shouldEndWithTheSameSeedHoweverManyThreads() {
        int first = firstFailure(explore("planted", "--seeds", "400", "--schedule", SLICES, "--threads", "1"));
        assertEquals(first, firstFailure(explore("planted", "--seeds", "400", "--schedule", SLICES, "--threads", "3")));
    }

    @Test
    void shouldSumUpShardsToWhatOneRunFinds() throws IOException {
        Path whole = folder.resolve("whole.jsonl");
        Said all =
                explore("planted", "--seeds", "90", "--schedule", SLICES, "--keep-going", "--output", whole.toString());
        List<String> merge = new ArrayList<>(List.of("explore", "merge"));
        for (int shard = 0; shard < 3; shard++) {
            Path part = folder.resolve(shard + ".jsonl");
            explore(
                    "planted",
                    "--seeds",
                    "90",
                    "--schedule",
                    SLICES,
                    "--keep-going",
                    "--shard",
                    shard + "/3",
                    "--output",
                    part.toString());
            assertEquals(31, Files.readAllLines(part).size());
            merge.add(part.toString());
        }
        Said merged = say(merge);
        assertEquals(all.status, merged.status);
        assertEquals(say(List.of("explore", "merge", whole.toString())), merged);
        assertTrue(merged.text.contains("90 of 90 done"), merged.text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"random", "pct:1", "pct:3", "pct:20"})
    void shouldExploreTheStormAndFindNothing(String schedule) {
        Said said = explore("flushstorm", "--seeds", "8", "--append", "cross 20", "--schedule", schedule);
        assertEquals(ExitStatus.SUCCESS, said.status, said.text);
    }

    @Test
    void shouldFindNothingInTheStormWhileTheHostInhibits() {
        Said said = explore("flushstorm", "--seeds", "8", "--append", "cross 20", "--inhibits", "2k");
        assertEquals(ExitStatus.SUCCESS, said.status, said.text);
    }

    @Test
    void shouldCallARunWithoutEndAFailure() {
        Said said = explore("flushstorm", "--seeds", "1", "--append", "0", "--limit", "1M");
        assertEquals(ExitStatus.FOUND, said.status, said.text);
        assertTrue(said.text.contains("seed 0: no end within the limit"), said.text);
        assertTrue(said.text.contains("--limit 1000000"), said.text);
    }
}
