/**
 * The layout of a virtual CPU's off-heap state block: registers, lazy flags, segment bases and the first-level TLB.
 *
 * <p>Both execution tiers address it by the offsets in {@link portcullis.soft.state.State}; nothing else in the project
 * knows them.
 */
package portcullis.soft.state;
