package portcullis.soft;

import portcullis.soft.decode.OpcodeTable;

/** Where the instruction families come together. */
final class InstructionSet {
    private static final OpcodeTable TABLE = build();

    private InstructionSet() {}

    static OpcodeTable table() {
        return TABLE;
    }

    private static OpcodeTable build() {
        OpcodeTable table = new OpcodeTable();
        portcullis.soft.integer.IntegerSet.register(table);
        portcullis.soft.protect.ProtectSet.register(table);
        portcullis.soft.system.SystemSet.register(table);
        portcullis.soft.x87.X87Set.register(table);
        portcullis.soft.simd.SimdSet.register(table);
        return table;
    }
}
