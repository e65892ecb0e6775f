/**
 * Traces as pictures: events become tracks with slices and marks on them, which viewers draw.
 *
 * <p>Start reading at {@link portcullis.hypervisor.trace.timeline.Timeline}, which makes the tracks; {@link
 * portcullis.hypervisor.trace.timeline.PerfettoFormat} and {@link portcullis.hypervisor.trace.timeline.ChromeFormat} write them to
 * files. Depends on {@code trace} only.
 */
package portcullis.hypervisor.trace.timeline;
