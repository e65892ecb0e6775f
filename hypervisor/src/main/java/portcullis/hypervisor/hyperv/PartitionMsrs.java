package portcullis.hypervisor.hyperv;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import portcullis.memory.MemoryView;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What stands behind the synthetic MSRs that a partition has once, whichever VP and trust level uses them. Any VP's thread. */
public final class PartitionMsrs implements Saved {
    private final CrashRegisters crash = new CrashRegisters();
    private final Reenlightenment reenlightenment = new Reenlightenment();
    private volatile long debugOptions;
    private final List<Consumer<GuestCrash>> crashListeners = new CopyOnWriteArrayList<>();

    /** HV_X64_MSR_CRASH_P0 to P4. */
    CrashRegisters crash() {
        return crash;
    }

    /** HV_X64_MSR_CRASH_CTL written by a VP whose active level sees {@code view}: the listener is told where that is a report. */
    void writeCrashControl(int vp, long value, MemoryView view) {
        GuestCrash report = crash.control(vp, value, view);
        if (report != null) {
            crashListeners.forEach(listener -> listener.accept(report));
        }
    }

    /** Who is told, too, when the guest reports that it has crashed. On a VP's thread; must not wait. */
    public void onCrash(Consumer<GuestCrash> listener) {
        crashListeners.add(listener);
    }

    Reenlightenment reenlightenment() {
        return reenlightenment;
    }

    /** HV_X64_MSR_SYNDBG_OPTIONS. */
    long debugOptions() {
        return debugOptions;
    }

    void setDebugOptions(long value) {
        debugOptions = value;
    }

    public void reset() {
        crash.reset();
        reenlightenment.reset();
        debugOptions = 0;
    }

    @Override
    public void save(StateWriter out) {
        crash.save(out);
        reenlightenment.save(out);
        out.putLong(debugOptions);
    }

    @Override
    public void restore(StateReader in) {
        crash.restore(in);
        reenlightenment.restore(in);
        debugOptions = in.getLong();
    }
}
