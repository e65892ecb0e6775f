package portcullis.state;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Writes a state file ({@link StateFile} tells its form) beside its place, and moves it there when it is complete: the file of
 * that name is always a whole one, the old or the new. Only its owner can read it: guests have secrets in their memory.
 */
public final class StateFileWriter implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private final OutputStream out;
    private final CRC32C whole = new CRC32C();
    private final CRC32C crc = new CRC32C();
    private long chunks;
    private long written;
    private boolean finished;

    private StateFileWriter(Path target, Path temporary, FileChannel channel) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
        out = Channels.newOutputStream(channel);
    }

    /** @throws IOException where there can be no file of this name; the message names it */
    public static StateFileWriter create(Path target) throws IOException {
        Path absolute = target.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            throw new FileSystemException(target + " is a directory");
        }
        Path temporary;
        try {
            temporary = Files.createTempFile(absolute.getParent(), absolute.getFileName() + ".", ".part");
        } catch (NoSuchFileException missing) {
            throw new FileSystemException("the folder of %s does not exist".formatted(target));
        } catch (IOException refused) {
            throw new FileSystemException("%s cannot be written (%s)".formatted(target, refused));
        }
        StateFileWriter writer =
                new StateFileWriter(target, temporary, FileChannel.open(temporary, StandardOpenOption.WRITE));
        try {
            writer.header();
            return writer;
        } catch (IOException | RuntimeException failed) {
            writer.close();
            throw failed;
        }
    }

    private void header() throws IOException {
        ByteBuffer header = ByteBuffer.allocate(StateFile.HEADER_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        header.put(StateFile.MAGIC).putInt(StateFile.FORMAT);
        whole.update(header.array());
        write(header.array(), header.capacity());
    }

    /** Writes what {@code content} holds as one chunk. Names may be used more than once. */
    public void chunk(String name, int version, StateWriter content) throws IOException {
        if (name.equals(StateFile.END)) {
            throw new IllegalArgumentException("the name '%s' is taken".formatted(name));
        }
        put(name, version, content.buffer(), content.size());
        chunks++;
    }

    private void put(String name, int version, byte[] content, int length) throws IOException {
        byte[] label = name.getBytes(StandardCharsets.UTF_8);
        if (label.length == 0 || label.length > StateFile.MAX_NAME || length > StateFile.MAX_CHUNK) {
            throw new IllegalArgumentException("no such chunk: '%s' of %d bytes".formatted(name, length));
        }
        ByteBuffer head =
                ByteBuffer.allocate(1 + label.length + 2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        head.put((byte) label.length).put(label).putInt(version).putInt(length);
        crc.reset();
        crc.update(head.array());
        crc.update(content, 0, length);
        byte[] checksum = littleEndian((int) crc.getValue());
        whole.update(checksum);
        write(head.array(), head.capacity());
        write(content, length);
        write(checksum, checksum.length);
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private void write(byte[] bytes, int length) throws IOException {
        try {
            out.write(bytes, 0, length);
        } catch (IOException refused) {
            throw new IOException("%s cannot be written: %s".formatted(target, refused.getMessage()), refused);
        }
        written += length;
    }

    /**
     * Completes the file and gives it its name, over any file that had it.
     *
     * @return its size in bytes
     */
    public long finish() throws IOException {
        ByteBuffer content = ByteBuffer.allocate(StateFile.END_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        content.putLong(chunks).putInt((int) whole.getValue());
        put(StateFile.END, 1, content.array(), content.capacity());
        channel.force(true);
        channel.close();
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException noSuchThing) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
        finished = true;
        return written;
    }

    /** Before {@link #finish}: gives up and leaves nothing behind. */
    @Override
    public void close() throws IOException {
        channel.close();
        if (!finished) {
            Files.deleteIfExists(temporary);
        }
    }
}
