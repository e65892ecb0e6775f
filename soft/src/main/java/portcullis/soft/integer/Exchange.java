package portcullis.soft.integer;

import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;

/** XCHG, XADD, CMPXCHG, CMPXCHG8B and CMPXCHG16B. XCHG with memory is locked with or without the prefix. */
final class Exchange extends Op {
    private static final int XCHG = 0;
    private static final int XADD = 1;
    private static final int CMPXCHG = 2;
    private static final int CMPXCHG8B = 3;
    private static final int XCHG_AX = 4;

    static final Family FAMILY = Exchange::new;

    private final int kind;
    private final int size;
    private final boolean locked;

    private Exchange(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.encoding.operands[0].size == 1 ? 1 : in.operandSize;
        locked = in.has(Instruction.LOCK) || kind == XCHG;
    }

    static void register(OpcodeTable t) {
        t.add("86", "XCHG Eb,Gb", FAMILY, XCHG, Encoding.LOCK);
        t.add("87", "XCHG Ev,Gv", FAMILY, XCHG, Encoding.LOCK);
        t.add("0F C0", "XADD Eb,Gb", FAMILY, XADD, Encoding.LOCK);
        t.add("0F C1", "XADD Ev,Gv", FAMILY, XADD, Encoding.LOCK);
        t.add("0F B0", "CMPXCHG Eb,Gb", FAMILY, CMPXCHG, Encoding.LOCK);
        t.add("0F B1", "CMPXCHG Ev,Gv", FAMILY, CMPXCHG, Encoding.LOCK);
        t.add("0F C7 /1 mem", "CMPXCHG8B M", FAMILY, CMPXCHG8B, Encoding.LOCK);
        for (int i = 1; i < 8; i++) {
            t.add("%02X".formatted(0x90 + i), "XCHG Zv,AX", FAMILY, XCHG_AX);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case XCHG_AX -> {
                long a = cpu.reg(0, size);
                cpu.reg(0, size, cpu.reg(in.rm * 8, size));
                cpu.reg(in.rm * 8, size, a);
            }
            case CMPXCHG8B -> wide(cpu);
            default -> {
                if (in.memory) {
                    memory(cpu);
                } else {
                    register(cpu);
                }
            }
        }
    }

    private void register(Cpu cpu) {
        int rm = in.register(in.rm, size);
        int reg = in.register(in.reg, size);
        long before = cpu.reg(rm, size);
        long source = cpu.reg(reg, size);
        switch (kind) {
            case XCHG -> {
                cpu.reg(reg, size, before);
                cpu.reg(rm, size, source);
            }
            case XADD -> {
                cpu.reg(reg, size, before);
                cpu.reg(rm, size, before + source);
                cpu.flagsAdd(before, source, before + source, size);
            }
            default -> {
                long accumulator = cpu.reg(0, size);
                if (accumulator == before) {
                    cpu.reg(rm, size, source);
                } else {
                    cpu.reg(0, size, before);
                }
                cpu.flagsSub(accumulator, before, accumulator - before, size);
            }
        }
    }

    /** What memory becomes. */
    private long after(Cpu cpu, long before) {
        long source = readReg(cpu, size);
        return switch (kind) {
            case XCHG -> source;
            case XADD -> before + source;
            default -> cpu.reg(0, size) == before ? source : before;
        };
    }

    private void memory(Cpu cpu) {
        long la = linear(cpu, size, true);
        long host = cpu.hostForModify(la, size);
        long before;
        if (host == 0 || locked && !Atomics.covered(host, size)) {
            before = locked ? cpu.exclusively(() -> slow(cpu, la)) : slow(cpu, la);
        } else if (locked) {
            do {
                before = Atomics.load(host, size);
            } while (!Atomics.compareAndSet(host, size, before, after(cpu, before)));
        } else {
            before = Atomics.load(host, size);
            cpu.write(la, size, after(cpu, before));
        }
        finish(cpu, before);
    }

    private long slow(Cpu cpu, long la) {
        long before = cpu.beginModify(la, size);
        cpu.writeSlow(la, size, after(cpu, before));
        return before;
    }

    private void finish(Cpu cpu, long before) {
        int reg = in.register(in.reg, size);
        switch (kind) {
            case XCHG -> cpu.reg(reg, size, before);
            case XADD -> {
                long source = cpu.reg(reg, size);
                cpu.reg(reg, size, before);
                cpu.flagsAdd(before, source, before + source, size);
            }
            default -> {
                long accumulator = cpu.reg(0, size);
                if (accumulator != before) {
                    cpu.reg(0, size, before);
                }
                cpu.flagsSub(accumulator, before, accumulator - before, size);
            }
        }
    }

    private void wide(Cpu cpu) {
        boolean sixteen = in.w && in.is64();
        if (!cpu.model.has(sixteen ? Feature.CX16 : Feature.CX8)) {
            throw cpu.fault(Fault.UD);
        }
        long la = linear(cpu, sixteen ? 16 : 8, true);
        if (sixteen) {
            if ((la & 15) != 0) {
                throw cpu.fault(Fault.GP, 0);
            }
            if (in.has(Instruction.LOCK)) {
                // No 16-byte compare-and-set on the JVM: everybody else stands still for it.
                cpu.exclusively(() -> {
                    compareExchange16(cpu, la);
                    return null;
                });
            } else {
                compareExchange16(cpu, la);
            }
            return;
        }
        long expected = cpu.r32(Cpu.RAX) | cpu.r32(Cpu.RDX) << 32;
        long value = cpu.r32(Cpu.RBX) | cpu.r32(Cpu.RCX) << 32;
        long host = cpu.hostForModify(la, 8);
        long before;
        if (host != 0 && (host & 7) == 0) {
            do {
                before = HostMemory.getLongAcquire(host);
            } while (!HostMemory.compareAndSetLong(host, before, before == expected ? value : before));
        } else {
            before = cpu.exclusively(() -> {
                long seen = cpu.beginModify(la, 8);
                cpu.writeSlow(la, 8, seen == expected ? value : seen);
                return seen;
            });
        }
        if (before != expected) {
            cpu.r32(Cpu.RAX, before);
            cpu.r32(Cpu.RDX, before >>> 32);
        }
        equal(cpu, before == expected);
    }

    private void compareExchange16(Cpu cpu, long la) {
        long low;
        long high;
        long host = cpu.hostForModify(la, 16);
        if (host != 0) {
            low = HostMemory.getLongAcquire(host);
            high = HostMemory.getLongAcquire(host + 8);
        } else {
            cpu.probeWrite(la, 16);
            low = cpu.read64(la);
            high = cpu.read64(la + 8);
        }
        boolean same = low == cpu.r64(Cpu.RAX) && high == cpu.r64(Cpu.RDX);
        long newLow = same ? cpu.r64(Cpu.RBX) : low;
        long newHigh = same ? cpu.r64(Cpu.RCX) : high;
        cpu.write64(la, newLow);
        cpu.write64(la + 8, newHigh);
        if (!same) {
            cpu.r64(Cpu.RAX, low);
            cpu.r64(Cpu.RDX, high);
        }
        equal(cpu, same);
    }

    private static void equal(Cpu cpu, boolean same) {
        cpu.status(cpu.status() & ~Flags.ZF | (same ? Flags.ZF : 0));
    }
}
