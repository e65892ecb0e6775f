package portcullis.engine;

/**
 * GDTR or IDTR.
 *
 * @param base linear address
 * @param limit offset of the last byte, 16 bits
 */
public record DescriptorTable(long base, int limit) {}
