package portcullis.soft.simd;

import portcullis.soft.decode.OpcodeTable;

/** Registers all vector encodings. */
public final class SimdSet {
    private SimdSet() {}

    public static void register(OpcodeTable table) {
        FullMove.register(table);
        PartialMove.register(table);
        PackedInteger.register(table);
        PackedShift.register(table);
        ByteShift.register(table);
        PackedPairing.register(table);
        PackedShuffle.register(table);
        Widening.register(table);
        LaneTransfer.register(table);
        StringComparison.register(table);
        Cryptographic.register(table);
        PackedFloat.register(table);
        ScalarFloat.register(table);
        ScalarConversion.register(table);
        WidthConversion.register(table);
        HorizontalFloat.register(table);
        Fma.register(table);
        WideShuffle.register(table);
        MaskedMove.register(table);
        Gather.register(table);
        VectorState.register(table);
        MmxShuffle.register(table);
        MmxTransfer.register(table);
    }
}
