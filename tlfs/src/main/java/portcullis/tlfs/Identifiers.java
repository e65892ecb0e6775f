package portcullis.tlfs;

/**
 * Identifiers that hypercalls name things by, and values that stand for no particular one.
 *
 * <p>Source: TLFS hv_partition_id.md, hv_vp_index.md, hv_connection_id.md, hv_port_id.md, vsm.md "Virtual Trust Level".
 */
public final class Identifiers {
    /** HV_PARTITION_ID, 64 bits: none. */
    public static final long PARTITION_ID_INVALID = 0;
    /** HV_PARTITION_ID: the caller's own. */
    public static final long PARTITION_ID_SELF = -1L;

    /** HV_VP_INDEX, 32 bits: any virtual processor. */
    public static final int ANY_VP = 0xFFFF_FFFF;
    /** HV_VP_INDEX: the caller's own. */
    public static final int VP_INDEX_SELF = 0xFFFF_FFFE;

    /** HV_VTL, 8 bits: trust levels that the architecture has room for. */
    public static final int VTL_MAX_COUNT = 16;
    /** HV_INVALID_VTL. */
    public static final int VTL_INVALID = 0xFF;
    /** HV_VTL_ALL. */
    public static final int VTL_ALL = 0xF;

    /** HV_CONNECTION_ID and HV_PORT_ID, 32 bits: the bits that may be set. */
    public static final int CONNECTION_AND_PORT_ID_MASK = 0x00FF_FFFF;

    /** HV_PAGE_SIZE: all page numbers count pages of this size. */
    public static final int PAGE_SIZE = 4096;

    public static final int PAGE_SHIFT = 12;

    private Identifiers() {}
}
