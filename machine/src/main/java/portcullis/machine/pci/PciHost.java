package portcullis.machine.pci;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import portcullis.machine.MemoryMap;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The host bridge: bus 0, reached by configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2) and by ECAM (PCI Express 5.0,
 * 7.2.2). Keeps the windows of all BARs on the buses where the functions' registers say. Thread-safe.
 */
public final class PciHost implements Saved {
    public static final int SLOTS = 32;

    /** Windows end below this power of two. */
    static final int ADDRESS_BITS = 46;

    private static final int FUNCTIONS = 8;
    private static final int CONFIG_ADDRESS = 0xCF8;
    private static final int CONFIG_DATA = 0xCFC;
    private static final int ADDRESS_ENABLE = 1 << 31;
    private static final int ADDRESS_WRITABLE = 0x80FF_FFFC;

    /** "Red Hat generic PCIe host", which every system takes for just that: a host bridge with nothing to configure. */
    private static final PciIdentity HOST_BRIDGE = new PciIdentity(0x1B36, 0x0008, 0, 0x060000, 0, 0);

    private record Mapped(PciFunction function, PciBar bar) {}

    private final PortBus ports;
    private final MmioBus memory;
    private final PciInterrupts interrupts;
    private final ResetControl resetControl;
    private final PciFunction[] functions = new PciFunction[SLOTS * FUNCTIONS];
    private final Map<Mapped, Long> windows = new HashMap<>();
    private volatile int address;

    /**
     * Takes its ports and the ECAM window on the buses.
     *
     * @param reset called on a VP's thread when the guest resets the machine through port 0xCF9; must not wait for that thread
     */
    public PciHost(PortBus ports, MmioBus memory, PciInterrupts interrupts, Runnable reset) {
        this.ports = ports;
        this.memory = memory;
        this.interrupts = interrupts;
        resetControl = new ResetControl(reset);
        add(0, 0, new PciFunction(HOST_BRIDGE));
        ports.register(CONFIG_ADDRESS, 8, new MechanismOne());
        memory.register(MemoryMap.ECAM, MemoryMap.ECAM_SIZE, new Ecam());
    }

    /** @throws IllegalArgumentException where there is no such place, or it is taken */
    public synchronized void add(int slot, int function, PciFunction device) {
        if (slot < 0 || slot >= SLOTS || function < 0 || function >= FUNCTIONS) {
            throw new IllegalArgumentException("no PCI slot %d.%d".formatted(slot, function));
        }
        if (functions[slot * FUNCTIONS + function] != null) {
            throw new IllegalArgumentException("PCI slot %d.%d is taken".formatted(slot, function));
        }
        functions[slot * FUNCTIONS + function] = device;
        device.attach(interrupts, slot, function);
        boolean several = function > 0;
        for (int other = 1; other < FUNCTIONS; other++) {
            several |= functions[slot * FUNCTIONS + other] != null;
        }
        if (several && functions[slot * FUNCTIONS] != null) {
            functions[slot * FUNCTIONS].setMultifunction();
        }
    }

    /** All functions to their state after power-on: nothing decodes until {@link PciSetup} or the guest assigns addresses. */
    public synchronized void reset() {
        address = 0;
        resetControl.clear();
        for (PciFunction function : functions) {
            if (function != null) {
                function.reset();
            }
        }
        moveWindows();
    }

    /** Functions by slot and function number ({@code slot * 8 + function}), ascending. */
    synchronized TreeMap<Integer, PciFunction> functions() {
        TreeMap<Integer, PciFunction> result = new TreeMap<>();
        for (int i = 0; i < functions.length; i++) {
            if (functions[i] != null) {
                result.put(i, functions[i]);
            }
        }
        return result;
    }

    /**
     * Reads configuration space.
     *
     * @param device bus, slot and function as in bits 15:0 of a requester id; on any bus but 0 nobody answers
     * @param offset 0 to 4095; an access past the end, and all beyond 255, reads as ones
     * @param size 1 to 8 bytes
     */
    long read(int device, int offset, int size) {
        PciFunction function = device < functions.length ? functions[device] : null;
        long value = 0;
        for (int done = 0; done < size; ) {
            int at = offset + done;
            int piece = Math.min(size - done, 4 - (at & 3));
            long part = function == null || at >= ConfigSpace.SIZE ? -1 : function.readConfig(at, piece);
            value |= (part & (1L << 8 * piece) - 1) << 8 * done;
            done += piece;
        }
        return value;
    }

    synchronized void write(int device, int offset, int size, long value) {
        PciFunction function = device < functions.length ? functions[device] : null;
        if (function == null) {
            return;
        }
        boolean decoders = false;
        for (int done = 0; done < size; ) {
            int at = offset + done;
            int piece = Math.min(size - done, 4 - (at & 3));
            if (at < ConfigSpace.SIZE) {
                function.writeConfig(at, piece, (int) (value >>> 8 * done));
                decoders |= at < ConfigSpace.SUBSYSTEM_VENDOR;
            }
            done += piece;
        }
        if (decoders) {
            moveWindows();
        }
    }

