package portcullis.hypervisor;

import portcullis.engine.ExitDetails;

/** Watches what a VP does, on the VP's thread: for traces. */
public interface VpObserver {
    VpObserver NONE = new VpObserver() {
        @Override
        public void exited(ExitDetails exit) {}

        @Override
        public void injected(int vector) {}
    };

    /** The engine came out and the exit has not been dealt with yet. */
    void exited(ExitDetails exit);

    /** An external interrupt was given to the engine; NMI as vector 2. */
    void injected(int vector);
}
