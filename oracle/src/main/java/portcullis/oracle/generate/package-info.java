/**
 * Random test cases: short sequences of instructions that cannot fault, with a complete input state.
 *
 * <p>Start at {@link portcullis.oracle.generate.SequenceGenerator}. What the sequences leave undefined by the manual is known
 * ({@link portcullis.oracle.generate.FlagTracker}) and never read. Depends on the packages {@code isa} and {@code sandbox}.
 */
package portcullis.oracle.generate;
