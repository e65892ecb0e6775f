package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Instruction;

/** An encoding whose fields contradict each other: #UD. */
final class Refused extends Op {
    Refused(Instruction in) {
        super(in);
    }

    @Override
    public void execute(Cpu cpu) {
        throw cpu.fault(Fault.UD);
    }
}
