package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.memory.GuestMemory;
import portcullis.memory.Protection;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;

/** HvRegisterVsmPartitionConfig and what lower levels may do then (TLFS vsm.md, "Partition Configuration"). */
class ProtectionsTest {
    private static final long PAGE = 0x3000;
    private static final int BY = 1;

    private final GuestMemory memory = new GuestMemory(32);
    private final TrustLevels levels = new TrustLevels(1);
    private final Protections protections = new Protections(memory, levels);

    ProtectionsTest() {
        memory.addRam(0, 1 << 20);
        levels.enable(0, BY, false, () -> {});
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private static VsmPartitionConfig config(int mask, boolean protects) {
        return new VsmPartitionConfig((long) mask << VsmPartitionConfig.DEFAULT_VTL_PROTECTION_MASK_SHIFT
                | (protects ? VsmPartitionConfig.ENABLE_VTL_PROTECTION : 0));
    }

    @Test
    void shouldRefuseByDefaultWhatTheMaskLeavesOut() {
        protections.configure(BY, config(Protection.READ, false));
        assertFalse(protections.enabled(BY));
        assertEquals(Protection.ALL, memory.view(0).protection(PAGE));
        protections.configure(BY, config(Protection.READ, true));
        assertTrue(protections.enabled(BY));
        assertEquals(Protection.READ, memory.view(0).protection(PAGE));
    }

    /** Two processors may both write it first: what the level has opened since stays open. */
    @Test
    void shouldTakeTheDefaultOnce() {
        protections.configure(BY, config(Protection.READ, true));
        protections.set(BY, 0, new long[] {PAGE}, 1, Protection.ALL);
        protections.configure(BY, config(Protection.NONE, true));
        assertEquals(Protection.ALL, memory.view(0).protection(PAGE));
        assertEquals(Protection.READ, levels.config(BY).defaultVtlProtectionMask());
    }

    /** Whoever sees that the level protects must not have what it does taken back by the default. */
    @Test
    void shouldApplyTheDefaultBeforeTheLevelProtects() {
        boolean[] protecting = new boolean[1];
        memory.view(0).onChange(() -> protecting[0] |= protections.enabled(BY));
        protections.configure(BY, config(Protection.NONE, true));
        assertFalse(protecting[0]);
    }
}
