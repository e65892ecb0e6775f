package portcullis.soft.block;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Instruction;

/** Bytes that are no instruction (#UD), or too many (#GP). */
final class Undefined extends Op {
    private final boolean tooLong;

    Undefined(Instruction in, boolean tooLong) {
        super(in);
        this.tooLong = tooLong;
    }

    @Override
    public void execute(Cpu cpu) {
        throw tooLong ? cpu.fault(Fault.GP, 0) : cpu.fault(Fault.UD);
    }
}
