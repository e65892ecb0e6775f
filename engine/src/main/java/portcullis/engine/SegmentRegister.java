package portcullis.engine;

/** Segment registers, the first six in encoding order. */
public enum SegmentRegister {
    ES,
    CS,
    SS,
    DS,
    FS,
    GS,
    LDTR,
    TR
}
