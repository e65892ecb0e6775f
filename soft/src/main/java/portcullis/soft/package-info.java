/**
 * The software engine: an x86-64 processor in Java. Start at {@link portcullis.soft.SoftEngine}; docs/processor.md tells how
 * the parts fit.
 */
package portcullis.soft;
