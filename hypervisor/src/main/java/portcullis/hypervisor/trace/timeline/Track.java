package portcullis.hypervisor.trace.timeline;

/**
 * A row of the picture.
 *
 * @param id from 1
 * @param parent the row under which this one is; 0 for none
 * @param rank order among the rows under one parent
 * @param partition and {@code vp} to which it belongs; {@code vp} is -1 for the partition's own
 */
public record Track(int id, int parent, String name, int rank, int partition, int vp) {
    static final int NO_VP = -1;
}
