package portcullis.hypervisor.synic;

import java.util.Collections;
import java.util.List;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.register.SynicRegisters;

/**
 * All there is to know of a {@link Synic}, for saving.
 *
 * @param control SCONTROL
 * @param eventFlagsRegister SIEFP
 * @param messagesRegister SIMP
 * @param sources SINT0 to SINT15
 * @param messagePage contents, 4096 bytes; null where the guest never had one
 * @param eventPage likewise
 * @param timers 0 to 3
 * @param queues what waits for each of the 16 slots, first come first
 */
public record SynicState(
        long control,
        long eventFlagsRegister,
        long messagesRegister,
        long[] sources,
        byte[] messagePage,
        byte[] eventPage,
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
        for (byte[] page : new byte[][] {messagePage, eventPage}) {
            check(page == null || page.length == GuestMemory.PAGE_SIZE, "pages of 4096 bytes");
        }
        check((messagesRegister & 1) == 0 || messagePage != null, "a page where SIMP is enabled");
        check((eventFlagsRegister & 1) == 0 || eventPage != null, "a page where SIEFP is enabled");
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
}
