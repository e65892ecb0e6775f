package portcullis.hypervisor.synic;

import java.util.ArrayList;
import java.util.Arrays;
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
    private final MessageQueues queues = new MessageQueues(new ForQueues());

    /** Made when the guest first wants them. */
    private OverlayPage messagePage;

    private MessagePage slots;
    private OverlayPage eventPage;

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

    /** As after creation: registers, timers, queues and pages. */
    public void reset() {
        synchronized (lock) {
            control = 0;
            eventFlagsRegister = 0;
            messagesRegister = 0;
            for (int sint = 0; sint < sources.length; sint++) {
                setSource(sint, Source.AFTER_RESET);
            }
            queues.reset();
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
            queues.deliverAll();
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
            queues.removeAll(buffers);
        }
    }

    private void queue(int sint, Queued message) {
        if (queues.add(sint, message)) {
            trace.message(vtl, sint, message.type(), message.payloadSize(), true);
        }
    }

    /** The guest has written EOI; on the VP's thread. */
    private void interruptEnded(int vector) {
        if (!queues.anyWaiting()) {
            return;
        }
        synchronized (lock) {
            for (int sint = 0; sint < sources.length; sint++) {
                if (sources[sint].vector() == vector) {
                    queues.deliver(sint);
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

    // Saving

    /** The state, of a partition that is paused. */
    public SynicState save() {
        synchronized (lock) {
            List<List<SynicState.Waiting>> waitingMessages = new ArrayList<>();
            for (int sint = 0; sint < sources.length; sint++) {
                waitingMessages.add(
                        queues.contents(sint).stream().map(this::waiting).toList());
            }
            return new SynicState(
                    control,
                    eventFlagsRegister,
                    messagesRegister,
                    Arrays.stream(sources).mapToLong(Source::asUint64).toArray(),
                    contents(messagePage),
                    contents(eventPage),
                    Arrays.stream(timers).map(SyntheticTimer::state).toList(),
                    waitingMessages);
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

    private static byte[] contents(OverlayPage page) {
        if (page == null) {
            return null;
        }
        byte[] bytes = new byte[GuestMemory.PAGE_SIZE];
        page.read(0, bytes, 0, bytes.length);
        return bytes;
    }

    /**
     * Takes a saved state; the partition is paused, its time is the saved one, and its ports are there again. The local APIC's saved
     * state has what was requested: nothing is delivered here.
     */
    public void restore(SynicState saved, Connections connections) {
        synchronized (lock) {
            reset();
            control = saved.control();
            for (int sint = 0; sint < sources.length; sint++) {
                setSource(sint, new Source(saved.sources()[sint]));
            }
            if (saved.eventPage() != null) {
                eventPage = eventPage == null ? memory.newOverlay(true) : eventPage;
                eventPage.write(0, saved.eventPage(), 0, GuestMemory.PAGE_SIZE);
            }
            if (saved.messagePage() != null) {
                makeMessagePage();
                messagePage.write(0, saved.messagePage(), 0, GuestMemory.PAGE_SIZE);
            }
            writeEventFlagsRegister(saved.eventFlagsRegister());
            writeMessagesRegister(saved.messagesRegister());
            for (int timer = 0; timer < timers.length; timer++) {
                timers[timer].restore(saved.timers().get(timer));
            }
            for (int sint = 0; sint < sources.length; sint++) {
                for (SynicState.Waiting each : saved.queues().get(sint)) {
                    queues.restore(sint, queued(each, connections));
                }
            }
        }
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

    /** What the queues call, with the lock held. */
    private final class ForQueues implements MessageQueues.Outlet {
        @Override
        public MessagePage slots() {
            return messagesFlow() ? slots : null;
        }

        @Override
        public long now() {
            return reference.now();
        }

        @Override
        public void delivered(int sint, SynicMessage message) {
            trace.message(vtl, sint, message.type(), message.payload().length, false);
            interrupt(sources[sint]);
        }
    }

    /** What timers call, with the lock held. */
    private final class ForTimers implements SyntheticTimer.Controller {
        @Override
        public void queue(int sint, Queued message) {
            Synic.this.queue(sint, message);
        }

        @Override
        public void unqueue(int sint, Queued message) {
            queues.remove(sint, message);
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
