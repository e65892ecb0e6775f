package portcullis.app.debian;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes a cpio archive in the "newc" form that Linux unpacks as its initial file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root; times are zero, so that the same input
 * makes the same archive.
 */
final class CpioArchive implements AutoCloseable {
    private static final int DIRECTORY = 0040000;
    private static final int FILE = 0100000;
    private static final int LINK = 0120000;
    private static final int CHARACTER_DEVICE = 0020000;
    private static final String TRAILER = "TRAILER!!!";

    private final OutputStream out;
    private int inode = 1;
    private long written;

    CpioArchive(OutputStream out) {
        this.out = out;
    }

    void directory(String path) throws IOException {
        entry(path, DIRECTORY | 0755, new byte[0], 0, 0);
    }

    void file(String path, int permissions, byte[] content) throws IOException {
        entry(path, FILE | permissions, content, 0, 0);
    }

    void link(String path, String target) throws IOException {
        entry(path, LINK | 0777, target.getBytes(StandardCharsets.UTF_8), 0, 0);
    }

    void device(String path, int permissions, int major, int minor) throws IOException {
        entry(path, CHARACTER_DEVICE | permissions, new byte[0], major, minor);
    }

    private void entry(String path, int mode, byte[] content, int major, int minor) throws IOException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        // magic ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        String header = "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
                .formatted(inode++, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0);
        put(header.getBytes(StandardCharsets.US_ASCII));
        put(name);
        put(new byte[1]);
        pad();
        put(content);
        pad();
    }

    private void put(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }

    private void pad() throws IOException {
        put(new byte[(int) (-written & 3)]);
    }

    /** Ends the archive, and closes what it goes to. */
    @Override
    public void close() throws IOException {
        entry(TRAILER, 0, new byte[0], 0, 0);
        out.close();
    }
}
