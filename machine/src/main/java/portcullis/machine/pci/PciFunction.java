package portcullis.machine.pci;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * One PCI function with a type 0 header: configuration registers, BARs, capabilities, MSI-X and an interrupt pin. A device
 * extends it, adds what it has in its constructor and overrides the hooks. Thread-safe.
 */
public class PciFunction implements Saved {
    private static final int COMMAND_PORTS = 1 << 0;
    private static final int COMMAND_MEMORY = 1 << 1;
    private static final int COMMAND_BUS_MASTER = 1 << 2;
    private static final int COMMAND_PARITY = 1 << 6;
    private static final int COMMAND_SERR = 1 << 8;
    private static final int COMMAND_NO_PIN = 1 << 10;
    private static final int COMMAND_WRITABLE =
            COMMAND_PORTS | COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR | COMMAND_NO_PIN;

    private static final int STATUS_INTERRUPT = 1 << 3;
    private static final int STATUS_CAPABILITIES = 1 << 4;

    private static final int CAPABILITY_MSIX = 0x11;
    private static final int MSIX_ENABLE = 1 << 15;
    private static final int MSIX_FUNCTION_MASK = 1 << 14;

    private static final int MULTIFUNCTION = 0x80;

    private final ConfigSpace config = new ConfigSpace();
    private final List<PciBar> bars = new ArrayList<>();
    private int lastCapability;
    private int freeCapability = ConfigSpace.HEADER_END;
    private Msix msix;
    private int msixControl;

    private PciInterrupts interrupts;
    private int slot;
    private int function;
    private boolean pinAsserted;

    public PciFunction(PciIdentity identity) {
        config.set(ConfigSpace.VENDOR_ID, 2, identity.vendor());
        config.set(ConfigSpace.DEVICE_ID, 2, identity.device());
        config.set(ConfigSpace.REVISION, 1, identity.revision());
        config.set(ConfigSpace.CLASS, 3, identity.classCode());
        config.set(ConfigSpace.SUBSYSTEM_VENDOR, 2, identity.subsystemVendor());
        config.set(ConfigSpace.SUBSYSTEM_ID, 2, identity.subsystemDevice());
        config.setWritable(ConfigSpace.COMMAND, 2, COMMAND_WRITABLE);
        config.setWritable(ConfigSpace.CACHE_LINE_SIZE, 2, 0xffff);
        config.setWritable(ConfigSpace.INTERRUPT_LINE, 1, 0xff);
        config.remember();
    }

    /** For constructors of devices. */
    protected final synchronized void addBar(PciBar bar) {
        int last = bar.index() + (bar.kind() == PciBar.Kind.MEMORY_64 ? 1 : 0);
        for (PciBar other : bars) {
            int otherLast = other.index() + (other.kind() == PciBar.Kind.MEMORY_64 ? 1 : 0);
            if (bar.index() <= otherLast && other.index() <= last) {
                throw new IllegalArgumentException("BAR " + bar.index() + " is taken");
            }
        }
        bars.add(bar);
        bars.sort(Comparator.comparingInt(PciBar::index));
        config.set(bar.register(), 4, bar.typeBits());
        config.setWritable(bar.register(), 4, (int) bar.addressMask());
        if (bar.kind() == PciBar.Kind.MEMORY_64) {
            config.setWritable(bar.register() + 4, 4, (int) (bar.addressMask() >>> 32));
        }
        config.remember();
    }

    /**
     * Appends to the list of capabilities. For constructors of devices.
     *
     * @param body what follows id and next pointer
     * @param writable the bits of the body that a driver may write; as long as it, or empty for none
     * @return offset of the capability in configuration space
     */
    protected final synchronized int addCapability(int id, byte[] body, byte[] writable) {
        int at = freeCapability;
        if (at + 2 + body.length > ConfigSpace.SIZE) {
            throw new IllegalStateException("configuration space is full");
        }
        config.set(at, 1, id);
        config.put(at + 2, body);
        config.putWritable(at + 2, writable);
        config.set(lastCapability == 0 ? ConfigSpace.CAPABILITIES : lastCapability + 1, 1, at);
        config.set(ConfigSpace.STATUS, 2, config.get(ConfigSpace.STATUS, 2) | STATUS_CAPABILITIES);
        lastCapability = at;
        freeCapability = (at + 2 + body.length + 3) & -4;
        config.remember();
        return at;
    }

    /** Adds the MSI-X capability, and a 32-bit memory BAR of its own for table and pending bits. For constructors of devices. */
    protected final synchronized void addMsix(int barIndex, Msix table) {
        msix = table;
        addBar(new PciBar(barIndex, PciBar.Kind.MEMORY_32, table.size(), table));
        byte[] body = new byte[10];
        int control = table.vectors() - 1;
        int pending = table.pendingOffset() | barIndex;
        body[0] = (byte) control;
        body[1] = (byte) (control >>> 8);
        body[2] = (byte) barIndex;
        for (int i = 0; i < 4; i++) {
            body[6 + i] = (byte) (pending >>> 8 * i);
        }
        byte[] writable = new byte[10];
        writable[1] = (byte) (MSIX_ENABLE + MSIX_FUNCTION_MASK >>> 8);
        msixControl = addCapability(CAPABILITY_MSIX, body, writable) + 2;
    }

