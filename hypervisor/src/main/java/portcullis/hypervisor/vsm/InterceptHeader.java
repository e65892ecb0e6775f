package portcullis.hypervisor.vsm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import portcullis.engine.Access;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.tlfs.message.InterceptMessages;

/** HV_X64_INTERCEPT_MESSAGE_HEADER: the level that is left, as its instruction was intercepted. On the VP's thread, before it is left. */
final class InterceptHeader {
    /** Intercepts go to SINT0. */
    static final int SINT = 0;

    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int SEGMENT_ATTRIBUTES = 0xf0ff;
    private static final long CR0_PE = 1;
    private static final long CR0_AM = 1 << 18;
    private static final long EFER_LMA = 1 << 10;
    private static final long DR7_ACTIVE = 0xff;

    private InterceptHeader() {}

    /**
     * Fills in the first bytes of a payload.
     *
     * @param instructionLength in bytes, 0 where it is not known
     * @param flags added to what RFLAGS has
     */
    static void write(byte[] message, VirtualProcessor vp, Access access, int instructionLength, long flags) {
        VirtualCpu cpu = vp.cpu();
        INTS.set(message, InterceptMessages.Header.VP_INDEX, vp.index());
        message[InterceptMessages.Header.INSTRUCTION_LENGTH] = (byte) (instructionLength & 0xf
                | (int) cpu.get(Register.CR8) << InterceptMessages.Header.INSTRUCTION_LENGTH_CR8_SHIFT);
        message[InterceptMessages.Header.INTERCEPT_ACCESS_TYPE] = (byte)
                switch (access) {
                    case READ -> InterceptMessages.Header.ACCESS_READ;
                    case WRITE -> InterceptMessages.Header.ACCESS_WRITE;
                    case EXECUTE -> InterceptMessages.Header.ACCESS_EXECUTE;
                };
        SHORTS.set(message, InterceptMessages.Header.EXECUTION_STATE, (short) executionState(vp));
        Segment cs = cpu.segment(SegmentRegister.CS);
        LONGS.set(message, InterceptMessages.Header.CS_SEGMENT, cs.base());
        LONGS.set(
                message,
                InterceptMessages.Header.CS_SEGMENT + 8,
                cs.limit() & 0xffff_ffffL
                        | (long) cs.selector() << 32
                        | (long) (cs.attributes() & SEGMENT_ATTRIBUTES) << 48);
        LONGS.set(message, InterceptMessages.Header.RIP, cpu.get(Register.RIP));
        LONGS.set(message, InterceptMessages.Header.RFLAGS, cpu.get(Register.RFLAGS) | flags);
    }

    private static int executionState(VirtualProcessor vp) {
        VirtualCpu cpu = vp.cpu();
        int state = cpu.privilegeLevel();
        long cr0 = cpu.get(Register.CR0);
        state |= (cr0 & CR0_PE) != 0 ? InterceptMessages.Header.EXECUTION_STATE_CR0_PE : 0;
        state |= (cr0 & CR0_AM) != 0 ? InterceptMessages.Header.EXECUTION_STATE_CR0_AM : 0;
        state |= (cpu.get(Register.EFER) & EFER_LMA) != 0 ? InterceptMessages.Header.EXECUTION_STATE_EFER_LMA : 0;
        state |= (cpu.get(Register.DR7) & DR7_ACTIVE) != 0 ? InterceptMessages.Header.EXECUTION_STATE_DEBUG_ACTIVE : 0;
        state |= cpu.pendingEvent() != null ? InterceptMessages.Header.EXECUTION_STATE_INTERRUPTION_PENDING : 0;
        state |= cpu.interruptShadow() ? InterceptMessages.Header.EXECUTION_STATE_INTERRUPT_SHADOW : 0;
        return state | vp.context().level() << InterceptMessages.Header.EXECUTION_STATE_VTL_SHIFT;
    }
}
