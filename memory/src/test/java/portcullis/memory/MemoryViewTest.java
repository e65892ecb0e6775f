package portcullis.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryViewTest {
    private static final long RAM = 1 << 20;
    private static final long ROM = 0xf0000000L;
    private static final long PAGE = 0x3000;

    private final GuestMemory memory = new GuestMemory(32);
    private final MemoryView view;

    MemoryViewTest() {
        memory.addRam(0, RAM);
        memory.addRom(ROM, 0x1000, new byte[] {1, 2, 3});
        memory.putLong(PAGE, 0x1111);
        view = memory.view(0);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private OverlayPage overlay(long content) {
        OverlayPage page = memory.newOverlay(true);
        page.putLong(0, content);
        return page;
    }

    @Test
    void shouldBeTheMemoryItselfWithoutOverlays() {
        assertEquals(PAGE + 5, view.resolve(PAGE + 5));
        assertEquals(0x1111, view.getLong(PAGE));
        view.putInt(PAGE + 8, 7);
        assertEquals(7, memory.getInt(PAGE + 8));
    }

    @Test
    void shouldShowOverlayAndBringBackWhatItCovered() {
        OverlayPage page = overlay(0x2222);
        view.place(page, PAGE);
        assertEquals(page.address() + 8, view.resolve(PAGE + 8));
        assertTrue(view.isOverlaid(PAGE));
        assertFalse(view.isOverlaid(PAGE + 0x1000));
        assertEquals(0x2222, view.getLong(PAGE));
        view.putLong(PAGE, 0x3333);
        assertEquals(0x1111, memory.getLong(PAGE), "the memory below is untouched");
        view.remove(page);
        assertEquals(PAGE, view.resolve(PAGE));
        assertEquals(0x1111, view.getLong(PAGE));
        assertEquals(0x3333, page.getLong(0));
    }

    @Test
    void shouldUncoverTheOverlayBelowTheLastOne() {
        OverlayPage first = overlay(1);
        OverlayPage second = overlay(2);
        view.place(first, PAGE);
        view.place(second, PAGE);
        assertEquals(2, view.getLong(PAGE));
        view.remove(second);
        assertEquals(1, view.getLong(PAGE));
        view.place(second, PAGE);
        view.remove(first);
        assertEquals(2, view.getLong(PAGE));
        view.remove(second);
        assertEquals(0x1111, view.getLong(PAGE));
    }

    @Test
    void shouldMoveAnOverlayThatIsPlacedAgain() {
        OverlayPage page = overlay(5);
        view.place(page, PAGE);
        view.place(page, 0x5000);
        assertEquals(0x1111, view.getLong(PAGE));
        assertEquals(5, view.getLong(0x5000));
        view.remove(page);
        view.remove(page);
        assertEquals(0, view.getLong(0x5000));
    }

    @Test
    void shouldLieOverAnAddressWithoutMemory() {
        long nowhere = 0x80000000L;
        assertThrows(GuestAddressException.class, () -> view.getInt(nowhere));
        OverlayPage page = overlay(9);
        view.place(page, nowhere);
        assertEquals(9, view.getLong(nowhere));
        assertThrows(GuestAddressException.class, () -> view.getLong(nowhere + 0xffc));
    }

    @Test
    void shouldKeepLevelsApart() {
        OverlayPage page = overlay(9);
        memory.view(1).place(page, PAGE);
        memory.view(2).place(page, 0x4000);
        assertEquals(0x1111, view.getLong(PAGE));
        assertEquals(9, memory.view(1).getLong(PAGE));
        assertEquals(9, memory.view(2).getLong(0x4000));
        page.close();
        assertEquals(0x1111, memory.view(1).getLong(PAGE));
        assertEquals(0, memory.view(2).getLong(0x4000));
    }

    @Test
    void shouldCrossIntoAndOutOfAnOverlay() {
        view.place(overlay(0), PAGE);
        byte[] bytes = new byte[0x2010];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        view.write(PAGE - 8, bytes, 0, bytes.length);
        byte[] back = new byte[bytes.length];
        view.read(PAGE - 8, back, 0, back.length);
        assertArrayEquals(bytes, back);
        assertEquals(0x1111, memory.getLong(PAGE));
        view.putLong(PAGE - 3, 0x1122334455667788L);
        assertEquals(0x1122334455667788L, view.getLong(PAGE - 3));
        assertEquals((byte) 0x66, memory.getByte(PAGE - 1));
        view.putInt(PAGE + 0xffe, 0x01020304);
        assertEquals(0x01020304, view.getInt(PAGE + 0xffe));
        view.fill(PAGE + 0xff0, 0x20, (byte) 0x5a);
        assertEquals(0x5a, memory.getByte(PAGE + 0x1000));
    }

    @Test
    void shouldRefuseWritesToWhatTheGuestMayNotWrite() {
        OverlayPage page = memory.newOverlay(false);
        page.putByte(3, (byte) 0xc3);
        view.place(page, PAGE);
        assertEquals((byte) 0xc3, view.getByte(PAGE + 3));
        assertThrows(GuestAddressException.class, () -> view.putByte(PAGE + 3, (byte) 0));
        assertThrows(GuestAddressException.class, () -> view.write(PAGE - 1, new byte[2], 0, 2));
        assertThrows(GuestAddressException.class, () -> view.putByte(ROM, (byte) 0));
        assertEquals((byte) 0xc3, page.getByte(3));
        assertEquals(0, memory.getByte(PAGE - 1), "nothing is half done");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -8, 1L << 32, (1L << 32) - 4, 1L << 52, Long.MAX_VALUE, Long.MIN_VALUE})
    void shouldRefuseAddressesOutside(long gpa) {
        memory.newOverlay(true);
        view.place(overlay(1), PAGE);
        assertThrows(GuestAddressException.class, () -> view.getLong(gpa));
        assertThrows(GuestAddressException.class, () -> view.putLong(gpa, 0));
        assertThrows(GuestAddressException.class, () -> view.read(gpa, new byte[8], 0, 8));
        assertThrows(GuestAddressException.class, () -> view.fill(gpa, Long.MAX_VALUE, (byte) 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 0xfff, -0x1000, 1L << 32, 1L << 52})
    void shouldRefuseToPlaceOutside(long gpa) {
        OverlayPage page = overlay(1);
        assertThrows(IllegalArgumentException.class, () -> view.place(page, gpa));
    }

    @Test
    void shouldTellOfEachChange() {
        AtomicInteger changes = new AtomicInteger();
        view.onChange(changes::incrementAndGet);
        memory.view(1).onChange(() -> changes.addAndGet(100));
        OverlayPage page = overlay(1);
        view.place(page, PAGE);
        assertEquals(1, changes.get());
        page.putLong(0, 2);
        assertEquals(1, changes.get());
        view.remove(page);
        view.remove(page);
        assertEquals(2, changes.get());
    }

    @Test
    void shouldReuseClosedPagesZeroFilled() {
        OverlayPage page = overlay(77);
        long address = page.address();
        view.place(page, PAGE);
        page.close();
        page.close();
        assertEquals(0x1111, view.getLong(PAGE));
        OverlayPage next = memory.newOverlay(true);
        assertEquals(address, next.address());
        assertEquals(0, next.getLong(0));
        assertNotEquals(address, memory.newOverlay(true).address());
        assertNotEquals(address, memory.newOverlay(false).address());
    }

    @Test
    void shouldTrackCodeInOverlaysLikeInMemory() {
        OverlayPage page = overlay(1);
        memory.updatePageFlags(page.address(), GuestMemory.PAGE_CODE, 0);
        long[] seen = new long[1];
        memory.setCodeWriteListener((address, length) -> seen[0] = address);
        view.place(page, PAGE);
        view.putByte(PAGE + 0x10, (byte) 1);
        assertEquals(page.address() + 0x10, seen[0]);
        seen[0] = 0;
        page.getAndSetBits(0x20, 4);
        assertEquals(page.address() + 0x20, seen[0]);
        assertEquals(4, page.getAndClearBits(0x20, 4));
        assertTrue(page.compareAndSetInt(0x20, 0, 9));
        assertFalse(page.compareAndSetInt(0x20, 0, 9));
        assertThrows(IndexOutOfBoundsException.class, () -> page.getInt(0xffe));
        assertThrows(IndexOutOfBoundsException.class, () -> page.write(-1, new byte[1], 0, 1));
    }

    @Test
    void shouldIgnoreFlagsOfPagesThatDoNotExist() {
        memory.updatePageFlags(1L << 40, GuestMemory.PAGE_CODE, 0);
        memory.updatePageFlags(-1, GuestMemory.PAGE_CODE, 0);
        memory.updatePageFlags(1L << 52, GuestMemory.PAGE_CODE, 0);
        assertEquals(0, memory.pageFlags(1L << 40));
    }
}
