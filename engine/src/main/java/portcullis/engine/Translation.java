package portcullis.engine;

/**
 * The outcome of a page walk (DESIGN.md 6).
 *
 * @param result why it failed, or SUCCESS
 * @param gpa on success the physical address; on failure the address of the entry that failed, or the entry's content that
 *     is no valid GPA
 * @param bitsSet whether the accessed and dirty bits that were asked for could be set
 * @param memoryType on success, as the PAT encodes it (SDM table 12-10): 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-
 */
public record Translation(Result result, long gpa, boolean bitsSet, int memoryType) {
    /** Outcomes, with the names of KVM_TRANSLATE2's error codes. */
    public enum Result {
        SUCCESS,
        NOT_PRESENT,
        PRIVILEGE_VIOLATION,
        RESERVED_BITS,
        INVALID_GVA,
        INVALID_GPA,
        /** A page table lies where the context's level may not read. {@code gpa} is the entry's. */
        NO_ACCESS
    }
}
