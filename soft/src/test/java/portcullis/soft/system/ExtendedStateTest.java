package portcullis.soft.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.Register;
import portcullis.soft.model.CpuModel;
import portcullis.soft.protect.Guest;

class ExtendedStateTest {
    private static final long AREA = Guest.DATA;
    private static final int HEADER = 512;
    private static final int AVX = 576;
    private static final int PKRU = 2688;

    private static Guest guest() {
        return new Guest(CpuModel.Vendor.INTEL)
                .longMode()
                .set(Register.CR4, 0x440620)
                .set(Register.RBX, AREA);
    }

    private static ByteBuffer image() {
        ByteBuffer image = ByteBuffer.allocate(PKRU + 8).order(ByteOrder.LITTLE_ENDIAN);
        image.putShort(0, (short) 0x37f)
                .putShort(2, (short) 0x3800)
                .put(4, (byte) 0x81)
                .putShort(6, (short) 0x123);
        image.putLong(8, 0x1234_5678_9abcL)
                .putLong(16, 0xcba9_8765L)
                .putInt(24, 0x1fa0)
                .putInt(28, 0xffff);
        for (int i = 0; i < 8; i++) {
            image.putLong(32 + i * 16, 0x8000_0000_0000_0000L | i).putShort(40 + i * 16, (short) (0x4000 + i));
        }
        for (int i = 0; i < 32; i++) {
            image.putLong(160 + i * 8, 0x5050_0000L + i).putLong(AVX + i * 8, 0xa0a0_0000L + i);
        }
        image.putInt(PKRU, 0x10);
        image.putLong(HEADER, 0x207);
        return image;
    }

    @Test
    void shouldRestoreAndSaveWholeState() {
        try (Guest g = guest()) {
            byte[] image = image().array();
            g.cpu.setExtendedState(image);
            assertArrayEquals(image, g.cpu.extendedState());
        }
    }

    @Test
    void shouldRefuseImagesThatXrstorWouldRefuse() {
        try (Guest g = guest()) {
            assertThrows(IllegalArgumentException.class, () -> g.cpu.setExtendedState(new byte[100]));
            byte[] mxcsr = image().putInt(24, 0x10000).array();
            assertThrows(IllegalArgumentException.class, () -> g.cpu.setExtendedState(mxcsr));
            byte[] component = image().putLong(HEADER, 1 << 5).array();
            assertThrows(IllegalArgumentException.class, () -> g.cpu.setExtendedState(component));
        }
    }

    private static void put(Guest g, ByteBuffer image) {
        g.memory.write(AREA, image.array(), 0, image.capacity());
    }

    private static long saved(Guest g, int offset) {
        return ByteBuffer.wrap(g.cpu.extendedState())
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong(offset);
    }

    @Test
    void shouldRestoreRequestedComponentsAndInitialiseAbsentOnes() {
        try (Guest g = guest().code("0f ae 2b cc")) {
            g.cpu.setExtendedState(image().array());
            g.set(Register.XCR0, 0x207).set(Register.RAX, 7);
            ByteBuffer image = image().putLong(HEADER, 4).putLong(AVX, 0x1111).putLong(160, 0x2222);
            put(g, image);
            g.expect(Guest.DONE, 0);
            assertEquals(0x1111, saved(g, AVX));
            assertEquals(0, saved(g, 160), "SSE in its initial state");
            assertEquals(0x37f, saved(g, 0), "x87 too");
            assertEquals(0x10, saved(g, PKRU), "not requested");
            assertEquals(0x0000_ffff_0000_1fa0L, saved(g, 24), "MXCSR is loaded all the same");
        }
    }

    @Test
    void shouldSaveRequestedComponentsAndTellWhatIsInUse() {
        try (Guest g = guest().code("0f ae 23 cc")) {
            g.cpu.setExtendedState(image().putLong(HEADER, 6).array());
            g.set(Register.XCR0, 0x207).set(Register.RAX, 3);
            g.memory.putLong(AREA + HEADER, 0x200);
            g.memory.putLong(AREA + AVX, 0x77);
            g.expect(Guest.DONE, 0);
            assertEquals(0x202, g.memory.getLong(AREA + HEADER));
            assertEquals(0x50500000L, g.memory.getLong(AREA + 160));
            assertEquals(0x77, g.memory.getLong(AREA + AVX));
        }
    }

