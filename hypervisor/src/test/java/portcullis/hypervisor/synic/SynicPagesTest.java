package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static portcullis.hypervisor.synic.SynicBench.message;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** Message page and event flags page lie over the guest's memory (TLFS v6.0b 5.2.1). */
class SynicPagesTest {
    private static final long THERE = 0x40000;

    private final SynicBench bench = new SynicBench(1);

    @AfterEach
    void close() {
        bench.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {HvMsr.SIMP, HvMsr.SIEFP})
    void shouldCoverAndUncoverTheGuestsMemory(int register) {
        bench.view.putLong(0x10000, 0x1111);
        bench.view.putLong(THERE, 0x2222);
        bench.write(register, 0x10001);
        assertEquals(0, bench.view.getLong(0x10000), "a new page is zero");
        bench.view.putLong(0x10000, 0x3333);
        bench.write(register, THERE | 1);
        assertEquals(0x1111, bench.view.getLong(0x10000), "what was there");
        assertEquals(0x3333, bench.view.getLong(THERE), "the page keeps its contents");
        bench.write(register, THERE);
        assertEquals(0x2222, bench.view.getLong(THERE));
        bench.write(register, THERE | 0xffe);
        assertEquals(0x2222, bench.view.getLong(THERE), "still disabled");
        bench.write(register, 0x10fff);
        assertEquals(0x3333, bench.view.getLong(0x10000));
        bench.synic().reset();
        assertEquals(0x1111, bench.view.getLong(0x10000));
        bench.write(register, 0x10001);
        assertEquals(0, bench.view.getLong(0x10000), "a reset clears it");
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 24, 1L << 51, -4096})
    void shouldLieNowhereBeyondTheGuestsAddresses(long address) {
        bench.enable(0);
        bench.view.getLong(0x10000);
        bench.write(HvMsr.SIMP, address | 1);
        assertFalse(bench.view.isOverlaid(0x10000));
        assertEquals(HvStatus.SUCCESS, bench.synic().post(1, message(7), new MessageBuffers(1)));
        bench.write(HvMsr.SIMP, 0x10001);
        assertEquals(7, bench.payload(1, 0), "and works");
    }

    @Test
    void shouldUncoverTheOtherPageWhereBothLieOnOneAddress() {
        bench.write(HvMsr.SIMP, THERE | 1);
        bench.view.putLong(THERE, 1);
        bench.write(HvMsr.SIEFP, THERE | 1);
        bench.view.putLong(THERE, 2);
        bench.write(HvMsr.SIEFP, 0);
        assertEquals(1, bench.view.getLong(THERE));
        bench.write(HvMsr.SIMP, 0);
        assertEquals(0, bench.view.getLong(THERE));
    }

    @Test
    void shouldLieWhereThereIsNoMemory() {
        bench.write(HvMsr.SIMP, 0x80_0001);
        bench.view.putLong(0x80_0000, 5);
        assertEquals(5, bench.view.getLong(0x80_0000));
    }
}
