/**
 * How the structures of the specification are written down: {@link portcullis.tlfs.layout.Layout}.
 *
 * <p>A structure is a class without instances: an {@code int} constant per field, its offset in bytes, {@code SIZE},
 * and a {@code LAYOUT} that says the same with the specification's spelling, sizes and bits, for what shows or checks
 * structures. Hot code uses the constants only. Constants of bits are named field, bits; those of more than one bit end
 * in {@code _SHIFT} and {@code _MASK}, the mask being that of the shifted value.
 */
package portcullis.tlfs.layout;
