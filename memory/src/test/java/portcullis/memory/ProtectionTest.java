package portcullis.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProtectionTest {
    private static final long PAGE = 0x3000;
    private static final int READ_EXECUTE = Protection.ALL & ~Protection.WRITE;

    private final GuestMemory memory = new GuestMemory(32);
    private final MemoryView view;

    ProtectionTest() {
        memory.addRam(0, 1 << 20);
        view = memory.view(0);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldRestrictNothingUntilAsked() {
        assertEquals(0, view.restrictions(PAGE));
        assertEquals(Protection.ALL, view.protection(PAGE));
        assertEquals(Protection.ALL, view.protection(1, PAGE));
    }

    @Test
    void shouldKeepForEachPageWhatIsAllowed() {
        for (int allowed = 0; allowed <= Protection.ALL; allowed++) {
            view.protect(1, PAGE, 2, allowed);
            assertEquals(allowed, view.protection(PAGE));
            assertEquals(allowed, view.protection(PAGE + 0x1fff));
            assertEquals(Protection.ALL & ~allowed, view.restrictions(PAGE + 0x1000));
            assertEquals(Protection.ALL, view.protection(PAGE - 1));
            assertEquals(Protection.ALL, view.protection(PAGE + 0x2000));
        }
    }

    @Test
    void shouldAllowWhatAllHigherLevelsAllow() {
        view.protect(1, PAGE, 1, READ_EXECUTE);
        view.protect(2, PAGE, 1, Protection.READ | Protection.WRITE);
        assertEquals(Protection.READ, view.protection(PAGE));
        assertEquals(READ_EXECUTE, view.protection(1, PAGE));
        assertEquals(Protection.READ | Protection.WRITE, view.protection(2, PAGE));
        view.protect(1, PAGE, 1, Protection.ALL);
        assertEquals(Protection.READ | Protection.WRITE, view.protection(PAGE));
        assertEquals(Protection.ALL, memory.view(1).protection(PAGE), "each level has a view of its own");
        memory.view(1).protect(2, PAGE, 1, Protection.NONE);
        assertEquals(Protection.NONE, memory.view(1).protection(PAGE));
        assertEquals(Protection.READ | Protection.WRITE, view.protection(PAGE));
    }

    @Test
    void shouldRefuseWhatProtectionsForbid() {
        view.protect(1, PAGE, 1, READ_EXECUTE);
        assertEquals(0, view.getInt(PAGE));
        assertTrue(view.readable(PAGE - 1, 0x1002));
        assertFalse(view.writable(PAGE - 1, 2));
        assertThrows(GuestAddressException.class, () -> view.putInt(PAGE, 1));
        assertThrows(GuestAddressException.class, () -> view.putInt(PAGE - 1, -1));
        assertThrows(GuestAddressException.class, () -> view.fill(PAGE - 0x1000, 0x2000, (byte) 1));
        assertEquals(0, memory.getInt(PAGE - 4), "nothing is half done");
        view.protect(1, PAGE, 1, Protection.WRITE);
        assertThrows(GuestAddressException.class, () -> view.getByte(PAGE));
        assertThrows(GuestAddressException.class, () -> view.putByte(PAGE, (byte) 0), "writing needs reading");
        assertThrows(GuestAddressException.class, () -> view.read(PAGE - 1, new byte[2], 0, 2));
        memory.putInt(PAGE, 5);
        assertEquals(5, memory.getInt(PAGE), "the host itself meets no protections");
    }

    @Test
    void shouldProtectOverlaysByWhereTheyLie() {
        OverlayPage page = memory.newOverlay(true);
        view.place(page, PAGE);
        view.protect(1, PAGE, 1, Protection.NONE);
        assertEquals(Protection.ALL, view.restrictions(PAGE));
        assertThrows(GuestAddressException.class, () -> view.getByte(PAGE));
        view.place(page, 0x5000);
        assertEquals(0, view.getByte(0x5000));
        assertThrows(GuestAddressException.class, () -> view.getByte(PAGE));
    }

    @Test
    void shouldProtectAListOfPagesInOneChange() {
        AtomicInteger changes = new AtomicInteger();
        view.onChange(changes::incrementAndGet);
        view.protect(1, new long[] {0x1000, 0x9000, 0xffff_ffffL}, 2, Protection.READ);
        assertEquals(1, changes.get());
        assertEquals(Protection.READ, view.protection(0x1000));
        assertEquals(Protection.READ, view.protection(0x9000));
    }

    @Test
    void shouldRefusePagesThatAreNoMemoryAndChangeNothing() {
        long[] bad = {1 << 20, 0x1001, -0x1000, 1L << 32, 1L << 52};
        for (long gpa : bad) {
            assertThrows(IllegalArgumentException.class, () -> view.protect(1, gpa, 1, 0));
            assertThrows(IllegalArgumentException.class, () -> view.protect(1, new long[] {PAGE, gpa}, 2, 0));
        }
        assertThrows(IllegalArgumentException.class, () -> view.protect(1, PAGE, 1 << 20, 0));
        assertThrows(IllegalArgumentException.class, () -> view.protect(1, PAGE, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> view.protect(0, PAGE, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> memory.view(1).protect(1, PAGE, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> view.protect(3, PAGE, 1, 0));
        assertEquals(Protection.ALL, view.protection(PAGE));
    }

    @Test
    void shouldProtectAllMemoryAndWhatIsAddedLater() {
        view.protectAll(1, Protection.READ);
        assertEquals(Protection.READ, view.protection(0));
        assertEquals(Protection.READ, view.protection(0xff000));
        memory.addRam(1 << 24, 0x2000);
        assertEquals(Protection.READ, view.protection((1 << 24) + 0x1000));
        view.protect(1, 1 << 24, 1, Protection.ALL);
        assertEquals(Protection.ALL, view.protection(1 << 24));
        view.unprotect();
        assertEquals(Protection.ALL, view.protection(0));
        memory.addRam(1 << 26, 0x2000);
        assertEquals(Protection.ALL, view.protection(1 << 26));
    }

    /** Read-only for a level means that it sees what a higher one has put there, or checked. */
    @Test
    void shouldNotCoverWhatAHigherLevelKeepsAsItIs() {
        OverlayPage messages = memory.newOverlay(true);
        OverlayPage calls = memory.newOverlay(false);
        memory.putLong(PAGE, 0x1111);
        messages.putLong(0, 0x2222);
        view.place(messages, PAGE);
        assertEquals(0x2222, view.getLong(PAGE));
        view.protect(1, PAGE, 1, Protection.READ | Protection.KERNEL_EXECUTE | Protection.USER_EXECUTE);
        assertEquals(0x1111, view.getLong(PAGE));
        assertEquals(PAGE + 8, view.resolve(PAGE + 8));
        assertFalse(view.isOverlaid(PAGE));
        assertEquals(Protection.WRITE, view.restrictions(PAGE));
        view.place(messages, PAGE + 0x1000);
        assertEquals(0x2222, view.getLong(PAGE + 0x1000));
        view.place(messages, PAGE);
        assertEquals(0x1111, view.getLong(PAGE));
        view.place(calls, PAGE);
        assertTrue(view.isOverlaid(PAGE), "which holds nothing of the guest's");
        view.remove(calls);
        view.protect(1, PAGE, 1, Protection.ALL);
        assertEquals(0x2222, view.getLong(PAGE));
        view.remove(messages);
        assertEquals(0x1111, view.getLong(PAGE));
    }

    /** Its address may be one that a higher level lets code be at, or one that it cannot protect. */
    @Test
    void shouldRefuseCodeOnOverlaysThatTheGuestWrites() {
        long hole = 1L << 30;
        OverlayPage messages = memory.newOverlay(true);
        OverlayPage calls = memory.newOverlay(false);
        int code = Protection.KERNEL_EXECUTE | Protection.USER_EXECUTE;
        for (long gpa : new long[] {PAGE, hole}) {
            view.place(messages, gpa);
            assertEquals(Protection.ALL, view.protection(1, gpa));
            assertEquals(MemoryView.OVERLAID, view.restrictions(gpa));
            view.refuseCodeOnOverlays(1);
            assertEquals(Protection.READ | Protection.WRITE, view.protection(1, gpa + 5));
            assertEquals(Protection.ALL, view.protection(2, gpa));
            assertEquals(MemoryView.OVERLAID | code, view.restrictions(gpa + 5));
            assertEquals(0, view.restrictions(gpa + 0x1000));
            view.place(calls, gpa);
            assertEquals(MemoryView.OVERLAID, view.restrictions(gpa));
            assertEquals(Protection.ALL, view.protection(1, gpa));
            view.remove(calls);
            assertEquals(Protection.READ | Protection.WRITE, view.protection(1, gpa));
            view.remove(messages);
            assertEquals(Protection.ALL, view.protection(1, gpa));
            view.unprotect();
        }
        assertThrows(IllegalArgumentException.class, () -> view.refuseCodeOnOverlays(0));
    }

    /** Who walks page tables for a guest looks at restrictions, and then at the memory. */
    @Test
    void shouldNotChangeUnderAWalk() throws InterruptedException {
        Thread[] protecting = new Thread[1];
        int seen = view.steady(() -> {
            protecting[0] = Thread.ofPlatform().start(() -> view.protect(1, PAGE, 1, Protection.NONE));
            while (protecting[0].isAlive() && protecting[0].getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            return view.protection(PAGE);
        });
        assertEquals(Protection.ALL, seen);
        protecting[0].join();
        assertEquals(Protection.NONE, view.protection(PAGE));
    }

    /** A reader never sees what lies there once it is protected, and a writer leaves no mark behind a completed change. */
    @Test
    void shouldBeCompleteWhenTheChangeReturns() throws InterruptedException {
        int rounds = 2000;
        Thread device = Thread.ofPlatform().start(() -> {
            byte[] bytes = new byte[64];
            for (int i = 1; !Thread.interrupted(); i++) {
                try {
                    view.putInt(PAGE, i);
                    view.write(PAGE + 64, bytes, 0, 64);
                    view.getLong(PAGE);
                    view.read(PAGE, bytes, 0, 64);
                } catch (GuestAddressException refused) {
                    // While it is protected.
                }
            }
        });
        try {
            for (int i = 0; i < rounds; i++) {
                view.protect(1, PAGE, 1, Protection.NONE);
                int seen = memory.getInt(PAGE);
                memory.putLong(PAGE + 64, i);
                assertEquals(seen, memory.getInt(PAGE));
                assertEquals(i, memory.getLong(PAGE + 64));
                view.protect(1, PAGE, 1, Protection.ALL);
            }
        } finally {
            device.interrupt();
            device.join();
        }
    }
}
