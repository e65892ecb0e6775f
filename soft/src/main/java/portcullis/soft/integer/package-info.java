/**
 * Integer instructions. The hot ones are <em>templates</em>: written once over kind, width and operand form, and specialised
 * at run time into a hidden class for each combination that the guest uses ({@link portcullis.soft.integer.Template}), so
 * that the JIT compiler sees constants.
 */
package portcullis.soft.integer;
