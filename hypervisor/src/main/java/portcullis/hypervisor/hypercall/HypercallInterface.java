package portcullis.hypervisor.hypercall;

import java.util.Arrays;
import portcullis.engine.Access;
import portcullis.engine.ExitDetails;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.memory.GuestAddressException;
import portcullis.memory.MemoryView;
import portcullis.tlfs.CallShape;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;
import portcullis.tlfs.HypercallInput;

/**
 * Takes one VP's hypercalls from registers to handlers and back (TLFS, "Hypercall Interface"). What is wrong with the call as
 * such is found here, in this order: mode and privilege level (#UD), code, privilege, control word, alignment, access.
 */
public final class HypercallInterface {
    private static final int UD = 6;
    private static final long CR0_PE = 1;
    private static final long RFLAGS_VM = 1 << 17;

    /** Reserved bits, and nesting: there is no other hypervisor below this one. */
    private static final long RESERVED = HypercallInput.RESERVED | HypercallInput.IS_NESTED;

    private static final long START_FIELD =
            (long) HypercallInput.REP_START_INDEX_MASK << HypercallInput.REP_START_INDEX_SHIFT;

    private static final int FAST_BYTES = HypercallInput.EXTENDED_FAST_SIZE;
    private static final int SHORT_FAST_BYTES = HypercallInput.FAST_SIZE;

    /** TLFS, "Hypercall Continuation". */
    private static final long SLICE_MICROSECONDS = 50;

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final HypercallTable table;
    private final CallContext context;
    private final long sliceTicks;
    private final long privileges;
    private final boolean xmmInput;
    private final boolean xmmOutput;

    // Of the call in progress.
    private Hypercall call;
    private CallShape shape;
    private long rip;
    private long control;
    private long inputGpa;
    private long outputGpa;

    public HypercallInterface(Partition partition, VirtualProcessor vp, HypercallTable table) {
        this.partition = partition;
        this.vp = vp;
        cpu = vp.cpu();
        this.table = table;
        context = new CallContext(partition, vp);
        privileges = partition.hyperv().privileges();
        xmmInput = partition.hyperv().xmmInput();
        xmmOutput = partition.hyperv().xmmOutput();
        sliceTicks = partition.time().clock().frequency() * SLICE_MICROSECONDS / 1_000_000;
    }

    /** Carries out the call under the CPU's RIP. */
    public void call(ExitDetails exit) {
        long began = vp.trace().begin();
        if (!legalEnvironment()) {
            cpu.injectException(UD, false, 0);
            return;
        }
        context.wide = cpu.executes64BitCode();
        rip = cpu.get(Register.RIP);
        readRegisters();
        shape = null;
        context.repsDone = 0;
        context.instructionLength = exit.instructionLength;
        int status = perform();
        switch (status) {
            case HypercallHandler.SUSPENDED -> {
                context.level().traceSuspend(cpu.get(Register.RIP), (int) control & HypercallInput.CALL_CODE_MASK);
                context.vp().reportCircle();
            }
            case HypercallHandler.INTERCEPTED, HypercallHandler.DONE -> {
                // RIP stays where it is, or is where the handler has set it.
            }
            case HypercallHandler.UNDEFINED -> cpu.injectException(UD, false, 0);
            case HypercallHandler.CONTINUE -> writeStartIndex();
            default -> {
                complete(status, exit, began);
                // The ICR can be written by its name, too.
                vp.startupIntercept().deliver();
            }
        }
    }

    /** TLFS, "Legal Hypercall Environments". */
    private boolean legalEnvironment() {
        return (cpu.get(Register.CR0) & CR0_PE) != 0
                && (cpu.get(Register.RFLAGS) & RFLAGS_VM) == 0
                && cpu.privilegeLevel() == 0
                && partition.level(context.level().level()).guestOsId() != 0;
    }

    private void readRegisters() {
        if (context.wide) {
            control = cpu.get(Register.RCX);
            inputGpa = cpu.get(Register.RDX);
            outputGpa = cpu.get(Register.R8);
        } else {
            control = pair(Register.RDX, Register.RAX);
            inputGpa = pair(Register.RBX, Register.RCX);
            outputGpa = pair(Register.RDI, Register.RSI);
        }
    }

    private long pair(Register high, Register low) {
        return cpu.get(high) << 32 | cpu.get(low) & 0xffff_ffffL;
    }

