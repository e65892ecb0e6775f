package portcullis.app.explore;

import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import portcullis.app.explore.RunResult.Kind;
import portcullis.hypervisor.Outcome;
import portcullis.machine.Pc;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;
import portcullis.machine.loader.LoadProgress;
import portcullis.machine.serial.SerialSink;

/**
 * One machine from start to result. A new one for each seed: memory that an earlier run has written would make the next run another.
 * What costs time in a new process, classes and the compiled interpreter, is there already.
 */
final class SeedRun {
    private static final SerialSink NOBODY = value -> {};

    /** A guest that resets itself more often than this does nothing else: a failure, which costs the host time and the guest none. */
    private static final int MOST_RESETS = 16;

    /** In the state that the scheduler gives of all VPs. */
    private static final Pattern SUSPENDED = Pattern.compile("(?m)^vp (\\d+) SUSPENDED");

    private final MachineConfig config;
    private final EngineFactory engines;
    /** Where the guest's serial port goes; nobody for most runs. */
    private SerialSink serial = NOBODY;

    private Consumer<String> slices;
    private Consumer<Pc> prepare = pc -> {};
    private volatile boolean crashed;
    private Outcome outcome;

    /** @param config by virtual time, with a limit */
    SeedRun(MachineConfig config, EngineFactory engines) {
        this.config = config;
        this.engines = engines;
    }

    /** Also has the run watched. @param slices takes a line a slice of execution */
    SeedRun watched(SerialSink output, Consumer<String> slices, Consumer<Pc> prepare) {
        serial = output;
        this.slices = slices;
        this.prepare = prepare;
        return this;
    }

    /** @throws LoadException where the guest cannot be loaded */
    RunResult run() throws LoadException, InterruptedException {
        HostAttachments host =
                new HostAttachments(serial, NOBODY, NOBODY, LoadProgress.NONE, trouble -> {}, false, slices);
        try (Pc pc = new Pc(config, engines, host)) {
            pc.partition().onGuestCrash(crash -> crashed = true);
            prepare.accept(pc);
            pc.start();
            outcome = pc.awaitEnd();
            // As a run does, without --no-reboot; the limit counts on.
            for (int resets = 0; outcome instanceof Outcome.Reset && resets < MOST_RESETS; resets++) {
                pc.reset();
                outcome = pc.awaitEnd();
            }
            return result(pc.partition().time().clock().ticks());
        }
    }

    /** After {@link #run}: how it ended, in detail. */
    Outcome outcome() {
        return outcome;
    }

    private RunResult result(long instructions) {
        long seed = ((TimeSource.Virtual) config.time()).seed();
        RunResult result = switch (outcome) {
            case Outcome.GuestExit(int code) -> new RunResult(seed, Kind.EXIT, code, instructions);
            case Outcome.PowerOff() -> new RunResult(seed, Kind.POWER_OFF, 0, instructions);
            case Outcome.Reset() -> new RunResult(seed, Kind.RESET, 0, instructions);
            case Outcome.AssertionFailed(int value) -> new RunResult(seed, Kind.ASSERTION, value, instructions);
            case Outcome.TripleFault(int vp, String state) -> new RunResult(seed, Kind.TRIPLE_FAULT, vp, instructions);
            case Outcome.Stalled(String state) -> unfinished(seed, Kind.STALLED, state, instructions);
            case Outcome.Endless(long ticks, String state) -> unfinished(seed, Kind.ENDLESS, state, instructions);
            case Outcome.HostError(int vp, Throwable cause) -> new RunResult(seed, Kind.HOST_ERROR, vp, instructions);
            case Outcome.Stopped() -> throw new IllegalStateException("nobody stops a run that is explored");
        };
        return crashed && !result.failed() ? new RunResult(seed, Kind.CRASH, 0, instructions) : result;
    }

    private static RunResult unfinished(long seed, Kind kind, String state, long instructions) {
        Matcher suspended = SUSPENDED.matcher(state);
        return suspended.find()
                ? new RunResult(seed, Kind.SUSPENDED, Integer.parseInt(suspended.group(1)), instructions)
                : new RunResult(seed, kind, 0, instructions);
    }
}
