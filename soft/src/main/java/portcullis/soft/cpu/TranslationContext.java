package portcullis.soft.cpu;

import portcullis.memory.MemoryView;
import portcullis.soft.mmu.Tlb;

/** What one of the engine's contexts has of its own for translating addresses. */
final class TranslationContext {
    /** Kinds of rights with an id each, for an address space. */
    static final int BANKS = 4;

    private static final int PCIDS = 4096;

    final MemoryView view;
    final Tlb tlb = new Tlb();
    /** PDPTE registers of PAE paging. */
    final long[] pdptes = new long[4];
    /** By PCID and bank: context id, and in the bits above it the epoch in which it was given out. */
    final long[] ids = new long[PCIDS * BANKS];
    /** Ids given out in an earlier epoch count no more: a flush need not visit them all. */
    long epoch = 1;
    /** {@link Translations#fillAllowed} while the context does not execute. */
    boolean fillAllowed = true;

    TranslationContext(MemoryView view) {
        this.view = view;
    }
}
