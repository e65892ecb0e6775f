package portcullis.soft.decode;

/** Makes the executable form of its instructions: the seam between decoding, which knows bytes, and execution. */
public interface Family {
    /** @return an operation of the execution tier; the type is the tier's */
    Object make(Instruction instruction);
}
