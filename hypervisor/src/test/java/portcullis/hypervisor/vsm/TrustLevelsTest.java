package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;

/** Who of the levels denies or watches the start of processors. */
class TrustLevelsTest {
    private static final long DENY = VsmPartitionConfig.DENY_LOWER_VTL_STARTUP;
    private static final long INTERCEPT = VsmPartitionConfig.INTERCEPT_VP_STARTUP;

    private final TrustLevels levels = new TrustLevels(2);

    @BeforeEach
    void enable() {
        assertEquals(HvStatus.SUCCESS, levels.enable(0, 1, false, () -> {}));
        assertEquals(HvStatus.SUCCESS, levels.enable(1, 2, false, () -> {}));
    }

    private void configure(int level, long bits) {
        levels.writeConfig(level, new VsmPartitionConfig(bits));
    }

    private String interceptors() {
        return "%d %d %d"
                .formatted(levels.startupInterceptor(0), levels.startupInterceptor(1), levels.startupInterceptor(2));
    }

    @ParameterizedTest
    @CsvSource({"0, 0, -1 -1 -1", "200, 0, 1 -1 -1", "0, 200, 2 2 -1", "200, 200, 1 2 -1", "40, 40, -1 -1 -1"})
    void shouldTellTheLowestLevelAboveWhoAsks(String first, String second, String expected) {
        configure(1, Long.parseLong(first, 16));
        configure(2, Long.parseLong(second, 16));
        assertEquals(expected, interceptors());
    }

    @Test
    void shouldDenyWhatAnyLevelAboveDenies() {
        configure(2, DENY | INTERCEPT);
        assertTrue(levels.startupDenied(0) && levels.startupDenied(1) && !levels.startupDenied(2));
        configure(2, 0);
        configure(1, DENY);
        assertTrue(levels.startupDenied(0) && !levels.startupDenied(1));
    }

    /** Another VP that found the level enabled would use what is not there yet. */
    @Test
    void shouldNotBeEnabledBeforeWhatThePartitionHasForItIsThere() {
        TrustLevels fresh = new TrustLevels(1);
        boolean[] before = {true};
        assertEquals(HvStatus.SUCCESS, fresh.enable(0, 1, true, () -> before[0] = fresh.enabled(1) || fresh.mbec(1)));
        assertFalse(before[0]);
        assertTrue(fresh.enabled(1) && fresh.mbec(1));
    }

    @Test
    void shouldMakeNothingForALevelThatIsRefused() {
        Runnable none = () -> fail("is made");
        TrustLevels fresh = new TrustLevels(2);
        assertEquals(HvStatus.INVALID_PARAMETER, fresh.enable(0, 3, false, none));
        assertEquals(HvStatus.SUCCESS, fresh.enable(0, 1, false, () -> {}));
        assertEquals(HvStatus.ACCESS_DENIED, fresh.enable(0, 2, false, none));
        assertEquals(HvStatus.VTL_ALREADY_ENABLED, fresh.enable(1, 1, false, none));
    }

    @Test
    void shouldBeClaimedByOne() {
        assertTrue(levels.claim(1));
        assertFalse(levels.claim(1));
        assertTrue(levels.claim(2));
        levels.reset();
        assertTrue(levels.claim(1));
    }

    @ParameterizedTest
    @CsvSource({
        "0, true",
        "1, true",
        "2, false",
        "3, true",
        "4, false",
        "5, true",
        "12, false",
        "13, true",
        "14, false",
        "15, true"
    })
    void shouldCombineRightsWithReadingAlone(int allowed, boolean combines) {
        assertEquals(combines, Protections.combines(allowed));
    }

    @Test
    void shouldForgetAtReset() {
        configure(1, DENY | INTERCEPT);
        configure(2, INTERCEPT);
        levels.reset();
        assertEquals("-1 -1 -1", interceptors());
        assertTrue(!levels.startupDenied(0));
    }

    /** Nothing that was decided before starts a processor when the level has been told that it denies that. */
    @Test
    void shouldDenyWhenWhatWasDecidedBeforeHasHappened() throws InterruptedException {
        Thread denies = new Thread(() -> configure(1, DENY));
        boolean[] waits = new boolean[1];
        assertTrue(levels.whereStartupIsFree(0, () -> {
            denies.start();
            while (denies.isAlive() && denies.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            waits[0] = denies.isAlive();
        }));
        denies.join();
        assertTrue(waits[0]);
        assertFalse(levels.whereStartupIsFree(0, () -> fail("starts")));
        assertTrue(levels.whereStartupIsFree(1, () -> {}));
    }

    @Test
    void shouldNotStartWhatIsWatched() {
        configure(2, INTERCEPT);
        assertFalse(levels.whereStartupIsFree(0, () -> fail("starts")));
        assertFalse(levels.whereStartupIsFree(1, () -> fail("starts")));
    }
}
