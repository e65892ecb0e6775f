package portcullis.machine.interrupt;

import java.util.Arrays;
import portcullis.hypervisor.apic.EoiListener;
import portcullis.hypervisor.apic.MsiSink;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.MmioDevice;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * An I/O APIC of 24 pins as in ICH chipsets: the 82093AA's registers, version 0x20, which adds the EOI register. Interrupts leave as
 * messages of the form of SDM 11.11.
 *
 * <p>Lines carry assertion, not voltage: the polarity bit is kept for the guest and changes nothing, as on other virtual machines. An
 * edge on a masked pin is lost; a level is delivered when the pin is unmasked.
 *
 * <p>Thread-safe. Messages are delivered with no lock held, so the sink may lock local APICs, and {@link #endOfInterrupt} may be
 * called from any thread, even while a message is being delivered.
 */
public final class IoApic implements MmioDevice, EoiListener, Saved {
    public static final long DEFAULT_ADDRESS = 0xfec0_0000L;
    public static final int PINS = 24;

    private static final int WINDOW_SIZE = 0x1000;
    private static final int SELECT = 0x00;
    private static final int DATA = 0x10;
    private static final int END_OF_INTERRUPT = 0x40;

    private static final int REGISTER_ID = 0;
    private static final int REGISTER_VERSION = 1;
    private static final int REGISTER_ARBITRATION = 2;
    private static final int REGISTER_TABLE = 0x10;

    private static final int VERSION = 0x20 | (PINS - 1) << 16;

    private static final int ENTRY_VECTOR = 0xff;
    private static final int ENTRY_LOGICAL = 1 << 11;
    private static final int ENTRY_REMOTE_IRR = 1 << 14;
    private static final int ENTRY_LEVEL = 1 << 15;
    private static final int ENTRY_MASKED = 1 << 16;
    private static final int ENTRY_WRITABLE = 0x1afff;

    private static final int DELIVERY_FIXED = 0;
    private static final int DELIVERY_LOWEST_PRIORITY = 1;
    private static final int DELIVERY_SMI = 2;
    private static final int DELIVERY_NMI = 4;
    private static final int DELIVERY_INIT = 5;
    private static final int DELIVERY_EXTINT = 7;

    private static final long MESSAGE_ADDRESS = 0xfee0_0000L;
    private static final int MESSAGE_LOGICAL = 1 << 2;
    private static final int MESSAGE_ASSERT = 1 << 14;
    private static final int MESSAGE_LEVEL = 1 << 15;
    /** No message: not an address of local APICs. */
    private static final long NOTHING = 0;

    private final MsiSink sink;
    /** Low halves of redirection table entries. */
    private final int[] entries = new int[PINS];
    /** High halves, where only the destination in bits 31:24 is there. */
    private final int[] destinations = new int[PINS];

    private int lines;
    private int edges;
    private int select;
    private int id;

    public IoApic(MsiSink sink) {
        this.sink = sink;
        reset();
    }

    public void attach(MmioBus bus) {
        bus.register(DEFAULT_ADDRESS, WINDOW_SIZE, this);
    }

    /** Power-on state: all pins masked; the lines keep their levels. */
    public synchronized void reset() {
        Arrays.fill(entries, ENTRY_MASKED);
        Arrays.fill(destinations, 0);
        edges = 0;
        select = 0;
        id = 0;
    }

    /** The wire into one pin. @param pin 0 to 23 */
    public InterruptLine line(int pin) {
        if (pin < 0 || pin >= PINS) {
            throw new IllegalArgumentException("an I/O APIC has no pin " + pin);
        }
        return asserted -> setLine(pin, asserted);
    }

    private void setLine(int pin, boolean asserted) {
        int bit = 1 << pin;
        synchronized (this) {
            if (!asserted) {
                lines &= ~bit;
                return;
            }
            boolean rises = (lines & bit) == 0;
            lines |= bit;
            if (rises && !levelSensitive(entries[pin]) && (entries[pin] & ENTRY_MASKED) == 0) {
                edges |= bit;
            }
        }
        deliverAll();
    }

    /**
     * A local APIC ended a level-triggered interrupt, or somebody wrote the EOI register: pins with this vector may deliver again, and
     * do where their line is still asserted. To be called with no local APIC's lock held that the sink needs.
     *
     * @param vector 0 to 255
     */
    @Override
    public void endOfInterrupt(int vector) {
        synchronized (this) {
            for (int pin = 0; pin < PINS; pin++) {
                if ((entries[pin] & ENTRY_VECTOR) == vector) {
                    entries[pin] &= ~ENTRY_REMOTE_IRR;
                }
            }
        }
        deliverAll();
    }

    private void deliverAll() {
        for (long message = takeMessage(); message != NOTHING; message = takeMessage()) {
            sink.deliver(message >>> 32, (int) message);
        }
    }

    /** Removes one deliverable interrupt; ends, for each takes an edge or sets a remote IRR bit. @return address:data or NOTHING */
    private synchronized long takeMessage() {
        for (int ready = lines | edges; ready != 0; ready &= ready - 1) {
            int pin = Integer.numberOfTrailingZeros(ready);
            int entry = entries[pin];
            if ((entry & ENTRY_MASKED) != 0) {
                continue;
            }
            if (levelSensitive(entry)) {
                edges &= ~(1 << pin);
                if ((lines & 1 << pin) != 0 && (entry & ENTRY_REMOTE_IRR) == 0) {
                    entries[pin] |= ENTRY_REMOTE_IRR;
                    return message(pin, MESSAGE_LEVEL);
                }
            } else if ((edges & 1 << pin) != 0) {
                edges &= ~(1 << pin);
                if (deliverable(entry)) {
                    return message(pin, 0);
                }
            }
        }
        return NOTHING;
    }

    private long message(int pin, int trigger) {
        int entry = entries[pin];
        long address = MESSAGE_ADDRESS
                | (destinations[pin] >>> 24) << 12
                | ((entry & ENTRY_LOGICAL) != 0 ? MESSAGE_LOGICAL : 0);
        return address << 32 | entry & 0x7ff | MESSAGE_ASSERT | trigger;
    }

    private static int deliveryMode(int entry) {
        return entry >> 8 & 7;
    }

    /** The other modes are edges whatever the entry says (82093AA 3.2.4, "delivery mode"). */
    private static boolean levelSensitive(int entry) {
        return (entry & ENTRY_LEVEL) != 0 && deliveryMode(entry) <= DELIVERY_LOWEST_PRIORITY;
    }

    private static boolean deliverable(int entry) {
        return switch (deliveryMode(entry)) {
            case DELIVERY_FIXED, DELIVERY_LOWEST_PRIORITY, DELIVERY_SMI, DELIVERY_NMI, DELIVERY_INIT, DELIVERY_EXTINT ->
                true;
            default -> false;
        };
    }

    /** Registers are 32 bits wide; what is not aligned to one reads as zero and is not written. */
    @Override
    public synchronized long read(long offset, int size) {
        return switch ((int) offset & 0xff) {
            case SELECT -> select;
            case DATA -> size < 4 ? 0 : Integer.toUnsignedLong(readRegister());
            default -> 0;
        };
    }

    private int readRegister() {
        return switch (select) {
            case REGISTER_ID, REGISTER_ARBITRATION -> id << 24;
            case REGISTER_VERSION -> VERSION;
            default -> {
                int pin = select - REGISTER_TABLE >> 1;
                if (select < REGISTER_TABLE || pin >= PINS) {
                    yield 0;
                }
                yield (select & 1) == 0 ? entries[pin] : destinations[pin];
            }
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        switch ((int) offset & 0xff) {
            case SELECT -> {
                synchronized (this) {
                    select = (int) value & 0xff;
                }
            }
            case DATA -> {
                if (size >= 4) {
                    writeRegister((int) value);
                    deliverAll();
                }
            }
            case END_OF_INTERRUPT -> {
                if (size >= 4) {
                    endOfInterrupt((int) value & 0xff);
                }
            }
            default -> {
                // No register there.
            }
        }
    }

    private synchronized void writeRegister(int value) {
        if (select == REGISTER_ID) {
            id = value >> 24 & 0xf;
            return;
        }
        int pin = select - REGISTER_TABLE >> 1;
        if (select < REGISTER_TABLE || pin >= PINS) {
            return;
        }
        if ((select & 1) != 0) {
            destinations[pin] = value & 0xff00_0000;
            return;
        }
        int entry = value & ENTRY_WRITABLE;
        // Turning a pin to edge forgets the remote IRR: how drivers end an interrupt by hand where there is no EOI
        // register.
        if (levelSensitive(entry)) {
            entry |= entries[pin] & ENTRY_REMOTE_IRR;
        }
        entries[pin] = entry;
        if ((entry & ENTRY_MASKED) != 0) {
            edges &= ~(1 << pin);
        }
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInts(entries);
        out.putInts(destinations);
        out.putInt(lines);
        out.putInt(edges);
        out.putInt(select);
        out.putInt(id);
    }

    @Override
    public synchronized void restore(StateReader in) {
        in.getInts(entries);
        in.getInts(destinations);
        lines = in.getInt();
        edges = in.getInt();
        select = in.getInt();
        id = in.getInt();
    }
}
