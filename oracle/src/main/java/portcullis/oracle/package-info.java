/**
 * The host's processor as an oracle for the software processor: random user-mode instruction sequences run on both, and all
 * state is compared.
 *
 * <p>{@link portcullis.oracle.Fuzz} is the open-ended mode, {@link portcullis.oracle.Duel} what it is made of. Depends on {@code
 * soft}, {@code engine} and {@code memory}.
 */
package portcullis.oracle;
