package portcullis.app.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.app.explore.Merge.MergeException;
import portcullis.app.explore.RunResult.Kind;

class MergeTest {
    private static final String COMMAND = "portcullis run --multiboot 'a \"guest\"' --cpus 2";

    @TempDir
    private Path folder;

    private final Merge merge = new Merge();
    private int files;

    private Path file(String digest, String seeds, String shard, String... lines) throws IOException {
        ResultLine.Header header =
                new ResultLine.Header("a \"guest\"", digest, COMMAND, SeedRange.parse(seeds), Shard.parse(shard));
        List<String> all = new ArrayList<>(List.of(header.toJson()));
        all.addAll(List.of(lines));
        return Files.write(folder.resolve("part" + files++), all);
    }

    private static String passed(long seed) {
        return ResultLine.of(new RunResult(seed, Kind.EXIT, 1, 1000));
    }

    private static String failed(long seed, int status) {
        return ResultLine.of(new RunResult(seed, Kind.EXIT, status, 500 + seed));
    }

    @Test
    void shouldSumUpAndNameTheLowestSeedThatFails() throws IOException, MergeException {
        merge.add(file("d", "10-15", "1/2", passed(11), failed(15, 85), failed(13, 85)));
        merge.add(file("d", "10-15", "0/2", passed(10), failed(12, 3), passed(14)));
        assertTrue(merge.anyFailed());
        assertTrue(merge.complete());
        assertEquals(
                List.of(
                        "seeds 10-15 of a \"guest\": 6 of 6 done, 3 failed, 4540 instructions",
                        "1: the guest ends with status 3",
                        "2: the guest ends with status 85",
                        "the first is seed 12, after 512 instructions. Again: " + COMMAND + " --seed 12"),
                merge.report());
    }

    @Test
    void shouldTellWhichSeedsAreMissing() throws IOException, MergeException {
        merge.add(file("d", "0-99", "0/1", passed(0), passed(3), passed(4), passed(50)));
        assertFalse(merge.complete());
        assertTrue(
                merge.report().contains("missing: 1-2, 5-49, 51-99"),
                merge.report().toString());
    }

    @Test
    void shouldNameSomeOfManyGapsOnly() throws IOException, MergeException {
        String[] even = new String[50];
        for (int i = 0; i < even.length; i++) {
            even[i] = passed(2 * i);
        }
        merge.add(file("d", "0-99", "0/2", even));
        assertTrue(
                merge.report().contains("missing: 1, 3, 5, 7, 9, ..."),
                merge.report().toString());
    }

    @Test
    void shouldCountASeedOnceAndTakeLinesThatAreCutOff() throws IOException, MergeException {
        merge.add(file("d", "0-1", "0/1", passed(0), passed(1).substring(0, 20)));
        merge.add(file("d", "0-1", "0/1", passed(0), passed(1)));
        assertTrue(merge.complete());
        assertEquals(1, merge.report().size());
    }

    @Test
    void shouldTellOfASeedThatHasTwoEnds() throws IOException, MergeException {
        merge.add(file("d", "0-0", "0/1", passed(0), failed(0, 3)));
        assertTrue(merge.report().get(1).startsWith("1 seeds failed in one file and not in another"));
    }

    @Test
    void shouldRefuseWhatDoesNotBelongTogether() throws IOException, MergeException {
        merge.add(file("d", "0-9", "0/1", passed(0)));
        assertThrows(MergeException.class, () -> merge.add(file("other", "0-9", "0/1")));
        assertThrows(MergeException.class, () -> merge.add(file("d", "0-8", "0/1")));
        assertThrows(MergeException.class, () -> merge.add(file("d", "0-9", "0/1", passed(10))));
        assertThrows(MergeException.class, () -> merge.add(Files.writeString(folder.resolve("x"), "")));
    }

    @ParameterizedTest
    @EnumSource
    void shouldReadWhatItWrites(Kind kind) {
        RunResult result = new RunResult(123456789012L, kind, -5, 7);
        assertEquals(result, ResultLine.read(ResultLine.of(result)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{}",
                "[]",
                "{\"seed\":1}",
                "{\"seed\":1,\"end\":\"exit\",\"value\":1,\"instructions\":2",
                "{\"seed\":1,\"end\":\"bang\",\"value\":1,\"instructions\":2}",
                "{\"seed\":x,\"end\":\"exit\",\"value\":1,\"instructions\":2}",
                "{\"seed\":\"\\u00zz\"}"
            })
    void shouldTakeNothingElseForAResult(String line) {
        assertNull(ResultLine.read(line));
        assertNull(ResultLine.Header.read(line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0/3", "1/3", "2/3", "0/1", "6/7"})
    void shouldShardEverySeedOnce(String text) {
        Shard shard = Shard.parse(text);
        SeedRange seeds = SeedRange.parse("5-20");
        long count = shard.count(seeds);
        assertEquals(seeds.first() + shard.index(), shard.seed(seeds, 0));
        assertTrue(shard.seed(seeds, count - 1) <= seeds.last());
        assertTrue(shard.seed(seeds, count) > seeds.last());
    }

    @Test
    void shouldLeaveShardsEmptyWhereThereAreMoreThanSeeds() {
        SeedRange seeds = SeedRange.parse("2");
        assertEquals(1, Shard.parse("1/4").count(seeds));
        assertEquals(0, Shard.parse("2/4").count(seeds));
        assertEquals(0, Shard.parse("3/4").count(seeds));
    }
}
