/**
 * Address translation: the page walk ({@link portcullis.soft.mmu.PageWalker}) and the second-level TLB ({@link
 * portcullis.soft.mmu.Tlb}) that keeps its results until something architectural removes them. The first level is a table
 * in the state block that {@code LinearMemory} fills from here.
 */
package portcullis.soft.mmu;
