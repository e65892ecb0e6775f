package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.VpAssistPage;
import portcullis.hypervisor.synic.Synic;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.register.VsmRegisters.VsmVpSecureVtlConfig;

/** The trust levels of one VP: which there are, and which is active. All of it changes on the VP's thread only. */
final class VtlContexts {
    private final Partition partition;
    private final VirtualProcessor vp;
    private final IdleTime idle;

    /** Those that are enabled. Other threads look, so what a level consists of is there before it is. */
    private final AtomicReferenceArray<VtlContext> enabled = new AtomicReferenceArray<>(Partition.TRUST_LEVELS);
    /** All that there ever were: a level that is enabled again after a reset is the same object. */
    private final VtlContext[] made = new VtlContext[Partition.TRUST_LEVELS];

    private final List<Integer> madeInOrder = new ArrayList<>();

    private volatile VtlContext active;

    /** Level 0 is there, and active; it wants {@link VtlContext#complete}. */
    VtlContexts(Partition partition, VirtualProcessor vp, int apicId, IdleTime idle) {
        this.partition = partition;
        this.vp = vp;
        this.idle = idle;
        made[0] = make(0, apicId);
        madeInOrder.add(0);
        enabled.set(0, made[0]);
        active = made[0];
    }

    private void make(int level) {
        made[level] = make(level, enabled.get(0).apic().id());
        made[level].complete(partition, vp);
        madeInOrder.add(level);
    }

    private VtlContext make(int level, int apicId) {
        LocalApic apic = new LocalApic(
                apicId,
                vp.index() == 0,
                partition.config().apicFeatures(),
                partition.time(),
                partition.fabric(level),
                signal -> vp.requests().raise(VpRequests.signal(level, signal)));
        Synic synic = new Synic(
                level,
                apic,
                partition.time(),
                partition.referenceTime(),
                partition.memory(),
                vp.trace(),
                partition.hyperv().has(Enlightenment.STIMER_DIRECT));
        return new VtlContext(
                level,
                apic,
                synic,
                partition.gates(level).gate(vp.index()),
                partition.gates(level).pass(vp.index()),
                new VpAssistPage(partition.memory(), level, apic),
                this::countIdleTime,
                vp.trace());
    }

    /** Any thread. */
    VtlContext active() {
        return active;
    }

    void setActive(VtlContext context) {
        active = context;
        countIdleTime();
    }

    /** Only the active level's activity is the VP's: another may begin to run, in a VP that waits to be started. */
    private void countIdleTime() {
        idle.changed(active.activity() == Activity.RUNNING);
    }

    /** A level, or null where it is not enabled. Any thread. */
    VtlContext get(int level) {
        return enabled.get(level);
    }

    /** {@link VirtualProcessor#enableLevel}. */
    void enable(int level, Consumer<VirtualCpu> loader) {
        if (made[level] == null) {
            make(level);
        }
        VtlContext context = made[level];
        context.reset();
        context.apic().enable();
        VirtualCpu cpu = vp.cpu();
        int before = cpu.context();
        cpu.switchContext(level);
        cpu.setApicBase(context.apic().base());
        loader.accept(cpu);
        cpu.switchContext(before);
        context.setActivity(Activity.RUNNING);
        enabled.set(level, context);
    }

    /** Any thread. */
    int highest() {
        for (int level = enabled.length() - 1; level > 0; level--) {
            if (enabled.get(level) != null) {
                return level;
            }
        }
        return 0;
    }

    /** A bit a level. */
    int set() {
        int set = 0;
        for (int level = 0; level < enabled.length(); level++) {
            set |= enabled.get(level) != null ? 1 << level : 0;
        }
        return set;
    }

    /** {@link VirtualProcessor#mbecEnabled}. */
    boolean mbecEnabled(int level) {
        for (int higher = level + 1; higher < enabled.length(); higher++) {
            VtlContext above = enabled.get(higher);
            if (above != null && new VsmVpSecureVtlConfig(above.secureConfig().lower(level)).mbecEnabled()) {
                return true;
            }
        }
        return false;
    }

    /** Every level is reset, and only level 0 is left. */
    void reset() {
        for (int level = enabled.length() - 1; level >= 0; level--) {
            if (enabled.get(level) != null) {
                enabled.get(level).reset();
            }
        }
        for (int level = 1; level < enabled.length(); level++) {
            enabled.set(level, null);
        }
        setActive(enabled.get(0));
    }

    // Saved state

    void save(StateWriter out) {
        out.putInt(active.level());
        out.putInt(madeInOrder.size());
        for (int level : madeInOrder) {
            out.putInt(level);
            out.putBoolean(enabled.get(level) != null);
            made[level].save(out);
        }
    }

    void restore(StateReader in) {
        int activeLevel = in.getInt(0, enabled.length() - 1);
        for (int count = in.getInt(1, enabled.length()); count > 0; count--) {
            int level = in.getInt(0, enabled.length() - 1);
            if (level > 0 && (made[level] != null || partition.fabric(level) == null)) {
                throw in.refused("has trust level %d, which this machine has not".formatted(level));
            }
            if (level > 0) {
                make(level);
            }
            enabled.set(level, in.getBoolean() ? made[level] : null);
            made[level].restore(in, partition.connections());
        }
        if (enabled.get(activeLevel) == null) {
            throw in.refused("is in trust level %d, which it has not".formatted(activeLevel));
        }
        active = enabled.get(activeLevel);
    }
}
