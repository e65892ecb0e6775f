package portcullis.soft.integer;

import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/**
 * MOVS, CMPS, STOS, LODS, SCAS, with and without REP. A repeated instruction commits each element and can be interrupted
 * between elements: it then stays where it is and goes on later. Runs of MOVS and STOS inside pages go in bulk.
 */
final class Strings extends Op {
    private static final int MOVS = 0;
    private static final int CMPS = 1;
    private static final int STOS = 2;
    private static final int LODS = 3;
    private static final int SCAS = 4;

    /** Elements after which a repeated instruction lets requests be served. */
    private static final int SLICE = 4096;

    static final Family FAMILY = Strings::new;

    private final int kind;
    private final int size;
    private final boolean repeated;
    private final long next;

    private Strings(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = (in.opcode & 1) == 0 ? 1 : in.operandSize;
        repeated = in.has(Instruction.REP) || in.has(Instruction.REPNE);
        next = in.nextRip();
    }

    static void register(OpcodeTable t) {
        // A repeated one sets RIP itself: behind, or on itself when it was interrupted.
        String[] names = {"MOVS", "CMPS", "STOS", "LODS", "SCAS"};
        String[] operands = {"Y%c,X%c", "X%c,Y%c", "Y%c", "X%c", "Y%c"};
        int[] opcodes = {0xa4, 0xa6, 0xaa, 0xac, 0xae};
        for (int i = 0; i < names.length; i++) {
            String b = names[i] + "B " + operands[i].replace("%c", "b");
            String v = names[i] + " " + operands[i].replace("%c", "v");
            t.add("%02X".formatted(opcodes[i]), b, FAMILY, i, Encoding.TRANSFER);
            t.add("%02X".formatted(opcodes[i] + 1), v, FAMILY, i, Encoding.TRANSFER);
        }
    }

    private long mask() {
        return in.addressSize == 8 ? -1L : (1L << in.addressSize * 8) - 1;
    }

    private long source(Cpu cpu) {
        return cpu.linear(segment, cpu.r64(Cpu.RSI) & mask(), size, false, in.is64());
    }

    private long target(Cpu cpu, boolean write) {
        return cpu.linear(Cpu.ES, cpu.r64(Cpu.RDI) & mask(), size, write, in.is64());
    }

    private void advance(Cpu cpu, int register, long by) {
        cpu.reg(register * 8, in.addressSize, cpu.r64(register) + by);
    }

    @Override
    public void execute(Cpu cpu) {
        if (!repeated) {
            element(cpu, cpu.flag(Flags.DF) ? -size : size);
            cpu.rip(next);
            return;
        }
        long step = cpu.flag(Flags.DF) ? -size : size;
        int slice = cpu.oneElementAtATime() ? 1 : SLICE;
        for (int done = 0; done < slice; ) {
            long count = cpu.r64(Cpu.RCX) & mask();
            if (count == 0) {
                cpu.rip(next);
                return;
            }
            long bulk = slice > 1 && step > 0 && (kind == MOVS || kind == STOS) ? bulk(cpu, count) : 0;
            if (bulk > 0) {
                long bytes = bulk * size;
                if (kind == MOVS) {
                    advance(cpu, Cpu.RSI, bytes);
                }
                advance(cpu, Cpu.RDI, bytes);
                advance(cpu, Cpu.RCX, -bulk);
                done += 16;
                continue;
            }
            element(cpu, step);
            advance(cpu, Cpu.RCX, -1);
            cpu.commitReplay();
            done++;
            if ((kind == CMPS || kind == SCAS) && cpu.zf() != in.has(Instruction.REP)) {
                cpu.rip(next);
                return;
            }
        }
        if ((cpu.r64(Cpu.RCX) & mask()) == 0) {
            cpu.rip(next);
        } else {
            cpu.betweenIterations(this);
        }
    }

