package portcullis.machine.interrupt;

import portcullis.machine.bus.InterruptLine;

/** A wire that remembers its level and counts rising edges. */
public final class RecordingLine implements InterruptLine {
    public boolean level;
    public int rises;
    public int calls;

    @Override
    public synchronized void set(boolean asserted) {
        calls++;
        if (asserted && !level) {
            rises++;
        }
        level = asserted;
    }
}
