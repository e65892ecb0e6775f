package portcullis.machine.pci;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The reset control register that PC chipsets have at port 0xCF9, between the bytes of PCI's address register. A rising edge of
 * RST_CPU resets; SYS_RST chooses between a hard reset and an INIT of the processors, which are the same here: hard.
 */
public final class ResetControl {
    public static final int PORT = 0xCF9;

    private static final int SYSTEM_RESET = 1 << 1;
    private static final int RESET_CPU = 1 << 2;
    private static final int FULL_RESET = 1 << 3;

    /** What ACPI's reset register is written with. */
    public static final int HARD_RESET = SYSTEM_RESET | RESET_CPU;

    private final Runnable reset;
    private int value;

    ResetControl(Runnable reset) {
        this.reset = reset;
    }

    synchronized int read() {
        return value;
    }

    synchronized void clear() {
        value = 0;
    }

    void write(int written) {
        boolean rises;
        synchronized (this) {
            rises = (written & ~value & RESET_CPU) != 0;
            value = written & (SYSTEM_RESET | RESET_CPU | FULL_RESET);
        }
        if (rises) {
            reset.run();
        }
    }

    synchronized void save(StateWriter out) {
        out.putInt(value);
    }

    synchronized void restore(StateReader in) {
        value = in.getInt();
    }
}
