package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.machine.config.BootFiles;

class CommandLineTest {
    private final StringWriter said = new StringWriter();

    private int run(String... arguments) {
        return Main.execute(new PrintWriter(said, true), arguments);
    }

    static Stream<Arguments> unusable() {
        return Stream.of(
                Arguments.of("", "say what to do"),
                Arguments.of("frobnicate", "Unmatched argument"),
                Arguments.of("run", "--kernel FILE"),
                Arguments.of("run --kernel", "--kernel"),
                Arguments.of("run --kernel missing", "does not exist"),
                Arguments.of("run --kernel=", "is a variable empty?"),
                Arguments.of("run --kernel pom.xml --initrd=", "is a variable empty?"),
                Arguments.of("run --kernel pom.xml --initrd pom.xml,", "is a variable empty?"),
                Arguments.of("run --kernel pom.xml --disk ,ro", "is a variable empty?"),
                Arguments.of("run --kernel pom.xml --save=", "is a variable empty?"),
                Arguments.of("run pom.xml", "Did you mean: portcullis run --kernel pom.xml"),
                Arguments.of("run --kernel .", "is a directory"),
                Arguments.of("run --kernel pom.xml", "no kernel that can be booted"),
                Arguments.of("run --kernel pom.xml --multiboot", "no multiboot kernel"),
                Arguments.of("run --kernel pom.xml --multiboot pom.xml", "give one of them"),
                Arguments.of("run --multiboot missing", "does not exist"),
                Arguments.of("run --kernel pom.xml --initrd missing", "missing does not exist"),
                Arguments.of("run --kernel pom.xml --disk missing", "make one with"),
                Arguments.of("run --kernel pom.xml --disk missing,ro", "missing does not exist"),
                Arguments.of("run --kernel pom.xml --cpus 0", "1 to 255 processors"),
                Arguments.of("run --kernel pom.xml --cpus 256", "1 to 255 processors"),
                Arguments.of("run --kernel pom.xml --cpus many", "'many' is no number"),
                Arguments.of("run --kernel pom.xml --cpus 99999999999", "too large"),
                Arguments.of("run --kernel pom.xml --time virtual --seed x", "'x' is no number"),
                Arguments.of("run --kernel pom.xml --memory 0", "1M to 64G"),
                Arguments.of("run --kernel pom.xml --memory 65G", "1M to 64G"),
                Arguments.of("run --kernel pom.xml --memory 99999999999G", "64G"),
                Arguments.of("run --kernel pom.xml --memory 1025K", "multiple of 4K"),
                Arguments.of("run --kernel pom.xml --memory lots", "no memory size"),
                Arguments.of("run --kernel pom.xml --cpu-vendor via", "intel or amd"),
                Arguments.of("run --kernel pom.xml --cpu-features +warp", "no processor feature 'warp'"),
                Arguments.of("run --kernel pom.xml --cpu-features -x2apix", "no processor feature 'x2apix'"),
                Arguments.of("run --kernel pom.xml --engine kvm", "no KVM engine"),
                Arguments.of("run --kernel pom.xml --engine jit", "--engine"),
                Arguments.of("run --kernel pom.xml --console usb", "--console"),
                Arguments.of("run --kernel pom.xml --console virtio --serial stdio", "both want standard output"),
                Arguments.of("run --kernel pom.xml --seed 1", "--time virtual"),
                Arguments.of("run --kernel pom.xml --schedule random", "--schedule needs --time virtual"),
                Arguments.of("run --kernel pom.xml --limit 1M", "--limit needs --time virtual"),
                Arguments.of("run --kernel pom.xml --inhibits 1k", "--inhibits needs --time virtual"),
                Arguments.of("run --kernel pom.xml --time virtual --inhibits 1k", "needs --hyperv on"),
                Arguments.of("run --kernel pom.xml --time virtual --schedule fair", "say random"),
                Arguments.of("run --kernel pom.xml --time virtual --schedule pct:0", "a depth of 1 to"),
                Arguments.of("run --kernel pom.xml --time virtual --limit 0", "no number of instructions"),
                Arguments.of("run --kernel pom.xml --time virtual --limit soon", "no number of instructions"),
                Arguments.of("run --kernel pom.xml --trace x", "--time virtual"),
                Arguments.of("run --kernel pom.xml --trace x.jfr --trace y.JFR", "give one of them"),
                Arguments.of("run --kernel pom.xml --time virtual --trace x --trace y", "give one of them"),
                Arguments.of("run --kernel pom.xml --trace missing/x.jfr", "missing/x.jfr cannot be written"),
                Arguments.of("run --kernel pom.xml --trace-events flux", "no event; there are all, hypercall"),
                Arguments.of("run --kernel pom.xml --trace-events exit=10", "no event"),
                Arguments.of("explore", "--seeds 1000"),
                Arguments.of("explore --seeds 10", "which guest"),
                Arguments.of("explore --multiboot missing --seeds 10", "does not exist"),
                Arguments.of("explore --multiboot pom.xml --seeds 10", "no multiboot kernel"),
                Arguments.of("explore --kernel pom.xml --seeds 0", "say 1 or more"),
                Arguments.of("explore --kernel pom.xml --seeds many", "say how many"),
                Arguments.of("explore --kernel pom.xml --seeds 9-3", "the first before the last"),
                Arguments.of("explore --kernel pom.xml --seeds 99999999999999", "say how many"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --shard 2/2", "no shard 2 of 2"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --shard 0/0", "at least one shard"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --shard half", "counted from 0"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --shard 0/2 --shards 2", "give one of them"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --shards 2", "no JOB_COMPLETION_INDEX"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --threads 0", "say 1 to"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --seed 1", "--seed is not for explore"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --trace x.jfr", "--trace is not for explore"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --time host", "--time is not for explore"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --disk pom.xml", "say pom.xml,ro"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --schedule pct", "pct:DEPTH"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --limit 0", "no number of instructions"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --output missing/x", "missing/x cannot be written"),
                Arguments.of("explore --kernel pom.xml --seeds 10 --cpus 0", "1 to 255 processors"),
                Arguments.of("explore merge", "FILE"),
                Arguments.of("explore merge missing", "missing cannot be read"),
                Arguments.of("explore merge pom.xml", "holds no results"),
                Arguments.of("demo --cpus 1", "has 2 to 16 processors"),
                Arguments.of("demo --cpus 17", "has 2 to 16 processors"),
                Arguments.of("demo --rounds 0", "say 1 to"),
                Arguments.of("demo --rounds many", "--rounds"),
                Arguments.of("demo --trace x", "name it x.jfr"),
                Arguments.of("demo --trace-events flux", "no event"),
                Arguments.of("demo nothing", "Unmatched argument"),
                Arguments.of("demo basics --cpus 0", "1 to 255 processors"),
                Arguments.of("trace", "FILE"),
                Arguments.of("trace missing.jfr", "does not exist"),
                Arguments.of("trace .", "is a directory"),
                Arguments.of("trace pom.xml", "no flight recording"),
                Arguments.of("trace pom.xml --event flux", "no event"),
                Arguments.of("trace pom.xml --vp 3-1", "no '3-1'"),
                Arguments.of("trace pom.xml --vp x", "0-3,7"),
                Arguments.of("trace pom.xml --vp 4096", "no '4096'"),
                Arguments.of("trace pom.xml --format svg", "--format"),
                Arguments.of("trace pom.xml --format perfetto", "--output FILE"),
                Arguments.of("run --kernel pom.xml --exit-code 7", "guest or 0"),
                Arguments.of("run --kernel pom.xml --serial tcp", "stdio, file:PATH or none"),
                Arguments.of("run --kernel pom.xml --serial file:", "stdio, file:PATH or none"),
                Arguments.of("run --kernel pom.xml --serial file:missing/x", "no such file or folder"),
                Arguments.of("run --kernel pom.xml --serial file:.", "Is a directory"),
                Arguments.of("run --kernel pom.xml --debug-console stdout", "stderr, file:PATH or none"),
                Arguments.of("boot", "debian"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unusable")
    void shouldRefuseWithOneLineAndStatus2(String line, String expected) {
        int status = run(line.isEmpty() ? new String[0] : line.split(" "));
        assertEquals(2, status);
        assertTrue(said.toString().contains(expected), said.toString());
        assertFalse(said.toString().contains("\tat "), said.toString());
        List<String> problems = said.toString()
                .lines()
                .filter(text -> text.startsWith("portcullis: "))
                .toList();
        assertEquals(1, problems.size(), said.toString());
    }

    @Test
    void shouldRefuseAnEmptyDisk(@TempDir Path folder) throws IOException {
        Path disk = Files.createFile(folder.resolve("disk"));
        assertEquals(2, run("run", "--kernel", "pom.xml", "--disk", disk.toString()));
        assertTrue(said.toString().contains("is empty"), said.toString());
    }

    @Test
    void shouldSplitMultibootModulesAtSingleCommas() {
        List<BootFiles.ModuleFile> modules = RunCommand.modules("one words here,two,,half more");
        assertEquals(2, modules.size());
        assertEquals(Path.of("one"), modules.get(0).path());
        assertEquals("one words here", modules.get(0).commandLine());
        assertEquals(Path.of("two,half"), modules.get(1).path());
        assertTrue(RunCommand.modules(null).isEmpty());
    }
}
