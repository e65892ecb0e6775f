package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApicBaseTest {
    private static final long BASE = 0xfee00000L;

    private static long bits(String mode) {
        return BASE
                | switch (mode) {
                    case "disabled" -> 0;
                    case "xapic" -> LocalApic.BASE_ENABLE;
                    case "x2apic" -> LocalApic.BASE_ENABLE | LocalApic.BASE_X2APIC;
                    default -> LocalApic.BASE_X2APIC;
                };
    }

    /** SDM 10.12.5, figure 10-27. */
    @ParameterizedTest
    @CsvSource({
        "disabled, disabled, true",
        "disabled, xapic,    true",
        "disabled, x2apic,   false",
        "disabled, invalid,  false",
        "xapic,    disabled, true",
        "xapic,    xapic,    true",
        "xapic,    x2apic,   true",
        "xapic,    invalid,  false",
        "x2apic,   disabled, true",
        "x2apic,   xapic,    false",
        "x2apic,   x2apic,   true",
        "x2apic,   invalid,  false"
    })
    void shouldAllowTheTransitionsThatExist(String from, String to, boolean allowed) {
        LocalApic apic = ApicBench.single().apic();
        assertTrue(apic.writeBase(bits(from)));
        long before = apic.base();
        assertEquals(allowed, apic.writeBase(bits(to)));
        assertEquals(allowed ? bits(to) : before, apic.base());
    }

    @Test
    void shouldRefuseReservedBits() {
        LocalApic apic = ApicBench.single().apic();
        for (int bit = 0; bit < 64; bit++) {
            boolean defined = bit == 8 || bit == 11 || (bit >= 12 && bit < 40);
            if (!defined && bit != 10) {
                assertFalse(apic.writeBase(bits("xapic") | 1L << bit), "bit " + bit);
            }
        }
    }

    @Test
    void shouldRefuseX2apicWhereItIsNotOffered() {
        LocalApic apic = new ApicBench(new ApicFeatures(false, true, 40), 0).apic();
        assertFalse(apic.writeBase(bits("x2apic")));
    }

    @Test
    void shouldMoveItsPage() {
        LocalApic apic = ApicBench.single().apic();
        assertTrue(apic.covers(0xfee00ff0L));
        assertTrue(apic.writeBase(0xfed40000L | LocalApic.BASE_ENABLE));
        assertTrue(apic.covers(0xfed40030L));
        assertFalse(apic.covers(0xfee00030L));
    }

    @Test
    void shouldHaveNoPageUnlessInXapicMode() {
        LocalApic apic = ApicBench.single().apic();
        apic.writeBase(bits("x2apic"));
        assertFalse(apic.covers(0xfee00030L));
        apic.writeBase(bits("disabled"));
        assertFalse(apic.covers(0xfee00030L));
    }

    @Test
    void shouldLoseStateButTaskPriorityWhenDisabled() {
        ApicBench bench = ApicBench.single();
        LocalApic apic = bench.apic();
        bench.write(0x20, 9 << 24);
        bench.write(0xd0, 0x01000000);
        apic.setTaskPriorityClass(3);
        apic.receive(DeliveryMode.FIXED, 0x51, false);
        apic.writeBase(bits("disabled"));
        assertEquals(3, apic.taskPriorityClass());
        assertEquals(LocalApic.NONE, apic.deliverable());
        apic.writeBase(bits("xapic"));
        assertEquals(0, bench.read(0x20));
        assertEquals(0, bench.read(0xd0));
        assertEquals(0xff, bench.read(0xf0));
    }

    @Test
    void shouldHearNothingWhileDisabled() {
        ApicBench bench = ApicBench.several(2, false);
        LocalApic second = bench.apics.get(1);
        second.writeBase(bits("disabled"));
        bench.write(0x310, 1 << 24);
        bench.write(0x300, 0x4400);
        bench.write(0x300, 0xc4031);
        assertEquals(0, second.takeNmis());
        second.writeBase(bits("xapic"));
        ApicBench.write(second, 0xf0, 0x1ff);
        assertEquals(LocalApic.NONE, second.deliverable());
    }

    @Test
    void shouldKeepRegistersWhenX2apicIsEntered() {
        ApicBench bench = ApicBench.single();
        bench.write(0x80, 0x20);
        bench.apic().receive(DeliveryMode.FIXED, 0x51, false);
        bench.apic().writeBase(bits("x2apic"));
        assertEquals(0x20L, ApicBench.readMsr(bench.apic(), 0x808));
        assertEquals(0x51, bench.apic().deliverable());
    }
}
