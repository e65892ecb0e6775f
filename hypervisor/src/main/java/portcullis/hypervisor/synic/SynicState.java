package portcullis.hypervisor.synic;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.register.SynicRegisters;

/**
 * All there is to know of a {@link Synic} but its pages, for saving.
 *
 * @param control SCONTROL
 * @param eventFlagsRegister SIEFP
 * @param messagesRegister SIMP
 * @param sources SINT0 to SINT15
 * @param timers 0 to 3
 * @param queues what waits for each of the 16 slots, first come first
 */
public record SynicState(
        long control,
        long eventFlagsRegister,
        long messagesRegister,
        long[] sources,
        List<TimerState> timers,
        List<List<Waiting>> queues) {

    /** What waits for a slot. */
    public sealed interface Waiting {
        /** The message of timer {@code index}, 0 to 3. */
        record Timer(int index) implements Waiting {
            /** @throws IllegalArgumentException where there is no such timer */
            public Timer {
                if (index < 0 || index >= SynicRegisters.STIMER_COUNT) {
                    throw new IllegalArgumentException("timers are 0 to 3, not " + index);
                }
            }
        }

        /** Somebody's message. @param port the id of the port whose buffer it has; -1 where it is none's */
        record Message(SynicMessage message, int port) implements Waiting {}
    }

    /** @throws IllegalArgumentException where the lengths cannot be, or what waits and the timers contradict each other */
    public SynicState {
        check(sources.length == SynicRegisters.SINT_COUNT && queues.size() == SynicRegisters.SINT_COUNT, "16 sources");
        check(timers.size() == SynicRegisters.STIMER_COUNT, "4 timers");
        for (int timer = 0; timer < timers.size(); timer++) {
            TimerState state = timers.get(timer);
            int source = new SynicRegisters.StimerConfig(state.config()).sint();
            for (int sint = 0; sint < queues.size(); sint++) {
                int wanted = state.queued() && sint == source ? 1 : 0;
                int waiting = Collections.frequency(queues.get(sint), new Waiting.Timer(timer));
                check(waiting == wanted, "a timer's message waiting where the timer says so");
            }
        }
    }

    private static void check(boolean so, String what) {
        if (!so) {
            throw new IllegalArgumentException("a SynIC has " + what);
        }
    }

    private static final int NO_TIMER = -1;

    void write(StateWriter out) {
        out.putLong(control);
        out.putLong(eventFlagsRegister);
        out.putLong(messagesRegister);
        out.putLongs(sources);
        timers.forEach(timer -> timer.write(out));
        for (List<Waiting> queue : queues) {
            out.putInt(queue.size());
            for (Waiting each : queue) {
                switch (each) {
                    case Waiting.Timer(int index) -> out.putInt(index);
                    case Waiting.Message(SynicMessage message, int port) -> {
                        out.putInt(NO_TIMER);
                        out.putInt(port);
                        out.putInt(message.type());
                        out.putLong(message.origin());
                        out.putBytes(message.payload());
                    }
                }
            }
        }
    }

    /** @throws portcullis.state.StateException for what {@link #write} never wrote */
    static SynicState read(StateReader in) {
        long control = in.getLong();
        long eventFlagsRegister = in.getLong();
        long messagesRegister = in.getLong();
        long[] sources = new long[SynicRegisters.SINT_COUNT];
        in.getLongs(sources);
        List<TimerState> timers = new ArrayList<>();
        for (int i = 0; i < SynicRegisters.STIMER_COUNT; i++) {
            timers.add(TimerState.read(in));
        }
        try {
            List<List<Waiting>> queues = new ArrayList<>();
            for (int sint = 0; sint < SynicRegisters.SINT_COUNT; sint++) {
                List<Waiting> queue = new ArrayList<>();
                for (int left = in.getInt(); left > 0; left--) {
                    int timer = in.getInt();
                    queue.add(timer == NO_TIMER ? readMessage(in) : new Waiting.Timer(timer));
                }
                queues.add(queue);
            }
            return new SynicState(control, eventFlagsRegister, messagesRegister, sources, timers, queues);
        } catch (IllegalArgumentException impossible) {
            throw in.refused("cannot be: " + impossible.getMessage());
        }
    }

    private static Waiting readMessage(StateReader in) {
        int port = in.getInt();
        return new Waiting.Message(new SynicMessage(in.getInt(), in.getLong(), in.getBytes()), port);
    }
}