    @Test
    void shouldLeaveOutInitialStateByXsaveopt() {
        try (Guest g = guest().code("0f ae 33 cc")) {
            g.cpu.setExtendedState(image().putLong(HEADER, 4).array());
            g.set(Register.XCR0, 7).set(Register.RAX, 7);
            g.memory.putLong(AREA + 160, 0x66);
            g.expect(Guest.DONE, 0);
            assertEquals(4, g.memory.getLong(AREA + HEADER));
            assertEquals(0x66, g.memory.getLong(AREA + 160));
            assertEquals(0xa0a00000L, g.memory.getLong(AREA + AVX));
            assertEquals(0x1fa0, g.memory.getInt(AREA + 24));
        }
    }

    @ParameterizedTest(name = "{0}: {6}")
    @CsvSource({
        "0faee8 is LFENCE,     0faee8, 0,  0x440620, 0x80010031, 1, 3",
        "XSAVE misaligned,     0fae23, 32, 0x440620, 0x80010031, 1, 13",
        "XSAVE task switched,  0fae23, 0,  0x440620, 0x80010039, 1, 7",
        "XSAVE not enabled,    0fae23, 0,  0x400620, 0x80010031, 1, 6",
        "XRSTOR bad component, 0fae2b, 0,  0x440620, 0x80010031, 0x20, 13",
        "XRSTOR compacted,     0fae2b, 0,  0x440620, 0x80010031, -1, 13",
        "FXSAVE misaligned,    0fae03, 8,  0x440620, 0x80010031, 1, 13",
        "FXSAVE task switched, 0fae03, 0,  0x440620, 0x80010039, 1, 7",
        "FXSAVE emulated,      0fae03, 0,  0x440620, 0x80010035, 1, 7",
        "FXSAVE,               0fae03, 16, 0x20,     0x80010031, 1, 3",
    })
    void shouldCheckAreas(String name, String code, int offset, long cr4, long cr0, long header, int vector) {
        try (Guest g = guest().code(code + "cc")) {
            g.set(Register.CR4, cr4)
                    .set(Register.CR0, cr0)
                    .set(Register.RBX, AREA + offset)
                    .set(Register.RAX, 7);
            g.memory.putLong(AREA + HEADER, header < 0 ? 1 : header);
            g.memory.putLong(AREA + HEADER + 8, header < 0 ? Long.MIN_VALUE : 0);
            g.memory.putInt(AREA + 24, 0x1f80);
            g.expect(vector, 0);
        }
    }

    @Test
    void shouldRefuseReservedBitsOfMxcsr() {
        try (Guest g = guest().code("0f ae 0b")) {
            put(g, image().putInt(24, 0x11f80));
            g.expect(13, 0);
        }
    }

    @Test
    void shouldSaveAndRestoreLegacyArea() {
        try (Guest g = guest().code("48 0f ae 0b 48 0f ae 01 cc")) {
            put(g, image());
            g.set(Register.RCX, AREA + 0x1000);
            g.expect(Guest.DONE, 0);
            byte[] expected = new byte[416];
            byte[] actual = new byte[416];
            g.memory.read(AREA, expected, 0, 416);
            g.memory.read(AREA + 0x1000, actual, 0, 416);
            assertArrayEquals(expected, actual);
        }
    }

    @ParameterizedTest(name = "XCR{0} = {1} at level {2}: {3}")
    @CsvSource({
        "0, 7, 0, 3",
        "0, 0x207, 0, 3",
        "0, 6, 0, 13",
        "0, 5, 0, 13",
        "0, 0xff, 0, 13",
        "1, 1, 0, 13",
        "0, 1, 3, 13"
    })
    void shouldCheckExtendedControlRegister(int number, int value, int cpl, int vector) {
        try (Guest g = guest().level64(cpl).code("0f 01 d1 cc")) {
            g.set(Register.RCX, number).set(Register.RAX, value).set(Register.RDX, 0);
            g.expect(vector, 0);
            assertEquals(vector == 3 ? value : 1, g.get(Register.XCR0));
        }
    }
}
