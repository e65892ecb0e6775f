package portcullis.engine;

/** What a memory access wants to do. */
public enum Access {
    READ,
    WRITE,
    EXECUTE
}
