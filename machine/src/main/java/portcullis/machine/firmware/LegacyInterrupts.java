package portcullis.machine.firmware;

import java.util.Arrays;
import portcullis.machine.bus.PortBus;
import portcullis.memory.GuestMemory;

/**
 * What a BIOS leaves behind for real-mode code that it has started: an interrupt table whose vectors end quietly, the interrupt
 * controllers at their BIOS vectors (IRQ 0 to 7 at 8, IRQ 8 to 15 at 0x70), and the timer ticking 18.2 times a second, its
 * interrupt alone unmasked. Code that halts with interrupts on wakes at the next tick.
 *
 * <p>No BIOS service is behind the table: software interrupts return with all registers as they were.
 */
public final class LegacyInterrupts {
    private static final int VECTORS = 256;
    private static final int MASTER_VECTOR = 0x08;
    private static final int SLAVE_VECTOR = 0x70;
    private static final int LINES = 8;

    private static final long SEGMENT = 0xf000;
    /** In the segment: where PC BIOSes have their dummy return, and their timer interrupt. */
    private static final int RETURN = 0xff53;

    private static final int MASTER_END = 0xfea5;
    private static final int SLAVE_END = MASTER_END + 16;

    private static final byte[] IRET = bytes(0xcf);
    /** push ax; mov al,0x20; out 0x20,al; pop ax; iret. */
    private static final byte[] END_MASTER = bytes(0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf);
    /** The same, with out 0xa0,al before. */
    private static final byte[] END_SLAVE = bytes(0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf);

    /** Ports and the bytes to write there: the controllers' ICW1 to ICW4 and masks (8259A data sheet), the timer's mode 2. */
    private static final int[][] SETUP = {
        {0x20, 0x11}, {0x21, MASTER_VECTOR}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0xfa},
        {0xa0, 0x11}, {0xa1, SLAVE_VECTOR}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0xff},
        {0x43, 0x34}, {0x40, 0x00}, {0x40, 0x00},
    };

    private LegacyInterrupts() {}

    /** To be called after every reset, before a kernel is loaded. */
    public static void prepare(GuestMemory memory, PortBus ports) {
        place(memory, RETURN, IRET);
        place(memory, MASTER_END, END_MASTER);
        place(memory, SLAVE_END, END_SLAVE);
        int[] handlers = new int[VECTORS];
        Arrays.fill(handlers, RETURN);
        Arrays.fill(handlers, MASTER_VECTOR, MASTER_VECTOR + LINES, MASTER_END);
        Arrays.fill(handlers, SLAVE_VECTOR, SLAVE_VECTOR + LINES, SLAVE_END);
        byte[] table = new byte[VECTORS * 4];
        for (int i = 0; i < VECTORS; i++) {
            table[i * 4] = (byte) handlers[i];
            table[i * 4 + 1] = (byte) (handlers[i] >> 8);
            table[i * 4 + 2] = (byte) SEGMENT;
            table[i * 4 + 3] = (byte) (SEGMENT >> 8);
        }
        memory.write(0, table, 0, table.length);
        for (int[] write : SETUP) {
            ports.write(write[0], 1, write[1]);
        }
    }

    private static void place(GuestMemory memory, int offset, byte[] code) {
        memory.write((SEGMENT << 4) + offset, code, 0, code.length);
    }

    private static byte[] bytes(int... values) {
        byte[] result = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (byte) values[i];
        }
        return result;
    }
}