    private int perform() {
        call = table.lookup((int) control & HypercallInput.CALL_CODE_MASK);
        if (call == null) {
            return notOffered();
        }
        shape = call.code().shape();
        if ((call.code().privileges() & ~privileges) != 0) {
            return HvStatus.ACCESS_DENIED;
        }
        context.setShape(shape);
        context.fast = (control & HypercallInput.FAST) != 0;
        context.variableHeader = (int) (control >>> HypercallInput.VARIABLE_HEADER_SIZE_SHIFT)
                & HypercallInput.VARIABLE_HEADER_SIZE_MASK;
        context.repCount = (int) (control >>> HypercallInput.REP_COUNT_SHIFT) & HypercallInput.REP_COUNT_MASK;
        context.repStart =
                (int) (control >>> HypercallInput.REP_START_INDEX_SHIFT) & HypercallInput.REP_START_INDEX_MASK;
        if (isLevelSwitch(call.code()) && control != call.code().code()) {
            return HypercallHandler.UNDEFINED;
        }
        boolean repsWrong =
                shape.rep() ? context.repStart >= context.repCount : context.repCount != 0 || context.repStart != 0;
        if ((control & RESERVED) != 0 || repsWrong || context.variableHeader != 0 && !shape.variableHeader()) {
            return HvStatus.INVALID_HYPERCALL_INPUT;
        }
        int inputBytes = context.headerBytes() + context.repCount * shape.inputElement();
        int outputBytes = CallContext.align8(shape.outputHeader()) + context.repCount * shape.outputElement();
        int status = context.fast ? takeFast(inputBytes, outputBytes) : takeSlow(inputBytes, outputBytes);
        if (status != HvStatus.SUCCESS) {
            return status;
        }
        // What a handler leaves out is zero, not what an earlier call had.
        Arrays.fill(context.output, 0, outputBytes, (byte) 0);
        context.repsDone = context.repStart;
        if (shape.rep()) {
            context.beginSlice(sliceTicks);
        }
        status = call.handler().call(context);
        if (status == HvStatus.SUCCESS
                || status == HypercallHandler.CONTINUE
                || shape.outputElement() != 0 && status > 0) {
            if (context.fast) {
                giveFast(inputBytes, outputBytes);
            } else {
                giveSlow(outputBytes);
            }
        }
        return status;
    }

    /** What is wrong with one of these is #UD, not a status: it has no result. */
    private static boolean isLevelSwitch(HypercallCode code) {
        return code == HypercallCode.VTL_CALL || code == HypercallCode.VTL_RETURN;
    }

    /** A call that the specification knows and the partition lacks the privilege for is refused as such. */
    private int notOffered() {
        HypercallCode known = HypercallCode.of((int) control & HypercallInput.CALL_CODE_MASK);
        boolean privileged = known != null && (known.privileges() & ~privileges) != 0;
        return privileged ? HvStatus.ACCESS_DENIED : HvStatus.INVALID_HYPERCALL_CODE;
    }

    // Register-based calls

    private int takeFast(int inputBytes, int outputBytes) {
        boolean registersSuffice = inputBytes <= SHORT_FAST_BYTES;
        if (!registersSuffice && !xmmInput || outputBytes != 0 && !xmmOutput) {
            return HypercallHandler.UNDEFINED;
        }
        int outputBegins = inputBytes + 15 & -16;
        if (inputBytes > FAST_BYTES || outputBytes != 0 && (!context.wide || outputBegins + outputBytes > FAST_BYTES)) {
            return HvStatus.INVALID_HYPERCALL_INPUT;
        }
        context.putInput(0, inputGpa);
        context.putInput(8, outputGpa);
        for (int offset = SHORT_FAST_BYTES; offset < inputBytes; offset += 8) {
            int word = (offset >>> 3) - 2;
            context.putInput(offset, cpu.vector(word >>> 1, word & 1));
        }
        return HvStatus.SUCCESS;
    }

    /** Elements that this slice has not done stay as they are in their registers. */
    private void giveFast(int inputBytes, int outputBytes) {
        int begins = inputBytes + 15 & -16;
        boolean list = shape.outputElement() != 0;
        int from = list ? context.outputElement(context.repStart) : 0;
        int to = list ? context.outputElement(context.repsDone) : outputBytes;
        for (int offset = from & -8; offset < to; offset += 8) {
            int word = begins + offset >>> 3;
            long value = outputWord(word);
            for (int i = Math.max(from, offset); i < Math.min(to, offset + 8); i++) {
                int shift = (i & 7) * 8;
                value = value & ~(0xffL << shift) | (context.output[i] & 0xffL) << shift;
            }
            setOutputWord(word, value);
        }
    }

