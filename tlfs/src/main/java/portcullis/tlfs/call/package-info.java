/**
 * What goes into hypercalls and comes out: a class a structure, named call and {@code Input}, {@code Element} (of a rep
 * call's input list), {@code Output} or {@code OutputElement}, grouped by what the calls are about. Calls and their
 * forms are in {@link portcullis.tlfs.HypercallCode}.
 */
package portcullis.tlfs.call;
