package portcullis.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.hyperv.GuestCrash;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.trace.Tracing;
import portcullis.machine.Pc;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;

/**
 * A PC in this process.
 *
 * <pre>{@code
 * try (Machine machine = Machine.builder().multiboot(Path.of("guests/build/hello")).build()) {
 *     machine.run(Until.exit(1));
 *     System.out.print(machine.serialText());
 * }
 * }</pre>
 *
 * <p>A new machine is loaded and paused before its first instruction. {@link #run} has it run until something is so, and is paused again
 * when it returns; {@link #resume} lets it run beside the caller. {@link #close} ends it and all its threads.
 *
 * <p>Any thread may call anything; control operations ({@code run}, {@code pause}, {@code resume}, {@code reset}, {@code save}) come one
 * after the other, and not from within a device, a sink or a listener of the machine: those are on its own threads. After {@code close} all
 * methods but {@code close}, {@code isClosed} and {@code toString} throw {@link IllegalStateException}.
 */
public final class Machine implements AutoCloseable {
    private final Pc pc;
    private final Partition partition;
    private final Switchboard switchboard;
    private final Limit limit;
    private final List<Vp> vps;
    private final long began;
    private int nextPort = FIRST_PORT;

    /** Ids of message ports that are made here. */
    private static final int FIRST_PORT = 0x70_0000;

    private static final long LOOK_NANOS = 50_000;

    /** Held through a control operation. */
    private final ReentrantLock control = new ReentrantLock();

    /** Threads that want to pause the machine. */
    private final AtomicInteger pausing = new AtomicInteger();

    private boolean running;
    private Set<Long> breakpoints = Set.of();
    private volatile boolean closed;

    /** Threads that look into memory or processors, which go only when none does. */
    private final AtomicInteger looking = new AtomicInteger();

    /** @param pc started, and paused */
    Machine(Pc pc, Switchboard switchboard, Limit limit) {
        this.pc = pc;
        this.switchboard = switchboard;
        this.limit = limit;
        partition = pc.partition();
        vps = partition.processors().stream().map(vp -> new Vp(this, vp)).toList();
        began = partition.time().clock().ticks();
    }

    /** What a machine is made of is said to this. */
    public static MachineBuilder builder() {
        return new MachineBuilder();
    }

    // Control

    /** {@link #run(Until, Limit)} with the limit that the builder was given: {@link Limit#DEFAULT} unless told otherwise. */
    public Stop run(Until until) {
        return run(until, limit);
    }

    /**
     * Lets the machine run until something is so. It is paused then, or its run has ended.
     *
     * @return what has come about
     * @throws NotReachedException where it has not come to that: {@code limit} is met, the run has ended in another way, by virtual time
     *     nothing can happen any more, the calling thread was interrupted, or another thread has called {@link #pause}. The message says
     *     which, and what the processors are about
     * @throws IllegalStateException where the run had ended before, in another way: {@link #reset} first
     * @throws IllegalArgumentException for instructions, where time is the host's
     */
    public Stop run(Until until, Limit limit) {
        control.lock();
        try {
            open();
            pauseNow();
            Watcher watcher = new Watcher(
                    until,
                    limit,
                    partition,
                    switchboard.serial(),
                    () -> switchboard.crash() != null,
                    pc.scheduler() == null);
            if (watcher.counts() && pc.scheduler() == null) {
                throw new IllegalArgumentException(
                        "instructions are counted by virtual time only; make the machine with virtualTime(seed), or say Until.time");
            }
            Outcome ended = partition.outcome();
            if (watcher.stateHolds()) {
                return watcher.stop();
            }
            if (ended != null) {
                return watcher.stopBy(ended)
                        .orElseThrow(() ->
                                new IllegalStateException("the run has ended (%s); reset() the machine to run it again"
                                        .formatted(Diagnosis.brief(ended))));
            }
            return run(watcher, limit);
        } finally {
            control.unlock();
        }
    }

    private Stop run(Watcher watcher, Limit limit) {
        setBreakpoints(watcher.addresses());
        if (pc.scheduler() != null) {
            pc.scheduler().stopAt(watcher.deadline());
        }
        Tracing.Subscription more = switchboard.watch(watcher);
        Watcher.Why why;
        try {
            if (pausing.get() > 0) {
                watcher.cancel();
            }
            goOn();
            if (partition.outcome() != null) {
                // Another thread closes the machine: nobody was there to hear it.
                watcher.ended();
            }
            why = watcher.await(limit.hostTime());
        } finally {
            switchboard.endWatch();
            more.close();
            if (!closed) {
                pauseNow();
                setBreakpoints(Set.of());
                if (pc.scheduler() != null) {
                    pc.scheduler().stopAt(VirtualAlarms.NEVER);
                }
            }
        }
        if (closed) {
            throw new IllegalStateException("the machine was closed while it ran until "
                    + watcher.until().describe());
        }
        return result(watcher, why, limit);
    }

