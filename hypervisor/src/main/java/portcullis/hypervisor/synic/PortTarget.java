package portcullis.hypervisor.synic;

/**
 * Where a port leads.
 *
 * @param vp VP index, or {@link #ANY_VP}
 * @param vtl trust level, 0 to 2
 * @param sint synthetic interrupt source, 0 to 15
 */
public record PortTarget(int vp, int vtl, int sint) {
    /** HV_ANY_VP: whichever VP takes messages or events when one is sent. */
    public static final int ANY_VP = -1;

    /** @throws IllegalArgumentException where level or source are out of range */
    public PortTarget {
        Synic.checkSint(sint);
        if (vtl < 0 || vtl > 2) {
            throw new IllegalArgumentException("trust levels are 0 to 2, not " + vtl);
        }
    }
}
