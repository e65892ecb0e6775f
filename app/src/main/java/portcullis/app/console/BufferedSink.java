package portcullis.app.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Consumer;

/**
 * Bytes from a guest to a file or terminal: a write for each line, and whatever waits a few milliseconds for the end of its line is
 * written without it. A write that fails is reported once; what follows is dropped.
 */
public final class BufferedSink implements AutoCloseable {
    private static final int CAPACITY = 8192;
    private static final long PATIENCE_MILLIS = 4;

    private final OutputStream out;
    private final Consumer<IOException> onFailure;
    private final byte[] buffer = new byte[CAPACITY];
    private final Thread flusher;
    private int length;
    private boolean failed;
    private boolean closed;

    /** @param onFailure told on the writing thread, at most once; must not wait for it */
    public BufferedSink(OutputStream out, Consumer<IOException> onFailure) {
        this.out = out;
        this.onFailure = onFailure;
        flusher = new Thread(this::flushWhatWaits, "console output");
        flusher.setDaemon(true);
        flusher.start();
    }

    /** Takes one byte; blocks as long as the other end does. */
    public synchronized void accept(int value) {
        if (failed || closed) {
            return;
        }
        buffer[length++] = (byte) value;
        if (value == '\n' || length == CAPACITY) {
            write();
        } else if (length == 1) {
            notifyAll();
        }
    }

    private void write() {
        int ready = length;
        length = 0;
        try {
            out.write(buffer, 0, ready);
            out.flush();
        } catch (IOException e) {
            failed = true;
            onFailure.accept(e);
        }
    }

    private synchronized void flushWhatWaits() {
        try {
            while (!closed) {
                while (length == 0 && !closed) {
                    wait();
                }
                // Releases the lock: the rest of the line may come meanwhile.
                wait(PATIENCE_MILLIS);
                if (length > 0) {
                    write();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes what is left. The stream stays open: it may be standard output. */
    @Override
    public synchronized void close() {
        if (!closed) {
            if (length > 0 && !failed) {
                write();
            }
            closed = true;
            notifyAll();
        }
    }
}
