package portcullis.engine;

/**
 * Which accesses to one model-specific register are intercepted.
 *
 * @param number the register's, unsigned
 * @param read whether RDMSR is
 * @param writeBits bits that WRMSR is intercepted for if it would change one of them; 0 none, {@link
 *     RegisterIntercepts#EVERY_WRITE} any write
 */
public record MsrIntercept(int number, boolean read, long writeBits) {}