    private long outputWord(int word) {
        return switch (word) {
            case 0 -> cpu.get(Register.RDX);
            case 1 -> cpu.get(Register.R8);
            default -> cpu.vector(word - 2 >>> 1, word & 1);
        };
    }

    private void setOutputWord(int word, long value) {
        switch (word) {
            case 0 -> cpu.set(Register.RDX, value);
            case 1 -> cpu.set(Register.R8, value);
            default -> cpu.setVector(word - 2 >>> 1, word & 1, value);
        }
    }

    // Memory-based calls

    private int takeSlow(int inputBytes, int outputBytes) {
        if (misplaced(inputGpa, inputBytes) || misplaced(outputGpa, outputBytes)) {
            return HvStatus.INVALID_ALIGNMENT;
        }
        boolean overlap = inputBytes != 0
                && outputBytes != 0
                && inputGpa < outputGpa + outputBytes
                && outputGpa < inputGpa + inputBytes;
        if (overlap) {
            return HvStatus.INVALID_ALIGNMENT;
        }
        MemoryView view = view();
        if (outputBytes != 0 && intercepted(outputGpa, Access.WRITE)
                || inputBytes != 0 && intercepted(inputGpa, Access.READ)) {
            return HypercallHandler.INTERCEPTED;
        }
        try {
            if (outputBytes != 0) {
                if (!view.writable(outputGpa, outputBytes)) {
                    return HvStatus.INVALID_HYPERCALL_INPUT;
                }
            }
            if (inputBytes != 0) {
                view.read(inputGpa, context.input, 0, inputBytes);
            }
        } catch (GuestAddressException absent) {
            return HvStatus.INVALID_HYPERCALL_INPUT;
        }
        return HvStatus.SUCCESS;
    }

    /** A page that a higher trust level refuses is its business (TLFS, "Alignment Requirements"). */
    private boolean intercepted(long gpa, Access access) {
        return view().restrictions(gpa) != 0 && vp.memoryIntercept().refused(gpa, access, context.instructionLength);
    }

    private boolean misplaced(long gpa, int bytes) {
        return bytes != 0
                && ((gpa & 7) != 0
                        || (gpa & CallContext.PAGE - 1) + bytes > CallContext.PAGE
                        || gpa < 0
                        || gpa >= partition.memory().limit());
    }

    private MemoryView view() {
        return partition.memory().view(context.level().level());
    }

    private void giveSlow(int outputBytes) {
        if (outputBytes == 0) {
            return;
        }
        int first = context.outputElement(context.repStart);
        int end = shape.outputElement() == 0 ? outputBytes : context.outputElement(context.repsDone);
        int header = shape.outputHeader();
        try {
            if (header != 0) {
                view().write(outputGpa, context.output, 0, header);
            }
            if (shape.outputElement() != 0 && end > first) {
                view().write(outputGpa + first, context.output, first, end - first);
            }
        } catch (GuestAddressException gone) {
            // Another VP has taken the page away since it was checked: the output has nowhere to go.
        }
    }

    // Results

    private void complete(int status, ExitDetails exit, long began) {
        long reps = shape != null && shape.rep() ? context.repsDone : 0;
        long result = status | reps << HypercallInput.REP_COUNT_SHIFT;
        if (context.wide) {
            cpu.set(Register.RAX, result);
        } else {
            cpu.set(Register.RAX, result & 0xffff_ffffL);
            cpu.set(Register.RDX, result >>> 32);
        }
        if (cpu.get(Register.RIP) == rip) {
            // Not where the call has set the caller's own RIP.
            cpu.completeInstruction(exit.instructionLength);
        }
        vp.trace().hypercall(context.level().level(), began, control, result);
    }

    private void writeStartIndex() {
        long next = control & ~START_FIELD | (long) context.repsDone << HypercallInput.REP_START_INDEX_SHIFT;
        if (context.wide) {
            cpu.set(Register.RCX, next);
        } else {
            cpu.set(Register.RAX, next & 0xffff_ffffL);
            cpu.set(Register.RDX, next >>> 32);
        }
    }
}
