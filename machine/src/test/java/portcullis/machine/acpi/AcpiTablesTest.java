package portcullis.machine.acpi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.MemoryMap;
import portcullis.machine.pci.PciInterrupts;
import portcullis.memory.GuestMemory;

class AcpiTablesTest {
    private static final long RAM = 64L << 20;

    private GuestMemory memory;

    @BeforeEach
    void makeMemory() {
        memory = new GuestMemory(36);
        for (MemoryMap.Range range : MemoryMap.ram(RAM)) {
            memory.addRam(range.gpa(), range.size());
        }
    }

    @AfterEach
    void freeMemory() {
        memory.close();
    }

    private String signature(long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.read(gpa, bytes, 0, length);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private int sum(long gpa, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += memory.getByte(gpa + i);
        }
        return sum & 0xff;
    }

    /** Follows RSDP and XSDT as an operating system does, checking lengths and checksums. */
    private Map<String, Long> tables(AcpiConfig config) {
        long rsdp = AcpiTables.write(memory, config);
        assertEquals("RSD PTR ", signature(rsdp, 8));
        assertEquals(0, sum(rsdp, 20));
        assertEquals(0, sum(rsdp, 36));
        Map<String, Long> result = new LinkedHashMap<>();
        long xsdt = memory.getLong(rsdp + 24);
        long rsdt = Integer.toUnsignedLong(memory.getInt(rsdp + 16));
        result.put("XSDT", xsdt);
        result.put("RSDT", rsdt);
        int entries = (memory.getInt(xsdt + 4) - 36) / 8;
        assertEquals(entries, (memory.getInt(rsdt + 4) - 36) / 4);
        for (int i = 0; i < entries; i++) {
            long table = unaligned(xsdt + 36 + 8L * i, 8);
            assertEquals(table, unaligned(rsdt + 36 + 4L * i, 4));
            result.put(signature(table, 4), table);
        }
        result.put("DSDT", unaligned(result.get("FACP") + 140, 8));
        for (Map.Entry<String, Long> table : result.entrySet()) {
            assertEquals(table.getKey(), signature(table.getValue(), 4));
            assertEquals(0, sum(table.getValue(), memory.getInt(table.getValue() + 4)), table.getKey());
        }
        return result;
    }

