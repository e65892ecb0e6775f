package portcullis.hypervisor.time;

/** One thing that can fall due: a device's or a local APIC's timer. Thread-safe. */
public interface Alarm {
    /** Falls due once, when the clock reaches {@code deadline} ticks, or at once if that has passed. Replaces an earlier deadline. */
    void set(long deadline);

    /** Forgets the deadline. An action that is already running goes on. */
    void clear();
}
