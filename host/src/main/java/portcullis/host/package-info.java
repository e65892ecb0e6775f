/**
 * Portcullis as a library: machines that Java code makes, runs until something is so, looks into and closes.
 *
 * <p>Depends on {@code machine} and all below it, and on the software engine. Start reading at {@link portcullis.host.Machine};
 * docs/embedding.md is the tutorial.
 */
package portcullis.host;
