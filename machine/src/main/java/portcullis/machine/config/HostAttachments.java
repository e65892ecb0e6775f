package portcullis.machine.config;

import java.util.function.Consumer;
import portcullis.machine.loader.LoadProgress;
import portcullis.machine.serial.SerialSink;

/**
 * The host's ends of a machine's wires.
 *
 * @param serial takes what the first serial port sends
 * @param console takes what a virtio console sends, where there is one
 * @param debugConsole takes what the guest writes to port 0xE9
 * @param loading is told how far loading has come
 * @param input whether somebody may send to the console: by virtual time, a machine that waits for ever then waits for them
 * @param trouble is told, a line each, what the host refuses a running machine (a disk that is full), and what the guest
 *     has brought upon itself; what the guest says of a crash may be more lines
 * @param trace takes a line a slice of execution; null for none; by virtual time only
 */
public record HostAttachments(
        SerialSink serial,
        SerialSink console,
        SerialSink debugConsole,
        LoadProgress loading,
        Consumer<String> trouble,
        boolean input,
        Consumer<String> trace) {
    private static final SerialSink NOBODY = value -> {};

    /** Takes serial output, nothing else. */
    public static HostAttachments serialOnly(SerialSink serial) {
        return new HostAttachments(serial, NOBODY, NOBODY, LoadProgress.NONE, trouble -> {}, false, null);
    }
}
