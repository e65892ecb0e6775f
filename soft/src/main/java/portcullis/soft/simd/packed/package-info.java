/**
 * Packed integer, string, AES, SHA and carry-less arithmetic on longs: pure functions, no state, no allocation.
 *
 * <p>A long is eight bytes of a vector, the first element in its low bits; an MMX register is one, an XMM register two, a YMM
 * register four. Where an instruction works within each eight bytes there is one function, called for each long. Where it
 * mixes longs, the function takes those that one long of the result depends on. Depends on nothing.
 */
package portcullis.soft.simd.packed;
