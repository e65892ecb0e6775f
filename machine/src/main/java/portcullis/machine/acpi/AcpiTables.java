package portcullis.machine.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

/**
 * Writes the ACPI tables (ACPI 6.5, chapter 5) into the BIOS area: RSDP first, then FACS, DSDT, FADT, MADT, MCFG, RSDT and
 * XSDT. They stay below 0xF0000, so that the upper half of the area is free for a loader.
 */
public final class AcpiTables {
    /** The interrupt that power management raises: level, active high. */
    public static final int SCI_IRQ = 9;

    private static final long LIMIT = MemoryMap.BIOS_AREA + MemoryMap.BIOS_AREA_SIZE / 2;
    private static final int HEADER_SIZE = 36;
    private static final int RSDP_SIZE = 36;
    private static final int FACS_SIZE = 64;
    private static final String OEM = "PRTCLS";
    private static final String OEM_TABLE = "PORTCLLS";

    private final GuestMemory memory;
    private long next = MemoryMap.BIOS_AREA;

    private AcpiTables(GuestMemory memory) {
        this.memory = memory;
    }

    /**
     * @param memory with RAM over the BIOS area
     * @return where the RSDP is, for the loader
     * @throws IllegalArgumentException where the tables of so many processors do not fit
     */
    public static long write(GuestMemory memory, AcpiConfig config) {
        return new AcpiTables(memory).writeAll(config);
    }

    private long writeAll(AcpiConfig config) {
        // The RSDP is looked for at the start of every 16 bytes of this area (5.2.5.1).
        long rsdp = reserve(RSDP_SIZE, 16);
        long facs = place(facs(), 64);
        long dsdt = place(table("DSDT", 2, Dsdt.aml(config)), 16);
        List<Long> listed = new ArrayList<>();
        listed.add(place(table("FACP", 6, Fadt.body(facs, dsdt, config)), 16));
        listed.add(place(table("APIC", 5, Madt.body(config)), 16));
        listed.add(place(table("MCFG", 1, mcfg()), 16));
        long rsdt = place(table("RSDT", 1, pointers(listed, 4)), 16);
        long xsdt = place(table("XSDT", 1, pointers(listed, 8)), 16);
        memory.write(rsdp, rsdp(rsdt, xsdt), 0, RSDP_SIZE);
        return rsdp;
    }

    private long reserve(int size, int alignment) {
        long gpa = (next + alignment - 1) & -alignment;
        next = gpa + size;
        if (next > LIMIT) {
            throw new IllegalArgumentException("the ACPI tables do not fit below 0x%x".formatted(LIMIT));
        }
        return gpa;
    }

    private long place(byte[] table, int alignment) {
        long gpa = reserve(table.length, alignment);
        memory.write(gpa, table, 0, table.length);
        return gpa;
    }

    static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** 5.2.6: header and body, all bytes summing up to zero. */
    private static byte[] table(String signature, int revision, byte[] body) {
        ByteBuffer out = little(HEADER_SIZE + body.length);
        out.put(ascii(signature)).putInt(out.capacity()).put((byte) revision).put((byte) 0);
        out.put(ascii(OEM)).put(ascii(OEM_TABLE)).putInt(1);
        out.put(ascii("PRTC")).putInt(1);
        out.put(body);
        out.put(9, checksum(out.array(), out.capacity()));
        return out.array();
    }

    private static byte checksum(byte[] bytes, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }

    /** 5.2.5.3: the first checksum covers revision 1's 20 bytes, the second all 36. */
    private static byte[] rsdp(long rsdt, long xsdt) {
        ByteBuffer out = little(RSDP_SIZE);
        out.put(ascii("RSD PTR ")).put((byte) 0).put(ascii(OEM)).put((byte) 2);
        out.putInt((int) rsdt).putInt(RSDP_SIZE).putLong(xsdt);
        out.put(8, checksum(out.array(), 20));
        out.put(32, checksum(out.array(), RSDP_SIZE));
        return out.array();
    }

    /** 5.2.10: no wake vector is ever used, as nothing sleeps; the global lock in it is the guest's to write. */
    private static byte[] facs() {
        ByteBuffer out = little(FACS_SIZE);
        out.put(ascii("FACS")).putInt(FACS_SIZE);
        out.put(32, (byte) 2);
        return out.array();
    }

    private static byte[] pointers(List<Long> tables, int width) {
        ByteBuffer out = little(tables.size() * width);
        for (long table : tables) {
            if (width == 4) {
                out.putInt((int) table);
            } else {
                out.putLong(table);
            }
        }
        return out.array();
    }

    /** PCI Firmware Specification 3.3, table 4-2: segment 0, buses 0 to 255. */
    private static byte[] mcfg() {
        ByteBuffer out = little(8 + 16);
        out.putLong(0).putLong(MemoryMap.ECAM).putShort((short) 0);
        out.put((byte) 0).put((byte) 255).putInt(0);
        return out.array();
    }
}
