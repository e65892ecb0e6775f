package portcullis.hypervisor.apic;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What local APICs, I/O APIC and devices send interrupts through: resolves destinations (SDM 10.6.2, 10.12.9, 11.11) and hands
 * messages to the local APICs that they name. Thread-safe; calls local APICs without a lock of its own.
 *
 * <p>Ids are looked up in a {@link RoutingTable}, made anew when some APIC has changed its ids or mode since. A sender that
 * races with such a change may use either address, as on hardware.
 */
public final class InterruptFabric implements MsiSink, Saved {
    private static final int NARROW_BROADCAST = 0xff;
    private static final int WIDE_BROADCAST = 0xffffffff;

    private static final long MSI_WINDOW = 0xfee00000L;
    private static final int LOGICAL = 1 << 11;
    private static final int ASSERT = 1 << 14;
    private static final int LEVEL = 1 << 15;

    private final CopyOnWriteArrayList<LocalApic> apics = new CopyOnWriteArrayList<>();
    /** Counts address changes. */
    private final AtomicInteger version = new AtomicInteger();

    private volatile RoutingTable routing = RoutingTable.EMPTY;
    private final AtomicInteger rotation = new AtomicInteger();
    private volatile EoiListener eoiListener = vector -> {};
    private final StartupGuard startupGuard;

    public InterruptFabric() {
        this(StartupGuard.NONE);
    }

    /** @param guard who is asked before INIT and start-up messages are delivered */
    public InterruptFabric(StartupGuard guard) {
        startupGuard = guard;
    }

    void add(LocalApic apic) {
        apics.add(apic);
        addressesChanged();
    }

    void addressesChanged() {
        version.incrementAndGet();
    }

    /** Who hears EOI broadcasts: the I/O APIC. */
    public void setEoiListener(EoiListener listener) {
        eoiListener = listener;
    }

    /** @param sender of an INIT or start-up message, and what the ICR has */
    private void hand(LocalApic sender, long command, LocalApic target, DeliveryMode mode, int vector, boolean level) {
        boolean starts = mode == DeliveryMode.INIT || mode == DeliveryMode.STARTUP;
        if (!starts || startupGuard.admits(sender, command, target)) {
            target.receive(mode, vector, level);
        }
    }

    void broadcastEoi(int vector) {
        eoiListener.endOfInterrupt(vector);
    }

    private RoutingTable routing() {
        RoutingTable table = routing;
        int now = version.get();
        if (table.version() != now) {
            // Stamped with the count read before the addresses: a change while it is made leaves it out of date, not
            // wrong.
            table = new RoutingTable(now, apics.toArray(LocalApic[]::new));
            routing = table;
        }
        return table;
    }

    /** The id that means everybody in x2APIC mode; no local APIC has it. */
    private static final long WIDE_BROADCAST_ID = 0xffff_ffffL;

    @Override
    public void deliver(long address, int data) {
        if ((address & 0xfff00000L) != MSI_WINDOW || address >>> 32 != 0) {
            return;
        }
        DeliveryMode mode = DeliveryMode.of(data);
        boolean level = (data & LEVEL) != 0;
        if (mode == DeliveryMode.STARTUP || (level && (data & ASSERT) == 0)) {
            // No start-up by MSI, and de-assert messages change nothing (SDM 11.11.2).
            return;
        }
        boolean redirect = (address & 1 << 3) != 0;
        boolean logical = (address & 1 << 2) != 0;
        int destination = (int) (address >>> 12 & 0xff);
        boolean lowest = mode == DeliveryMode.LOWEST_PRIORITY || (redirect && mode == DeliveryMode.FIXED);
        DeliveryMode how = lowest ? DeliveryMode.LOWEST_PRIORITY : mode;
        route(null, data & 0xffff, how, data & 0xff, level, logical, destination, false);
    }

    /**
     * Carries out a write of the interrupt command register (SDM 10.6.1).
     *
     * @param low bits 31:0 of the ICR
     * @param destination as wide as the sender's mode has it
     * @param wide whether the sender is in x2APIC mode
     */
    void command(LocalApic source, int low, int destination, boolean wide) {
        DeliveryMode mode = DeliveryMode.of(low);
        int vector = low & 0xff;
        if (mode == DeliveryMode.INIT && (low & (LEVEL | ASSERT)) == LEVEL) {
            // INIT level de-assert set arbitration ids on buses that are no more.
            return;
        }
        if (mode == DeliveryMode.EXTERNAL) {
            return;
        }
        long command = (long) (wide ? destination : destination << 24) << 32 | low & 0xffff_ffffL;
        switch (low >>> 18 & 3) {
            case 0 -> route(source, command, mode, vector, false, (low & LOGICAL) != 0, destination, wide);
            case 1 -> hand(source, command, source, mode, vector, false);
            default -> {
                boolean includingSelf = (low >>> 18 & 3) == 2;
                for (LocalApic apic : routing().all()) {
                    if (includingSelf || apic != source) {
                        hand(source, command, apic, mode, vector, false);
                    }
                }
            }
        }
    }

    /**
     * Sends the message that the low half of an interrupt command register describes to one local APIC.
     *
     * @return whether there is one of that id
     */
    public boolean send(int command, long apicId) {
        if (apicId < 0 || apicId >= WIDE_BROADCAST_ID) {
            return false;
        }
        LocalApic[] targets = routing().physical((int) apicId);
        for (LocalApic apic : targets) {
            hand(null, command & 0xffff, apic, DeliveryMode.of(command), command & 0xff, false);
        }
        return targets.length > 0;
    }

    private void route(
            LocalApic source,
            long command,
            DeliveryMode mode,
            int vector,
            boolean level,
            boolean logical,
            int destination,
            boolean wide) {
        RoutingTable table = routing();
        boolean broadcast = destination == (wide ? WIDE_BROADCAST : NARROW_BROADCAST);
        LocalApic[] candidates;
        if (broadcast) {
            candidates = table.all();
        } else {
            candidates = logical ? table.logicalCandidates(destination) : table.physical(destination);
        }
        boolean compare = logical && !broadcast;
        if (mode == DeliveryMode.LOWEST_PRIORITY) {
            LocalApic chosen = lowest(candidates, compare, destination);
            if (chosen != null) {
                chosen.receive(DeliveryMode.FIXED, vector, level);
            }
            return;
        }
        for (LocalApic apic : candidates) {
            if (!compare || apic.address().matchesLogical(destination)) {
                hand(source, command, apic, mode, vector, level);
            }
        }
    }

    /** Of the enabled candidates one of lowest processor priority, in turn where several are (SDM 10.6.2.4). */
    private LocalApic lowest(LocalApic[] candidates, boolean compare, int destination) {
        if (candidates.length == 1 && !compare) {
            return candidates[0];
        }
        LocalApic chosen = null;
        int lowest = Integer.MAX_VALUE;
        int start = candidates.length == 0 ? 0 : Math.floorMod(rotation.getAndIncrement(), candidates.length);
        for (int i = 0; i < candidates.length; i++) {
            LocalApic apic = candidates[(start + i) % candidates.length];
            if ((compare && !apic.address().matchesLogical(destination)) || !apic.softwareEnabled()) {
                continue;
            }
            int priority = apic.processorPriority();
            if (priority < lowest) {
                chosen = apic;
                lowest = priority;
            }
        }
        return chosen;
    }

    /** Whose turn it is among equals. Who listens to what, local APICs know. */
    @Override
    public void save(StateWriter out) {
        out.putInt(rotation.get());
    }

    @Override
    public void restore(StateReader in) {
        rotation.set(in.getInt());
    }
}
