package portcullis.hypervisor.trace.timeline;

import java.util.Map;

/** Something on a {@link Track}. Times are nanoseconds of guest time. */
public sealed interface Mark {
    int track();

    long time();

    /**
     * A slice begins. Slices of a track are properly nested.
     *
     * @param details names and values
     * @param flow the arrow that this belongs to, from 1; 0 for none
     * @param flowEnds the arrow ends here
     */
    record Begin(int track, long time, String name, Map<String, Object> details, long flow, boolean flowEnds)
            implements Mark {}

    /** The slice that began last and has not ended yet ends. */
    record End(int track, long time) implements Mark {}

    /** A moment. @param flow the arrow that passes here; 0 for none */
    record Instant(int track, long time, String name, Map<String, Object> details, long flow) implements Mark {}
}
