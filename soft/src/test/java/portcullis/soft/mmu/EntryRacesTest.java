package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import portcullis.engine.Access;
import portcullis.engine.Register;
import portcullis.engine.Translation;
import portcullis.memory.host.HostMemory;
import portcullis.soft.LongMode;

/** Page table entries that a processor takes away while another walks through them (SDM 4.8: A and D are set by locked accesses). */
class EntryRacesTest {
    private static final int ROUNDS = 300_000;
    private static final long WINDOW = 0x40000000L;
    private static final long TABLE = 0x20000;
    private static final long CLEAN = 0x300000 | 7;
    private static final long DIRTY = 1 << 6;

    /**
     * Who exchanges an entry with 0 knows from what it gets whether the page has been written: a walk that grants a write has set D
     * before that, or finds no page. And nothing appears in an entry that is not present any more.
     */
    @Test
    void shouldGrantNoWriteThatTheEntryTakenAwayDoesNotTellOf() throws InterruptedException {
        try (LongMode machine = new LongMode()) {
            machine.memory.putLong(0x11000 + 8, TABLE | 7);
            machine.memory.putLong(TABLE, TABLE + 0x1000 | 7);
            long entry = machine.memory.hostAddress(TABLE + 0x1000);
            PageWalker walker = new PageWalker(machine.memory, 40);
            walker.context(
                    machine.cpu.get(Register.CR0),
                    machine.cpu.get(Register.CR3),
                    machine.cpu.get(Register.CR4),
                    machine.cpu.get(Register.EFER),
                    0);
            AtomicBoolean stop = new AtomicBoolean();
            long[] grants = {0};
            Thread owner = Thread.ofPlatform().daemon().start(() -> {
                while (!stop.get()) {
                    Translation.Result result = walker.walk(WINDOW, Access.WRITE, false, false, true, true);
                    if (result == Translation.Result.SUCCESS) {
                        grants[0]++;
                    }
                }
            });
            int appeared = 0;
            for (int i = 0; i < ROUNDS; i++) {
                HostMemory.putLongVolatile(entry, CLEAN);
                for (int spins = i & 63; spins > 0; spins--) {
                    Thread.onSpinWait();
                }
                long taken = HostMemory.getLongVolatile(entry);
                while (!HostMemory.compareAndSetLong(entry, taken, 0)) {
                    taken = HostMemory.getLongVolatile(entry);
                }
                for (int spins = 0; spins < 64; spins++) {
                    Thread.onSpinWait();
                }
                if (HostMemory.getLongVolatile(entry) != 0) {
                    appeared++;
                }
            }
            stop.set(true);
            owner.join();
            assertEquals(0, appeared, "bits that came into an entry taken away, of " + grants[0] + " grants");
            assertEquals(0, HostMemory.getLongVolatile(entry) & DIRTY);
        }
    }
}
