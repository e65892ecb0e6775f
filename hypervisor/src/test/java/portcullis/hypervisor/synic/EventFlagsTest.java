package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.hypervisor.synic.SynicBench.VECTOR;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** TLFS inter-partition-communication.md, "SynIC Event Flags", and the assertion of a source without either. */
class EventFlagsTest {
    private final SynicBench bench = SynicBench.enabled();
    private final Synic synic = bench.synic();

    @AfterEach
    void close() {
        bench.close();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 31", "1, 32", "7, 63", "8, 64", "15, 2047"})
    void shouldSetTheFlagAndInterruptOnce(int sint, int flag) {
        assertEquals(HvStatus.SUCCESS, synic.signal(sint, flag));
        assertEquals(VECTOR + sint, bench.interrupt());
        for (int word = 0; word < 32; word++) {
            assertEquals(word == flag >>> 6 ? 1L << flag : 0, bench.flags(sint, word));
        }
        assertEquals(HvStatus.SUCCESS, synic.signal(sint, flag));
        assertEquals(LocalApic.NONE, bench.interrupt(), "it was set");
        bench.view.putLong(SynicBench.EVENTS + sint * 256L + (flag >>> 6) * 8L, 0);
        synic.signal(sint, flag);
        assertEquals(VECTOR + sint, bench.interrupt());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "SynIC off, 40000080, 0",
        "page off, 40000082, 20000",
        "masked, 40000092, 10082",
    })
    void shouldRefuseEventsWhile(String name, String msr, String value) {
        bench.write(Integer.parseInt(msr, 16), Long.parseLong(value, 16));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, synic.signal(2, 0));
        bench.enable(0);
        assertEquals(0, bench.flags(2, 0), "and leave the flag alone");
        assertEquals(LocalApic.NONE, bench.interrupt());
    }

    @ParameterizedTest
    @CsvSource({"40082", "50082"})
    void shouldSetFlagsOfPolledSourcesWithoutInterrupt(String sint) {
        bench.write(HvMsr.SINT0 + 2, Long.parseLong(sint, 16));
        assertEquals(HvStatus.SUCCESS, synic.signal(2, 3));
        assertEquals(8, bench.flags(2, 0));
        assertEquals(LocalApic.NONE, bench.interrupt());
    }

    @Test
    void shouldRefuseFlagsThatAreNot() {
        assertThrows(IllegalArgumentException.class, () -> synic.signal(2, 2048));
        assertThrows(IllegalArgumentException.class, () -> synic.signal(2, -1));
        assertThrows(IllegalArgumentException.class, () -> synic.signal(16, 0));
    }

    @Test
    void shouldLoseNoFlagToOneThatIsSetAtTheSameTime() throws InterruptedException {
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            int first = i;
            threads[i] = new Thread(() -> {
                for (int flag = first; flag < 2048; flag += 4) {
                    synic.signal(9, flag);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (int word = 0; word < 32; word++) {
            assertEquals(-1, bench.flags(9, word));
        }
    }

    @Test
    void shouldAssertASource() {
        assertTrue(synic.assertSint(6));
        assertEquals(VECTOR + 6, bench.interrupt());
        bench.write(HvMsr.SINT0 + 6, 0x10086);
        assertFalse(synic.assertSint(6));
        bench.write(HvMsr.SINT0 + 6, 0x86);
        bench.write(HvMsr.SCONTROL, 0);
        assertFalse(synic.assertSint(6));
        assertEquals(LocalApic.NONE, bench.interrupt());
    }
}
