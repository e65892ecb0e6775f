package portcullis.machine.acpi;

import java.util.List;

/**
 * What the tables say that differs from machine to machine.
 *
 * @param apicIds local APIC ids of the processors, the first one's first; 255 and above need x2APIC
 * @param ioApicId id in the I/O APIC's ID register
 * @param ramBytes as in {@link portcullis.machine.MemoryMap}: says where the 64-bit PCI window is
 * @param keyboardController whether an 8042 with a keyboard behind it answers at ports 0x60 and 0x64
 */
public record AcpiConfig(List<Integer> apicIds, int ioApicId, long ramBytes, boolean keyboardController) {
    public AcpiConfig {
        apicIds = List.copyOf(apicIds);
        if (apicIds.isEmpty()) {
            throw new IllegalArgumentException("a machine needs a processor");
        }
    }

    /** Processors 0 to {@code processors - 1} with the same APIC ids, no keyboard. */
    public static AcpiConfig of(int processors, long ramBytes) {
        List<Integer> ids =
                java.util.stream.IntStream.range(0, processors).boxed().toList();
        return new AcpiConfig(ids, 0, ramBytes, false);
    }
}
