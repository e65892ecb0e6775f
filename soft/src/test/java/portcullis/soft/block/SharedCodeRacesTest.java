package portcullis.soft.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import portcullis.memory.GuestMemory;
import portcullis.soft.LongMode;
import portcullis.soft.cpu.Op;

/** What CPUs share, by threads that meet: blocks of code against stores into it, and one CPU that holds the others still. */
class SharedCodeRacesTest {
    private static final long PAGE = LongMode.DATA;

    private final LongMode machine = new LongMode();
    private final EngineShared shared = new EngineShared(machine.memory);
    private final CodePages pages = shared.pages;

    private SoftCpu cpu(int index) {
        return SoftCpu.create(machine.engine, shared, index, index);
    }

    private static Block block() {
        return new Block(new Op[0], 0, 0, 0, 0, PAGE, 16, -1, false);
    }

    private Block decode(SoftCpu cpu) {
        while (true) {
            CodePages.Page page = pages.open(cpu, PAGE);
            int version = page.version();
            Block block = block();
            if (page.add(block, version)) {
                return block;
            }
        }
    }

    private boolean tracked() {
        return (machine.memory.pageFlags(PAGE) & GuestMemory.PAGE_CODE) != 0;
    }

    /** Runs the bodies side by side, each on a thread of its own, and hands on what one of them throws. */
    private static void together(Runnable... bodies) throws Exception {
        List<Throwable> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (Runnable body : bodies) {
            threads.add(Thread.ofPlatform().daemon().start(() -> {
                try {
                    body.run();
                } catch (RuntimeException | Error failure) {
                    synchronized (failures) {
                        failures.add(failure);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError(failures.getFirst());
        }
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception broken) {
            throw new AssertionError(broken);
        }
    }

    /** The store that drops a page's last block stops tracking the page: not where somebody has begun to track it anew. */
    @Test
    void shouldTrackAPageWhoseLastBlockWentWhileAnotherWasDecoded() throws Exception {
        int rounds = 30_000;
        SoftCpu decoder = cpu(1);
        AtomicInteger round = new AtomicInteger();
        AtomicInteger stored = new AtomicInteger();
        int[] lost = {0};
        together(
                () -> {
                    for (int i = 1; i <= rounds; i++) {
                        while (round.get() < i) {
                            Thread.onSpinWait();
                        }
                        machine.memory.putByte(PAGE, (byte) i);
                        stored.set(i);
                    }
                },
                () -> {
                    for (int i = 1; i <= rounds; i++) {
                        decode(decoder);
                        round.set(i);
                        Block block = decode(decoder);
                        while (stored.get() < i) {
                            if (!block.valid) {
                                block = decode(decoder);
                            }
                        }
                        if (block.valid && !tracked()) {
                            lost[0]++;
                            machine.memory.updatePageFlags(PAGE, GuestMemory.PAGE_CODE, 0);
                        }
                        machine.memory.putByte(PAGE, (byte) 0);
                    }
                });
        assertEquals(0, lost[0], "blocks in a page where no store would be seen");
    }

    /** A second CPU that decodes in a page waits, too, for stores that the first one's revocation waits for. */
    @Test
    void shouldDecodeNothingBeforeStoresUnderWayAreThere() throws Exception {
        SoftCpu first = cpu(1);
        SoftCpu second = cpu(2);
        SoftCpu writer = cpu(3);
        // Real mode, no paging: linear addresses are physical. The second store makes the right to write.
        long page = 0x3000;
        writer.write8(page, 1);
        int rounds = 100;
        int early = 0;
        for (int i = 0; i < rounds; i++) {
            writer.write8(page, 1);
            AtomicBoolean stored = new AtomicBoolean();
            AtomicBoolean sawStored = new AtomicBoolean();
            AtomicBoolean done = new AtomicBoolean();
            writer.enterGuest();
            Thread one = Thread.ofPlatform().daemon().start(() -> pages.open(first, page));
            while ((machine.memory.pageFlags(page) & GuestMemory.PAGE_CODE) == 0) {
                Thread.onSpinWait();
            }
            Thread two = Thread.ofPlatform().daemon().start(() -> {
                pages.open(second, page);
                sawStored.set(stored.get());
                done.set(true);
            });
            for (int spins = 0; spins < 2000 && !done.get(); spins++) {
                Thread.yield();
            }
            // The store whose right was looked at before it was taken away, and the end of its block.
            stored.set(true);
            writer.sync();
            one.join();
            two.join();
            writer.leaveGuest();
            early += sawStored.get() ? 0 : 1;
            machine.memory.putByte(page, (byte) 0);
            assertTrue((machine.memory.pageFlags(page) & GuestMemory.PAGE_CODE) == 0, "no block, no tracking");
        }
        assertEquals(0, early, "times that the second went ahead");
    }

    /** Who stands still for one CPU does not go on where another holds everybody meanwhile. */
    @Test
    void shouldHoldStillFromOneHolderToTheNext() throws Exception {
        int rounds = 100_000;
        SoftCpu worker = cpu(1);
        SoftCpu one = cpu(2);
        SoftCpu other = cpu(3);
        AtomicInteger left = new AtomicInteger(2);
        long[] count = {0};
        AtomicInteger broken = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(3);
        together(
                () -> {
                    meet(start);
                    worker.enterGuest();
                    while (left.get() > 0) {
                        // As a CPU does that has waited in the middle of its look-up of code, and goes on with that.
                        worker.serveWhileWaiting();
                        count[0]++;
                    }
                    worker.leaveGuest();
                },
                () -> hold(one, start, rounds, count, broken, left),
                () -> hold(other, start, rounds, count, broken, left));
        assertEquals(0, broken.get(), "times that somebody moved");
    }

    private static void hold(
            SoftCpu cpu, CyclicBarrier start, int rounds, long[] count, AtomicInteger broken, AtomicInteger left) {
        meet(start);
        for (int i = 0; i < rounds; i++) {
            cpu.beginExclusive();
            long before = count[0];
            for (int spins = 0; spins < 20; spins++) {
                Thread.onSpinWait();
            }
            VarHandle.fullFence();
            if (count[0] != before) {
                broken.incrementAndGet();
            }
            cpu.endExclusive();
        }
        left.decrementAndGet();
    }
}
