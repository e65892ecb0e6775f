package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InterruptFabricTest {
    private static final int VECTOR = 0x51;
    private static final int LOGICAL = 1 << 11;
    private static final int LOWEST = 1 << 8;

    private static List<Integer> indexes(String text) {
        return text == null
                ? List.of()
                : Stream.of(text.split(" ")).map(Integer::valueOf).toList();
    }

    private static void ipi(LocalApic from, int low, int destination) {
        if (from.mode() == ApicMode.X2APIC) {
            assertTrue(from.writeMsr(0x830, (long) destination << 32 | low));
        } else {
            ApicBench.write(from, 0x310, destination << 24);
            ApicBench.write(from, 0x300, low);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "false, 0, 0",
        "false, 3, 3",
        "false, 9,",
        "false, 0xff, 0 1 2 3",
        "true, 2, 2",
        "true, 0xffffffff, 0 1 2 3",
        "true, 0xff,",
        "true, 0x100,"
    })
    void shouldResolvePhysicalDestinations(boolean x2apic, String destination, String expected) {
        ApicBench bench = ApicBench.several(4, x2apic);
        ipi(bench.apic(), VECTOR, Long.decode(destination).intValue());
        assertEquals(indexes(expected), bench.receivers(VECTOR));
    }

    @ParameterizedTest
    @CsvSource({
        // logical ids of APICs 0 to 2, cluster model, destination, receivers
        "0x01, 0x02, 0x04, false, 0x01, 0",
        "0x01, 0x02, 0x04, false, 0x06, 1 2",
        "0x01, 0x02, 0x04, false, 0xf8,",
        "0x01, 0x02, 0x00, false, 0xff, 0 1 2",
        "0x81, 0x80, 0x01, false, 0x80, 0 1",
        "0x11, 0x12, 0x21, true,  0x11, 0",
        "0x11, 0x12, 0x21, true,  0x13, 0 1",
        "0x11, 0x12, 0x21, true,  0x2f, 2",
        "0x11, 0x12, 0x21, true,  0x31,",
        "0x11, 0x12, 0x21, true,  0x10,",
        "0xe1, 0xf1, 0x00, true,  0xf1, 1",
        "0x11, 0x12, 0x21, true,  0xff, 0 1 2"
    })
    void shouldResolveLogicalDestinationsOfXapics(
            String first, String second, String third, boolean cluster, String destination, String expected) {
        ApicBench bench = ApicBench.several(3, false);
        List<String> ids = List.of(first, second, third);
        for (int i = 0; i < 3; i++) {
            ApicBench.write(bench.apics.get(i), 0xe0, cluster ? 0x0fffffff : 0xffffffff);
            ApicBench.write(bench.apics.get(i), 0xd0, Integer.decode(ids.get(i)) << 24);
        }
        ipi(bench.apic(), LOGICAL | VECTOR, Integer.decode(destination));
        assertEquals(indexes(expected), bench.receivers(VECTOR));
    }

    @Test
    void shouldLetEachXapicMatchByItsOwnModel() {
        ApicBench bench = ApicBench.several(2, false);
        ApicBench.write(bench.apics.get(0), 0xd0, 0x10 << 24);
        ApicBench.write(bench.apics.get(1), 0xe0, 0);
        ApicBench.write(bench.apics.get(1), 0xd0, 0x11 << 24);
        ipi(bench.apic(), LOGICAL | VECTOR, 0x11);
        assertEquals(List.of(0, 1), bench.receivers(VECTOR));
        ipi(bench.apic(), LOGICAL | VECTOR, 0x31);
        assertEquals(List.of(0), bench.receivers(VECTOR));
    }

    @ParameterizedTest
    @CsvSource({
        "0x00001, 0",
        "0x00005, 0 2",
        "0x0ffff, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
        "0x10003, 16 17",
        "0x20001,",
        "0x10000,",
        "0xffffffff, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"
    })
    void shouldResolveClustersOfX2apics(String destination, String expected) {
        ApicBench bench = ApicBench.several(18, true);
        ipi(bench.apic(), LOGICAL | VECTOR, Long.decode(destination).intValue());
        assertEquals(indexes(expected), bench.receivers(VECTOR));
    }

    @ParameterizedTest
    @CsvSource({"false, 1, 1", "false, 2, 0 1 2", "false, 3, 0 2", "true, 1, 1", "true, 2, 0 1 2", "true, 3, 0 2"})
    void shouldObeyShorthands(boolean x2apic, int shorthand, String expected) {
        ApicBench bench = ApicBench.several(3, x2apic);
        ipi(bench.apics.get(1), shorthand << 18 | VECTOR, 0);
        assertEquals(indexes(expected), bench.receivers(VECTOR));
    }

    @Test
    void shouldCarryInitAndStartup() {
        ApicBench bench = ApicBench.several(3, false);
        ipi(bench.apic(), 0xc4500, 0);
        ipi(bench.apic(), 0xc4600 | 0x9f, 0);
        assertEquals(false, bench.apics.get(0).takeInit());
        for (int i = 1; i < 3; i++) {
            assertEquals(true, bench.apics.get(i).takeInit());
            assertEquals(0x9f, bench.apics.get(i).takeStartup());
        }
    }

    @Test
    void shouldIgnoreInitDeassert() {
        ApicBench bench = ApicBench.several(2, false);
        ipi(bench.apic(), 0x8500, 1);
        assertEquals(false, bench.apics.get(1).takeInit());
        ipi(bench.apic(), 0xc500, 1);
        assertEquals(true, bench.apics.get(1).takeInit());
    }

    @Test
    void shouldNotSendIllegalVectors() {
        ApicBench bench = ApicBench.several(2, false);
        ipi(bench.apic(), 0x0f, 1);
        ApicBench.write(bench.apics.get(1), 0x280, 0);
        assertEquals(0, ApicBench.read(bench.apics.get(1), 0x280));
        bench.write(0x280, 0);
        assertEquals(1 << 5, bench.read(0x280));
    }

    @Test
    void shouldPickOneOfLowestPriority() {
        ApicBench bench = ApicBench.several(4, true);
        bench.apics.get(0).setTaskPriorityClass(4);
        bench.apics.get(1).setTaskPriorityClass(2);
        bench.apics.get(2).setTaskPriorityClass(3);
        bench.apics.get(3).setTaskPriorityClass(4);
        for (int i = 0; i < 8; i++) {
            ipi(bench.apic(), LOGICAL | LOWEST | VECTOR, 0xf);
            assertEquals(List.of(1), bench.receivers(VECTOR));
        }
    }

    @Test
    void shouldTakeTurnsAmongEqualPriorities() {
        ApicBench bench = ApicBench.several(4, true);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            ipi(bench.apic(), LOGICAL | LOWEST | VECTOR, 0xf);
            List<Integer> received = bench.receivers(VECTOR);
            assertEquals(1, received.size());
            seen.addAll(received);
        }
        assertEquals(Set.of(0, 1, 2, 3), seen);
    }

    @Test
    void shouldNotPickSoftwareDisabledOnesForLowestPriority() {
        ApicBench bench = ApicBench.several(3, true);
        assertTrue(bench.apics.get(1).writeMsr(0x80f, 0xff));
        assertTrue(bench.apics.get(2).writeMsr(0x80f, 0xff));
        for (int i = 0; i < 3; i++) {
            ipi(bench.apic(), LOGICAL | LOWEST | VECTOR, 0x7);
            assertEquals(List.of(0), bench.receivers(VECTOR));
        }
    }

    @ParameterizedTest
    @CsvSource({
        // address, data, receivers of vector 0x51
        "0xfee01000, 0x0051, 1",
        "0xfeeff000, 0x0051, 0 1 2 3",
        "0xfee06004, 0x0051, 1 2",
        "0xfee0600c, 0x0051, one",
        "0xfee06004, 0x0151, one",
        "0xfee09000, 0x0051,",
        "0xfef01000, 0x0051,",
        "0x1fee01000, 0x0051,",
        "0xfee01000, 0x8051,",
        "0xfee01000, 0xc051, 1",
        "0xfee01000, 0x0651,"
    })
    void shouldDeliverMessageSignalledInterrupts(String address, String data, String expected) {
        ApicBench bench = ApicBench.several(4, true);
        bench.fabric.deliver(Long.decode(address), Integer.decode(data));
        List<Integer> received = bench.receivers(VECTOR);
        if ("one".equals(expected)) {
            assertEquals(1, received.size());
        } else {
            assertEquals(indexes(expected), received);
        }
    }

    @Test
    void shouldBroadcastEoiOfLevelTriggeredMessages() {
        ApicBench bench = ApicBench.several(2, true);
        bench.fabric.deliver(0xfee01000L, 0xc000 | VECTOR);
        assertEquals(List.of(1), bench.receivers(VECTOR));
        assertEquals(List.of(VECTOR), bench.broadcasts);
    }

    @Test
    void shouldFindSeveralXapicsUnderOneId() {
        ApicBench bench = ApicBench.several(3, false);
        ApicBench.write(bench.apics.get(2), 0x20, 1 << 24);
        ipi(bench.apic(), VECTOR, 1);
        assertEquals(List.of(1, 2), bench.receivers(VECTOR));
        ipi(bench.apic(), VECTOR, 2);
        assertEquals(List.of(), bench.receivers(VECTOR));
    }

    @Test
    void shouldFindIdsBeyondEightBits() {
        ApicBench bench = new ApicBench(ApicBench.EVERYTHING, 0, 0x123);
        bench.apics.forEach(apic -> apic.writeBase(apic.base() | LocalApic.BASE_X2APIC));
        bench.apics.forEach(apic -> apic.writeMsr(0x80f, 0x1ff));
        ipi(bench.apic(), VECTOR, 0x123);
        assertEquals(List.of(1), bench.receivers(VECTOR));
        ipi(bench.apic(), LOGICAL | VECTOR, 0x120008);
        assertEquals(List.of(1), bench.receivers(VECTOR));
    }

    @Test
    void shouldReachBothModesByBroadcast() {
        ApicBench bench = ApicBench.several(3, false);
        bench.apic().writeBase(bench.apic().base() | LocalApic.BASE_X2APIC);
        ipi(bench.apic(), VECTOR, -1);
        assertEquals(List.of(0, 1, 2), bench.receivers(VECTOR));
        ipi(bench.apics.get(1), VECTOR, 0xff);
        assertEquals(List.of(0, 1, 2), bench.receivers(VECTOR));
    }

    @Test
    void shouldSurviveCrossfire() throws InterruptedException {
        // Two APICs that interrupt each other while both change addresses: no lock is held across APICs.
        ApicBench bench = ApicBench.several(2, false);
        List<Thread> threads = new ArrayList<>();
        for (LocalApic apic : bench.apics) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    ApicBench.write(apic, 0xd0, i << 24);
                    ipi(apic, LOGICAL | VECTOR, 0xff);
                    apic.acknowledge();
                    apic.endOfInterrupt();
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join(20_000);
            assertEquals(Thread.State.TERMINATED, thread.getState());
        }
    }
}
