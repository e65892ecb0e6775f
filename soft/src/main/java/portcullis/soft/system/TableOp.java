package portcullis.soft.system;

import portcullis.engine.InterceptedRegister;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** LGDT, LIDT, SGDT, SIDT and INVLPG: what takes a memory operand in group 7 (SDM volume 2). */
final class TableOp extends Op {
    private static final int SGDT = 0;
    private static final int SIDT = 1;
    private static final int LGDT = 2;
    private static final int LIDT = 3;
    private static final int INVLPG = 4;

    private static final Family FAMILY = TableOp::new;

    private final int kind;

    private TableOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 01 /0 mem", "SGDT M", FAMILY, SGDT);
        table.add("0F 01 /1 mem", "SIDT M", FAMILY, SIDT);
        table.add("0F 01 /2 mem", "LGDT M", FAMILY, LGDT);
        table.add("0F 01 /3 mem", "LIDT M", FAMILY, LIDT);
        table.add("0F 01 /7 mem", "INVLPG M", FAMILY, INVLPG, Encoding.END);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case SGDT -> store(cpu, cpu.gdtBase, cpu.gdtLimit);
            case SIDT -> store(cpu, cpu.idtBase, cpu.idtLimit);
            case INVLPG -> invalidate(cpu);
            default -> load(cpu);
        }
    }

    /** The base is stored whole whatever the operand size, as every processor since the 386 does. */
    private void store(Cpu cpu, long base, int limit) {
        cpu.requireStore(kind == SGDT ? Cpu.STORE_GDT : Cpu.STORE_IDT, in);
        int size = in.is64() ? 8 : 4;
        long address = linear(cpu, size + 2, true);
        cpu.probeWrite(address + 2, size);
        cpu.write16(address, limit);
        cpu.write(address + 2, size, base);
    }

    private void load(Cpu cpu) {
        ControlOp.requirePrivilege(cpu);
        int size = in.is64() ? 8 : 4;
        long address = linear(cpu, size + 2, false);
        cpu.intercepts.writeFrom(cpu, kind == LGDT ? InterceptedRegister.GDTR : InterceptedRegister.IDTR, address);
        int limit = cpu.read16(address);
        long base = cpu.read(address + 2, size);
        if (in.operandSize == 2 && !in.is64()) {
            base &= 0xffffff;
        }
        if (in.is64() && !cpu.model.canonicalAtWidest(base)) {
            throw cpu.fault(Fault.GP, 0);
        }
        if (kind == LGDT) {
            cpu.gdtBase = base;
            cpu.gdtLimit = limit;
        } else {
            cpu.idtBase = base;
            cpu.idtLimit = limit;
        }
    }

    /** The address is only computed: no segment check, and none for being canonical. */
    private void invalidate(Cpu cpu) {
        ControlOp.requirePrivilege(cpu);
        long address = offset(cpu) + cpu.field(segmentBase);
        if (!in.is64()) {
            cpu.invalidatePage(address & 0xffffffffL);
        } else if (cpu.canonical(address)) {
            cpu.invalidatePage(address);
        }
    }
}
