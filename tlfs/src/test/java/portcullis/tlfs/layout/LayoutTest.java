package portcullis.tlfs.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class LayoutTest {
    @Test
    void shouldPlaceFieldsOneAfterTheOther() {
        Layout inner = Layout.of("INNER").u32("A").u32("B").build(8);
        Layout layout = Layout.of("OUTER")
                .u8("First", Layout.bit("Flag", 7), Layout.bits("Number", 1, 3))
                .reserved(3)
                .u32("Second")
                .structures("Inner", inner, 2)
                .array("Words", 2, 4)
                .build(32);
        assertEquals(4, layout.field("Second").offset());
        assertEquals(8, layout.field("Inner").offset());
        assertEquals(16, layout.field("Inner").size());
        assertEquals(inner, layout.field("Inner").structure());
        assertEquals(24, layout.field("Words").offset());
        assertEquals(2, layout.field("Words").elementSize());
        assertEquals(0x80, layout.field("First").bits().get(0).mask());
        assertEquals(0x0E, layout.field("First").bits().get(1).mask());
    }

    @Test
    void shouldOverlayMembersOfAUnion() {
        Layout layout = Layout.of("UNION")
                .u32("Type")
                .reserved(4)
                .u64("Long")
                .at(8)
                .u16("Short")
                .build(16);
        assertEquals(8, layout.field("Long").offset());
        assertEquals(8, layout.field("Short").offset());
    }

    @Test
    void shouldRefuseWhatDoesNotAddUpOrIsNotAligned() {
        assertThrows(
                IllegalStateException.class, () -> Layout.of("SHORT").u32("A").build(8));
        assertThrows(IllegalStateException.class, () -> Layout.of("ODD").u8("A").u32("B"));
        Layout layout = Layout.of("ONE").bytes("A", 3).build(3);
        assertThrows(IllegalArgumentException.class, () -> layout.field("B"));
    }
}
