package portcullis.soft.block;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;

/** Ends a block whose last instruction does not move RIP. Not a guest instruction. */
final class FallThrough extends Op {
    private final long rip;

    FallThrough(long rip) {
        super(null);
        this.rip = rip;
    }

    @Override
    public void execute(Cpu cpu) {
        cpu.rip(rip);
    }
}
