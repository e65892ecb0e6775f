package portcullis.hypervisor.time;

import portcullis.engine.Clock;
import portcullis.engine.VirtualCpu;

/**
 * Time as instructions retired, summed over all VPs: one instruction, {@code ticksPerInstruction} nanoseconds. For the one
 * thread that runs every VP in turn; while one runs, its own count moves the clock, so that a guest that reads the time in a
 * loop sees it pass.
 */
public final class VirtualClock implements Clock {
    private final long ticksPerInstruction;
    private long base;
    private VirtualCpu running;
    private long retiredAtStart;

    /** @param ticksPerInstruction 1 or more */
    public VirtualClock(long ticksPerInstruction) {
        if (ticksPerInstruction < 1) {
            throw new IllegalArgumentException("an instruction takes 1 tick or more, not " + ticksPerInstruction);
        }
        this.ticksPerInstruction = ticksPerInstruction;
    }

    @Override
    public long ticks() {
        VirtualCpu cpu = running;
        return cpu == null ? base : base + (cpu.retired() - retiredAtStart) * ticksPerInstruction;
    }

    @Override
    public long frequency() {
        return HostClock.FREQUENCY;
    }

    /** From here on {@code cpu}'s instructions are time. */
    public void enter(VirtualCpu cpu) {
        retiredAtStart = cpu.retired();
        running = cpu;
    }

    /** The CPU stops. @return instructions that it has retired since {@link #enter} */
    public long leave() {
        long retired = running.retired() - retiredAtStart;
        base += retired * ticksPerInstruction;
        running = null;
        return retired;
    }

    /** The time of one instruction passes. */
    public void passOne() {
        base += ticksPerInstruction;
    }

    /** Instructions until {@code tick}, rounded up, 1 or more. */
    public long instructionsUntil(long tick) {
        long left = tick - ticks();
        return left <= ticksPerInstruction ? 1 : (left - 1) / ticksPerInstruction + 1;
    }

    /** Nobody can run before {@code tick}: it is now. Never goes back. */
    public void advanceTo(long tick) {
        base = Math.max(base, tick);
    }

    /** Sets the clock of a machine that nobody runs yet. */
    void restore(long ticks) {
        base = ticks;
    }
}
