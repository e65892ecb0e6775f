package portcullis.soft.simd;

import portcullis.engine.Register;
import portcullis.soft.LongMode;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Decoder;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.state.State;

/** Executes single vector instructions on a CPU with AVX switched on, past the block machinery. */
final class VectorMachine implements AutoCloseable {
    static final int NO_FAULT = -1;

    final LongMode machine = new LongMode();
    final Cpu cpu = (Cpu) machine.cpu;
    private final Decoder decoder;

    VectorMachine() {
        OpcodeTable table = new OpcodeTable();
        SimdSet.register(table);
        decoder = new Decoder(table);
        machine.cpu.set(Register.CR4, cpu.cr4() | Cpu.CR4_OSXSAVE);
        cpu.field(State.XCR0, 7);
        cpu.field32(State.MXCSR, 0x1f80);
    }

    /** The operation for these bytes, or null where they are no instruction. */
    Op decode(byte... bytes) {
        System.arraycopy(bytes, 0, decoder.bytes, 0, bytes.length);
        decoder.available = bytes.length;
        Instruction in = decoder.decode(LongMode.CODE, cpu.mode());
        return in == null || in.encoding == null || in.length != bytes.length ? null : (Op) in.encoding.family.make(in);
    }

    Op decode(String hex) {
        return decode(java.util.HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    /** Executes the instruction. @return the exception's vector, or {@link #NO_FAULT} */
    int run(String hex) {
        Op op = decode(hex);
        if (op == null) {
            return Fault.UD;
        }
        try {
            op.execute(cpu);
            return NO_FAULT;
        } catch (Fault fault) {
            return fault.vector;
        }
    }

    @Override
    public void close() {
        machine.close();
    }
}
