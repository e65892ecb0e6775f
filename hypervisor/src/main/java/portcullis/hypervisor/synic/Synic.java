package portcullis.hypervisor.synic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.time.Alarms;
import portcullis.hypervisor.trace.VpTrace;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.message.SynicMessages.EventFlags;
import portcullis.tlfs.register.SynicRegisters;

/**
 * The synthetic interrupt controller of one VP at one trust level, with its synthetic timers. Thread-safe.
 *
 * <p>A message waits in the queue of its SINTx until the slot in the message page is empty; the guest says by EOM, or by EOI, that it
 * may be. Event flags are bits in the event flags page and need no queue. Interrupts go through the local APIC.
 */
public final class Synic {
    /** SVERSION. */
    private static final long VERSION = SynicRegisters.Sversion.VERSION_1;

    /** Of SCONTROL, SIMP and SIEFP. */
    private static final long ENABLE = SynicRegisters.PageRegister.ENABLE;

    private static final long ADDRESS = SynicRegisters.PageRegister.ADDRESS;

    private final Object lock = new Object();
    private final int vtl;
    private final LocalApic apic;
    private final VpTrace trace;
    private final ReferenceTime reference;
    private final GuestMemory memory;
    private final MemoryView view;

    private long control;
    private long eventFlagsRegister;
    private long messagesRegister;
    private final Source[] sources = new Source[SynicRegisters.SINT_COUNT];
    private final SyntheticTimer[] timers = new SyntheticTimer[SynicRegisters.STIMER_COUNT];
    private final Deque<Queued>[] queues = newQueues();

    /** Made when the guest first wants them. */
    private OverlayPage messagePage;

    private MessagePage slots;
    private OverlayPage eventPage;

    /** A bit a SINTx whose queue is not empty. Written under the lock; read without, so that an EOI costs no lock. */
    private volatile int waiting;