    private Stop result(Watcher watcher, Watcher.Why why, Limit limit) {
        Outcome outcome = partition.outcome();
        Optional<Stop> ended = outcome == null ? Optional.empty() : watcher.stopBy(outcome);
        String wanted = watcher.until().describe();
        return switch (why) {
            case REACHED -> watcher.stop();
            case ENDED ->
                ended.orElseThrow(() ->
                        notReached("the run has ended before " + wanted + ": " + Diagnosis.brief(outcome), outcome));
            case STALLED -> throw notReached("every vp waits for what cannot come, before " + wanted, outcome);
            case GUEST_LIMIT ->
                throw notReached(
                        "%d ns of guest time have passed, the limit, before %s".formatted(limit.guestTime(), wanted),
                        outcome);
            case HOST_LIMIT ->
                throw notReached(
                        "%.1f s of the host's time have passed, the limit, before %s"
                                .formatted(limit.hostTime() / 1e9, wanted),
                        outcome);
            case CANCELLED -> throw notReached("another thread has paused the machine before " + wanted, outcome);
            case INTERRUPTED -> throw notReached("the calling thread was interrupted before " + wanted, outcome);
            case BROKEN ->
                throw new IllegalStateException(
                        "a condition of the run has thrown: " + watcher.until().describe(), watcher.failure());
        };
    }

    private NotReachedException notReached(String reason, Outcome outcome) {
        Throwable cause = outcome instanceof Outcome.HostError(int vp, Throwable fault) ? fault : null;
        return new NotReachedException(Diagnosis.of(this, reason), cause);
    }

    private void setBreakpoints(Set<Long> addresses) {
        if (!addresses.equals(breakpoints)) {
            partition.engine().setBreakpoints(addresses);
            breakpoints = new HashSet<>(addresses);
        }
    }

    private void goOn() {
        if (partition.outcome() == null) {
            pc.resume();
            running = true;
        }
    }

    private void pauseNow() {
        pc.pause();
        running = false;
    }

    /**
     * Lets the machine run beside the caller until {@link #pause}, another {@link #run} or its end. By virtual time, what the caller does
     * to a machine that runs beside it comes when it comes: no two runs are the same.
     *
     * @throws IllegalStateException where its run has ended: {@link #reset} first
     */
    public void resume() {
        control.lock();
        try {
            open();
            Outcome ended = partition.outcome();
            if (ended != null) {
                throw new IllegalStateException("the run has ended (%s); reset() the machine to run it again"
                        .formatted(Diagnosis.brief(ended)));
            }
            if (!running) {
                goOn();
            }
        } finally {
            control.unlock();
        }
    }

    /** Brings all VPs out of guest code and stops time. A {@link #run} on another thread ends without success. Idempotent. */
    public void pause() {
        pausing.incrementAndGet();
        try {
            // Either it is there to be seen here, or it sees that somebody pauses.
            Watcher run = switchboard.watcher();
            if (run != null) {
                run.cancel();
            }
            control.lock();
            try {
                open();
                pauseNow();
            } finally {
                control.unlock();
            }
        } finally {
            pausing.decrementAndGet();
        }
    }

    /**
     * Resets the machine: processors, devices, and the guest loaded anew; also one whose run has ended. Guest time goes on from where it
     * was; memory that the guest's image does not cover stays as it was. It is paused then before its first instruction.
     *
     * @throws MachineException where a file that it boots from has gone
     */
    public void reset() {
        control.lock();
        try {
            open();
            pauseNow();
            pc.reset();
        } catch (LoadException gone) {
            throw new MachineException(gone.getMessage(), gone);
        } finally {
            control.unlock();
        }
    }

    /**
     * Saves the machine to a file, which replaces one of that name when it is complete. {@link MachineBuilder#restore} goes on with it, in
     * this process or another, and so does {@code portcullis run --restore}. A machine that runs stands meanwhile, and goes on.
     *
     * @return the file's size in bytes
     * @throws IOException where the file cannot be written; the message is one line
     * @throws IllegalStateException where its run has ended: there is nothing to go on with
     */
    public long save(Path file) throws IOException {
        control.lock();
        try {
            open();
            return pc.save(file);
        } finally {
            control.unlock();
        }
    }

    /** Asks the guest to shut down, as pressing the power button does. */
    public void pressPowerButton() {
        open();
        pc.pressPowerButton();
    }

    /** Ends the machine: its threads have ended and all that it took of the host is given back when this returns. Idempotent. */
    @Override
    public void close() {
        closed = true;
        pc.end();
        control.lock();
        try {
            switchboard.close();
            // Nobody begins to look any more, and the VPs still answer those that have begun.
            while (looking.get() > 0) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            pc.close();
        } finally {
            control.unlock();
        }
    }

    // What it is

    /** @throws IllegalStateException where it is closed */
    Partition open() {
        if (closed) {
            throw new IllegalStateException("the machine is closed; look into it before");
        }
        return partition;
    }

