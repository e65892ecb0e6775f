package portcullis.soft.block;

import java.util.Arrays;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Decoder;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/**
 * Decodes guest code into blocks. A block ends at a control transfer, at an instruction behind which decoding may change, at
 * the end of the page, or after {@link #MAX_BLOCK} instructions. An instruction that crosses into the next page is a block of
 * its own. One builder a CPU.
 */
final class BlockBuilder {
    private static final int MAX_BLOCK = 64;

    private final EngineShared shared;
    private final GuestMemory memory;
    private final Decoder decoder;
    private final Op[] ops = new Op[MAX_BLOCK + 1];

    BlockBuilder(EngineShared shared, GuestMemory memory, OpcodeTable opcodes) {
        this.shared = shared;
        this.memory = memory;
        decoder = new Decoder(opcodes);
    }

    /**
     * @param base of the code segment; 0 in 64-bit mode
     * @param la linear address of the first byte
     * @param gpa its physical address
     */
    Block build(CodeLookup cpu, long rip, long base, long la, long gpa) {
        int count = 0;
        long host = memory.hostAddress(gpa);
        int room = 0x1000 - (int) (gpa & 0xfff);
        int used = 0;
        long secondPage = -1;
        Instruction last = null;
        boolean ended = false;
        while (count < MAX_BLOCK && used < room && !ended) {
            int available = Math.min(Decoder.MAX_LENGTH, room - used);
            fetch(host == 0 ? 0 : host + used, 0, available);
            Instruction in = decoder.decode(rip + used, cpu.mode());
            if (in == null && !decoder.tooLong()) {
                if (count > 0) {
                    break;
                }
                long nextGpa = cpu.translateFetch(cpu.wrapped(la + room));
                secondPage = nextGpa & ~0xfffL;
                fetch(memory.hostAddress(nextGpa), available, Decoder.MAX_LENGTH - available);
                in = decoder.decode(rip, cpu.mode());
            }
            boolean tooLong = in == null;
            if (tooLong) {
                in = new Instruction();
                in.rip = rip + used;
                in.length = Decoder.MAX_LENGTH;
                in.mode = cpu.mode();
            } else if (!cpu.is64() && in.rip + in.length - 1 > cpu.segmentLimit(Registers.CS)) {
                if (count > 0) {
                    break;
                }
                throw cpu.fault(Fault.GP, 0);
            }
            Op op = in.encoding == null ? new Undefined(in, tooLong) : (Op) in.encoding.family.make(in);
            ops[count++] = shared.breakpointAt(cpu.wrapped(la + used)) ? new Breakpoint(op) : op;
            used += in.length;
            last = in;
            ended = in.encoding == null || in.encoding.has(Encoding.END) || secondPage >= 0;
        }
        return finish(cpu, count, rip, base, gpa, used, secondPage, last);
    }

    private Block finish(
            CodeLookup cpu, int count, long rip, long base, long gpa, int used, long secondPage, Instruction last) {
        Encoding encoding = last.encoding;
        int total = count;
        if (encoding == null || !encoding.has(Encoding.TRANSFER)) {
            ops[total++] = new FallThrough(last.nextRip());
        }
        boolean linkable = encoding != null && (!encoding.has(Encoding.END) || encoding.has(Encoding.DIRECT));
        Op[] made = Arrays.copyOf(ops, total);
        return new Block(made, count, rip, cpu.mode(), base, gpa, used, secondPage, linkable);
    }

    /** Fetches bytes for the decoder; open bus (all ones) where there is no memory. */
    private void fetch(long host, int at, int count) {
        if (host == 0) {
            Arrays.fill(decoder.bytes, at, at + count, (byte) 0xff);
        } else {
            HostMemory.copy(host, decoder.bytes, at, count);
        }
        decoder.available = at + count;
    }
}
