package portcullis.soft.x87;

import portcullis.soft.decode.OpcodeTable;

/** Registers all x87 encodings. */
public final class X87Set {
    private X87Set() {}

    public static void register(OpcodeTable table) {
        Arithmetic.register(table);
        Comparisons.register(table);
        Loads.register(table);
        Stores.register(table);
        RegisterMoves.register(table);
        Functions.register(table);
        Control.register(table);
        Environment.register(table);
    }
}