    /** The function drives an interrupt pin. For constructors of devices. @param pin 0 to 3: INTA to INTD */
    protected final synchronized void usePin(int pin) {
        config.set(ConfigSpace.INTERRUPT_PIN, 1, pin + 1);
        config.remember();
    }

    final synchronized void attach(PciInterrupts wires, int atSlot, int atFunction) {
        interrupts = wires;
        slot = atSlot;
        function = atFunction;
    }

    /** Function 0 of a slot that has more of them says so. */
    final synchronized void setMultifunction() {
        config.set(ConfigSpace.HEADER_TYPE, 1, MULTIFUNCTION);
        config.remember();
    }

    /** BARs in the order of their registers. */
    final synchronized List<PciBar> bars() {
        return List.copyOf(bars);
    }

    /** Interrupt pin, 0 to 3, or -1 where the function has none. */
    final synchronized int pin() {
        return config.get(ConfigSpace.INTERRUPT_PIN, 1) - 1;
    }

    /** Where the BAR's window is to be, or -1 while its address space is off or the address impossible. */
    final synchronized long decodedAddress(PciBar bar) {
        int command = config.get(ConfigSpace.COMMAND, 2);
        boolean ports = bar.kind() == PciBar.Kind.PORTS;
        if ((command & (ports ? COMMAND_PORTS : COMMAND_MEMORY)) == 0) {
            return -1;
        }
        long address = Integer.toUnsignedLong(config.get(bar.register(), 4));
        if (bar.kind() == PciBar.Kind.MEMORY_64) {
            address |= (long) config.get(bar.register() + 4, 4) << 32;
        }
        address &= bar.addressMask();
        // Zero is how a BAR says that nobody has assigned it.
        return address <= 0 || address > (1L << PciHost.ADDRESS_BITS) - bar.size() ? -1 : address;
    }

    /** Whether the function may read and write memory, which sending a message is too. */
    public final synchronized boolean busMaster() {
        return (config.get(ConfigSpace.COMMAND, 2) & COMMAND_BUS_MASTER) != 0;
    }

    /**
     * A driver reads. Never crosses a double word.
     *
     * @param offset 0 to 255
     * @param size 1 to 4 bytes
     */
    final int readConfig(int offset, int size) {
        configReading(offset, size);
        synchronized (this) {
            return config.get(offset, size);
        }
    }

    /** A driver writes. Never crosses a double word. Called with the host's lock held. */
    final void writeConfig(int offset, int size, int value) {
        synchronized (this) {
            config.write(offset, size, value);
            driveMessages();
            drivePin();
        }
        configWritten(offset, size);
    }

    private void driveMessages() {
        if (msix != null) {
            int control = config.get(msixControl, 2);
            boolean master = (config.get(ConfigSpace.COMMAND, 2) & COMMAND_BUS_MASTER) != 0;
            msix.update((control & MSIX_ENABLE) != 0, (control & MSIX_FUNCTION_MASK) != 0, master);
        }
    }

    private void drivePin() {
        int pin = config.get(ConfigSpace.INTERRUPT_PIN, 1) - 1;
        if (pin < 0 || interrupts == null) {
            return;
        }
        boolean level = (config.get(ConfigSpace.STATUS, 2) & STATUS_INTERRUPT) != 0
                && (config.get(ConfigSpace.COMMAND, 2) & COMMAND_NO_PIN) == 0
                && (msix == null || !msix.enabled());
        if (level != pinAsserted) {
            pinAsserted = level;
            interrupts.set(slot, function, pin, level);
        }
    }

    /** The device asserts or releases its pin; whether that shows on the wire is up to the command register and MSI-X. */
    protected final synchronized void setInterrupt(boolean asserted) {
        int status = config.get(ConfigSpace.STATUS, 2) & ~STATUS_INTERRUPT;
        config.set(ConfigSpace.STATUS, 2, status | (asserted ? STATUS_INTERRUPT : 0));
        drivePin();
    }

    /** For hooks: what a register holds. */
    protected final synchronized int configValue(int offset, int size) {
        return config.get(offset, size);
    }

    /** For hooks: changes a register, read-only bits too. */
    protected final synchronized void setConfigValue(int offset, int size, int value) {
        config.set(offset, size, value);
    }

    /** Back to the state after power-on. */
    final void reset() {
        synchronized (this) {
            config.reset();
            if (msix != null) {
                msix.reset();
            }
            drivePin();
        }
        deviceReset();
    }

    /** Hook: a driver is about to read these bytes. Called without the function's lock, on any VP's thread. */
    protected void configReading(int offset, int size) {}

    /** Hook: a driver has written these bytes. Called with the host's lock, without the function's. */
    protected void configWritten(int offset, int size) {}

    /** Hook: the machine was reset; registers are as after power-on already. */
    protected void deviceReset() {}

    /** Registers, MSI-X and the pin. A device adds what it has. */
    @Override
    public void save(StateWriter out) {
        synchronized (this) {
            config.save(out);
            out.putBoolean(pinAsserted);
            if (msix != null) {
                msix.save(out);
            }
        }
    }

    @Override
    public void restore(StateReader in) {
        synchronized (this) {
            config.restore(in);
            pinAsserted = in.getBoolean();
            if (msix != null) {
                msix.restore(in);
            }
        }
    }
}
