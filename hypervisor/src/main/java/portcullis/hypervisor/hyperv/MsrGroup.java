package portcullis.hypervisor.hyperv;

import portcullis.engine.ExitDetails;

/** A part of the synthetic MSRs that somebody else keeps: SynIC and timers. On the VP's thread. */
public interface MsrGroup {
    /** None of them. */
    MsrGroup NONE = new MsrGroup() {
        @Override
        public boolean readMsr(int msr, ExitDetails out) {
            return false;
        }

        @Override
        public boolean writeMsr(int msr, long value) {
            return false;
        }
    };

    /** Puts the value into {@link ExitDetails#value}. @return false for #GP */
    boolean readMsr(int msr, ExitDetails out);

    /** @return false for #GP */
    boolean writeMsr(int msr, long value);
}
