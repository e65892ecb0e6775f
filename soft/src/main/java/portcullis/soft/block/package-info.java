/**
 * Basic blocks of decoded operations: made from guest code, cached by physical page, linked, run, and dropped when the guest
 * writes over them.
 *
 * <p>{@link portcullis.soft.block.SoftCpu} is the interpreter's loop; {@link portcullis.soft.block.CodePages} the cache that
 * all CPUs of an engine share. A second execution tier plugs in here: it needs a block's operations, its links, and the same
 * exits.
 */
package portcullis.soft.block;