    /**
     * @param vtl trust level, 0 to 2
     * @param apic of that level
     * @param reference of the partition, by the clock of {@code alarms}
     * @param memory has the pages that the guest sees, in the level's view
     * @param directTimers whether synthetic timers have direct mode
     */
    public Synic(
            int vtl,
            LocalApic apic,
            Alarms alarms,
            ReferenceTime reference,
            GuestMemory memory,
            VpTrace trace,
            boolean directTimers) {
        this.vtl = vtl;
        this.apic = apic;
        this.trace = trace;
        this.memory = memory;
        view = memory.view(vtl);
        this.reference = reference;
        Arrays.fill(sources, Source.AFTER_RESET);
        ForTimers controller = new ForTimers();
        for (int i = 0; i < timers.length; i++) {
            int index = i;
            String name = "synthetic timer " + i + " of VTL " + vtl + ", APIC " + apic.id();
            Runnable rang = () -> {
                synchronized (lock) {
                    timers[index].alarmRang();
                }
            };
            timers[i] = new SyntheticTimer(i, directTimers, reference, alarms, name, controller, rang);
        }
        apic.onEndOfInterrupt(this::interruptEnded);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generics cannot be made otherwise
    private static Deque<Queued>[] newQueues() {
        Deque<Queued>[] made = new Deque[SynicRegisters.SINT_COUNT];
        Arrays.setAll(made, i -> new ArrayDeque<>());
        return made;
    }

    /** As after creation: registers, timers, queues and pages. */
    public void reset() {
        synchronized (lock) {
            control = 0;
            eventFlagsRegister = 0;
            messagesRegister = 0;
            for (int sint = 0; sint < sources.length; sint++) {
                setSource(sint, Source.AFTER_RESET);
                queues[sint].forEach(Queued::dropped);
                queues[sint].clear();
            }
            waiting = 0;
            for (SyntheticTimer timer : timers) {
                timer.reset();
            }
            for (OverlayPage page : new OverlayPage[] {messagePage, eventPage}) {
                if (page != null) {
                    view.remove(page);
                    page.clear();
                }
            }
        }
    }

    // MSRs

    /** Whether {@link #readMsr} and {@link #writeMsr} know of {@code msr}. */
    public static boolean ownsMsr(int msr) {
        return (msr >= HvMsr.SCONTROL && msr <= HvMsr.EOM)
                || (msr >= HvMsr.SINT0 && msr < HvMsr.SINT0 + SynicRegisters.SINT_COUNT)
                || isTimer(msr);
    }

    private static boolean isTimer(int msr) {
        return msr >= HvMsr.STIMER0_CONFIG && msr < HvMsr.STIMER0_CONFIG + 2 * SynicRegisters.STIMER_COUNT;
    }

    /** Reads a register into {@link ExitDetails#value}. Privileges are the caller's business. @return false where that is a #GP */
    public boolean readMsr(int msr, ExitDetails out) {
        if (!ownsMsr(msr)) {
            return false;
        }
        synchronized (lock) {
            if (isTimer(msr)) {
                SyntheticTimer timer = timers[msr - HvMsr.STIMER0_CONFIG >>> 1];
                out.value = (msr & 1) == 0 ? timer.config() : timer.count();
            } else {
                out.value = switch (msr) {
                    case HvMsr.SCONTROL -> control;
                    case HvMsr.SVERSION -> VERSION;
                    case HvMsr.SIEFP -> eventFlagsRegister;
                    case HvMsr.SIMP -> messagesRegister;
                    case HvMsr.EOM -> 0;
                    default -> sources[msr - HvMsr.SINT0].asUint64();
                };
            }
        }
        return true;
    }

    /**
     * Writes a register. Bits that guests shall preserve (RsvdP) are kept as they are written.
     *
     * @return false where that is a #GP
     */
    public boolean writeMsr(int msr, long value) {
        if (!ownsMsr(msr) || msr == HvMsr.SVERSION) {
            return false;
        }
        synchronized (lock) {
            if (isTimer(msr)) {
                SyntheticTimer timer = timers[msr - HvMsr.STIMER0_CONFIG >>> 1];
                if ((msr & 1) == 0) {
                    return timer.writeConfig(value);
                }
                timer.writeCount(value);
                return true;
            }
            switch (msr) {
                case HvMsr.SCONTROL -> control = value;
                case HvMsr.SIEFP -> writeEventFlagsRegister(value);
                case HvMsr.SIMP -> writeMessagesRegister(value);
                case HvMsr.EOM -> {
                    // Whatever was written: what follows is what matters.
                }
                default -> {
                    Source written = new Source(value);
                    if (!written.valid()) {
                        return false;
                    }
                    setSource(msr - HvMsr.SINT0, written);
                }
            }
            // What enables delivery delivers, as an end of message does.
            deliverAll();
        }
        return true;
    }

    private void writeEventFlagsRegister(long value) {
        long before = eventFlagsRegister;
        eventFlagsRegister = value;
        if ((value & ENABLE) != 0 && eventPage == null) {
            eventPage = memory.newOverlay(true);
        }
        move(eventPage, before, value);
    }

    private void writeMessagesRegister(long value) {
        long before = messagesRegister;
        messagesRegister = value;
        if ((value & ENABLE) != 0) {
            makeMessagePage();
        }
        move(messagePage, before, value);
    }

    private void makeMessagePage() {
        if (messagePage == null) {
            messagePage = memory.newOverlay(true);
            slots = new MessagePage(messagePage);
        }
    }

    /** A page at an address that guests cannot have lies nowhere, and works. */
    private void move(OverlayPage page, long before, long now) {
        if (((before ^ now) & (ADDRESS | ENABLE)) == 0 || ((before | now) & ENABLE) == 0) {
            return;
        }
        long gpa = now & ADDRESS;
        if ((now & ENABLE) != 0 && gpa >>> memory.addressBits() == 0) {
            view.place(page, gpa);
        } else {
            view.remove(page);
        }
    }

    private void setSource(int index, Source value) {
        Source before = sources[index];
        sources[index] = value;
        updateAutoEoi(before.vector());
        updateAutoEoi(value.vector());
    }

    /** Sources may share a vector: it ends by itself where one of them says so. */
    private void updateAutoEoi(int vector) {
        boolean automatic = false;
        for (Source source : sources) {
            automatic |= source.vector() == vector && source.endsByItself();
        }
        apic.setAutoEoi(vector, automatic);
    }

    // Messages

    /** Whether messages can be posted here: SynIC and message page are enabled. */
    public boolean takesMessages() {
        synchronized (lock) {
            return messagesFlow();
        }
    }

    private boolean messagesFlow() {
        return (control & ENABLE) != 0 && (messagesRegister & ENABLE) != 0;
    }

    /** Whether event flags can be set here: SynIC and event flags page are enabled. */
    public boolean takesEvents() {
        synchronized (lock) {
            return eventsFlow();
        }
    }

    private boolean eventsFlow() {
        return (control & ENABLE) != 0 && (eventFlagsRegister & ENABLE) != 0;
    }

    /**
     * Queues a message, and delivers it where its slot is empty.
     *
     * @param sint 0 to 15
     * @param buffers the sender's
     * @return SUCCESS, INVALID_SYNIC_STATE where {@link #takesMessages} says no, INSUFFICIENT_BUFFERS, or INVALID_PORT_ID where the
     *     buffers are no more
     */
    public int post(int sint, SynicMessage message, MessageBuffers buffers) {
        checkSint(sint);
        synchronized (lock) {
            if (!messagesFlow()) {
                return HvStatus.INVALID_SYNIC_STATE;
            }
            if (!buffers.take()) {
                return buffers.closed() ? HvStatus.INVALID_PORT_ID : HvStatus.INSUFFICIENT_BUFFERS;
            }
            queue(sint, new Queued.Posted(message, buffers));
            return HvStatus.SUCCESS;
        }
    }

    /** Takes back the messages that wait in buffers which have been closed. */
    void discard(MessageBuffers buffers) {
        synchronized (lock) {
            for (int sint = 0; sint < queues.length; sint++) {
                queues[sint].removeIf(message -> message.buffers() == buffers);
                noteWaiting(sint);
            }
        }
    }

    private void queue(int sint, Queued message) {
        queues[sint].add(message);
        // Before the look at the slot: the guest empties it and then ends the message. One of us sees the other.
        noteWaiting(sint);
        deliver(sint);
        if (queues[sint].peekLast() == message) {
            trace.message(vtl, sint, message.type(), message.payloadSize(), true);
        }
    }

    private void deliverAll() {
        for (int left = waiting; left != 0; left &= left - 1) {
            deliver(Integer.numberOfTrailingZeros(left));
        }
    }

    private void deliver(int sint) {
        Deque<Queued> queue = queues[sint];
        while (!queue.isEmpty() && messagesFlow()) {
            if (!slots.empty(sint)) {
                slots.markPending(sint);
                if (!slots.empty(sint)) {
                    break;
                }
            }
            Queued first = queue.remove();
            long now = reference.now();
            SynicMessage message = first.message(now);
            if (message != null) {
                slots.put(sint, message);
                trace.message(vtl, sint, message.type(), message.payload().length, false);
                interrupt(sources[sint]);
            }
            first.delivered(now);
        }
        noteWaiting(sint);
    }

    private void noteWaiting(int sint) {
        int bit = 1 << sint;
        waiting = queues[sint].isEmpty() ? waiting & ~bit : waiting | bit;
    }

    /** The guest has written EOI; on the VP's thread. */
    private void interruptEnded(int vector) {
        if (waiting == 0) {
            return;
        }
        synchronized (lock) {
            for (int sint = 0; sint < sources.length; sint++) {
                if (sources[sint].vector() == vector && !queues[sint].isEmpty()) {
                    deliver(sint);
                }
            }
        }
    }

    private void interrupt(Source source) {
        if (source.interrupts()) {
            apic.receive(DeliveryMode.FIXED, source.vector(), false);
        }
    }

    // Event flags and interrupts

    /**
     * Sets an event flag, and interrupts where it was clear.
     *
     * @param sint 0 to 15
     * @param flag 0 to 2047
     * @return SUCCESS, or INVALID_SYNIC_STATE where {@link #takesEvents} says no or the SINTx is masked
     */
    public int signal(int sint, int flag) {
        checkSint(sint);
        if (flag < 0 || flag >= EventFlags.FLAG_COUNT) {
            throw new IllegalArgumentException("event flags are 0 to 2047, not " + flag);
        }
        synchronized (lock) {
            if (!eventsFlow() || sources[sint].closed()) {
                return HvStatus.INVALID_SYNIC_STATE;
            }
            int bit = 1 << (flag & 31);
            int before = eventPage.getAndSetBits(sint * EventFlags.SIZE + (flag >>> 5) * 4, bit);
            if ((before & bit) == 0) {
                trace.eventFlag(vtl, sint, flag);
                interrupt(sources[sint]);
            }
            return HvStatus.SUCCESS;
        }
    }

    /** Asserts a SINTx without a message or a flag. @return whether the SynIC is enabled and the source neither masked nor polled */
    public boolean assertSint(int sint) {
        checkSint(sint);
        synchronized (lock) {
            boolean asserted = (control & ENABLE) != 0 && sources[sint].interrupts();
            if (asserted) {
                interrupt(sources[sint]);
            }
            return asserted;
        }
    }

    static void checkSint(int sint) {
        if (sint < 0 || sint >= SynicRegisters.SINT_COUNT) {
            throw new IllegalArgumentException("synthetic interrupt sources are 0 to 15, not " + sint);
        }
    }

    // Saved state: of a partition that is paused

    /** Where the pages lie, the level's view says. */
    public void save(StateWriter out) {
        synchronized (lock) {
            OverlayPage.save(messagePage, out);
            OverlayPage.save(eventPage, out);
            List<List<SynicState.Waiting>> waitingMessages = new ArrayList<>();
            for (Deque<Queued> queue : queues) {
                waitingMessages.add(queue.stream().map(this::waiting).toList());
            }
            new SynicState(
                            control,
                            eventFlagsRegister,
                            messagesRegister,
                            Arrays.stream(sources).mapToLong(Source::asUint64).toArray(),
                            Arrays.stream(timers).map(SyntheticTimer::state).toList(),
                            waitingMessages)
                    .write(out);
        }
    }

    private SynicState.Waiting waiting(Queued queued) {
        return switch (queued) {
            case Queued.Posted posted ->
                new SynicState.Waiting.Message(
                        posted.contents(), posted.buffers().port());
            case SyntheticTimer timer ->
                new SynicState.Waiting.Timer(Arrays.asList(timers).indexOf(timer));
        };
    }

    /**
     * Takes a saved state, where nothing has happened yet; the time is the saved one, and the ports are there again. The local APIC's
     * saved state has what was requested: nothing is delivered here.
     */
    public void restore(StateReader in, Connections connections) {
        synchronized (lock) {
            messagePage = memory.restoreOverlay(in);
            slots = messagePage == null ? null : new MessagePage(messagePage);
            eventPage = memory.restoreOverlay(in);
            SynicState saved = SynicState.read(in);
            control = saved.control();
            eventFlagsRegister = saved.eventFlagsRegister();
            messagesRegister = saved.messagesRegister();
            if (missing(messagePage, messagesRegister) || missing(eventPage, eventFlagsRegister)) {
                throw in.refused("has no page where one is enabled");
            }
            for (int sint = 0; sint < sources.length; sint++) {
                setSource(sint, new Source(saved.sources()[sint]));
            }
            for (int timer = 0; timer < timers.length; timer++) {
                timers[timer].restore(saved.timers().get(timer));
            }
            for (int sint = 0; sint < queues.length; sint++) {
                for (SynicState.Waiting each : saved.queues().get(sint)) {
                    queues[sint].add(queued(each, connections));
                }
                noteWaiting(sint);
            }
        }
    }

    private static boolean missing(OverlayPage page, long register) {
        return page == null && (register & ENABLE) != 0;
    }

    private Queued queued(SynicState.Waiting saved, Connections connections) {
        return switch (saved) {
            case SynicState.Waiting.Timer timer -> timers[timer.index()];
            case SynicState.Waiting.Message(SynicMessage message, int port) -> {
                MessageBuffers buffers = connections.port(port) instanceof MessagePort own ? own.buffers() : null;
                if (buffers == null || !buffers.take()) {
                    // Of a port that is there no more.
                    buffers = new MessageBuffers(1);
                    buffers.take();
                }
                yield new Queued.Posted(message, buffers);
            }
        };
    }

    /** What timers call, with the lock held. */
    private final class ForTimers implements SyntheticTimer.Controller {
        @Override
        public void queue(int sint, Queued message) {
            Synic.this.queue(sint, message);
        }

        @Override
        public void unqueue(int sint, Queued message) {
            queues[sint].remove(message);
            noteWaiting(sint);
        }

        @Override
        public void interrupt(int vector) {
            apic.receive(DeliveryMode.FIXED, vector, false);
        }

        @Override
        public void expired(int timer, int sint, int vector, long late) {
            trace.timer(vtl, timer, sint, vector, late);
        }
    }
}