    /**
     * Brings the buses in line with the registers. First what has moved leaves, then what is missing comes: so two BARs can swap.
     * A window that would lie over somebody else's stays away until that one is gone; the first to come decodes.
     */
    private void moveWindows() {
        for (PciFunction function : functions) {
            if (function != null) {
                for (PciBar bar : function.bars()) {
                    Long now = windows.get(new Mapped(function, bar));
                    if (now != null && now != function.decodedAddress(bar)) {
                        withdraw(bar, now);
                        windows.remove(new Mapped(function, bar));
                    }
                }
            }
        }
        for (PciFunction function : functions) {
            if (function != null) {
                for (PciBar bar : function.bars()) {
                    long wanted = function.decodedAddress(bar);
                    if (wanted >= 0 && !windows.containsKey(new Mapped(function, bar)) && claim(bar, wanted)) {
                        windows.put(new Mapped(function, bar), wanted);
                    }
                }
            }
        }
    }

    private void withdraw(PciBar bar, long at) {
        if (bar.kind() == PciBar.Kind.PORTS) {
            ports.unregister((int) at, (int) bar.size());
        } else {
            memory.unregister(at);
        }
    }

    private boolean claim(PciBar bar, long at) {
        try {
            if (bar.kind() == PciBar.Kind.PORTS) {
                ports.register((int) at, (int) bar.size(), new BarPorts((int) at, bar.device()));
            } else {
                memory.register(at, bar.size(), bar.device());
            }
            return true;
        } catch (IllegalStateException overlap) {
            return false;
        }
    }

    /** A BAR's window in port space: the device behind it counts from the window's start. */
    private record BarPorts(int base, MmioDevice device) implements PortDevice {
        @Override
        public int read(int port, int size) {
            return (int) device.read(port - base, size);
        }

        @Override
        public void write(int port, int size, int value) {
            device.write(port - base, size, Integer.toUnsignedLong(value));
        }
    }

    /** Only a double word at 0xCF8 is the address register; anything narrower there is ordinary port access. */
    private final class MechanismOne implements PortDevice {
        @Override
        public int read(int port, int size) {
            if (port == CONFIG_ADDRESS && size == 4) {
                return address;
            }
            if (port == ResetControl.PORT && size == 1) {
                return resetControl.read();
            }
            int value = -1;
            if (port >= CONFIG_DATA && (address & ADDRESS_ENABLE) != 0) {
                int inside = Math.min(size, CONFIG_DATA + 4 - port);
                long beyond = inside == size ? 0 : -1L << 8 * inside;
                value = (int) (PciHost.this.read(address >>> 8 & 0xffff, register(port), inside) | beyond);
            }
            return value;
        }

        @Override
        public void write(int port, int size, int value) {
            if (port == CONFIG_ADDRESS && size == 4) {
                address = value & ADDRESS_WRITABLE;
            } else if (port == ResetControl.PORT && size == 1) {
                resetControl.write(value);
            } else if (port >= CONFIG_DATA && (address & ADDRESS_ENABLE) != 0) {
                int inside = Math.min(size, CONFIG_DATA + 4 - port);
                PciHost.this.write(address >>> 8 & 0xffff, register(port), inside, value);
            }
        }

        private int register(int port) {
            return address & 0xfc | port & 3;
        }
    }

    private final class Ecam implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            int register = (int) offset & 0xfff;
            return PciHost.this.read((int) (offset >>> 12), register, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            int register = (int) offset & 0xfff;
            PciHost.this.write((int) (offset >>> 12), register, size, value);
        }
    }

    // Saved state

    /** The host's and every function's. Of windows that want the same place, which one has it. */
    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(address);
        resetControl.save(out);
        interrupts.save(out);
        TreeMap<Integer, PciFunction> all = functions();
        out.putInt(all.size());
        all.forEach((device, function) -> {
            out.putInt(device);
            function.save(out);
            for (PciBar bar : function.bars()) {
                out.putBoolean(windows.containsKey(new Mapped(function, bar)));
            }
        });
    }

    @Override
    public synchronized void restore(StateReader in) {
        address = in.getInt() & ADDRESS_WRITABLE;
        resetControl.restore(in);
        interrupts.restore(in);
        TreeMap<Integer, PciFunction> all = functions();
        if (in.getInt() != all.size()) {
            throw in.refused("is of another number of functions");
        }
        all.forEach((device, function) -> {
            if (in.getInt() != device) {
                throw in.refused("has its functions in other slots");
            }
            function.restore(in);
            for (PciBar bar : function.bars()) {
                if (in.getBoolean()) {
                    open(function, bar);
                }
            }
        });
        moveWindows();
    }

    private void open(PciFunction function, PciBar bar) {
        long wanted = function.decodedAddress(bar);
        if (wanted >= 0 && claim(bar, wanted)) {
            windows.put(new Mapped(function, bar), wanted);
        }
    }
}
