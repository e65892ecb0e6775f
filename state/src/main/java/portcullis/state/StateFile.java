package portcullis.state;

import java.nio.charset.StandardCharsets;

/**
 * The form of a state file. All numbers are little-endian.
 *
 * <ul>
 *   <li>8 bytes {@code PCSTATE\n}, 4 bytes format version.
 *   <li>Chunks: 1 byte length of the name, name in UTF-8, 4 bytes version of the content, 4 bytes length of the content, the
 *       content, 4 bytes CRC32C over all of that.
 *   <li>The last chunk is called {@code end}; its content is the number of chunks before it, 8 bytes, and the CRC32C over the
 *       header and the checksums of all those chunks, 4 bytes. So a chunk that was lost, doubled or moved is noticed like one
 *       that was damaged. Nothing follows.
 * </ul>
 */
final class StateFile {
    static final byte[] MAGIC = "PCSTATE\n".getBytes(StandardCharsets.US_ASCII);
    static final int FORMAT = 1;
    static final int HEADER_SIZE = MAGIC.length + Integer.BYTES;

    static final String END = "end";
    static final int END_SIZE = Long.BYTES + Integer.BYTES;

    static final int MAX_NAME = 255;
    /** Bounds what a damaged length can make a reader allocate. */
    static final int MAX_CHUNK = 1 << 26;

    private StateFile() {}
}
