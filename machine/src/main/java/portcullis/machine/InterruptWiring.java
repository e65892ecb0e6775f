package portcullis.machine;

import java.util.List;
import java.util.stream.IntStream;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.IoApic;
import portcullis.machine.interrupt.Pic8259Pair;
import portcullis.machine.pci.PciInterrupts;

/**
 * The wires between devices, the 8259 pair, the I/O APIC and the local APICs. Every ISA interrupt goes to the PIC input of its
 * number and to the I/O APIC pin of its number, except the timer's: its IRQ 0 is pin 2, as the MADT says. The PIC's output is
 * every processor's LINT0, that of trust level 0: devices are that level's (TLFS vsm.md, "DMA and Devices"), whichever is active.
 */
final class InterruptWiring {
    private static final int TIMER_IRQ = 0;
    private static final int TIMER_PIN = 2;

    private static final int ISA_LINES = 16;

    private final Pic8259Pair pic;
    private final IoApic ioApic;

    InterruptWiring(InterruptFabric fabric, List<VirtualProcessor> processors) {
        pic = new Pic8259Pair(asserted -> processors.forEach(vp -> apic(vp).lint0(asserted)));
        ioApic = new IoApic(fabric);
        fabric.setEoiListener(ioApic::endOfInterrupt);
        processors.forEach(vp -> apic(vp).connect(pic));
    }

    private static LocalApic apic(VirtualProcessor vp) {
        return vp.context(0).apic();
    }

    void attach(PortBus ports, MmioBus memory) {
        pic.attach(ports);
        ioApic.attach(memory);
    }

    void reset() {
        pic.reset();
        ioApic.reset();
    }

    Pic8259Pair pic() {
        return pic;
    }

    IoApic ioApic() {
        return ioApic;
    }

    /** The wire of an ISA interrupt. @param irq 0 to 15, not 2 */
    InterruptLine isa(int irq) {
        InterruptLine input = pic.line(irq);
        InterruptLine pin = ioApic.line(irq == TIMER_IRQ ? TIMER_PIN : irq);
        return asserted -> {
            input.set(asserted);
            pin.set(asserted);
        };
    }

    /** Every line by its global number, 0 for the timer: for a device that plays with them. */
    List<InterruptLine> all() {
        return IntStream.range(0, IoApic.PINS)
                .mapToObj(line -> line < ISA_LINES && line != TIMER_PIN ? isa(line) : ioApic.line(line))
                .toList();
    }

    /** The wires of PCI's interrupt pins. */
    PciInterrupts pci() {
        List<InterruptLine> pins = IntStream.range(0, PciInterrupts.WIRES)
                .mapToObj(wire -> ioApic.line(PciInterrupts.FIRST_GSI + wire))
                .toList();
        List<InterruptLine> inputs = IntStream.range(0, PciInterrupts.PIC_IRQS)
                .mapToObj(irq -> pic.line(PciInterrupts.FIRST_PIC_IRQ + irq))
                .toList();
        return new PciInterrupts(pins, inputs);
    }
}
