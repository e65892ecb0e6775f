package portcullis.soft.system;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.state.State;

/** IN, OUT, INS and OUTS with the I/O permission bitmap (SDM volume 1, 19.5). */
final class PortOp extends Op {
    /** Bits of the kind. */
    private static final int OUT = 1;

    private static final int STRING = 2;
    private static final int IMMEDIATE = 4;
    private static final int BYTE = 8;

    private static final Family FAMILY = PortOp::new;

    /** Offset in the TSS of the I/O bitmap's offset. */
    private static final int IO_MAP_BASE = 102;

    private final int kind;
    private final int size;

    private PortOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = (kind & BYTE) != 0 ? 1 : Math.min(in.operandSize, 4);
    }

    static void register(OpcodeTable table) {
        table.add("E4", "IN AL,Ib", FAMILY, IMMEDIATE | BYTE);
        table.add("E5", "IN AX,Ib", FAMILY, IMMEDIATE);
        table.add("E6", "OUT Ib,AL", FAMILY, OUT | IMMEDIATE | BYTE);
        table.add("E7", "OUT Ib,AX", FAMILY, OUT | IMMEDIATE);
        table.add("EC", "IN AL,DX", FAMILY, BYTE);
        table.add("ED", "IN AX,DX", FAMILY, 0);
        table.add("EE", "OUT DX,AL", FAMILY, OUT | BYTE);
        table.add("EF", "OUT DX,AX", FAMILY, OUT);
        table.add("6C", "INS Yb,DX", FAMILY, STRING | BYTE, Encoding.TRANSFER);
        table.add("6D", "INS Yv,DX", FAMILY, STRING, Encoding.TRANSFER);
        table.add("6E", "OUTS DX,Xb", FAMILY, OUT | STRING | BYTE, Encoding.TRANSFER);
        table.add("6F", "OUTS DX,Xv", FAMILY, OUT | STRING, Encoding.TRANSFER);
    }

    @Override
    public void execute(Cpu cpu) {
        int port = (kind & IMMEDIATE) != 0 ? (int) in.immediate & 0xff : cpu.r16(Registers.RDX);
        if ((kind & STRING) != 0) {
            string(cpu, port);
            return;
        }
        requirePort(cpu, port, size);
        if ((kind & OUT) != 0) {
            cpu.portWrite(port, size, cpu.reg(Registers.RAX, size));
        } else {
            cpu.reg(Registers.RAX, size, cpu.portRead(port, size));
        }
        watch(cpu, port);
    }

    /** I/O breakpoints, which CR4.DE enables: a trap behind the instruction (SDM 17.2.4). */
    private void watch(Cpu cpu, int port) {
        long dr7 = cpu.field(State.DR7);
        if ((dr7 & 0xff) == 0 || (cpu.cr4() & Cpu.CR4_DE) == 0) {
            return;
        }
        long hit = 0;
        for (int i = 0; i < 4; i++) {
            boolean enabled = (dr7 >>> i * 2 & 3) != 0 && (dr7 >>> 16 + i * 4 & 3) == 2;
            int length = (int) (dr7 >>> 18 + i * 4 & 3) + 1;
            long first = cpu.field(State.DR + i * 8) & -length;
            if (enabled && port < first + length && first < port + size) {
                hit |= 1L << i;
            }
        }
        if (hit != 0) {
            cpu.debugTrapPending(hit);
        }
    }

    /** #GP(0) where neither IOPL nor the TSS's bitmap allows the port. */
    static void requirePort(Cpu cpu, int port, int size) {
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            return;
        }
        boolean privileged = cpu.cpl() <= (int) (cpu.systemFlags() & Flags.IOPL) >>> 12;
        if (privileged && !cpu.flag(Flags.VM)) {
            return;
        }
        long limit = cpu.segmentLimit(Registers.TR);
        boolean wideTss = (cpu.segmentAttributes(Registers.TR) & (Segment.UNUSABLE | Segment.P | 8)) == (Segment.P | 8);
        if (!wideTss || limit < IO_MAP_BASE + 1) {
            throw cpu.fault(Fault.GP, 0);
        }
        long tss = cpu.segmentBase(Registers.TR);
        long mask = cpu.isLong() ? -1 : 0xffffffffL;
        long at = cpu.readSystem(tss + IO_MAP_BASE & mask, 2) + port / 8;
        // Always two bytes, so that a wide access finds its bits in one read.
        if (at + 1 > limit) {
            throw cpu.fault(Fault.GP, 0);
        }
        long bits = cpu.readSystem(tss + at & mask, 2) >>> port % 8;
        if ((bits & (1 << size) - 1) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    /** One element an execution: events are taken between the elements, with the instruction pointer on the instruction. */
    private void string(Cpu cpu, int port) {
        boolean repeated = in.has(Instruction.REP) || in.has(Instruction.REPNE);
        long count = repeated ? indexRegister(cpu, Registers.RCX) : 1;
        if (count == 0) {
            cpu.rip(in.nextRip());
            return;
        }
        requirePort(cpu, port, size);
        int register = (kind & OUT) != 0 ? Registers.RSI : Registers.RDI;
        long offset = indexRegister(cpu, register);
        if ((kind & OUT) != 0) {
            long address = cpu.linear(in.segment, offset, size, false, in.is64());
            cpu.portWrite(port, size, cpu.read(address, size));
        } else {
            long address = cpu.linear(Registers.ES, offset, size, true, in.is64());
            cpu.probeWrite(address, size);
            cpu.write(address, size, cpu.portRead(port, size));
        }
        watch(cpu, port);
        cpu.reg(register * 8, in.addressSize, offset + (cpu.flag(Flags.DF) ? -size : size));
        if (repeated) {
            cpu.reg(Registers.RCX * 8, in.addressSize, count - 1);
        }
        if (repeated && count > 1) {
            cpu.betweenIterations(this);
        } else {
            cpu.rip(in.nextRip());
        }
    }

    private long indexRegister(Cpu cpu, int register) {
        return cpu.reg(register * 8, in.addressSize);
    }
}
