package portcullis.machine.loader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file to load from: a size taken once, and reads that either give all they were asked for or fail. Not mapped into memory: a
 * mapped file that shrinks takes the process with it.
 */
public interface Image extends AutoCloseable {
    /** Name for messages, and for the command line of multiboot guests: the path as the user gave it. */
    String name();

    /** Bytes, at the time it was opened. */
    long size();

    /**
     * Reads {@code length} bytes at {@code offset}.
     *
     * @throws LoadException where the range goes beyond the end, or the file has shrunk, or the host cannot read it
     */
    void read(long offset, byte[] into, int at, int length) throws LoadException;

    @Override
    void close();

    /** Reads bytes into an array of their own; callers have bounded {@code length}. */
    default byte[] read(long offset, int length) throws LoadException {
        if (offset < 0 || length < 0 || offset > size() - length) {
            throw truncated("bytes up to " + (offset + length) + " are missing");
        }
        byte[] bytes = new byte[length];
        read(offset, bytes, 0, length);
        return bytes;
    }

    /** A failure because the file ends before what its headers promise. */
    default LoadException truncated(String what) {
        return new LoadException("%s is truncated or damaged: %s, the file has %d bytes; get a complete copy of it"
                .formatted(name(), what, size()));
    }

    /**
     * Opens a file.
     *
     * @throws LoadException where it cannot be read, is no regular file or is empty
     */
    static Image open(Path path) throws LoadException {
        try {
            if (Files.isDirectory(path)) {
                throw new LoadException("%s is a directory; give a file".formatted(path));
            }
            // Anything that is not regular (a pipe, a terminal) has no size and may block for ever.
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                throw new LoadException("%s is no regular file; copy it into one".formatted(path));
            }
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            long size = channel.size();
            if (size == 0) {
                channel.close();
                throw new LoadException("%s is empty; get a complete copy of it".formatted(path));
            }
            return new FileImage(path.toString(), size, channel);
        } catch (NoSuchFileException e) {
            throw new LoadException("%s does not exist; check the path".formatted(path), e);
        } catch (AccessDeniedException e) {
            throw new LoadException("%s cannot be read; check its permissions".formatted(path), e);
        } catch (IOException e) {
            throw new LoadException("%s cannot be read (%s); check the file".formatted(path, e.getMessage()), e);
        }
    }

    /** An image that is in memory already. */
    static Image of(String name, byte[] content) {
        return new BytesImage(name, content);
    }

    /** A file on the host. */
    record FileImage(String name, long size, FileChannel channel) implements Image {
        @Override
        public void read(long offset, byte[] into, int at, int length) throws LoadException {
            try {
                ByteBuffer buffer = ByteBuffer.wrap(into, at, length);
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, offset + buffer.position() - at) < 0) {
                        throw truncated("it ended at " + (offset + buffer.position() - at));
                    }
                }
            } catch (IOException e) {
                throw new LoadException("%s cannot be read (%s); check the file".formatted(name, e.getMessage()), e);
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                // Only ever read from: nothing is lost with it.
            }
        }
    }

    /** Bytes in memory. */
    record BytesImage(String name, byte[] content) implements Image {
        @Override
        public long size() {
            return content.length;
        }

        @Override
        public void read(long offset, byte[] into, int at, int length) throws LoadException {
            if (offset < 0 || offset > content.length - length) {
                throw truncated("it ended at " + content.length);
            }
            System.arraycopy(content, (int) offset, into, at, length);
        }

        @Override
        public void close() {
            // Nothing to give back.
        }
    }
}
