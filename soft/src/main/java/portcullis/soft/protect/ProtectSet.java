package portcullis.soft.protect;

import portcullis.soft.decode.OpcodeTable;

/** Registers the instructions of protection: segments, far transfers, interrupts, flags with privileges. */
public final class ProtectSet {
    private ProtectSet() {}

    public static void register(OpcodeTable table) {
        SegmentOp.register(table);
        DescriptorOp.register(table);
        TransferOp.register(table);
        FlagOp.register(table);
    }
}
