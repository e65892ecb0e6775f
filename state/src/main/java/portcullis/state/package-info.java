/**
 * How the state of a machine is written down: values in little-endian order ({@link portcullis.state.StateWriter}, {@link
 * portcullis.state.StateReader}), and files of named chunks with versions and checksums ({@link
 * portcullis.state.StateFileWriter}, {@link portcullis.state.StateFileReader}).
 *
 * <p>Knows nothing of what is written: whoever has state implements {@link portcullis.state.Saved}. Depends on nothing but the
 * JDK.
 */
package portcullis.state;
