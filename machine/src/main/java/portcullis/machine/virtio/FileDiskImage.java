package portcullis.machine.virtio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Set;

/**
 * A raw image: sector after sector in a file or on a block device of the host. Locked while it is open, shared by readers.
 *
 * <p>Threads that use it must not be interrupted: the JDK closes a channel under an interrupted thread.
 */
public final class FileDiskImage implements DiskImage {
    private static final int SECTOR = 512;
    /** S_IFMT and S_IFBLK (POSIX, sys/stat.h). */
    private static final int TYPE_OF_FILE = 0xf000;

    private static final int BLOCK_DEVICE = 0x6000;

    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final boolean readOnly;

    private FileDiskImage(Path path, FileChannel channel, long size, boolean readOnly) {
        this.path = path;
        this.channel = channel;
        this.size = size;
        this.readOnly = readOnly;
    }

    /** @throws IOException whose message is one line for the user, with the remedy where there is one */
    public static FileDiskImage open(Path path, boolean readOnly) throws IOException {
        if (Files.isDirectory(path)) {
            throw new FileSystemException("disk image %s is a directory; give a file".formatted(path));
        }
        if (isStream(path)) {
            throw new FileSystemException(
                    "disk image %s is neither a file nor a disk; give one whose sectors can be read in any order"
                            .formatted(path));
        }
        Set<OpenOption> options =
                readOnly ? Set.of(StandardOpenOption.READ) : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel channel;
        try {
            channel = FileChannel.open(path, options);
        } catch (NoSuchFileException missing) {
            throw new FileSystemException(
                    "disk image %s does not exist; make one with: truncate -s 1G %s".formatted(path, path));
        } catch (AccessDeniedException denied) {
            throw refused(path, readOnly, "permission denied");
        } catch (FileSystemException other) {
            throw refused(path, readOnly, Objects.requireNonNullElse(other.getReason(), "it cannot be opened"));
        }
        try {
            return checked(path, channel, readOnly);
        } catch (IOException | RuntimeException refused) {
            channel.close();
            throw refused;
        }
    }

    /** A pipe, a socket or a character device: opening one may wait for ever, and none has a size. */
    private static boolean isStream(Path path) throws IOException {
        if (!Files.exists(path) || Files.isRegularFile(path)) {
            return false;
        }
        try {
            return ((int) Files.getAttribute(path, "unix:mode") & TYPE_OF_FILE) != BLOCK_DEVICE;
        } catch (UnsupportedOperationException noUnix) {
            return false;
        }
    }

    private static FileSystemException refused(Path path, boolean readOnly, String reason) {
        String remedy = readOnly
                ? "check the file and its permissions"
                : "a read-only disk (%s,ro) need not be written to".formatted(path);
        return new FileSystemException("disk image %s: %s; %s".formatted(path, reason, remedy));
    }

    private static FileDiskImage checked(Path path, FileChannel channel, boolean readOnly) throws IOException {
        long size = channel.size();
        if (size == 0) {
            throw new FileSystemException(
                    "disk image %s is empty; make one with: truncate -s 1G %s".formatted(path, path));
        }
        if (size % SECTOR != 0) {
            throw new FileSystemException(
                    "disk image %s is %d bytes, not whole sectors; pad it with: truncate -s %%512 %s"
                            .formatted(path, size, path));
        }
        if (!lock(channel, readOnly)) {
            throw new FileSystemException(
                    "disk image %s is in use by another machine, or given twice; give each machine a copy"
                            .formatted(path));
        }
        return new FileDiskImage(path, channel, size, readOnly);
    }

    private static boolean lock(FileChannel channel, boolean shared) {
        try {
            return channel.tryLock(0, Long.MAX_VALUE, shared) != null;
        } catch (OverlappingFileLockException here) {
            return false;
        } catch (IOException noLocksOnThisFileSystem) {
            return true;
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long at, byte[] into, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into, offset, length);
        long position = at;
        while (buffer.hasRemaining()) {
            int count = readSome(buffer, position);
            if (count <= 0) {
                throw shrunken();
            }
            position += count;
        }
    }

    private int readSome(ByteBuffer buffer, long position) throws IOException {
        try {
            return channel.read(buffer, position);
        } catch (IOException refused) {
            throw named("read", refused);
        }
    }

    @Override
    public void write(long at, byte[] from, int offset, int length) throws IOException {
        // A write past the end would make a shrunken image grow again, with a hole where sectors were.
        if (channel.size() < at + length) {
            throw shrunken();
        }
        ByteBuffer buffer = ByteBuffer.wrap(from, offset, length);
        long position = at;
        try {
            while (buffer.hasRemaining()) {
                position += channel.write(buffer, position);
            }
        } catch (IOException refused) {
            throw named("written to", refused);
        }
    }

    /** The host's own message ("No space left on device") does not say which file it is about. */
    private IOException named(String what, IOException refused) {
        String reason = Objects.requireNonNullElse(
                refused.getMessage(), refused.getClass().getSimpleName());
        return new IOException(
                "disk image %s cannot be %s (%s); make room for it, or check the disk that it is on"
                        .formatted(path, what, reason),
                refused);
    }

    private IOException shrunken() throws IOException {
        return new IOException("disk image %s has shrunk from %d to %d bytes; put back what is missing"
                .formatted(path, size, channel.size()));
    }

    @Override
    public void flush() throws IOException {
        try {
            channel.force(false);
        } catch (IOException refused) {
            throw named("flushed", refused);
        }
    }

    /** Flushes, and gives up the lock. */
    @Override
    public void close() throws IOException {
        try (channel) {
            if (!readOnly && channel.isOpen()) {
                channel.force(false);
            }
        }
    }
}