    private void element(Cpu cpu, long step) {
        switch (kind) {
            case MOVS -> {
                cpu.write(target(cpu, true), size, cpu.read(source(cpu), size));
                advance(cpu, Cpu.RSI, step);
                advance(cpu, Cpu.RDI, step);
            }
            case CMPS -> {
                long a = cpu.read(source(cpu), size);
                long b = cpu.read(target(cpu, false), size);
                cpu.flagsSub(a, b, a - b, size);
                advance(cpu, Cpu.RSI, step);
                advance(cpu, Cpu.RDI, step);
            }
            case STOS -> {
                cpu.write(target(cpu, true), size, cpu.reg(0, size));
                advance(cpu, Cpu.RDI, step);
            }
            case LODS -> {
                cpu.reg(0, size, cpu.read(source(cpu), size));
                advance(cpu, Cpu.RSI, step);
            }
            default -> {
                long a = cpu.reg(0, size);
                long b = cpu.read(target(cpu, false), size);
                cpu.flagsSub(a, b, a - b, size);
                advance(cpu, Cpu.RDI, step);
            }
        }
    }

    /** As many elements as lie in the current pages, at once. @return how many, 0 where the slow way is needed */
    private long bulk(Cpu cpu, long count) {
        if (!in.is64() || in.addressSize != 8) {
            return bulkSegmented(cpu, count);
        }
        return run(cpu, count, source64(cpu), cpu.r64(Cpu.RDI));
    }

    private long source64(Cpu cpu) {
        return kind == MOVS ? cpu.r64(Cpu.RSI) + (segment >= Cpu.FS ? cpu.segmentBase(segment) : 0) : 0;
    }

    private long bulkSegmented(Cpu cpu, long count) {
        if (in.is64() || in.addressSize == 2) {
            return 0;
        }
        // 32-bit addresses: only where one check of the whole run is as good as a check of each element.
        long run = Math.min(count, 0x1000 / size);
        long di = cpu.r64(Cpu.RDI) & mask();
        long si = cpu.r64(Cpu.RSI) & mask();
        int bytes = (int) run * size;
        if (di + bytes > 0xffffffffL || si + bytes > 0xffffffffL) {
            return 0;
        }
        if (!expandsUp(cpu, Cpu.ES) || kind == MOVS && !expandsUp(cpu, segment)) {
            return 0;
        }
        if (di + bytes - 1 > cpu.segmentLimit(Cpu.ES) || kind == MOVS && si + bytes - 1 > cpu.segmentLimit(segment)) {
            return 0;
        }
        long to = cpu.linear(Cpu.ES, di, size, true, false);
        long from = kind == MOVS ? cpu.linear(segment, si, size, false, false) : 0;
        return run(cpu, run, from, to);
    }

    private static boolean expandsUp(Cpu cpu, int number) {
        return (cpu.segmentAttributes(number) & 0xc) != 4;
    }

    private long run(Cpu cpu, long count, long from, long to) {
        long room = 0x1000 - (to & 0xfff);
        if (kind == MOVS) {
            room = Math.min(room, 0x1000 - (from & 0xfff));
        }
        long run = Math.min(count, room / size);
        if (run < 2) {
            return 0;
        }
        int bytes = (int) run * size;
        long hostTo = cpu.hostForWrite(to, bytes);
        if (hostTo == 0) {
            return 0;
        }
        if (kind == STOS) {
            fill(hostTo, run, cpu.reg(0, size));
            return run;
        }
        long hostFrom = cpu.hostForRead(from, bytes);
        if (hostFrom == 0 || hostTo > hostFrom && hostTo < hostFrom + bytes) {
            return 0; // an overlap that moves up repeats its pattern, element by element
        }
        HostMemory.copy(hostFrom, hostTo, bytes);
        return run;
    }

    private void fill(long host, long run, long value) {
        switch (size) {
            case 1 -> HostMemory.fill(host, run, (byte) value);
            case 2 -> {
                for (long i = 0; i < run; i++) {
                    HostMemory.putShort(host + i * 2, (short) value);
                }
            }
            case 4 -> {
                for (long i = 0; i < run; i++) {
                    HostMemory.putInt(host + i * 4, (int) value);
                }
            }
            default -> {
                for (long i = 0; i < run; i++) {
                    HostMemory.putLong(host + i * 8, value);
                }
            }
        }
    }
}
