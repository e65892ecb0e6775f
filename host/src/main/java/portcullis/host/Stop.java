package portcullis.host;

import java.util.Optional;
import java.util.OptionalInt;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.trace.TraceEvent;

/**
 * Why a run has stopped. The machine is paused, or its run has ended.
 *
 * @param reached which condition holds: of {@link Until#any} the one that came first
 * @param time guest time in nanoseconds
 * @param vp index of the VP on which it happened, where it was one
 * @param event what happened, where it was an event
 * @param outcome how the run has ended, where it has
 */
public record Stop(Until reached, long time, OptionalInt vp, Optional<TraceEvent> event, Optional<Outcome> outcome) {}
