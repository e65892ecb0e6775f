package portcullis.hypervisor.hypercall;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.tlfs.CallShape;

/**
 * One hypercall in progress: who calls, the control word taken apart, a private copy of the input, and the output to be. One a
 * VP, reused. Other VPs may change the input page meanwhile; what a handler has checked stays as it was.
 */
public final class CallContext {
    static final int PAGE = 4096;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VpTargets targets;
    final byte[] input = new byte[PAGE];
    final byte[] output = new byte[PAGE];

    private CallShape shape;
    boolean fast;
    boolean wide;
    int variableHeader;
    int repCount;
    int repStart;
    int repsDone;
    int instructionLength;
    private long sliceEnd;

    CallContext(Partition partition, VirtualProcessor vp) {
        this.partition = partition;
        this.vp = vp;
        targets = new VpTargets(partition.processors().size());
    }

    public Partition partition() {
        return partition;
    }

    /** The caller. */
    public VirtualProcessor vp() {
        return vp;
    }

    /** The caller's trust level. */
    public VtlContext level() {
        return vp.context();
    }

    /** A set of VPs for the handler's use. */
    public VpTargets targets() {
        return targets;
    }

    /** Whether the caller runs in 64-bit mode. */
    public boolean wideCaller() {
        return wide;
    }

    /** Whether inputs came in registers. */
    public boolean fast() {
        return fast;
    }

    void setShape(CallShape now) {
        shape = now;
    }

    // Input

    /** Bytes behind the fixed header that belong to the variable one; a multiple of 8. */
    public int variableBytes() {
        return variableHeader * 8;
    }

    /** Where element {@code index} of the input list begins. */
    public int element(int index) {
        return headerBytes() + index * shape.inputElement();
    }

    int headerBytes() {
        return align8(shape.inputHeader()) + variableBytes();
    }

    static int align8(int bytes) {
        return bytes + 7 & -8;
    }

    void putInput(int offset, long value) {
        LONGS.set(input, offset, value);
    }

    public long inputLong(int offset) {
        return (long) LONGS.get(input, offset);
    }

    public int inputInt(int offset) {
        return (int) INTS.get(input, offset);
    }

    public int inputShort(int offset) {
        return (short) SHORTS.get(input, offset) & 0xffff;
    }

    public int inputByte(int offset) {
        return input[offset] & 0xff;
    }

    /** Copies {@code length} bytes of input. */
    public byte[] inputBytes(int offset, int length) {
        return java.util.Arrays.copyOfRange(input, offset, offset + length);
    }

    // Output

    /** Where element {@code index} of the output list begins. */
    public int outputElement(int index) {
        return align8(shape.outputHeader()) + index * shape.outputElement();
    }

    public void outputLong(int offset, long value) {
        LONGS.set(output, offset, value);
    }

    public void outputInt(int offset, int value) {
        INTS.set(output, offset, value);
    }

    /** What has been put there. */
    public int outputInt(int offset) {
        return (int) INTS.get(output, offset);
    }

    public void outputShort(int offset, int value) {
        SHORTS.set(output, offset, (short) value);
    }

    public void outputByte(int offset, int value) {
        output[offset] = (byte) value;
    }

    /** Length of the instruction that calls, in bytes. */
    public int instructionLength() {
        return instructionLength;
    }

    /** Moves the caller behind the hypercall, for a handler that then changes the caller's registers or level. */
    public void completeInstruction() {
        vp.cpu().completeInstruction(instructionLength);
    }

    // Reps

    public int repCount() {
        return repCount;
    }

    /** The first element to do. */
    public int repStart() {
        return repStart;
    }

    /** Elements done so far, counted from the list's start: the handler says so after each. */
    public void repsDone(int index) {
        repsDone = index;
    }

    void beginSlice(long ticks) {
        sliceEnd = partition.time().clock().ticks() + ticks;
    }

    /** Whether the handler should stop here and return {@link HypercallHandler#CONTINUE}: the slice is over, or the VP is wanted. */
    public boolean sliceOver() {
        return vp.wanted() || partition.time().clock().ticks() - sliceEnd >= 0;
    }

    /** What is done with one element of a list. */
    @FunctionalInterface
    public interface Element {
        /** @return an HV_STATUS, or a negative value of {@link HypercallHandler} */
        int apply(int index);
    }

    /** Does the elements one by one until one fails, the list or the time slice ends. */
    public int eachElement(Element action) {
        for (int index = repStart; index < repCount; index++) {
            int status = action.apply(index);
            if (status != 0) {
                return status;
            }
            repsDone = index + 1;
            if (repsDone < repCount && sliceOver()) {
                return HypercallHandler.CONTINUE;
            }
        }
        return 0;
    }
}
