/**
 * The user-mode instruction set as data: one {@link portcullis.oracle.isa.InstructionForm} an encoding, read from the text tables
 * beside this package by {@link portcullis.oracle.isa.IsaReader}. Written from the manuals, apart from the tables that the
 * processors under test decode with, so that a mistake there is not repeated here.
 */
package portcullis.oracle.isa;
