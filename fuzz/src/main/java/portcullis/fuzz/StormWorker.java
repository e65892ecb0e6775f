package portcullis.fuzz;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VirtualProcessor.Turn;
import portcullis.memory.GuestMemory;

/** One VP of a {@link Storm} on its thread: random steps, checked as far as can be with others at work. */
final class StormWorker implements Runnable {
    private static final long NAP_NANOS = 50_000;

    // Pages of the playground: what everybody writes to, then for each VP one for input about other VPs and four for
    // output.
    static final int SHARED_PAGES = 16;
    private static final int OWN_INPUT = SHARED_PAGES;
    private static final int OWN_OUTPUT = 24;
    private static final int OUTPUTS = 4;
    private static final int PAGES = 48;

    private final Caller caller;
    private final Choices choose;
    private final CallStep calls;
    private final MsrStep msrs;
    private final GuestMemory memory;
    private final AtomicBoolean over;
    final Tally tally = new Tally();
    final long seed;
    private volatile long steps;
    private volatile Throwable failure;
    private Object last = "the beginning";

    StormWorker(Machine machine, VirtualProcessor vp, long seed, int firstVictim, AtomicBoolean over) {
        this.seed = seed;
        this.over = over;
        caller = new Caller(vp);
        choose = Choices.random(seed);
        memory = machine.memory;
        Inputs inputs = new Inputs(choose, machine.vps.size(), firstVictim, false);
        calls = new CallStep(machine, choose, tally, inputs, null, new Pages());
        msrs = new MsrStep(machine, choose, tally, true);
    }

    /** How many steps there have been: grows as long as all is well. Any thread. */
    long steps() {
        return steps;
    }

    /** What went wrong, or null. Any thread. */
    Throwable failure() {
        return failure;
    }

    @Override
    public void run() {
        try {
            while (!over.get()) {
                if (caller.vp.paused() || caller.suspended()) {
                    stand();
                } else {
                    step();
                }
                steps++;
            }
        } catch (RuntimeException | Error thrown) {
            failure = new Violation(
                    "vp %d, seed %d, after %s%s".formatted(caller.vp.index(), seed, last, headers()), thrown);
            over.set(true);
        }
        while (caller.vp.turn() != Turn.STOPPED) {
            LockSupport.parkNanos(NAP_NANOS);
        }
        caller.vp.unbind();
    }

    /** Who was meant in each VP's input about other VPs: guest code may have got there, too. */
    private String headers() {
        StringBuilder text = new StringBuilder("; meant");
        for (int page = OWN_INPUT; page < OWN_OUTPUT; page++) {
            text.append(" %x".formatted(memory.getLong(Layout.PLAYGROUND + (long) page * Layout.PAGE + 8)));
        }
        return text.toString();
    }

    /** Until the pause is over, or the gate is open. */
    private void stand() {
        long looks = 0;
        while ((caller.vp.paused() || caller.suspended()) && !over.get()) {
            if (caller.vp.turn() == Turn.RAN) {
                looks = 0;
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
            // Only the watchdog may give up on a VP that is suspended: it counts as no step.
            looks++;
        }
        caller.goneAstray();
    }

    private void step() {
        if (caller.vp.wanted()) {
            caller.serve();
        }
        if (caller.vp.paused() || caller.suspended()) {
            return;
        }
        caller.prepare();
        int kind = choose.below(100);
        if (kind < 84) {
            last = calls;
            calls.run(caller);
        } else if (kind < 96) {
            Mode mode = caller.mode();
            caller.setMode(Mode.LONG);
            caller.prepare();
            last = msrs;
            msrs.run(caller);
            caller.setMode(mode);
        } else {
            caller.setMode(kind < 98 ? Mode.LONG : Mode.values()[choose.below(Mode.values().length)]);
        }
    }

    private final class Pages implements CallStep.Pages {
        private long page(int number) {
            return Layout.PLAYGROUND + (long) number * Layout.PAGE;
        }

        /** What says whose registers are changed is at the start of a page of this VP's own, where nobody else writes. */
        @Override
        public long input(int bytes) {
            int code = calls.call().code();
            if (code == CallTable.SET_REGISTERS || code == CallTable.START_VP) {
                return page(OWN_INPUT + caller.vp.index());
            }
            return placed(page(choose.below(SHARED_PAGES)), bytes);
        }

        @Override
        public long output(int bytes) {
            int own = OWN_OUTPUT + caller.vp.index() * OUTPUTS + choose.below(OUTPUTS);
            return placed(page(own), bytes);
        }

        private long placed(long page, int bytes) {
            int room = Math.max(Layout.PAGE - bytes, 0);
            return switch (choose.below(24)) {
                case 0 -> page + choose.below(Layout.PAGE);
                case 1 -> Layout.HOLE + choose.below(Layout.PAGE);
                case 2 -> Layout.ROM + (choose.below(room + 1) & -8);
                case 3 -> Layout.LIMIT + choose.below(64);
                case 4 -> choose.bits() | Long.MIN_VALUE;
                default -> page + (choose.below(room + 1) & -8);
            };
        }

        @Override
        public void write(long gpa, byte[] from, int length) {
            if (gpa >= Layout.PLAYGROUND && gpa < page(PAGES)) {
                int room = Layout.PAGE - (int) (gpa & Layout.PAGE - 1);
                memory.write(gpa, from, 0, Math.min(length, room));
            }
        }

        /** Others write at the same time. */
        @Override
        public void check(long from, long to, Object context) {}

        @Override
        public void takeOver() {}

        @Override
        public boolean quiet() {
            return false;
        }
    }
}
