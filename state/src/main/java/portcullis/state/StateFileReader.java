package portcullis.state;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Reads a state file chunk by chunk and checks everything that can be checked without knowing what the chunks mean. Every method
 * throws a {@link StateException} with a line that names the file. Only when {@link #next} has answered null was the file whole.
 */
public final class StateFileReader implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final Path path;
    private final InputStream in;
    private final CRC32C whole = new CRC32C();
    private final CRC32C crc = new CRC32C();
    private long left;
    private long chunks;

    private StateFileReader(Path path, InputStream in, long size) {
        this.path = path;
        this.in = in;
        left = size;
    }

    /** Opens a file and reads its header. */
    public static StateFileReader open(Path path) {
        try {
            if (Files.isDirectory(path)) {
                throw new StateException("%s is a directory, not a saved machine".formatted(path));
            }
            InputStream in = new BufferedInputStream(Files.newInputStream(path), BUFFER);
            StateFileReader reader = new StateFileReader(path, in, Files.size(path));
            try {
                reader.header();
                return reader;
            } catch (RuntimeException refused) {
                reader.close();
                throw refused;
            }
        } catch (NoSuchFileException missing) {
            throw new StateException("%s does not exist".formatted(path));
        } catch (AccessDeniedException denied) {
            throw new StateException("%s cannot be read: permission denied".formatted(path));
        } catch (IOException failed) {
            throw new StateException("%s cannot be read: %s".formatted(path, failed.getMessage()), failed);
        }
    }

    private void header() {
        if (left < StateFile.HEADER_SIZE) {
            throw new StateException("%s is no saved machine".formatted(path));
        }
        byte[] header = read(StateFile.HEADER_SIZE);
        if (!Arrays.equals(header, 0, StateFile.MAGIC.length, StateFile.MAGIC, 0, StateFile.MAGIC.length)) {
            throw new StateException("%s is no saved machine".formatted(path));
        }
        int format = littleEndian(header).getInt(StateFile.MAGIC.length);
        if (format != StateFile.FORMAT) {
            throw new StateException("%s has format %d; this build of Portcullis reads format %d"
                    .formatted(path, format, StateFile.FORMAT));
        }
        whole.update(header);
    }

    /**
     * Reads the next chunk.
     *
     * @return its content, or null at the end of a file that is whole
     */
    public StateReader next() {
        crc.reset();
        int nameLength = checked(1)[0] & 0xff;
        String name = new String(checked(nameLength), StandardCharsets.UTF_8);
        int version = littleEndian(checked(Integer.BYTES)).getInt();
        int length = littleEndian(checked(Integer.BYTES)).getInt();
        if (length < 0 || length > StateFile.MAX_CHUNK) {
            throw damaged("one part cannot be %d bytes long".formatted(Integer.toUnsignedLong(length)));
        }
        byte[] content = checked(length);
        byte[] checksum = read(Integer.BYTES);
        if (littleEndian(checksum).getInt() != (int) crc.getValue()) {
            throw damaged("part %d does not match its checksum".formatted(chunks + 1));
        }
        if (name.equals(StateFile.END)) {
            end(content);
            return null;
        }
        whole.update(checksum);
        chunks++;
        return new StateReader(name, version, content);
    }

    private byte[] checked(int length) {
        byte[] bytes = read(length);
        crc.update(bytes);
        return bytes;
    }

    private byte[] read(int length) {
        if (length > left) {
            throw damaged("it ends too early");
        }
        try {
            byte[] bytes = in.readNBytes(length);
            if (bytes.length < length) {
                throw damaged("it ends too early");
            }
            left -= length;
            return bytes;
        } catch (IOException failed) {
            throw new StateException("%s cannot be read: %s".formatted(path, failed.getMessage()), failed);
        }
    }

    private void end(byte[] content) {
        if (content.length != StateFile.END_SIZE) {
            throw damaged("its end is not one");
        }
        ByteBuffer end = littleEndian(content);
        if (end.getLong(0) != chunks || end.getInt(Long.BYTES) != (int) whole.getValue()) {
            throw damaged("its parts do not belong together");
        }
        if (left != 0) {
            throw damaged("%d bytes follow its end".formatted(left));
        }
    }

    private StateException damaged(String how) {
        return new StateException("%s is damaged: %s".formatted(path, how));
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException harmless) {
            // Nothing was written; what was read is checked.
            return;
        }
    }
}
