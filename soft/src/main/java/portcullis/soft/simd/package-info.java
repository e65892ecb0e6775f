/**
 * MMX, SSE to SSE4.2, AES, PCLMULQDQ, SHA, AVX, AVX2, FMA and F16C instructions. No 3DNow!, SSE4A or AVX-512.
 *
 * <p>{@link portcullis.soft.simd.SimdSet} registers all encodings. {@link portcullis.soft.simd.VectorOp} is what the families
 * share: availability checks, operands, memory. Hot families are templates ({@code integer.Template}): their {@code execute}
 * is written once over all kinds and forms and specialised by a key. What the elements of a vector undergo is in {@code
 * simd.packed} (integers) and {@code fp.sse} (floating point), which know nothing of instructions.
 */
package portcullis.soft.simd;
