package portcullis.tlfs;

/**
 * HV_INPUT_VTL: which trust level a call is about. Without the flag it is the caller's own, or all, depending on the
 * call.
 *
 * <p>Source: TLFS hv_input_vtl.md.
 *
 * @param asUint8 the byte, as an unsigned number
 */
public record InputVtl(int asUint8) {
    public static final int TARGET_VTL_MASK = 0xF;
    public static final int USE_TARGET_VTL = 1 << 4;
    /** Must be zero. */
    public static final int RESERVED = 0xE0;

    public int targetVtl() {
        return asUint8 & TARGET_VTL_MASK;
    }

    public boolean useTargetVtl() {
        return (asUint8 & USE_TARGET_VTL) != 0;
    }
}
