package portcullis.fuzz;

import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor;

/** A VP of the program's, and the state that it calls from. */
final class Caller {
    private static final int MOST_SIGNALS = 4;

    final VirtualProcessor vp;
    final VirtualCpu cpu;
    private Mode mode = Mode.LONG;
    private boolean astray = true;
    private int level;

    Caller(VirtualProcessor vp) {
        this.vp = vp;
        cpu = vp.cpu();
    }

    Mode mode() {
        return mode;
    }

    void setMode(Mode next) {
        astray |= next != mode;
        mode = next;
    }

    /** Something may have changed the processor's state: it is made anew before the next step. */
    void goneAstray() {
        astray = true;
    }

    boolean suspended() {
        return vp.context().flushPass().suspended();
    }

    /** Lets the processor take what others have sent it: an INIT, an NMI. It may be anywhere afterwards. */
    void serve() {
        for (int turn = 0; turn < MOST_SIGNALS && vp.wanted() && !vp.paused(); turn++) {
            prepare();
            cpu.set(Register.RIP, Layout.SPIN);
            cpu.setBudget(1);
            vp.turn();
            cpu.setBudget(Long.MAX_VALUE);
            astray = true;
        }
    }

    /** Puts the processor into its mode. On the VP's thread; not while it is suspended. */
    void prepare() {
        int active = vp.context().level();
        if (active != level) {
            level = active;
            astray = true;
        }
        if (vp.context().activityBits() != 0) {
            vp.context().setActivityBits(0);
            astray = true;
        }
        if (astray) {
            mode.apply(cpu);
            astray = false;
        }
    }
}
