package portcullis.hypervisor.registers;

import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.hypervisor.vsm.RegisterIntercept;
import portcullis.hypervisor.vsm.VsmRegisters;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VpStateRegisters.PendingEvent;

/** All registers of one trust level of one VP, by name. On the VP's thread, outside guest mode. */
public final class VpRegisters {
    private static final int PAGE_FAULT = 14;

    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final LocalApic apic;
    private final int level;
    private final MemoryView view;
    private final RegisterGroup core;
    private final RegisterGroup segments;
    private final RegisterGroup msrs;
    private final RegisterGroup floatingPoint;
    private final RegisterGroup events;
    private final RegisterGroup synthetic;
    private final RegisterGroup described;
    private final RegisterGroup suspension;
    private final RegisterIntercept intercepts;
    /** Null where trust levels are not offered. */
    private final RegisterGroup vsm;

    public VpRegisters(Partition partition, VirtualProcessor vp, VtlContext context, SyntheticMsrs syntheticMsrs) {
        this.vp = vp;
        cpu = vp.cpu();
        level = context.level();
        view = partition.memory().view(level);
        apic = context.apic();
        intercepts = vp.registerIntercept();
        core = new CoreRegisters(cpu, context);
        segments = new SegmentRegisters(cpu);
        msrs = new MsrRegisters(cpu, context);
        floatingPoint = new FloatingPointRegisters(cpu);
        events = new EventRegisters(vp, context, partition.trustLevels());
        synthetic = new SyntheticRegisters(syntheticMsrs);
        described = new InterfaceRegisters(
                partition.hyperv().leaves(partition.config().apicIds().length));
        suspension = new SuspensionRegisters(context);
        vsm = partition.hyperv().trustLevels() > 0 ? new VsmRegisters(partition, vp, context) : null;
    }

    private RegisterGroup group(HvRegister name) {
        if (CoreRegisters.has(name)) {
            return core;
        }
        return switch (name.code() >>> 16) {
            case 0x00 -> name.code() < 0x100 && name != HvRegister.INTERNAL_ACTIVITY_STATE ? suspension : other(name);
            case 0x01 -> events;
            case 0x03, 0x0c -> floatingPoint;
            case 0x06, 0x07 -> segments;
            case 0x08 -> msrs;
            case 0x09, 0x0a, 0x0b -> synthetic;
            case 0x0d, 0x0e -> vsm;
            default -> null;
        };
    }

    private RegisterGroup other(HvRegister name) {
        if (name == HvRegister.INTERNAL_ACTIVITY_STATE) {
            return events;
        }
        return name.code() <= HvRegister.CPU_MANAGEMENT_FEATURES_INFO.code() ? described : synthetic;
    }

    /**
     * @param caller the level that reads
     * @return an HV_STATUS: ACCESS_DENIED for shared state while a level above the caller executes on this VP
     */
    public int read(int code, RegisterValue into, int caller) {
        HvRegister name = HvRegister.of(code);
        RegisterGroup group = name == null ? null : group(name);
        if (group == null) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (inUseAbove(caller) && SharedState.has(name)) {
            return HvStatus.ACCESS_DENIED;
        }
        int active = enter();
        try {
            return group.read(name, into);
        } finally {
            cpu.switchContext(active);
        }
    }

    /**
     * @param caller the level that writes: what a higher one watches it cannot change unseen (TLFS vsm.md, "Secure Register
     *     Intercepts"), nor shared state while one executes on this VP
     * @return an HV_STATUS
     */
    public int write(int code, RegisterValue value, int caller) {
        HvRegister name = HvRegister.of(code);
        RegisterGroup group = name == null ? null : group(name);
        if (group == null) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (inUseAbove(caller) && (SharedState.has(name) || namesFaultAddress(name, value))) {
            return HvStatus.ACCESS_DENIED;
        }
        int active = enter();
        try {
            if (intercepts.keeps(caller, name, value.low)) {
                return HvStatus.ACCESS_DENIED;
            }
            // CR0 and CR3 take pointers from memory along: not from a page that is hidden meanwhile.
            int status = group == core ? view.steady(() -> core.write(name, value)) : group.write(name, value, caller);
            // CR8 shows the task priority, whatever it was written by (SDM 10.8.6.1).
            int priority = apic.taskPriorityClass();
            if (priority != (int) cpu.get(Register.CR8)) {
                cpu.set(Register.CR8, priority);
            }
            return status;
        } finally {
            cpu.switchContext(active);
        }
    }

    /**
     * Whether a level above {@code caller} executes here: what all levels share is that one's for the time. Only a caller on another
     * VP can come then.
     */
    private boolean inUseAbove(int caller) {
        return vp.context().level() > caller;
    }

    /** A page fault's event takes CR2 along. */
    private static boolean namesFaultAddress(HvRegister name, RegisterValue value) {
        PendingEvent event = new PendingEvent(value.low);
        return name == HvRegister.PENDING_EVENT0 && event.eventPending() && event.vector() == PAGE_FAULT;
    }

    private int enter() {
        int active = cpu.context();
        if (active != level) {
            cpu.switchContext(level);
        }
        return active;
    }
}
