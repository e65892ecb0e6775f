package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.state.State;

/**
 * VPGATHERxx and VGATHERxPx: elements from addresses in a vector (SDM volume 2, "VPGATHERDD").
 *
 * <p>Elements are read from the lowest up. A fault leaves those before it in the destination and their mask elements clear, so
 * that the instruction goes on where it stopped.
 */
final class Gather extends VectorOp {
    /** Bit 0: 8-byte data; bit 1: 8-byte indices. */
    private static final int QWORD_DATA = 1;

    private static final int QWORD_INDICES = 2;

    static final Family FAMILY = Gather::decode;

    private final boolean wideData;
    private final boolean wideIndices;
    private final int elements;
    /** State offset of the index vector. */
    private final int indices;

    private Gather(Instruction in, int indexRegister) {
        super(in);
        wideData = (in.encoding.kind & QWORD_DATA) != 0;
        wideIndices = (in.encoding.kind & QWORD_INDICES) != 0;
        int size = wideData || wideIndices ? 8 : 4;
        elements = (in.vexL ? 32 : 16) / size;
        indices = vectorRegister(indexRegister);
    }

    private static Op decode(Instruction in) {
        // The SIB byte's index is a vector register, 4 included; without a SIB byte there is none.
        int index = in.index == State.ZERO ? 4 : in.index / 8;
        boolean distinct = index != in.reg && index != in.vvvv && in.reg != in.vvvv;
        return (in.modrm & 7) == 4 && in.addressSize != 2 && distinct ? new Gather(in, index) : new Refused(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        String[] integers = {"VPGATHERDD", "VPGATHERDQ", "VPGATHERQD", "VPGATHERQQ"};
        String[] floats = {"VGATHERDPS", "VGATHERDPD", "VGATHERQPS", "VGATHERQPD"};
        for (int kind = 0; kind < 4; kind++) {
            int w = kind & QWORD_DATA;
            String map = "VEX.W" + w + " 66 0F38 9";
            rows.one(map + (kind >> 1) + " mem", integers[kind] + " Vx,M,Hx", kind);
            rows.one(map + (2 + (kind >> 1)) + " mem", floats[kind] + " Vx,M,Hx", kind);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, in.vexL ? VEX256 : VEX128);
        int size = wideData ? 8 : 4;
        long[] result = cpu.wide;
        int used = elements * size / 8;
        for (int i = 0; i < used; i++) {
            result[i] = cpu.field(destination + i * 8);
        }
        int done = 0;
        try {
            for (; done < elements; done++) {
                if (selected(cpu, done)) {
                    put(result, done, cpu.read(address(cpu, done, size), size));
                }
            }
        } catch (Fault fault) {
            for (int i = 0; i < used; i++) {
                cpu.field(destination + i * 8, result[i]);
            }
            clearMask(cpu, done);
            throw fault;
        }
        for (int i = 0; i < 4; i++) {
            cpu.field(destination + i * 8, i < used ? result[i] : 0);
            cpu.field(first + i * 8, 0);
        }
    }

    private boolean selected(Cpu cpu, int element) {
        if (wideData) {
            return cpu.field(first + element * 8) < 0;
        }
        return (int) (cpu.field(first + (element >> 1) * 8) >>> (element & 1) * 32) < 0;
    }

    private void put(long[] result, int element, long value) {
        if (wideData) {
            result[element] = value;
        } else {
            int shift = (element & 1) * 32;
            result[element >> 1] = result[element >> 1] & ~(0xffff_ffffL << shift) | value << shift;
        }
    }

    private void clearMask(Cpu cpu, int done) {
        for (int i = 0; i < done; i++) {
            if (wideData) {
                cpu.field(first + i * 8, 0);
            } else {
                cpu.field32(first + i * 4, 0);
            }
        }
    }

    private long address(Cpu cpu, int element, int size) {
        long index = wideIndices ? cpu.field(indices + element * 8) : cpu.field32(indices + element * 4);
        long offset = cpu.field(base) + (index << scale) + displacement;
        return cpu.linear(segment, in.addressSize == 8 ? offset : offset & 0xffff_ffffL, size, false, in.is64());
    }
}
