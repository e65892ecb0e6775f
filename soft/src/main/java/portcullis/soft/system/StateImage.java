package portcullis.soft.system;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import portcullis.soft.cpu.Cpu;

/** Where extended state is saved to and restored from: guest memory or an array. Offsets in bytes, little-endian. */
interface StateImage {
    long get(int offset, int size);

    void put(int offset, int size, long value);

    /** At a linear address; the caller has probed it. */
    record Guest(Cpu cpu, long address) implements StateImage {
        @Override
        public long get(int offset, int size) {
            return cpu.read(address + offset, size);
        }

        @Override
        public void put(int offset, int size, long value) {
            cpu.write(address + offset, size, value);
        }
    }

    /** In an array that is large enough. */
    record Bytes(byte[] bytes) implements StateImage {
        private static final VarHandle SHORT =
                MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
        private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
        private static final VarHandle LONG =
                MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

        @Override
        public long get(int offset, int size) {
            return switch (size) {
                case 1 -> bytes[offset] & 0xffL;
                case 2 -> (short) SHORT.get(bytes, offset) & 0xffffL;
                case 4 -> (int) INT.get(bytes, offset) & 0xffffffffL;
                default -> (long) LONG.get(bytes, offset);
            };
        }

        @Override
        public void put(int offset, int size, long value) {
            switch (size) {
                case 1 -> bytes[offset] = (byte) value;
                case 2 -> SHORT.set(bytes, offset, (short) value);
                case 4 -> INT.set(bytes, offset, (int) value);
                default -> LONG.set(bytes, offset, value);
            }
        }
    }
}
