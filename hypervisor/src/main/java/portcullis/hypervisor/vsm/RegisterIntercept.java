package portcullis.hypervisor.vsm;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import portcullis.engine.Access;
import portcullis.engine.ExitDetails;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.Register;
import portcullis.engine.RegisterIntercepts;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.synic.MessageBuffers;
import portcullis.hypervisor.synic.SynicMessage;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.page.AssistPage;

/**
 * What happens when a level accesses a control register, an MSR or a table register that a higher one watches (TLFS vsm.md,
 * "Secure Register Intercepts"): the level that watches is told by message and entered. The access has not happened; it is tried
 * again when the lower level goes on. Unlike memory intercepts these inhibit no flushes: the message has all that there is to
 * know. One a VP, on its thread.
 */
public final class RegisterIntercept {
    private static final int MESSAGES = 4;

    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final int levels;
    private final boolean offered;
    private final MessageBuffers buffers = new MessageBuffers(MESSAGES);

    public RegisterIntercept(Partition partition, VirtualProcessor vp) {
        this.vp = vp;
        cpu = vp.cpu();
        levels = Partition.TRUST_LEVELS;
        offered = partition.engine().capabilities().registerIntercepts();
    }

    /** Whether the engine can. */
    boolean offered() {
        return offered;
    }

    /** A level of this VP has come to watch something else, or has ceased to exist. */
    public void changed() {
        if (offered) {
            for (int level = 0; level < levels - 1; level++) {
                cpu.interceptRegisters(level, InterceptChoice.union(above(level)));
            }
        }
    }

    private List<InterceptChoice> above(int level) {
        List<InterceptChoice> choices = new ArrayList<>();
        for (int higher = level + 1; higher < levels; higher++) {
            choices.add(choice(higher));
        }
        return choices;
    }

    private InterceptChoice choice(int level) {
        VtlContext context = vp.context(level);
        return context == null ? InterceptChoice.NONE : context.secureConfig().interceptChoice();
    }

    /** A REGISTER_INTERCEPT exit. */
    public void intercepted(ExitDetails exit) {
        VtlContext lower = vp.context();
        int by = lower.level() + 1;
        while (by < levels && !watches(choice(by), exit)) {
            by++;
        }
        if (by == levels) {
            // The engine was asked for exactly what the levels watch: there is one, or it has to be told again.
            changed();
            return;
        }
        boolean msr = exit.register == InterceptedRegister.MSR;
        vp.trace()
                .intercepted(
                        lower.level(),
                        exit.register.name(),
                        msr ? exit.msr & 0xffff_ffffL : exit.memoryOperand ? exit.gva : exit.value,
                        exit.access.name().toLowerCase(Locale.ROOT));
        byte[] payload = msr ? msr(exit) : register(exit);
        cpu.forgetExit();
        int type = msr ? MessageType.MSR_INTERCEPT : MessageType.REGISTER_INTERCEPT;
        vp.context(by).synic().post(InterceptHeader.SINT, new SynicMessage(type, 0, payload), buffers);
        vp.levels().enter(by, AssistPage.VtlControl.ENTRY_REASON_INTERCEPT);
    }

    /** Whether a level is told of this access; of several that watch it the lowest ("Nested Intercepts"). */
    private boolean watches(InterceptChoice choice, ExitDetails exit) {
        return switch (exit.register) {
            case CR0 -> RegisterIntercepts.intercepts(choice.cr0Bits(), cpu.get(Register.CR0), exit.value);
            case CR4 -> RegisterIntercepts.intercepts(choice.cr4Bits(), cpu.get(Register.CR4), exit.value);
            case XCR0, GDTR, IDTR, LDTR, TR -> choice.writes(exit.register);
            case MSR ->
                exit.access == Access.READ ? choice.readsMsr(exit.msr) : writesMsr(choice, exit.msr, exit.value);
        };
    }

    private boolean writesMsr(InterceptChoice choice, int number, long value) {
        long bits = choice.msrWriteBits(number);
        return number == InterceptChoice.MISC_ENABLE
                ? RegisterIntercepts.intercepts(bits, cpu.msr(number), value)
                : bits != 0;
    }

