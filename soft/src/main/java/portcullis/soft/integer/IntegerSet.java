package portcullis.soft.integer;

import portcullis.soft.decode.OpcodeTable;

/** Registers all integer encodings. */
public final class IntegerSet {
    private IntegerSet() {}

    public static void register(OpcodeTable table) {}
}
