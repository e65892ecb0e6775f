/**
 * The command line: what the user says becomes a machine's configuration, what goes wrong becomes one clear line.
 *
 * <p>The top of the house: may depend on every other module, nothing depends on it. Start reading at {@link
 * portcullis.app.Main}.
 */
package portcullis.app;
