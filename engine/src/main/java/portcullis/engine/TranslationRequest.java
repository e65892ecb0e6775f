package portcullis.engine;

/**
 * What a page walk is to find out (DESIGN.md 6).
 *
 * @param read whether the page must be readable; likewise {@code write} and {@code execute}; none: it must be present
 * @param privilege whose access it is
 * @param smap whether supervisor-mode access prevention applies to a supervisor's data access
 * @param bits what happens to accessed bits, and, for {@code write}, to the dirty bit
 */
public record TranslationRequest(
        boolean read, boolean write, boolean execute, Privilege privilege, Smap smap, Bits bits) {
    /** Whose rights count. */
    public enum Privilege {
        /** What the processor is at. */
        CURRENT,
        SUPERVISOR,
        USER,
        /** Nobody's: rights do not matter. */
        EXEMPT
    }

    /** Whether supervisor-mode access prevention applies. */
    public enum Smap {
        /** As CR4.SMAP and RFLAGS.AC have it. */
        CURRENT,
        /** As if RFLAGS.AC were clear. */
        ENFORCED,
        OVERRIDDEN
    }

    /** What becomes of accessed and dirty bits. */
    public enum Bits {
        /** Left alone. */
        KEEP,
        /** Set where the walk succeeds. */
        SET,
        /** Accessed bits are set as far as the walk comes, also where it fails. */
        SET_WHERE_REACHED
    }

    /** One access by somebody else than the processor, that leaves no mark: debuggers. */
    public static TranslationRequest look(Access access, Privilege privilege) {
        return new TranslationRequest(
                access == Access.READ,
                access == Access.WRITE,
                access == Access.EXECUTE,
                privilege,
                Smap.OVERRIDDEN,
                Bits.KEEP);
    }
}
