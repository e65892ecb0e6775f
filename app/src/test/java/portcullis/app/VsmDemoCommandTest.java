package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class VsmDemoCommandTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "4"})
    void shouldTellWhatHappensBetweenTheGuestsLines(String cpus) {
        Shown told = Shown.by("demo", "vsm", "--cpus", cpus);
        assertEquals(ExitStatus.SUCCESS, told.status(), told.output() + told.messages());
        told.assertInOrder(List.of(
                "1. A kernel boots in trust level 0",
                "vp 0 level 0  HvCallEnablePartitionVtl: HV_STATUS_SUCCESS",
                "vp 0 level 0  HvCallEnableVpVtl: HV_STATUS_SUCCESS",
                "vp 0 level 0  level 1 is entered: call",
                "vp 0 level 1  level 0 goes on",
                "\n2. Level 1 takes all rights",
                "vp 0 level 1  HvCallModifyVtlProtectionMask: HV_STATUS_SUCCESS",
                "\n3. Level 0 tries to get at the key",
                "- reads it",
                "stopped: level 0 may not read 0x",
                "level 1 is entered: intercept",
                "= level 1 is told, and answers with #GP",
                "- writes over it",
                "stopped: level 0 may not write 0x",
                "- jumps into it",
                "stopped: level 0 may not execute 0x",
                "- has a device write over it",
                "= the device reports an error",
                "\n4. Level 1 reads for level 0",
                "HvCallTranslateVirtualAddress: HV_STATUS_SUCCESS",
                "suspending vp 1 waiting on vp 0: HvCallFlushVirtualAddressSpace",
                "and unlocked, 1 vp goes on",
                "resuming vp 1 after waiting",
                "= it has got 0x7ab1e",
                "\n5. Level 1 watches registers",
                "stopped: level 0 may not write CR0 (0x",
                "stopped: level 0 may not write MSR 0xc0000082",
                "HvCallSetVpRegisters: HV_STATUS_ACCESS_DENIED",
                "\n6. From now on level 1 only signs",
                "\n7. The end: 13 attempts",
                "level 1 was entered"));
        assertFalse(told.output().contains("NOT as it must be"), told.output());
    }

    @Test
    void shouldTellItWithOneProcessor() {
        Shown told = Shown.by("demo", "vsm", "--cpus", "1");
        assertEquals(ExitStatus.SUCCESS, told.status(), told.output() + told.messages());
        assertFalse(told.output().contains("suspending"), told.output());
    }

    @Test
    void shouldLeaveATraceOfIt() throws IOException {
        Path trace = folder.resolve("vsm.jfr");
        assertEquals(
                ExitStatus.SUCCESS,
                Shown.by("demo", "vsm", "--trace", trace.toString()).status());
        Path picture = folder.resolve("vsm.json");
        assertEquals(
                0,
                Shown.by("trace", trace.toString(), "--format", "json", "--output", picture.toString())
                        .status());
        assertTrue(Files.readString(picture).contains("HvCallEnableVpVtl"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--cpus=0", "--cpus=17", "--trace=story.txt"})
    void shouldRefuseWhatItCannotDo(String option) {
        Shown told = Shown.by("demo", "vsm", option);
        assertEquals(ExitStatus.BAD_INPUT, told.status());
        assertTrue(told.messages().contains(option.substring(0, option.indexOf('='))), told.messages());
    }
}
