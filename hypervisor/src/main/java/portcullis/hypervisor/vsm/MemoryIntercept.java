package portcullis.hypervisor.vsm;

import portcullis.engine.Access;
import portcullis.engine.ExitDetails;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.synic.MessageBuffers;
import portcullis.hypervisor.synic.SynicMessage;
import portcullis.memory.GuestAddressException;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.Protection;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.page.AssistPage;

/**
 * What happens when a level reaches for memory that a higher one refuses it (TLFS vsm.md, "Memory Access Violations"): the level
 * that refused is told by message and entered, with flushes of the lower level inhibited until it is left (TLFS 6.0b, 9.1.4).
 * The access has not happened; it is tried again when the lower level goes on. One a VP, on its thread.
 */
public final class MemoryIntercept {
    private static final int MESSAGES = 4;
    private static final int GP = 13;
    private static final int WRITE_BACK = 6;
    private static final int INSTRUCTION_BYTES = 16;

    private static final long CR4_SMEP = 1 << 20;
    private static final int USER = 3;
    private static final long RFLAGS_RF = 1 << 16;

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final MessageBuffers buffers = new MessageBuffers(MESSAGES);

    public MemoryIntercept(Partition partition, VirtualProcessor vp) {
        this.partition = partition;
        this.vp = vp;
        cpu = vp.cpu();
    }

    /** An ACCESS_DENIED exit. */
    public void refused(ExitDetails exit) {
        deliver(exit.gpa, exit.access, exit.instructionLength);
    }

    /**
     * A hypercall's input or output page.
     *
     * @return false where no level refuses the access
     */
    public boolean refused(long gpa, Access access, int instructionLength) {
        int level = vp.context().level();
        if (refusing(level, gpa, access) < 0) {
            return false;
        }
        deliver(gpa, access, instructionLength);
        return true;
    }

    /** The lowest level above {@code level} that refuses, or -1: lower ones are told first (TLFS vsm.md, "Nested Intercepts"). */
    private int refusing(int level, long gpa, Access access) {
        MemoryView view = partition.memory().view(level);
        for (int by = level + 1; by < GuestMemory.LEVELS; by++) {
            int allowed = view.protection(by, gpa);
            boolean refuses = switch (access) {
                case READ -> (allowed & Protection.READ) == 0;
                case WRITE -> (allowed & (Protection.READ | Protection.WRITE)) != (Protection.READ | Protection.WRITE);
                case EXECUTE -> (allowed & executeRight(level)) == 0;
            };
            if (refuses) {
                return by;
            }
        }
        return -1;
    }

    /** What the processor needs to fetch where it is (TLFS vsm.md, "MBEC Interaction with SMEP"). */
    private int executeRight(int level) {
        long cr4 = cpu.get(Register.CR4);
        boolean apart = (cr4 & CR4_SMEP) != 0 || !cpu.accepts(Register.CR4, cr4 | CR4_SMEP);
        boolean user = apart && vp.mbecEnabled(level) && cpu.privilegeLevel() == USER;
        return user ? Protection.USER_EXECUTE : Protection.KERNEL_EXECUTE;
    }

    private void deliver(long gpa, Access access, int instructionLength) {
        VtlContext lower = vp.context();
        int by = refusing(lower.level(), gpa, access);
        if (by < 0) {
            // Permitted meanwhile, by another processor's higher level: the access is tried again.
            cpu.forgetExit();
            return;
        }
        while (by < GuestMemory.LEVELS && vp.context(by) == null) {
            by++;
        }
        vp.trace().intercepted(lower.level(), "memory", gpa, access.name().toLowerCase(java.util.Locale.ROOT));
        if (by >= GuestMemory.LEVELS) {
            // Nobody on this VP to tell: the level that protects is not enabled here.
            cpu.forgetExit();
            cpu.injectException(GP, true, 0);
            return;
        }
        byte[] payload = payload(lower, gpa, access, instructionLength);
        cpu.forgetExit();
        VtlContext higher = vp.context(by);
        higher.synic().post(InterceptHeader.SINT, new SynicMessage(MessageType.GPA_INTERCEPT, 0, payload), buffers);
        vp.inhibitFlushes(lower.level(), InhibitReason.INTERCEPT, vp, by);
        vp.levels().enter(by, AssistPage.VtlControl.ENTRY_REASON_INTERCEPT);
    }

    private byte[] payload(VtlContext lower, long gpa, Access access, int instructionLength) {
        byte[] message = new byte[InterceptMessages.Memory.SIZE];
        InterceptHeader.write(message, vp, access, instructionLength, RFLAGS_RF);
        InterceptHeader.INTS.set(message, InterceptMessages.Memory.CACHE_TYPE, WRITE_BACK);
        message[InterceptMessages.Memory.TPR_PRIORITY] = (byte) cpu.get(Register.CR8);
        InterceptHeader.LONGS.set(message, InterceptMessages.Memory.GUEST_PHYSICAL_ADDRESS, gpa);
        if (access != Access.EXECUTE) {
            int count = instructionBytes(message, lower.level(), Math.min(instructionLength, INSTRUCTION_BYTES));
            message[InterceptMessages.Memory.INSTRUCTION_BYTE_COUNT] = (byte) count;
        }
        return message;
    }

    /** Copies the instruction's bytes through the level's own translation. @return how many could be */
    private int instructionBytes(byte[] message, int level, int length) {
        MemoryView view = partition.memory().view(level);
        boolean wide = cpu.executes64BitCode();
        long begin = cpu.get(Register.RIP)
                + (wide ? 0 : cpu.segment(SegmentRegister.CS).base());
        for (int i = 0; i < length; i++) {
            // Outside 64-bit mode linear addresses wrap at 4 GiB (SDM 3.3.7.1).
            long linear = wide ? begin + i : begin + i & 0xffff_ffffL;
            Translation at = cpu.translate(linear, TranslationRequest.look(Access.EXECUTE, Privilege.CURRENT));
            if (at.result() != Translation.Result.SUCCESS) {
                return i;
            }
            try {
                message[InterceptMessages.Memory.INSTRUCTION_BYTES + i] = view.getByte(at.gpa());
            } catch (GuestAddressException unreadable) {
                return i;
            }
        }
        return length;
    }
}
