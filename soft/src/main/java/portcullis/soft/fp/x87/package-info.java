/**
 * 80-bit extended arithmetic as an x87 unit does it: exact results, flags and responses to masked and unmasked exceptions, and
 * transcendental functions to the last place. Pure: depends on nothing, allocates nothing. Start at {@link
 * portcullis.soft.fp.x87.X87Arithmetic}.
 *
 * <p>Basic operations, remainders, comparisons and conversions are bit for bit what processors do, every flag included. Where the
 * manual leaves a choice (the partial remainder, results outside of a function's domain, exact results reported inexact) it is the
 * choice of current processors. Transcendental functions are worked out to 128 bits and rounded once, in the rounding mode asked
 * for: closer than a processor's own, which may differ by one unit in the last place and by C1. Arguments of trigonometric
 * functions are reduced by the processor's 66-bit pi.
 */
package portcullis.soft.fp.x87;
