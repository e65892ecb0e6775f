/**
 * Microsoft's Hypervisor Top Level Functional Specification (TLFS) as data: codes, numbers, bits and, in the packages
 * below, the layout of every structure. No behaviour, and no dependency but the JDK.
 *
 * <p>Start reading at {@link portcullis.tlfs.HypercallCode}. Names are the specification's, in Java case, without the
 * prefixes HV_, HV_X64_ and HvCall; the exact spelling is kept as a string where it is data. Numbers that hot code uses
 * are {@code public static final int} or {@code long}, which javac inlines.
 *
 * <p>Definitions cover the specification for x64, whether Portcullis implements them or not. Sources: the current text
 * in the repository MicrosoftDocs/Virtualization-Documentation ("TLFS vsm.md" and the like in comments), and what only
 * the PDFs there still have ("v6.0b, 9.1.4", "v5.0C", "v2.0"). ARM64 is left out: Portcullis has no such partitions.
 */
package portcullis.tlfs;
