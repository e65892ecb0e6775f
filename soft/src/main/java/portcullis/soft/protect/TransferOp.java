package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Far transfers, software interrupts and their return, fast system calls. */
final class TransferOp extends Op {
    private static final int JMP_FAR = 0;
    private static final int JMP_FAR_MEMORY = 1;
    private static final int CALL_FAR = 2;
    private static final int CALL_FAR_MEMORY = 3;
    private static final int RET_FAR = 4;
    private static final int RET_FAR_RELEASE = 5;
    private static final int IRET = 6;
    private static final int INT = 7;
    private static final int INT3 = 8;
    private static final int INTO = 9;
    private static final int INT1 = 10;
    private static final int SYSCALL = 11;
    private static final int SYSRET = 12;
    private static final int SYSENTER = 13;
    private static final int SYSEXIT = 14;

    private static final Family FAMILY = TransferOp::new;
    private static final EventDelivery EVENTS = new EventDelivery();

    /** Offset in the TSS of the I/O bitmap's offset; the interrupt redirection bitmap lies below the I/O bitmap. */
    private static final int IO_MAP_BASE = 102;

    private final int kind;

    private TransferOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        int stack = Encoding.TRANSFER | Encoding.STACK;
        table.add("EA i64", "JMPF Ap", FAMILY, JMP_FAR, Encoding.TRANSFER);
        table.add("FF /5 mem", "JMPF Mp", FAMILY, JMP_FAR_MEMORY, Encoding.TRANSFER);
        table.add("9A i64", "CALLF Ap", FAMILY, CALL_FAR, stack);
        table.add("FF /3 mem", "CALLF Mp", FAMILY, CALL_FAR_MEMORY, Encoding.TRANSFER);
        table.add("CB", "RETF", FAMILY, RET_FAR, stack);
        table.add("CA", "RETF Iw", FAMILY, RET_FAR_RELEASE, stack);
        table.add("CF", "IRET", FAMILY, IRET, stack);
        table.add("CD", "INT Ib", FAMILY, INT, Encoding.TRANSFER);
        table.add("CC", "INT3", FAMILY, INT3, Encoding.TRANSFER);
        table.add("CE i64", "INTO", FAMILY, INTO, Encoding.TRANSFER);
        table.add("F1", "INT1", FAMILY, INT1, Encoding.TRANSFER);
        table.add("0F 05", "SYSCALL", FAMILY, SYSCALL, Encoding.TRANSFER);
        table.add("0F 07", "SYSRET", FAMILY, SYSRET, Encoding.TRANSFER);
        table.add("0F 34", "SYSENTER", FAMILY, SYSENTER, Encoding.TRANSFER);
        table.add("0F 35", "SYSEXIT", FAMILY, SYSEXIT, Encoding.TRANSFER);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case JMP_FAR -> FarTransfer.jump(cpu, in.immediate2, in.immediate, in.nextRip());
            case CALL_FAR -> FarTransfer.call(cpu, in.immediate2, in.immediate, in.operandSize, in.nextRip());
            case JMP_FAR_MEMORY, CALL_FAR_MEMORY -> throughMemory(cpu);
            case RET_FAR -> FarTransfer.back(cpu, in.operandSize, 0);
            case RET_FAR_RELEASE -> FarTransfer.back(cpu, in.operandSize, (int) in.immediate & 0xffff);
            case IRET -> InterruptReturn.execute(cpu, in.operandSize, in.nextRip());
            case INT -> interrupt(cpu, (int) in.immediate & 0xff);
            case INT3 -> software(cpu, Fault.BP, EventDelivery.Kind.SOFTWARE);
            case INTO -> {
                if (cpu.of()) {
                    software(cpu, Fault.OF, EventDelivery.Kind.SOFTWARE);
                } else {
                    cpu.rip(in.nextRip());
                }
            }
            case INT1 -> {
                software(cpu, Fault.DB, EventDelivery.Kind.PRIVILEGED);
                cpu.takeDebugTraps();
            }
            case SYSCALL -> FastSystemCall.enter(cpu, in.nextRip());
            case SYSRET -> FastSystemCall.leave(cpu, in.operandSize);
            case SYSENTER -> FastSystemCall.sysenter(cpu);
            default -> FastSystemCall.sysexit(cpu, in.operandSize);
        }
    }

    private void throughMemory(Cpu cpu) {
        int size = in.operandSize;
        long address = linear(cpu, size + 2, false);
        long target = cpu.read(address, size);
        int selector = cpu.read16(address + size);
        if (kind == JMP_FAR_MEMORY) {
            FarTransfer.jump(cpu, selector, target, in.nextRip());
        } else {
            FarTransfer.call(cpu, selector, target, size, in.nextRip());
        }
    }

    private void software(Cpu cpu, int vector, EventDelivery.Kind how) {
        EVENTS.deliver(cpu, vector, how, false, 0, in.nextRip(), false);
    }

    /** INT n, in virtual-8086 mode with its six methods of handling (SDM table 20-2). */
    private void interrupt(Cpu cpu, int vector) {
        if (cpu.flag(Flags.VM)) {
            if ((cpu.cr4() & Cpu.CR4_VME) != 0 && !redirected(cpu, vector)) {
                virtual(cpu, vector);
                return;
            }
            if (FlagStore.iopl(cpu) < 3) {
                throw cpu.fault(Fault.GP, 0);
            }
        }
        software(cpu, vector, EventDelivery.Kind.SOFTWARE);
    }

    /** Whether the TSS's redirection bitmap sends the vector to the protected-mode handler. */
    private static boolean redirected(Cpu cpu, int vector) {
        long limit = cpu.segmentLimit(Registers.TR);
        long tss = cpu.segmentBase(Registers.TR);
        if (limit < IO_MAP_BASE + 1) {
            throw cpu.fault(Fault.GP, 0);
        }
        long ioMap = cpu.readSystem(Descriptors.systemAddress(cpu, tss + IO_MAP_BASE), 2);
        long at = ioMap - 32 + vector / 8;
        if (at < 0 || at > limit) {
            throw cpu.fault(Fault.GP, 0);
        }
        return (cpu.readSystem(Descriptors.systemAddress(cpu, tss + at), 1) >>> vector % 8 & 1) != 0;
    }

    private void virtual(Cpu cpu, int vector) {
        long entry = cpu.readStack(vector * 4L, 4, true);
        boolean direct = FlagStore.iopl(cpu) == 3;
        long flags = cpu.rflags();
        EventDelivery.toRealMode(cpu, entry, in.nextRip(), direct ? flags : FlagStore.virtualImage(flags));
        cpu.rflags(flags & ~(Flags.TF | Flags.RF | (direct ? Flags.IF : Flags.VIF)));
    }
}
