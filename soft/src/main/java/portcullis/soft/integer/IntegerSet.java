package portcullis.soft.integer;

import portcullis.soft.decode.OpcodeTable;

/** Registers all integer encodings. */
public final class IntegerSet {
    private IntegerSet() {}

    public static void register(OpcodeTable table) {
        Alu.register(table);
        Move.register(table);
        Conditional.register(table);
        Shift.register(table);
        Branch.register(table);
        Stack.register(table);
        MultiplyDivide.register(table);
        Bits.register(table);
        BitManipulation.register(table);
        Exchange.register(table);
        Strings.register(table);
        Miscellaneous.register(table);
    }
}
