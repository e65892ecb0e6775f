package portcullis.machine.virtio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A disk (virtio 1.2, 5.2). Requests are done one after the other in the order of the ring, so a flush covers every write that
 * was completed before it. Where the driver did not take FLUSH, each write is flushed before it completes (5.2.6.2).
 */
public final class BlockDevice implements VirtioDevice {
    private static final int TYPE = 2;
    private static final int CLASS_MASS_STORAGE_OTHER = 0x018000;
    private static final int QUEUE_SIZE = 256;

    private static final int SECTOR = 512;
    private static final int HEADER = 16;
    private static final int ID_LENGTH = 20;
    private static final int CHUNK = 256 << 10;

    private static final long FEATURE_SEG_MAX = 1L << 2;
    private static final long FEATURE_READ_ONLY = 1L << 5;
    private static final long FEATURE_BLOCK_SIZE = 1L << 6;
    private static final long FEATURE_FLUSH = 1L << 9;
    private static final long FEATURE_WRITE_ZEROES = 1L << 14;

    private static final int REQUEST_IN = 0;
    private static final int REQUEST_OUT = 1;
    private static final int REQUEST_FLUSH = 4;
    private static final int REQUEST_GET_ID = 8;
    private static final int REQUEST_WRITE_ZEROES = 13;

    private static final byte STATUS_OK = 0;
    private static final byte STATUS_IO_ERROR = 1;
    private static final byte STATUS_UNSUPPORTED = 2;

    /** Header and status take two of the descriptors of a request that uses the whole ring. */
    private static final int MAX_SEGMENTS = QUEUE_SIZE - 2;

    private static final int WRITE_ZEROES_SEGMENT = 16;
    private static final int MAX_ZERO_SECTORS = 32768;
    private static final int UNMAP = 1;