    private long unaligned(long gpa, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (memory.getByte(gpa + i) & 0xffL) << 8 * i;
        }
        return value;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 255, 300})
    void shouldChainTablesWithValidChecksums(int processors) {
        Map<String, Long> tables = tables(AcpiConfig.of(processors, RAM));
        assertTrue(tables.keySet().containsAll(List.of("FACP", "APIC", "MCFG", "DSDT")), tables.toString());
        for (long table : tables.values()) {
            assertTrue(table >= MemoryMap.BIOS_AREA && table < 0xF0000);
        }
    }

    @Test
    void shouldPlaceRsdpWhereScannersLook() {
        long rsdp = AcpiTables.write(memory, AcpiConfig.of(1, RAM));
        assertEquals(0, rsdp % 16);
        assertTrue(rsdp >= 0xE0000 && rsdp < 0x100000);
    }

    @Test
    void shouldRefuseMoreProcessorsThanFit() {
        AcpiConfig config = AcpiConfig.of(4000, RAM);
        assertThrows(IllegalArgumentException.class, () -> AcpiTables.write(memory, config));
    }

    @Test
    void shouldAlignFacsAndKeepItOutOfTheList() {
        Map<String, Long> tables = tables(AcpiConfig.of(1, RAM));
        long facs = unaligned(tables.get("FACP") + 36, 4);
        assertEquals("FACS", signature(facs, 4));
        assertEquals(0, facs % 64);
        assertEquals(64, memory.getInt(facs + 4));
    }

    @Test
    void shouldDescribePowerManagementAsTheDeviceHasIt() {
        long fadt = tables(AcpiConfig.of(1, RAM)).get("FACP");
        assertEquals(276, memory.getInt(fadt + 4));
        assertEquals(9, unaligned(fadt + 46, 2));
        assertEquals(0, unaligned(fadt + 48, 4), "no SMI command: always in ACPI mode");
        assertEquals(0x600, unaligned(fadt + 56, 4));
        assertEquals(0x604, unaligned(fadt + 64, 4));
        assertEquals(0x608, unaligned(fadt + 76, 4));
        assertEquals(0xCF9, unaligned(fadt + 120, 8));
        assertEquals(6, unaligned(fadt + 128, 1));
        assertEquals(0, unaligned(fadt + 112, 4) >>> 20 & 1, "not hardware reduced");
    }

    private List<String> madtEntries(AcpiConfig config) {
        long madt = tables(config).get("APIC");
        long end = madt + memory.getInt(madt + 4);
        List<String> entries = new ArrayList<>();
        for (long at = madt + 44; at < end; at += memory.getByte(at + 1) & 0xff) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < memory.getByte(at + 1); i++) {
                text.append("%02x".formatted(memory.getByte(at + i)));
            }
            entries.add(text.toString());
        }
        return entries;
    }

    @Test
    void shouldListProcessorsControllerAndOverrides() {
        List<String> entries = madtEntries(AcpiConfig.of(2, RAM));
        assertEquals(
                List.of(
                        "0008000001000000",
                        "0008010101000000",
                        "010c00000000c0fe00000000",
                        "020a0000020000000000",
                        "020a0009090000000d00",
                        "0406ff000001"),
                entries);
    }

    @Test
    void shouldUseX2apicEntriesFromId255On() {
        List<Integer> ids = IntStream.of(0, 254, 255, 300).boxed().toList();
        List<String> entries = madtEntries(new AcpiConfig(ids, 0, RAM, false));
        assertEquals("000801fe01000000", entries.get(1));
        assertEquals("09100000ff0000000100000002000000", entries.get(2));
        assertEquals("091000002c0100000100000003000000", entries.get(3));
        assertTrue(entries.contains("0a0c0000ffffffff01000000"), "NMI for x2APIC processors");
    }

    @Test
    void shouldPointMcfgAtEcam() {
        long mcfg = tables(AcpiConfig.of(1, RAM)).get("MCFG");
        assertEquals(60, memory.getInt(mcfg + 4));
        assertEquals(MemoryMap.ECAM, unaligned(mcfg + 44, 8));
        assertEquals(0xFF00_0000L, unaligned(mcfg + 52, 4), "segment 0, buses 0 to 255");
    }

    @Test
    void shouldPublishTheInterruptRoutesThatPciUses() {
        long dsdt = tables(AcpiConfig.of(1, RAM)).get("DSDT");
        byte[] aml = new byte[memory.getInt(dsdt + 4)];
        memory.read(dsdt, aml, 0, aml.length);
        String text = new String(aml, StandardCharsets.ISO_8859_1);
        for (int slot = 1; slot < 32; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                assertTrue(text.contains(route(slot, pin, PciInterrupts.gsi(slot, pin))));
                assertTrue(text.contains(route(slot, pin, PciInterrupts.picIrq(slot, pin))));
            }
        }
    }

    private static String route(int slot, int pin, int interrupt) {
        byte[] entry = Aml.pkg(
                Aml.integer((long) slot << 16 | 0xFFFF), Aml.integer(pin), Aml.integer(0), Aml.integer(interrupt));
        return new String(entry, StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 62, 63, 100, 4093, 4094, 5000, 1 << 20})
    void shouldCountPackageLengthItself(int content) {
        byte[] encoded = Aml.packageLength(content);
        int extra = encoded[0] >>> 6 & 3;
        int length = extra == 0 ? encoded[0] & 0x3f : encoded[0] & 0xf;
        for (int i = 1; i <= extra; i++) {
            length |= (encoded[i] & 0xff) << 4 + 8 * (i - 1);
        }
        assertEquals(extra + 1, encoded.length);
        assertEquals(content + encoded.length, length);
    }

    @Test
    void shouldEncodeNamesAndNumbersAsTheSpecificationDoes() {
        assertArrayEquals(new byte[] {'\\', 'P', 'I', 'C', 'F'}, Aml.path("\\PICF"));
        assertArrayEquals(new byte[] {0x2E, '_', 'S', 'B', '_', 'P', 'C', 'I', '0'}, Aml.path("_SB.PCI0"));
        assertArrayEquals(new byte[] {0x0C, 0x41, (byte) 0xD0, 0x0A, 0x08}, Aml.eisaId("PNP0A08"));
        assertArrayEquals(new byte[] {0x0B, 0x34, 0x12}, Aml.integer(0x1234));
        assertEquals(0x0E, Aml.integer(-1)[0]);
        assertThrows(IllegalArgumentException.class, () -> Aml.path("lower"));
    }
}
