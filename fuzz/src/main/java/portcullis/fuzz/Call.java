package portcullis.fuzz;

/** One hypercall as a guest makes it: the control word, two addresses or values, and the bytes of the input. Reused. */
final class Call {
    long control;
    /** Where parameters are; in a fast call, the first 16 bytes of them. */
    long input;

    long output;
    /** The input as it was when the call was made; of a fast call 112 bytes count. */
    final byte[] bytes = new byte[Layout.PAGE];

    int code() {
        return (int) control & 0xffff;
    }

    boolean fast() {
        return (control >>> 16 & 1) != 0;
    }

    int variableQwords() {
        return (int) (control >>> 17) & 0x3ff;
    }

    int reps() {
        return (int) (control >>> 32) & 0xfff;
    }

    int start() {
        return (int) (control >>> 48) & 0xfff;
    }

    long longAt(int offset) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | bytes[offset + i] & 0xff;
        }
        return value;
    }

    int intAt(int offset) {
        return bytes[offset] & 0xff
                | (bytes[offset + 1] & 0xff) << 8
                | (bytes[offset + 2] & 0xff) << 16
                | bytes[offset + 3] << 24;
    }

    void put(int offset, long value, int length) {
        for (int i = 0; i < length; i++) {
            bytes[offset + i] = (byte) (value >>> i * 8);
        }
    }

    @Override
    public String toString() {
        return "call %04x control=%016x (fast %b, variable %d, reps %d from %d) input=%x output=%x"
                .formatted(code(), control, fast(), variableQwords(), reps(), start(), input, output);
    }
}
