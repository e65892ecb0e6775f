package portcullis.machine.pci;

import java.util.BitSet;
import java.util.List;
import portcullis.machine.bus.InterruptLine;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Where interrupt pins INTA to INTD go: eight shared wires, swizzled by slot, on I/O APIC pins 16 to 23 and at the same time, for
 * guests that use the PICs, alternately on IRQ 10 and 11. The DSDT's {@code _PRT} and the interrupt line registers say the same.
 */
public final class PciInterrupts {
    public static final int FIRST_GSI = 16;
    public static final int WIRES = 8;

    /** Level-triggered PIC inputs: firmware has to set their bits in the edge/level control registers. */
    public static final int FIRST_PIC_IRQ = 10;

    public static final int PIC_IRQS = 2;

    private final List<InterruptLine> ioApicPins;
    private final List<InterruptLine> picIrqs;
    private final BitSet[] asserting = new BitSet[WIRES];

    /**
     * @param ioApicPins pins 16 to 23
     * @param picIrqs IRQ 10 and 11
     */
    public PciInterrupts(List<InterruptLine> ioApicPins, List<InterruptLine> picIrqs) {
        if (ioApicPins.size() != WIRES || picIrqs.size() != PIC_IRQS) {
            throw new IllegalArgumentException("eight I/O APIC pins and two PIC inputs");
        }
        this.ioApicPins = List.copyOf(ioApicPins);
        this.picIrqs = List.copyOf(picIrqs);
        for (int wire = 0; wire < WIRES; wire++) {
            asserting[wire] = new BitSet();
        }
    }

    private static int wire(int slot, int pin) {
        return slot + pin & WIRES - 1;
    }

    /** Global system interrupt of a slot's pin. @param pin 0 to 3: INTA to INTD */
    public static int gsi(int slot, int pin) {
        return FIRST_GSI + wire(slot, pin);
    }

    public static int picIrq(int slot, int pin) {
        return FIRST_PIC_IRQ + wire(slot, pin) % PIC_IRQS;
    }

    /** A function drives its pin. Wires are shared: one is released when nobody asserts it any more. */
    synchronized void set(int slot, int function, int pin, boolean asserted) {
        int wire = wire(slot, pin);
        boolean before = !asserting[wire].isEmpty();
        asserting[wire].set(slot * 8 + function, asserted);
        boolean after = !asserting[wire].isEmpty();
        if (before != after) {
            ioApicPins.get(wire).set(after);
            boolean irq = false;
            for (int other = wire % PIC_IRQS; other < WIRES; other += PIC_IRQS) {
                irq |= !asserting[other].isEmpty();
            }
            picIrqs.get(wire % PIC_IRQS).set(irq);
        }
    }

    synchronized void save(StateWriter out) {
        for (BitSet wire : asserting) {
            out.putLongs(wire.toLongArray());
        }
    }

    /** The controllers have the levels already. */
    synchronized void restore(StateReader in) {
        for (BitSet wire : asserting) {
            wire.clear();
            wire.or(in.getBits(PciHost.SLOTS * 8));
        }
    }
}
