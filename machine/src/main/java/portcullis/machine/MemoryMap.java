package portcullis.machine;

import java.util.ArrayList;
import java.util.List;

/**
 * What lies where in the guest physical address space. All figures in bytes.
 *
 * <pre>
 *   0x0_0000_0000  conventional RAM                       640 KiB, the last KiB of it the EBDA
 *   0x0_000A_0000  legacy video window, empty             128 KiB
 *   0x0_000C_0000  RAM, legacy option ROM space           128 KiB
 *   0x0_000E_0000  RAM, BIOS area: ACPI tables, handlers  128 KiB
 *   0x0_0010_0000  low RAM                                up to 3 GiB
 *   0x0_C000_0000  PCI memory window, 32-bit BARs         512 MiB
 *   0x0_E000_0000  PCI configuration space (ECAM)         256 MiB = 256 buses * 32 devices * 8 functions * 4 KiB
 *   0x0_F000_0000  nothing
 *   0x0_FEC0_0000  I/O APIC                               4 KiB
 *   0x0_FEE0_0000  local APICs                            4 KiB; messages to 0xFEExxxxx are interrupts (MSI), 1 MiB
 *   0x0_FF00_0000  pc-testdev's RAM-like window           64 KiB
 *   0x1_0000_0000  high RAM: all that did not fit below 3 GiB
 *   RAM end, up to the next GiB: PCI memory window, 64-bit BARs, 16 GiB
 * </pre>
 */
public final class MemoryMap {
    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    /** Extended BIOS data area: the last KiB of conventional memory. */
    public static final long EBDA = 639 * KIB;

    public static final long EBDA_SIZE = 1 * KIB;

    /** Where conventional memory ends and the legacy video window begins: 640 KiB. */
    public static final long CONVENTIONAL_END = EBDA + EBDA_SIZE;

    /** Legacy option ROMs: RAM again from here on. */
    public static final long OPTION_ROMS = 768 * KIB;

    /** BIOS area, where the ACPI tables are. */
    public static final long BIOS_AREA = 896 * KIB;

    public static final long BIOS_AREA_SIZE = 128 * KIB;

    /** Extended memory begins: 1 MiB. */
    public static final long EXTENDED_MEMORY = BIOS_AREA + BIOS_AREA_SIZE;

    /** Low RAM ends here at the latest: 3 GiB. */
    public static final long LOW_RAM_LIMIT = 3 * GIB;

    /** PCI memory window for 32-bit BARs. */
    public static final long PCI32_WINDOW = LOW_RAM_LIMIT;

    public static final long PCI32_WINDOW_SIZE = 512 * MIB;

    /** Enhanced configuration access mechanism: every bus's configuration space. */
    public static final long ECAM = PCI32_WINDOW + PCI32_WINDOW_SIZE;

    public static final long ECAM_SIZE = 256L * 32 * 8 * 4 * KIB;

    public static final long IO_APIC = 0xFEC0_0000L;
    public static final long IO_APIC_SIZE = 4 * KIB;

    public static final long LOCAL_APIC = 0xFEE0_0000L;
    public static final long LOCAL_APIC_SIZE = 4 * KIB;

    /** Writes here are message-signalled interrupts (SDM 11.11.1). */
    public static final long MSI_WINDOW_SIZE = 1 * MIB;

    /** pc-testdev's RAM-like window. */
    public static final long TEST_DEVICE = 0xFF00_0000L;

    public static final long TEST_DEVICE_SIZE = 64 * KIB;

    /** High RAM begins. */
    public static final long HIGH_RAM = 4 * GIB;

    public static final long PCI64_WINDOW_SIZE = 16 * GIB;

    /** The smallest machine: up to the end of the BIOS area. */
    public static final long MIN_RAM = EXTENDED_MEMORY;

    public static final long MAX_RAM = 64 * GIB;

    private MemoryMap() {}

    /** A run of guest physical addresses. */
    public record Range(long gpa, long size) {
        public long end() {
            return gpa + size;
        }
    }

    /** ACPI 6.5 table 15.6, address range types, with their numbers. */
    public enum RangeType {
        RAM(1),
        RESERVED(2);

        private final int number;

        RangeType(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }
    }

    /** One entry of the map that firmware reports (INT 15h, E820). */
    public record Entry(long gpa, long size, RangeType type) {
        public long end() {
            return gpa + size;
        }
    }

    /** RAM below 4 GiB, with the legacy hole counted in. */
    public static long lowRam(long ramBytes) {
        return Math.min(checked(ramBytes), LOW_RAM_LIMIT);
    }

    /** RAM from 4 GiB up. */
    public static long highRam(long ramBytes) {
        return checked(ramBytes) - lowRam(ramBytes);
    }

    /**
     * The RAM segments to make, largest first so that a search finds them early. The 128 KiB behind the legacy video window
     * are part of {@code ramBytes} but reachable by nobody, as on any PC.
     *
     * @param ramBytes a multiple of 4 KiB, {@link #MIN_RAM} to {@link #MAX_RAM}
     */
    public static List<Range> ram(long ramBytes) {
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range(OPTION_ROMS, lowRam(ramBytes) - OPTION_ROMS));
        ranges.add(new Range(0, CONVENTIONAL_END));
        if (highRam(ramBytes) > 0) {
            ranges.add(new Range(HIGH_RAM, highRam(ramBytes)));
        }
        ranges.sort((one, other) -> Long.compare(other.size, one.size));
        return List.copyOf(ranges);
    }

    /** The map a loader hands to an operating system, ascending, without overlaps. Same unit and limits as {@link #ram}. */
    public static List<Entry> e820(long ramBytes) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(0, EBDA, RangeType.RAM));
        entries.add(new Entry(EBDA, EBDA_SIZE, RangeType.RESERVED));
        entries.add(new Entry(BIOS_AREA, BIOS_AREA_SIZE, RangeType.RESERVED));
        if (lowRam(ramBytes) > EXTENDED_MEMORY) {
            entries.add(new Entry(EXTENDED_MEMORY, lowRam(ramBytes) - EXTENDED_MEMORY, RangeType.RAM));
        }
        // Linux uses ECAM only where this map or the namespace reserves it.
        entries.add(new Entry(ECAM, ECAM_SIZE, RangeType.RESERVED));
        entries.add(new Entry(IO_APIC, IO_APIC_SIZE, RangeType.RESERVED));
        entries.add(new Entry(LOCAL_APIC, LOCAL_APIC_SIZE, RangeType.RESERVED));
        if (highRam(ramBytes) > 0) {
            entries.add(new Entry(HIGH_RAM, highRam(ramBytes), RangeType.RAM));
        }
        return List.copyOf(entries);
    }

    /** PCI memory window for 64-bit BARs: above all RAM, on the next GiB boundary. */
    public static Range pci64Window(long ramBytes) {
        long ramEnd = HIGH_RAM + highRam(ramBytes);
        return new Range((ramEnd + GIB - 1) & -GIB, PCI64_WINDOW_SIZE);
    }

    /** Bits of physical address that reach everything in the map of a machine with this much RAM. */
    public static int addressBits(long ramBytes) {
        return Long.SIZE - Long.numberOfLeadingZeros(pci64Window(ramBytes).end() - 1);
    }

    private static long checked(long ramBytes) {
        if (ramBytes < MIN_RAM || ramBytes > MAX_RAM || ramBytes % (4 * KIB) != 0) {
            throw new IllegalArgumentException(
                    "RAM must be 1 MiB to 64 GiB, in steps of 4 KiB, not %d bytes".formatted(ramBytes));
        }
        return ramBytes;
    }
}