    /** Has {@code look} done while nothing that it looks at can be given back to the host. @throws IllegalStateException where it is closed */
    <T> T look(Function<Partition, T> look) {
        // Either the look is seen by close(), or close() here.
        looking.incrementAndGet();
        try {
            return look.apply(open());
        } finally {
            looking.decrementAndGet();
        }
    }

    Switchboard switchboard() {
        return switchboard;
    }

    /** Guest time in nanoseconds when this machine was made: more than 0 for one that was restored. */
    long began() {
        return began;
    }

    /** Its processors, by VP index. */
    public List<Vp> vps() {
        open();
        return vps;
    }

    /** A processor. @param index 0 to one less than there are */
    public Vp vp(int index) {
        open();
        if (index < 0 || index >= vps.size()) {
            throw new IllegalArgumentException("the machine has vps 0 to %d, not %d".formatted(vps.size() - 1, index));
        }
        return vps.get(index);
    }

    /** Guest physical memory as trust level 0 sees it: with its overlay pages. {@link Vp#memory} takes virtual addresses. */
    public Memory memory() {
        return memory(0);
    }

    /** Guest physical memory as a trust level sees it. What higher levels refuse to lower ones is refused to nobody here. @param level 0 to 2 */
    public Memory memory(int level) {
        open();
        if (level < 0 || level >= Partition.TRUST_LEVELS) {
            throw new IllegalArgumentException("trust levels are 0 to 2, not " + level);
        }
        return new PhysicalMemory(this, level);
    }

    /** How the run has ended; empty while it has not. */
    public Optional<Outcome> outcome() {
        return Optional.ofNullable(open().outcome());
    }

    /** What the guest has reported of a crash by the interface's crash registers, last, since it was made or reset. */
    public Optional<GuestCrash> crash() {
        open();
        return Optional.ofNullable(switchboard.crash());
    }

    /**
     * Guest time in nanoseconds. By virtual time an instruction takes one, and time in which all VPs sleep is skipped: in every run of a
     * seed the same.
     */
    public long time() {
        return open().time().clock().ticks();
    }

    /** By virtual time, what decides how the processors interleave; empty by the host's time. */
    public OptionalLong seed() {
        return pc.config().time() instanceof TimeSource.Virtual virtual
                ? OptionalLong.of(virtual.seed())
                : OptionalLong.empty();
    }

    // What goes in and comes out

    /** What the guest has sent on its first serial port, as UTF-8: the last 2 MiB at least. */
    public String serialText() {
        return switchboard.serial().text();
    }

    /**
     * Types on the guest's console. Does not wait: what the guest does not read at once is queued.
     *
     * @throws IllegalStateException where too much waits to be read (4096 bytes); what came before has been typed
     */
    public void type(String text) {
        open();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            if (!pc.console().tryReceive(value)) {
                throw new IllegalStateException(
                        "the guest has not read what was typed; run it until it has, and type at most 4096 bytes at a time");
            }
        }
    }

    /** The partition's ports and connections: how Java and the guest send each other messages and events. */
    public Connections connections() {
        return open().connections();
    }

    /**
     * Connects an inbox: what the guest posts to a connection (HvCallPostMessage) waits in it.
     *
     * @param connection id, 24 bits, not in use
     */
    public Inbox inbox(int connection) {
        Inbox inbox = new Inbox(connection, switchboard);
        connections().connect(connection, inbox::received);
        return inbox;
    }

    /**
     * Makes a port by which Java sends SynIC messages to level 0 of a VP: {@link MessagePort#post}.
     *
     * @param vp VP index
     * @param sint synthetic interrupt source, 0 to 15
     */
    public MessagePort messagePort(int vp, int sint) {
        vp(vp);
        synchronized (vps) {
            return connections().createMessagePort(nextPort++, new PortTarget(vp, 0, sint));
        }
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return closed;
    }

    // For reports, and for what is not here

    /** What the machine is about; pauses it where it runs. @param reason why that is asked, one line */
    public Diagnosis diagnose(String reason) {
        control.lock();
        try {
            open();
            boolean ran = running;
            pauseNow();
            try {
                return Diagnosis.of(this, reason);
            } finally {
                if (ran) {
                    goOn();
                }
            }
        } finally {
            control.unlock();
        }
    }

    /** The partition below, for all that this API has no word for. Pause and resume through this object only. */
    public Partition partition() {
        return open();
    }

    /** What it is and how far it has come, one line. */
    @Override
    public String toString() {
        String time = pc.config().time() instanceof TimeSource.Virtual virtual
                ? "virtual time, seed " + virtual.seed()
                : "the host's time";
        return "machine with %d vp%s, %d MiB, %s, at %.9f s%s"
                .formatted(
                        vps.size(),
                        vps.size() == 1 ? "" : "s",
                        pc.config().ramBytes() >> 20,
                        time,
                        closed ? 0 : time() / 1e9,
                        closed ? ", closed" : "");
    }
}
