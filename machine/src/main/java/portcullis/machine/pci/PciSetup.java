package portcullis.machine.pci;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import portcullis.machine.MemoryMap;

/**
 * What firmware does for PCI before it starts an operating system: gives every BAR an address, says in every interrupt line
 * register which IRQ the pin is wired to, and turns decoding on. Bus mastering is left to the driver.
 */
public final class PciSetup {
    static final long PORTS_FIRST = 0xC000;
    static final long PORTS_END = 0x1_0000;

    private static final int DECODE_ALL = 0b11;

    private record Wanted(int device, PciBar bar) {}

    /** Hands out a window from its start; power-of-two sizes at their natural alignment. */
    private static final class Window {
        private final long end;
        private long next;

        Window(long first, long end) {
            this.next = first;
            this.end = end;
        }

        long take(long size) {
            long at = (next + size - 1) & -size;
            if (at + size > end) {
                throw new IllegalStateException("PCI devices need more address space than their window has");
            }
            next = at + size;
            return at;
        }
    }

    private PciSetup() {}

    /**
     * Sets up all functions. To be called after every reset, before the guest runs.
     *
     * @throws IllegalStateException where the functions need more than the windows have
     */
    public static void assign(PciHost host) {
        Window ports = new Window(PORTS_FIRST, PORTS_END);
        Window memory = new Window(MemoryMap.PCI32_WINDOW, MemoryMap.PCI32_WINDOW + MemoryMap.PCI32_WINDOW_SIZE);
        Map<Integer, PciFunction> functions = host.functions();
        List<Wanted> all = new ArrayList<>();
        functions.forEach((device, function) -> function.bars().forEach(bar -> all.add(new Wanted(device, bar))));
        // Largest first: no gaps for alignment.
        all.sort(Comparator.comparingLong((Wanted wanted) -> -wanted.bar().size()));
        for (Wanted wanted : all) {
            PciBar bar = wanted.bar();
            long at = (bar.kind() == PciBar.Kind.PORTS ? ports : memory).take(bar.size());
            host.write(wanted.device(), bar.register(), bar.kind() == PciBar.Kind.MEMORY_64 ? 8 : 4, at);
        }
        functions.forEach((device, function) -> {
            if (function.pin() >= 0) {
                int irq = PciInterrupts.picIrq(device / 8, function.pin());
                host.write(device, ConfigSpace.INTERRUPT_LINE, 1, irq);
            }
            if (!function.bars().isEmpty()) {
                host.write(device, ConfigSpace.COMMAND, 2, DECODE_ALL);
            }
        });
    }
}
