/**
 * What is inside registers and MSRs. Registers of 64 bits are records over a long, with the masks that hot code uses on
 * the raw value; larger values are layouts ({@link portcullis.tlfs.register.ValueLayouts}).
 */
package portcullis.tlfs.register;
