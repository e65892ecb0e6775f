package portcullis.machine.acpi;

import java.nio.ByteBuffer;
import java.util.Arrays;
import portcullis.machine.MemoryMap;

/** Multiple APIC description table (ACPI 6.5, 5.2.12): processors, the I/O APIC, and how ISA interrupts reach it. */
final class Madt {
    private static final int MAX_SIZE = 1 << 15;

    /** Ids from here on do not fit a local APIC entry: 255 is broadcast. */
    private static final int FIRST_X2APIC_ID = 255;

    private static final int ENABLED = 1;
    private static final int PC_AT_COMPATIBLE = 1;
    private static final short ACTIVE_HIGH_LEVEL = 0b1101;
    private static final short AS_THE_BUS = 0;

    private Madt() {}

    static byte[] body(AcpiConfig config) {
        ByteBuffer out = AcpiTables.little(MAX_SIZE);
        out.putInt((int) MemoryMap.LOCAL_APIC).putInt(PC_AT_COMPATIBLE);
        boolean x2apic = false;
        for (int uid = 0; uid < config.apicIds().size(); uid++) {
            int id = config.apicIds().get(uid);
            x2apic |= needsX2apic(id, uid);
            processor(out, uid, id);
        }
        out.put((byte) 1).put((byte) 12).put((byte) config.ioApicId()).put((byte) 0);
        out.putInt((int) MemoryMap.IO_APIC).putInt(0);
        // The PIT reaches pin 2, where the cascade of a PC's second PIC would be.
        override(out, 0, 2, AS_THE_BUS);
        override(out, AcpiTables.SCI_IRQ, AcpiTables.SCI_IRQ, ACTIVE_HIGH_LEVEL);
        // Every processor's LINT1 is NMI.
        out.put((byte) 4).put((byte) 6).put((byte) 0xFF).putShort(AS_THE_BUS).put((byte) 1);
        if (x2apic) {
            out.put((byte) 10).put((byte) 12).putShort(AS_THE_BUS).putInt(-1);
            out.put((byte) 1).put(new byte[3]);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static boolean needsX2apic(int id, int uid) {
        return Integer.compareUnsigned(id, FIRST_X2APIC_ID) >= 0 || uid >= FIRST_X2APIC_ID;
    }

    private static void processor(ByteBuffer out, int uid, int id) {
        int entry = needsX2apic(id, uid) ? 16 : 8;
        if (out.remaining() < entry + 64) {
            throw new IllegalArgumentException("too many processors for the MADT");
        }
        if (needsX2apic(id, uid)) {
            out.put((byte) 9).put((byte) 16).putShort((short) 0);
            out.putInt(id).putInt(ENABLED).putInt(uid);
        } else {
            out.put((byte) 0).put((byte) 8).put((byte) uid).put((byte) id).putInt(ENABLED);
        }
    }

    private static void override(ByteBuffer out, int irq, int gsi, short flags) {
        out.put((byte) 2).put((byte) 10).put((byte) 0).put((byte) irq);
        out.putInt(gsi).putShort(flags);
    }
}