    /** HV_X64_MSR_INTERCEPT_MESSAGE. */
    private byte[] msr(ExitDetails exit) {
        byte[] message = new byte[InterceptMessages.Msr.SIZE];
        InterceptHeader.write(message, vp, exit.access, exit.instructionLength, 0);
        InterceptHeader.INTS.set(message, InterceptMessages.Msr.MSR_NUMBER, exit.msr);
        InterceptHeader.LONGS.set(message, InterceptMessages.Msr.RDX, cpu.get(Register.RDX));
        InterceptHeader.LONGS.set(message, InterceptMessages.Msr.RAX, cpu.get(Register.RAX));
        return message;
    }

    /** HV_X64_REGISTER_INTERCEPT_MESSAGE. */
    private byte[] register(ExitDetails exit) {
        byte[] message = new byte[InterceptMessages.Register.SIZE];
        InterceptHeader.write(message, vp, exit.access, exit.instructionLength, 0);
        InterceptHeader.INTS.set(
                message,
                InterceptMessages.Register.REGISTER_NAME,
                name(exit.register).code());
        if (exit.memoryOperand) {
            message[InterceptMessages.Register.FLAGS] = InterceptMessages.Register.FLAGS_IS_MEMORY_OP;
            InterceptHeader.LONGS.set(message, InterceptMessages.Register.SOURCE_ADDRESS, exit.gva);
        } else {
            InterceptHeader.LONGS.set(message, InterceptMessages.Register.SOURCE_VALUE, exit.value);
        }
        return message;
    }

    private static HvRegister name(InterceptedRegister register) {
        return switch (register) {
            case CR0 -> HvRegister.CR0;
            case CR4 -> HvRegister.CR4;
            case XCR0 -> HvRegister.XFEM;
            case GDTR -> HvRegister.GDTR;
            case IDTR -> HvRegister.IDTR;
            case LDTR -> HvRegister.LDTR;
            case TR -> HvRegister.TR;
            case MSR -> throw new IllegalArgumentException("has a message of its own");
        };
    }

    /**
     * Whether a level above {@code caller} watches writes of a register, and so keeps {@code caller} from writing it by hypercall:
     * what an instruction could not do unseen, HvCallSetVpRegisters and HvCallStartVirtualProcessor cannot either. With the
     * engine's context on the level concerned.
     */
    public boolean keeps(int caller, HvRegister name, long value) {
        for (int level = caller + 1; level < levels; level++) {
            InterceptChoice choice = choice(level);
            if (choice.control() != 0 && keeps(choice, name, value)) {
                return true;
            }
        }
        return false;
    }

    private boolean keeps(InterceptChoice choice, HvRegister name, long value) {
        return switch (name) {
            case CR0 -> RegisterIntercepts.intercepts(choice.cr0Bits(), cpu.get(Register.CR0), value);
            case CR4 -> RegisterIntercepts.intercepts(choice.cr4Bits(), cpu.get(Register.CR4), value);
            case XFEM -> choice.writes(InterceptedRegister.XCR0);
            case GDTR -> choice.writes(InterceptedRegister.GDTR);
            case IDTR -> choice.writes(InterceptedRegister.IDTR);
            case LDTR -> choice.writes(InterceptedRegister.LDTR);
            case TR -> choice.writes(InterceptedRegister.TR);
            case EFER -> choice.msrWriteBits(InterceptChoice.EFER) != 0;
            case APIC_BASE -> choice.msrWriteBits(InterceptChoice.APIC_BASE) != 0;
            case IA32_MISC_ENABLE -> writesMsr(choice, InterceptChoice.MISC_ENABLE, value);
            case LSTAR -> choice.msrWriteBits(0xc0000082) != 0;
            case STAR -> choice.msrWriteBits(0xc0000081) != 0;
            case CSTAR -> choice.msrWriteBits(0xc0000083) != 0;
            case SFMASK -> choice.msrWriteBits(0xc0000084) != 0;
            case SYSENTER_CS -> choice.msrWriteBits(0x174) != 0;
            case SYSENTER_ESP -> choice.msrWriteBits(0x175) != 0;
            case SYSENTER_EIP -> choice.msrWriteBits(0x176) != 0;
            case TSC_AUX -> choice.msrWriteBits(0xc0000103) != 0;
            default -> false;
        };
    }
}
