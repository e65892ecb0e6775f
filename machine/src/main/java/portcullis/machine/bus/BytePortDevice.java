package portcullis.machine.bus;

/**
 * A device with byte-wide registers. The ISA bus breaks wider accesses into byte accesses to consecutive ports, lowest first;
 * {@code outw} to 0x70 writes index and data of the real-time clock.
 */
public interface BytePortDevice extends PortDevice {
    /** @return 0 to 0xff; 0xff for a port that is not the device's */
    int readByte(int port);

    /** @param value 0 to 0xff */
    void writeByte(int port, int value);

    @Override
    default int read(int port, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (readByte(port + i) & 0xff) << (8 * i);
        }
        return value;
    }

    @Override
    default void write(int port, int size, int value) {
        for (int i = 0; i < size; i++) {
            writeByte(port + i, value >>> (8 * i) & 0xff);
        }
    }
}
