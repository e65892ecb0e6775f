package portcullis.machine.virtio;

import portcullis.memory.MemoryView;

/**
 * The buffers of one request: first those the device reads, then those it writes, each part read or written in order, however
 * the driver has cut it into descriptors (virtio 1.2, 2.7.4). Used again for every request of its queue; not thread-safe.
 */
public final class DescriptorChain {
    /** More buffers than any driver uses in one request. */
    static final int MAX_BUFFERS = 1024;

    /** More bytes than any driver moves in one request: bounds the time a single one can take. */
    static final long MAX_BYTES = 64L << 20;

    private final MemoryView memory;
    private final long[] addresses = new long[MAX_BUFFERS];
    private final int[] lengths = new int[MAX_BUFFERS];
    private int head;
    private int count;
    private int firstWritable;
    private long readable;
    private long writable;

    private int readBuffer;
    private int readOffset;
    private int writeBuffer;
    private int writeOffset;

    DescriptorChain(MemoryView memory) {
        this.memory = memory;
    }

    void begin(int headIndex) {
        head = headIndex;
        count = 0;
        firstWritable = -1;
        readable = 0;
        writable = 0;
    }

    void add(long gpa, int length, boolean deviceWrites) throws RingException {
        if (count == MAX_BUFFERS) {
            throw new RingException("descriptor chain of more than %d buffers".formatted(MAX_BUFFERS));
        }
        long bytes = Integer.toUnsignedLong(length);
        if (bytes == 0 || bytes + readable + writable > MAX_BYTES) {
            throw new RingException("descriptor of %d bytes".formatted(bytes));
        }
        if (!memory.readable(gpa, bytes)) {
            throw new RingException("buffer 0x%x+0x%x is not in memory".formatted(gpa, bytes));
        }
        if (deviceWrites && firstWritable < 0) {
            firstWritable = count;
        }
        if (!deviceWrites && firstWritable >= 0) {
            throw new RingException("buffer to read behind one to write");
        }
        readable += deviceWrites ? 0 : bytes;
        writable += deviceWrites ? bytes : 0;
        addresses[count] = gpa;
        lengths[count] = length;
        count++;
    }

    void rewind() {
        firstWritable = firstWritable < 0 ? count : firstWritable;
        readBuffer = 0;
        readOffset = 0;
        writeBuffer = firstWritable;
        writeOffset = 0;
    }

    int head() {
        return head;
    }

    /** Bytes in the part that the device reads: all of it, whatever has been read. */
    public long readable() {
        return readable;
    }

    /** Bytes in the part that the device writes. */
    public long writable() {
        return writable;
    }

    /** Reads on. @return bytes read, fewer than {@code length} only at the end of the readable part */
    public int read(byte[] into, int offset, int length) {
        int done = 0;
        while (done < length && readBuffer < firstWritable) {
            int piece = Math.min(length - done, lengths[readBuffer] - readOffset);
            memory.read(addresses[readBuffer] + readOffset, into, offset + done, piece);
            done += piece;
            readOffset += piece;
            if (readOffset == lengths[readBuffer]) {
                readBuffer++;
                readOffset = 0;
            }
        }
        return done;
    }

    /** Writes on. @return bytes written, fewer than {@code length} only at the end of the writable part */
    public int write(byte[] from, int offset, int length) {
        int done = 0;
        while (done < length && writeBuffer < count) {
            int piece = Math.min(length - done, lengths[writeBuffer] - writeOffset);
            memory.write(addresses[writeBuffer] + writeOffset, from, offset + done, piece);
            done += piece;
            writeOffset += piece;
            if (writeOffset == lengths[writeBuffer]) {
                writeBuffer++;
                writeOffset = 0;
            }
        }
        return done;
    }

    /** Writes the last byte of the writable part, wherever {@link #write} has got to. The part must not be empty. */
    public void writeLast(byte value) {
        memory.putByte(addresses[count - 1] + lengths[count - 1] - 1, value);
    }
}
