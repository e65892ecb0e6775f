package portcullis.machine.bus;

import java.util.ArrayList;
import java.util.List;

/** Device windows in the guest physical address space. What no device answers reads as all ones and swallows writes. */
public final class MmioBus {
    private record Window(long gpa, long size, MmioDevice device) {}

    private volatile List<Window> windows = List.of();

    /** Registers a device's window. @throws IllegalStateException where it overlaps another */
    public synchronized void register(long gpa, long size, MmioDevice device) {
        for (Window other : windows) {
            if (gpa < other.gpa + other.size && other.gpa < gpa + size) {
                throw new IllegalStateException("window 0x%x+0x%x overlaps another".formatted(gpa, size));
            }
        }
        List<Window> grown = new ArrayList<>(windows);
        grown.add(new Window(gpa, size, device));
        windows = List.copyOf(grown);
    }

    /** Removes the window that starts at {@code gpa}: a PCI BAR that moves. */
    public synchronized void unregister(long gpa) {
        List<Window> shrunk = new ArrayList<>(windows);
        shrunk.removeIf(window -> window.gpa == gpa);
        windows = List.copyOf(shrunk);
    }

    public long read(long gpa, int size) {
        Window window = at(gpa);
        return window == null ? -1 : window.device.read(gpa - window.gpa, size);
    }

    public void write(long gpa, int size, long value) {
        Window window = at(gpa);
        if (window != null) {
            window.device.write(gpa - window.gpa, size, value);
        }
    }

    private Window at(long gpa) {
        for (Window window : windows) {
            if (gpa - window.gpa >= 0 && gpa - window.gpa < window.size) {
                return window;
            }
        }
        return null;
    }
}
