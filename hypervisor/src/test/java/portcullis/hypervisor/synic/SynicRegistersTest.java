package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.tlfs.HvMsr;

/** The registers of TLFS inter-partition-communication.md, "SynIC Registers", and of timers.md. */
class SynicRegistersTest {
    private final SynicBench bench = new SynicBench(1);

    @AfterEach
    void close() {
        bench.close();
    }

    private static long resetValue(int msr) {
        if (msr == HvMsr.SVERSION) {
            return 1;
        }
        return msr >= HvMsr.SINT0 && msr <= HvMsr.SINT15 ? 0x10000 : 0;
    }

    @Test
    void shouldHaveTheValuesOfTheSpecificationAtFirstAndAfterReset() {
        for (int round = 0; round < 2; round++) {
            for (int msr = 0x4000_0070; msr < 0x4000_00c0; msr++) {
                Long expected = Synic.ownsMsr(msr) ? (Long) resetValue(msr) : null;
                assertEquals(expected, bench.read(msr), "MSR 0x%x".formatted(msr));
            }
            bench.enable(0);
            for (int i = 0; i < 4; i++) {
                bench.write(HvMsr.STIMER0_CONFIG + 2 * i, 0x2_0003);
                bench.write(HvMsr.STIMER0_COUNT + 2 * i, 100);
            }
            bench.synic().reset();
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "SCONTROL, 40000080, ffffffffffffffff",
        "SCONTROL, 40000080, 0",
        "SIEFP reserved bits, 40000082, ffe",
        "SIMP reserved bits, 40000083, 12ffe",
        "SIMP beyond memory, 40000083, fffffffffffff001",
        "SIEFP beyond memory, 40000082, fffffffffffff001",
        "SINT reserved bits, 40000090, fffffffffff9ff10",
        "SINT lowest vector, 4000009f, 10",
        "SINT highest vector, 4000009f, ff",
        "SINT auto-EOI, 40000093, 20020",
        "SINT masked without vector, 40000093, 10000",
        "SINT polling without vector, 40000093, 40000",
        "timer, 400000b0, 30000",
        "timer direct, 400000b2, 1f30",
        "timer count, 400000b1, ffffffffffffffff",
    })
    void shouldReadWhatWasWritten(String name, String msr, String value) {
        int number = Integer.parseUnsignedInt(msr, 16);
        long written = Long.parseUnsignedLong(value, 16);
        assertTrue(bench.synic().writeMsr(number, written));
        assertEquals(written, bench.read(number));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "SVERSION is read-only, 40000081, 1",
        "no register, 40000085, 0",
        "no register, 4000008f, 0",
        "exception vector, 40000090, f",
        "no vector, 4000009f, 0",
        "exception vector with auto-EOI, 40000092, 2000f",
        "timer reserved bit 13, 400000b0, 2000",
        "timer reserved bit 15, 400000b6, 8000",
        "timer reserved bit 20, 400000b0, 100000",
        "timer reserved bit 63, 400000b2, 8000000000000000",
        "no timer, 400000b8, 0",
    })
    void shouldFaultAndChangeNothing(String name, String msr, String value) {
        int number = Integer.parseUnsignedInt(msr, 16);
        Long before = bench.read(number);
        assertFalse(bench.synic().writeMsr(number, Long.parseUnsignedLong(value, 16)));
        assertEquals(before, bench.read(number));
    }

    @Test
    void shouldReadEndOfMessageAsZero() {
        bench.write(HvMsr.EOM, -1);
        assertEquals(0, bench.read(HvMsr.EOM));
    }

    @Test
    void shouldRefuseDirectModeWhereItIsNotOffered() {
        Synic plain = new Synic(
                0,
                bench.apic(),
                bench.alarms,
                new ReferenceTime(bench.clock),
                bench.memory,
                new PartitionTrace(bench.clock).vp(0),
                false);
        assertFalse(plain.writeMsr(HvMsr.STIMER0_CONFIG, 0x1000));
        assertTrue(plain.writeMsr(HvMsr.STIMER0_CONFIG, 0xff0), "the vector alone is ignored");
    }

    @Test
    void shouldNotReadForeignRegisters() {
        assertNull(bench.read(HvMsr.GUEST_OS_ID));
        assertNull(bench.read(HvMsr.SIRBP));
    }

    // AutoEOI

    private boolean endsByItself(int vector) {
        LocalApic apic = bench.apic();
        apic.receive(DeliveryMode.FIXED, vector, false);
        assertEquals(vector, apic.acknowledge());
        boolean inService = (apic.readPage(0x100 + (vector >>> 5) * 16, 4) >>> (vector & 31) & 1) != 0;
        if (inService) {
            apic.endOfInterrupt();
        }
        return !inService;
    }

    @Test
    void shouldEndInterruptsOfAutoEoiSources() {
        bench.write(HvMsr.SINT0 + 3, 0x20030);
        bench.write(HvMsr.SINT0 + 4, 0x31);
        assertTrue(endsByItself(0x30));
        assertFalse(endsByItself(0x31));
        bench.write(HvMsr.SINT0 + 3, 0x20032);
        assertFalse(endsByItself(0x30), "the source has another vector now");
        assertTrue(endsByItself(0x32));
        bench.synic().reset();
        assertFalse(endsByItself(0x32));
    }

    @Test
    void shouldEndInterruptsWhereOneOfTheSourcesOfAVectorSaysSo() {
        bench.write(HvMsr.SINT0 + 3, 0x20030);
        bench.write(HvMsr.SINT0 + 4, 0x30);
        assertTrue(endsByItself(0x30));
        bench.write(HvMsr.SINT0 + 3, 0x30030);
        assertFalse(endsByItself(0x30), "that source is masked");
    }
}
