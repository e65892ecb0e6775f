package portcullis.tlfs;

/**
 * HV_VP_SET: a set of virtual processors, as the Ex calls take it: format, mask of valid banks, then one word of 64 VPs
 * for each bit that the mask has set, lowest bank first.
 *
 * <p>Source: TLFS hv_vp_set.md. {@code HV_GENERIC_SET_...} are the names in v5.0C and later for the formats.
 */
public final class VpSet {
    /** Offset of Format, 8 bytes. */
    public static final int FORMAT = 0;
    /** Offset of ValidBanksMask, 8 bytes. */
    public static final int VALID_BANKS_MASK = 8;
    /** Offset of the first element of BankContents, 8 bytes each. */
    public static final int BANK_CONTENTS = 16;
    /** Size of the fixed part in bytes. */
    public static final int FIXED_SIZE = 16;

    /** Format: sparse, 4096 VPs at most. */
    public static final long FORMAT_SPARSE_4K = 0;
    /** Format: every VP of the partition. Banks are ignored. */
    public static final long FORMAT_ALL = 1;

    public static final int VPS_PER_BANK = 64;
    public static final int MAX_BANKS = 64;
    public static final int MAX_VPS = VPS_PER_BANK * MAX_BANKS;

    private VpSet() {}
}
