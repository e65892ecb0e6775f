/**
 * Trace events as JDK Flight Recorder events, category Portcullis: recorded to a file and read back.
 *
 * <p>The only package that touches jdk.jfr, which takes a tenth of a second and more to start. Start reading at {@link
 * portcullis.hypervisor.trace.jfr.TraceRecording}; depends on {@code trace} only.
 */
package portcullis.hypervisor.trace.jfr;
