package portcullis.soft.block;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;

/** An instruction before which a CPU stops for the host. */
final class Breakpoint extends Op {
    private final Op instruction;

    Breakpoint(Op instruction) {
        super(instruction.in);
        this.instruction = instruction;
    }

    @Override
    public void execute(Cpu cpu) {
        cpu.stopForHost(in.rip);
        instruction.execute(cpu);
    }
}