    private final DiskImage image;
    private final byte[] id;
    private final Consumer<String> trouble;
    private final ByteBuffer config = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] chunk = new byte[CHUNK];
    private boolean writeBack;
    private volatile String lastTrouble;

    /**
     * @param id serial number, 20 ASCII characters at most; longer ones are cut
     * @param trouble is told in one line what the host's disk has refused, not over and over again the same
     */
    public BlockDevice(DiskImage image, String id, Consumer<String> trouble) {
        this.image = image;
        this.id = Arrays.copyOf(id.getBytes(StandardCharsets.US_ASCII), ID_LENGTH);
        this.trouble = trouble;
        config.putLong(0, image.size() / SECTOR);
        config.putInt(12, MAX_SEGMENTS);
        config.putInt(20, SECTOR);
        config.putShort(34, (short) 1);
        if (!image.readOnly()) {
            config.putInt(48, MAX_ZERO_SECTORS);
            config.putInt(52, 1);
        }
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public int classCode() {
        return CLASS_MASS_STORAGE_OTHER;
    }

    @Override
    public long features() {
        long rights = image.readOnly() ? FEATURE_READ_ONLY : FEATURE_WRITE_ZEROES;
        return FEATURE_SEG_MAX | FEATURE_BLOCK_SIZE | FEATURE_FLUSH | rights;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE};
    }

    @Override
    public int configSize() {
        return config.capacity();
    }

    @Override
    public int readConfig(int offset) {
        return config.get(offset);
    }

    @Override
    public void driverReady(long features) {
        writeBack = (features & FEATURE_FLUSH) != 0;
    }

    @Override
    public int handle(int queue, DescriptorChain chain) throws RingException {
        if (chain.read(header.array(), 0, HEADER) < HEADER || chain.writable() == 0) {
            throw new RingException("block request without header or status");
        }
        int type = header.getInt(0);
        long sector = header.getLong(8);
        long toDriver = chain.writable() - 1;
        byte status;
        try {
            status = switch (type) {
                case REQUEST_IN -> read(chain, sector, toDriver);
                case REQUEST_OUT -> write(chain, sector, chain.readable() - HEADER);
                case REQUEST_FLUSH -> flush();
                case REQUEST_GET_ID -> identify(chain, toDriver);
                case REQUEST_WRITE_ZEROES -> writeZeroes(chain);
                default -> STATUS_UNSUPPORTED;
            };
        } catch (IOException refused) {
            report(refused);
            status = STATUS_IO_ERROR;
        }
        chain.writeLast(status);
        boolean filled = status == STATUS_OK && (type == REQUEST_IN || type == REQUEST_GET_ID);
        // Written counts from the start of the writable part: where only the status was, no data before it counts.
        return filled ? (int) chain.writable() : toDriver == 0 ? 1 : 0;
    }

    private void report(IOException refused) {
        String line = Objects.toString(refused.getMessage(), refused.getClass().getSimpleName());
        if (!line.equals(lastTrouble)) {
            lastTrouble = line;
            trouble.accept(line);
        }
    }

    /** Whether the host has refused a request. Any thread. */
    public boolean failed() {
        return lastTrouble != null;
    }

    private boolean outside(long sector, long bytes) {
        long sectors = image.size() / SECTOR;
        return bytes % SECTOR != 0 || sector < 0 || sector > sectors || bytes / SECTOR > sectors - sector;
    }

    private byte read(DescriptorChain chain, long sector, long bytes) throws IOException {
        if (outside(sector, bytes)) {
            return STATUS_IO_ERROR;
        }
        long at = sector * SECTOR;
        for (long left = bytes; left > 0; ) {
            int piece = (int) Math.min(left, CHUNK);
            image.read(at, chunk, 0, piece);
            chain.write(chunk, 0, piece);
            at += piece;
            left -= piece;
        }
        return STATUS_OK;
    }

    private byte write(DescriptorChain chain, long sector, long bytes) throws IOException {
        if (image.readOnly() || outside(sector, bytes)) {
            return STATUS_IO_ERROR;
        }
        long at = sector * SECTOR;
        for (long left = bytes; left > 0; ) {
            int piece = (int) Math.min(left, CHUNK);
            chain.read(chunk, 0, piece);
            image.write(at, chunk, 0, piece);
            at += piece;
            left -= piece;
        }
        return written();
    }

    private byte written() throws IOException {
        if (!writeBack) {
            image.flush();
        }
        return STATUS_OK;
    }

    private byte flush() throws IOException {
        if (!image.readOnly()) {
            image.flush();
        }
        return STATUS_OK;
    }

    private byte identify(DescriptorChain chain, long bytes) {
        Arrays.fill(chunk, 0, ID_LENGTH, (byte) 0);
        System.arraycopy(id, 0, chunk, 0, ID_LENGTH);
        if (bytes < ID_LENGTH) {
            return STATUS_IO_ERROR;
        }
        chain.write(chunk, 0, ID_LENGTH);
        return STATUS_OK;
    }

    /** 5.2.6: one segment a request, as the configuration says. A driver may permit unmapping; zeroes are written all the same. */
    private byte writeZeroes(DescriptorChain chain) throws IOException {
        if (image.readOnly()) {
            return STATUS_IO_ERROR;
        }
        ByteBuffer segment = ByteBuffer.allocate(WRITE_ZEROES_SEGMENT).order(ByteOrder.LITTLE_ENDIAN);
        if (chain.readable() != HEADER + WRITE_ZEROES_SEGMENT) {
            return STATUS_UNSUPPORTED;
        }
        chain.read(segment.array(), 0, WRITE_ZEROES_SEGMENT);
        long sector = segment.getLong(0);
        long bytes = Integer.toUnsignedLong(segment.getInt(8)) * SECTOR;
        if ((segment.getInt(12) & ~UNMAP) != 0) {
            return STATUS_UNSUPPORTED;
        }
        if (bytes > (long) MAX_ZERO_SECTORS * SECTOR || outside(sector, bytes)) {
            return STATUS_IO_ERROR;
        }
        Arrays.fill(chunk, (byte) 0);
        long at = sector * SECTOR;
        for (long left = bytes; left > 0; ) {
            int piece = (int) Math.min(left, CHUNK);
            image.write(at, chunk, 0, piece);
            at += piece;
            left -= piece;
        }
        return written();
    }

    @Override
    public void save(StateWriter out) {
        out.putBoolean(writeBack);
    }

    @Override
    public void restore(StateReader in) {
        writeBack = in.getBoolean();
    }
}
