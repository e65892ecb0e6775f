/**
 * Instruction decoding, driven by tables.
 *
 * <p>Each instruction family registers its encodings with an {@link portcullis.soft.decode.OpcodeTable} in the manual's own
 * notation; the {@link portcullis.soft.decode.Decoder} turns bytes into {@link portcullis.soft.decode.Instruction}s; the
 * {@link portcullis.soft.decode.Disassembler} prints them. Nothing here executes anything.
 */
package portcullis.soft.decode;
