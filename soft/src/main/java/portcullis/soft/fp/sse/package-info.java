/**
 * SSE, AVX and FMA floating point on raw bits: results and MXCSR flags as hardware gives them, in every rounding mode.
 *
 * <p>Start at {@link portcullis.soft.fp.sse.SseArithmetic}, one a virtual CPU. An instruction computes its elements with
 * the objects found there, then asks {@link portcullis.soft.fp.sse.Mxcsr#settle} whether it must raise #XM instead of writing
 * its destination. Binary32 values are ints, binary64 values longs, binary16 values the low 16 bits of an int.
 *
 * <p>Two ways lead to every result. The quick one is Java's own arithmetic (round to nearest, IEEE 754 formats since JDK 17),
 * taken when operands and result are ordinary numbers and nothing new would be flagged. The exact one, {@link
 * portcullis.soft.fp.sse.SoftFloat}, is integer arithmetic with explicit rounding and takes everything else.
 *
 * <p>Behaviour that the manuals leave open (flags beside an unmasked exception, NaN choice in FMA, RCPSS and RSQRTSS bits)
 * follows AMD Zen 4, measured over some hundred million random and special operands. Depends on nothing.
 */
package portcullis.soft.fp.sse;
