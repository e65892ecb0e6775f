package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class X2ApicTest {
    private final ApicBench bench = ApicBench.several(1, true);
    private final LocalApic apic = bench.apic();

    private static Set<Integer> range(int first, int last, Integer... more) {
        Set<Integer> set = new TreeSet<>(Set.of(more));
        for (int i = first; i <= last; i++) {
            set.add(i);
        }
        return set;
    }

    /** SDM table 10-6. */
    @Test
    void shouldReadExactlyTheReadableRegisters() {
        Set<Integer> readable =
                range(0x810, 0x828, 0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, 0x830, 0x838, 0x839, 0x83e);
        readable.addAll(range(0x832, 0x837));
        Set<Integer> found = new TreeSet<>();
        for (int msr = 0x800; msr <= 0x8ff; msr++) {
            if (ApicBench.readMsr(apic, msr) != null) {
                found.add(msr);
            }
        }
        assertEquals(readable, found);
    }

    @Test
    void shouldWriteExactlyTheWritableRegisters() {
        Set<Integer> writable = range(0x832, 0x837, 0x808, 0x80b, 0x80f, 0x828, 0x830, 0x838, 0x83e, 0x83f);
        Set<Integer> found = new TreeSet<>();
        for (int msr = 0x800; msr <= 0x8ff; msr++) {
            if (apic.writeMsr(msr, 0)) {
                found.add(msr);
            }
        }
        assertEquals(writable, found);
    }

    @ParameterizedTest
    @CsvSource({
        // register, bits that may be set
        "0x808, 0x000000ff",
        "0x80b, 0x00000000",
        "0x80f, 0x000003ff",
        "0x828, 0x00000000",
        "0x830, 0xffffffff000cdfff",
        "0x832, 0x000710ff",
        "0x833, 0x000117ff",
        "0x834, 0x000117ff",
        "0x835, 0x0001f7ff",
        "0x836, 0x0001f7ff",
        "0x837, 0x000110ff",
        "0x838, 0xffffffff",
        "0x83e, 0x0000000b",
        "0x83f, 0x000000ff"
    })
    void shouldRefuseReservedBits(String register, String allowed) {
        int msr = Integer.decode(register);
        long mask = Long.parseUnsignedLong(allowed.substring(2), 16);
        for (int bit = 0; bit < 64; bit++) {
            assertEquals((mask >>> bit & 1) != 0, apic.writeMsr(msr, 1L << bit), "bit " + bit);
        }
    }

    @Test
    void shouldRefuseBothTimerModesAtOnce() {
        assertFalse(apic.writeMsr(0x832, 3 << 17));
    }

    @Test
    void shouldRefuseAllMsrsInXapicMode() {
        LocalApic xapic = ApicBench.single().apic();
        for (int msr = 0x800; msr <= 0x8ff; msr++) {
            assertNull(ApicBench.readMsr(xapic, msr));
            assertFalse(xapic.writeMsr(msr, 0));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0x00000001",
        "1, 0x00000002",
        "15, 0x00008000",
        "16, 0x00010001",
        "0x123, 0x00120008",
        "300, 0x00121000"
    })
    void shouldDeriveLogicalId(String id, String logical) {
        LocalApic wide = new ApicBench(ApicBench.EVERYTHING, Integer.decode(id)).apic();
        assertTrue(wide.writeBase(wide.base() | LocalApic.BASE_X2APIC));
        assertEquals(Long.decode(logical), ApicBench.readMsr(wide, 0x80d));
        assertEquals(Long.decode(id), ApicBench.readMsr(wide, 0x802));
    }

    @Test
    void shouldSendToItselfThroughSelfIpi() {
        assertTrue(apic.writeMsr(0x83f, 0x51));
        assertEquals(0x51, apic.deliverable());
    }

    @Test
    void shouldLogIllegalSelfIpi() {
        assertTrue(apic.writeMsr(0x83f, 0x05));
        assertTrue(apic.writeMsr(0x828, 0));
        assertEquals(1L << 5, ApicBench.readMsr(apic, 0x828));
    }

    @Test
    void shouldReadBackWholeCommandRegisterWithoutDeliveryStatus() {
        assertTrue(apic.writeMsr(0x830, 0x77_0000_5031L));
        assertEquals(0x77_0000_4031L, ApicBench.readMsr(apic, 0x830));
    }

    @Test
    void shouldKeepX2apicModeOverInit() {
        apic.init();
        assertEquals(ApicMode.X2APIC, apic.mode());
        assertEquals(0xffL, ApicBench.readMsr(apic, 0x80f));
    }
}
