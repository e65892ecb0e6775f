package portcullis.hypervisor.vsm;

import java.util.ArrayList;
import java.util.List;
import portcullis.engine.Access;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.apic.StartupGuard;
import portcullis.hypervisor.synic.MessageBuffers;
import portcullis.hypervisor.synic.SynicMessage;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.page.AssistPage;

/**
 * Starting and resetting processors where a higher level watches that (TLFS vsm.md, "DenyLowerVtlStartup",
 * "InterceptVpStartup"). What a lower level asks for does not happen, and the level that watches is told on the VP that asked.
 *
 * <p>HvCallStartVirtualProcessor is intercepted like other instructions: RIP stays on it, and it is issued again on return. A write
 * to the ICR is complete: INIT and start-up messages have no result that could be emulated, so they are lost, and whoever
 * is told starts the processor with HvCallStartVirtualProcessor. Each VP has one; on its thread.
 */
public final class StartupIntercept {
    /** @param target index of the VP that was to be started or reset */
    private record Note(int by, long command, int target) {}

    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final MessageBuffers buffers;
    private final List<Note> notes = new ArrayList<>();

    /** @param processors how many the partition has: what one message may be sent to */
    public StartupIntercept(VirtualProcessor vp, int processors) {
        this.vp = vp;
        cpu = vp.cpu();
        buffers = new MessageBuffers(2 * processors);
    }

    /** Who asks before INIT and start-up messages of one level are delivered. */
    public static StartupGuard guard(Partition partition, int level) {
        return (source, command, target) -> {
            TrustLevels levels = partition.trustLevels();
            if (levels.startupDenied(level)) {
                return false;
            }
            int by = levels.startupInterceptor(level);
            if (by >= 0 && source != null) {
                note(partition, level, by, source, command, target);
            }
            return by < 0;
        };
    }

    /** A VP that has a higher level drops such messages anyway, and one that runs takes no start-up. */
    private static void note(Partition partition, int level, int by, LocalApic source, long command, LocalApic target) {
        VirtualProcessor sender = owner(partition, level, source);
        VirtualProcessor to = owner(partition, level, target);
        boolean starts = DeliveryMode.of((int) command) == DeliveryMode.STARTUP;
        boolean useless = to == null
                || to.highestLevel() > level
                || starts && to.context().activity() != VtlContext.Activity.WAIT_FOR_STARTUP;
        if (sender != null && !useless && sender.context().level() < by) {
            sender.startupIntercept().notes.add(new Note(by, command, to.index()));
        }
    }

    private static VirtualProcessor owner(Partition partition, int level, LocalApic apic) {
        for (VirtualProcessor vp : partition.processors()) {
            VtlContext context = vp.context(level);
            if (context != null && context.apic() == apic) {
                return vp;
            }
        }
        return null;
    }

    /** After a write to the local APIC: tells of the messages that it did not send. */
    public void deliver() {
        if (notes.isEmpty()) {
            return;
        }
        List<Note> now = List.copyOf(notes);
        notes.clear();
        int by = now.getFirst().by;
        VtlContext higher = vp.context(by);
        if (higher == null || vp.context().level() >= by) {
            // Nobody on this VP to tell; or it was somebody else that wrote to this ICR, and who is to be told is here.
            return;
        }
        boolean reset = false;
        for (Note note : now) {
            boolean starts = DeliveryMode.of((int) note.command) == DeliveryMode.STARTUP;
            // An INIT message names its targets itself.
            if (starts || !reset) {
                vp.trace().intercepted(vp.context().level(), starts ? "SIPI" : "INIT", note.command & 0xff, "write");
                post(higher, starts ? startup(note) : init(note));
            }
            reset |= !starts;
        }
        vp.levels().enter(by, AssistPage.VtlControl.ENTRY_REASON_INTERCEPT);
    }

    private void post(VtlContext higher, SynicMessage message) {
        higher.synic().post(InterceptHeader.SINT, message, buffers);
    }

    private SynicMessage startup(Note note) {
        byte[] payload = new byte[InterceptMessages.Sipi.SIZE];
        InterceptHeader.write(payload, vp, Access.WRITE, 0, 0);
        InterceptHeader.INTS.set(payload, InterceptMessages.Sipi.TARGET_VP_INDEX, note.target);
        InterceptHeader.INTS.set(payload, InterceptMessages.Sipi.INTERRUPT_VECTOR, (int) note.command & 0xff);
        return new SynicMessage(MessageType.X64_SIPI_INTERCEPT, 0, payload);
    }

    private SynicMessage init(Note note) {
        byte[] payload = new byte[InterceptMessages.InitSipi.SIZE];
        InterceptHeader.write(payload, vp, Access.WRITE, 0, 0);
        InterceptHeader.LONGS.set(payload, InterceptMessages.InitSipi.APIC_ICR, note.command);
        return new SynicMessage(MessageType.X64_APIC_INIT_SIPI_INTERCEPT, 0, payload);
    }

    /**
     * HvCallStartVirtualProcessor: level {@code by} is told and entered.
     *
     * @return false where this VP does not have that level
     */
    boolean hypercall(int by, int instructionLength) {
        VtlContext higher = vp.context(by);
        if (higher == null) {
            return false;
        }
        byte[] payload = new byte[InterceptMessages.Hypercall.SIZE];
        InterceptHeader.write(payload, vp, Access.EXECUTE, instructionLength, 0);
        register(payload, InterceptMessages.Hypercall.RAX, Register.RAX);
        register(payload, InterceptMessages.Hypercall.RBX, Register.RBX);
        register(payload, InterceptMessages.Hypercall.RCX, Register.RCX);
        register(payload, InterceptMessages.Hypercall.RDX, Register.RDX);
        register(payload, InterceptMessages.Hypercall.R8, Register.R8);
        register(payload, InterceptMessages.Hypercall.RSI, Register.RSI);
        register(payload, InterceptMessages.Hypercall.RDI, Register.RDI);
        for (int i = 0; i < 2 * InterceptMessages.Hypercall.XMM_REGISTERS_COUNT; i++) {
            InterceptHeader.LONGS.set(
                    payload, InterceptMessages.Hypercall.XMM_REGISTERS + 8 * i, cpu.vector(i >>> 1, i & 1));
        }
        vp.trace().intercepted(vp.context().level(), "hypercall", cpu.get(Register.RIP), "execute");
        post(higher, new SynicMessage(MessageType.HYPERCALL_INTERCEPT, 0, payload));
        vp.levels().enter(by, AssistPage.VtlControl.ENTRY_REASON_INTERCEPT);
        return true;
    }

    private void register(byte[] payload, int offset, Register register) {
        InterceptHeader.LONGS.set(payload, offset, cpu.get(register));
    }
}
