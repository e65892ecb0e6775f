package portcullis.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryMapTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    @ParameterizedTest
    @ValueSource(longs = {MIB, 2 * MIB, 512 * MIB, 3 * GIB, 3 * GIB + 4096, 4 * GIB, 64 * GIB})
    void shouldReportAscendingEntriesWithoutOverlap(long ram) {
        long end = 0;
        for (MemoryMap.Entry entry : MemoryMap.e820(ram)) {
            assertTrue(entry.gpa() >= end && entry.size() > 0, entry.toString());
            end = entry.end();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {MIB, 2 * MIB, 512 * MIB, 3 * GIB, 3 * GIB + 4096, 4 * GIB, 64 * GIB})
    void shouldReportOnlyMemoryThatExists(long ram) {
        List<MemoryMap.Range> segments = MemoryMap.ram(ram);
        for (MemoryMap.Entry entry : MemoryMap.e820(ram)) {
            if (entry.type() == MemoryMap.RangeType.RAM) {
                assertTrue(
                        segments.stream()
                                .anyMatch(segment -> segment.gpa() <= entry.gpa() && entry.end() <= segment.end()),
                        entry.toString());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {MIB, 3 * GIB, 4 * GIB, 64 * GIB})
    void shouldKeepRamAndDeviceWindowsApart(long ram) {
        List<MemoryMap.Range> all = new ArrayList<>(MemoryMap.ram(ram));
        all.add(new MemoryMap.Range(MemoryMap.PCI32_WINDOW, MemoryMap.PCI32_WINDOW_SIZE));
        all.add(new MemoryMap.Range(MemoryMap.ECAM, MemoryMap.ECAM_SIZE));
        all.add(new MemoryMap.Range(MemoryMap.IO_APIC, MemoryMap.IO_APIC_SIZE));
        all.add(new MemoryMap.Range(MemoryMap.LOCAL_APIC, MemoryMap.MSI_WINDOW_SIZE));
        all.add(new MemoryMap.Range(MemoryMap.TEST_DEVICE, MemoryMap.TEST_DEVICE_SIZE));
        all.add(MemoryMap.pci64Window(ram));
        all.sort((one, other) -> Long.compare(one.gpa(), other.gpa()));
        for (int i = 1; i < all.size(); i++) {
            assertTrue(all.get(i - 1).end() <= all.get(i).gpa(), all.get(i - 1) + " " + all.get(i));
        }
        assertTrue(all.getLast().end() <= 1L << MemoryMap.addressBits(ram));
    }

    @Test
    void shouldSplitRamAtThreeGib() {
        assertEquals(3 * GIB, MemoryMap.lowRam(5 * GIB));
        assertEquals(2 * GIB, MemoryMap.highRam(5 * GIB));
        assertEquals(0, MemoryMap.highRam(3 * GIB));
        assertEquals(6 * GIB, MemoryMap.pci64Window(5 * GIB).gpa());
        assertEquals(5 * GIB, MemoryMap.pci64Window(3 * GIB + 4096).gpa());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -4096, 4096, MIB + 1, 64 * GIB + 4096})
    void shouldRefuseOddAmounts(long ram) {
        assertThrows(IllegalArgumentException.class, () -> MemoryMap.e820(ram));
    }
}
