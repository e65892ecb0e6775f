package portcullis.machine.config;

/** What the user's end of a machine is plugged into. */
public enum ConsoleKind {
    /** The first serial port. */
    SERIAL,
    /** A virtio console, Linux's hvc0; the serial port is still there. */
    VIRTIO
}
