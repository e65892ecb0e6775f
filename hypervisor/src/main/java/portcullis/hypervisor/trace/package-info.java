/**
 * What can be watched of a partition: every hypercall, flush, exit, interrupt, message, timer, suspension and trust level switch,
 * as a stream of {@link portcullis.hypervisor.trace.TraceEvent}s.
 *
 * <p>Who emits has a {@link portcullis.hypervisor.trace.VpTrace} and calls it whether or not anybody watches: then it costs a test
 * of one static field. Who watches subscribes at {@link portcullis.hypervisor.trace.Tracing}. Start reading at {@link
 * portcullis.hypervisor.trace.TraceEvent}. Depends on {@code engine}, {@code tlfs} and {@code gate} only, and on no class of jdk.jfr:
 * those are behind {@code trace.jfr}, so that a run without a recording never loads them.
 */
package portcullis.hypervisor.trace;
