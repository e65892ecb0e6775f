package portcullis.soft.litmus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

/** What x86-TSO forbids between processors must not be seen (SDM 9.2.3); atomics must be atomic. */
class LitmusTest {
    // Each program: wait for the flag, then for each slot the instructions named, then an endless loop.
    private static final String WAIT = "f390833e0074f94531c0";
    private static final String STORE_X_LOAD_Y_FENCED =
            WAIT + "42c70403010000000faef0428b0401428904024983c04048ffcf75e4ebfe";
    private static final String XCHG_X_LOAD_Y = WAIT + "b80100000042870403428b0401428904024983c04048ffcf75e6ebfe";
    private static final String STORE_X_STORE_Y = WAIT + "42c704030100000042c70401010000004983c04048ffcf75e7ebfe";
    private static final String LOAD_Y_LOAD_X = WAIT + "428b0401468b0c034289040246894c02044983c04048ffcf75e6ebfe";
    private static final String LOAD_X_LOAD_X = WAIT + "428b0403468b0c034289040246894c02044983c04048ffcf75e6ebfe";
    private static final String STORE_X = WAIT + "42c70403010000004983c04048ffcf75efebfe";
    private static final String LOAD_X_STORE_Y = WAIT + "428b040342c7040101000000428904024983c04048ffcf75e7ebfe";
    private static final String LOCK_INC = WAIT + "f0ff034983c04048ffcf75f4ebfe";
    private static final String LOCK_XADD16 = WAIT + "b80100000066f00fc1034983c04048ffcf75edebfe";
    /** Adds (1, 2) to a pair of quadwords with CMPXCHG16B until it succeeds. */
    private static final String ADD_PAIR =
            "f390833e0074f94989dc498b0424498b5424084989c24989d34883c0014883d2024889c34889d1"
                    + "4c89d04c89daf0490fc70c2475de4c89e348ffcf75caebfe";

    @Test
    void shouldShowStoresInOrder() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(STORE_X_STORE_Y).cpu(LOAD_Y_LOAD_X)) {
            cpus.run();
            for (int slot = 0; slot < TwoCpus.SLOTS; slot++) {
                assertFalse(
                        cpus.result(1, slot, 0) == 1 && cpus.result(1, slot, 1) == 0, "message passing, slot " + slot);
            }
        }
    }

    @Test
    void shouldNotLoadWhatIsStoredLater() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(LOAD_X_STORE_Y).cpu(LOAD_X_STORE_Y, TwoCpus.Y, TwoCpus.X)) {
            cpus.run();
            for (int slot = 0; slot < TwoCpus.SLOTS; slot++) {
                assertFalse(
                        cpus.result(0, slot, 0) == 1 && cpus.result(1, slot, 0) == 1, "load buffering, slot " + slot);
            }
        }
    }

    @Test
    void shouldOrderStoreBeforeLoadAcrossFence() throws InterruptedException {
        storeBuffering(STORE_X_LOAD_Y_FENCED);
    }

    @Test
    void shouldOrderExchangeBeforeLoad() throws InterruptedException {
        storeBuffering(XCHG_X_LOAD_Y);
    }

    private static void storeBuffering(String program) throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(program).cpu(program, TwoCpus.Y, TwoCpus.X)) {
            cpus.run();
            for (int slot = 0; slot < TwoCpus.SLOTS; slot++) {
                assertFalse(
                        cpus.result(0, slot, 0) == 0 && cpus.result(1, slot, 0) == 0, "store buffering, slot " + slot);
            }
        }
    }

    @Test
    void shouldReadOneLocationCoherently() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(STORE_X).cpu(LOAD_X_LOAD_X)) {
            cpus.run();
            for (int slot = 0; slot < TwoCpus.SLOTS; slot++) {
                assertFalse(cpus.result(1, slot, 0) == 1 && cpus.result(1, slot, 1) == 0, "CoRR, slot " + slot);
            }
        }
    }

    @Test
    void shouldAgreeOnTheOrderOfIndependentStores() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus()
                .cpu(STORE_X)
                .cpu(STORE_X, TwoCpus.Y, TwoCpus.X)
                .cpu(LOAD_Y_LOAD_X)
                .cpu(LOAD_Y_LOAD_X, TwoCpus.Y, TwoCpus.X)) {
            cpus.run();
            for (int slot = 0; slot < TwoCpus.SLOTS; slot++) {
                boolean yFirst = cpus.result(2, slot, 0) == 1 && cpus.result(2, slot, 1) == 0;
                boolean xFirst = cpus.result(3, slot, 0) == 1 && cpus.result(3, slot, 1) == 0;
                assertFalse(yFirst && xFirst, "IRIW, slot " + slot);
            }
        }
    }

    @Test
    void shouldIncrementAtomicallyAtAnyAlignment() throws InterruptedException {
        // Aligned; across an 8-byte word; across a cache line; across a page.
        for (long at : new long[] {TwoCpus.X, TwoCpus.X + 6, TwoCpus.X + 0x3e, TwoCpus.X + 0xffe}) {
            try (TwoCpus cpus = new TwoCpus().cpu(LOCK_INC, at, 0).cpu(LOCK_INC, at, 0)) {
                cpus.run();
                assertEquals(2 * TwoCpus.SLOTS, cpus.machine.memory.getInt(at), "at 0x%x".formatted(at));
            }
        }
    }

    @Test
    void shouldAddAtomicallyInSixteenBits() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(LOCK_XADD16, TwoCpus.X + 3, 0).cpu(LOCK_XADD16, TwoCpus.X + 3, 0)) {
            cpus.run();
            assertEquals(2 * TwoCpus.SLOTS, cpus.machine.memory.getShort(TwoCpus.X + 3) & 0xffff);
        }
    }

    @Test
    void shouldCompareAndExchangeSixteenBytesAtomically() throws InterruptedException {
        try (TwoCpus cpus = new TwoCpus().cpu(ADD_PAIR).cpu(ADD_PAIR)) {
            cpus.run();
            assertEquals(2L * TwoCpus.SLOTS, cpus.machine.memory.getLong(TwoCpus.X));
            assertEquals(4L * TwoCpus.SLOTS, cpus.machine.memory.getLong(TwoCpus.X + 8));
        }
    }
}
