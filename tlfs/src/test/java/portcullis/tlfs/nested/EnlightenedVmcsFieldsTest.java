package portcullis.tlfs.nested;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EnlightenedVmcsFieldsTest {
    /** SDM volume 3, appendix B: bits 14:13 of an encoding say how wide the field is. */
    @Test
    void shouldHaveTheWidthOfItsEncoding() {
        Set<String> names = new HashSet<>();
        for (EnlightenedVmcsFields.Entry entry : EnlightenedVmcsFields.all()) {
            int size = new int[] {2, 8, 4, 8}[entry.encoding() >>> 13 & 3];
            assertEquals(size, entry.field().size(), entry.field().name());
            assertTrue(names.add(entry.field().name()), entry.field().name());
        }
    }

    @Test
    void shouldKnowEncodingsAndCleanFields() {
        EnlightenedVmcsFields.Entry rip = EnlightenedVmcsFields.of(0x681E);
        assertEquals("GuestRip", rip.field().name());
        assertEquals(EnlightenedVmcs.GUEST_RIP, rip.field().offset());
        assertEquals(0, rip.cleanField());
        assertEquals("HostRip", EnlightenedVmcsFields.of(0x6C16).field().name());
        assertEquals(
                EnlightenedVmcs.CLEAN_FIELD_HOST_GRP1,
                EnlightenedVmcsFields.of(0x4C00).cleanField());
        assertTrue(EnlightenedVmcsFields.of(0x4402).readOnly());
        assertNull(EnlightenedVmcsFields.of(0x0004));
        assertEquals(1 << 15, EnlightenedVmcs.CLEAN_FIELD_ENLIGHTENMENTSCONTROL);
    }
}
