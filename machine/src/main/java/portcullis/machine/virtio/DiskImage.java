package portcullis.machine.virtio;

import java.io.Closeable;
import java.io.IOException;

/** What a block device keeps its sectors in. Used by one thread at a time. Offsets and sizes in bytes. */
public interface DiskImage extends Closeable {
    /** A multiple of 512; does not change. */
    long size();

    boolean readOnly();

    /** Reads all of {@code length} bytes. @throws IOException also where the image has become shorter than {@link #size} */
    void read(long at, byte[] into, int offset, int length) throws IOException;

    /** Writes all of {@code length} bytes, perhaps to a cache. @throws IOException where the disk is full, for one */
    void write(long at, byte[] from, int offset, int length) throws IOException;

    /** When this returns, all that was written is on stable storage. */
    void flush() throws IOException;
}
