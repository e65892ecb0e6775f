/**
 * {@code boot debian}: the distribution's own cloud kernel, fetched by the system's apt, with an initial RAM disk made here.
 *
 * <p>Start reading at {@link portcullis.app.debian.DebianFiles}.
 */
package portcullis.app.debian;
