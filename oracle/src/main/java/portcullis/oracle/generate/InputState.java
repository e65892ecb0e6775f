package portcullis.oracle.generate;

import portcullis.memory.host.HostMemory;
import portcullis.oracle.sandbox.Layout;

/** The state that a test case starts from: registers, the top of the stack, scratch memory. */
public final class InputState {
    /** In encoding order; the stack pointer's is not used. */
    public final long[] gpr = new long[16];

    public long rflags = 0x202;
    public final long[] stack = new long[Layout.STACK_WORDS];
    /** As FXSAVE64 lays it out. */
    public final byte[] fxsave = new byte[512];
    /** Sixteen registers of 32 bytes. */
    public final byte[] ymm = new byte[512];

    public final byte[] scratch = new byte[Layout.SCRATCH_SIZE];

    public InputState copy() {
        InputState copy = new InputState();
        System.arraycopy(gpr, 0, copy.gpr, 0, gpr.length);
        copy.rflags = rflags;
        System.arraycopy(stack, 0, copy.stack, 0, stack.length);
        System.arraycopy(fxsave, 0, copy.fxsave, 0, fxsave.length);
        System.arraycopy(ymm, 0, copy.ymm, 0, ymm.length);
        System.arraycopy(scratch, 0, copy.scratch, 0, scratch.length);
        return copy;
    }

    /** Writes it to the data of a case at a host address, and clears the output there. */
    public void store(long data) {
        long input = data + Layout.INPUT;
        for (int i = 0; i < 16; i++) {
            HostMemory.putLong(input + Layout.GPR + 8 * i, gpr[i]);
        }
        HostMemory.putLong(input + Layout.RFLAGS, rflags);
        for (int i = 0; i < stack.length; i++) {
            HostMemory.putLong(input + Layout.STACK + 8 * i, stack[i]);
        }
        HostMemory.copy(fxsave, 0, input + Layout.FXSAVE, fxsave.length);
        HostMemory.copy(ymm, 0, input + Layout.YMM, ymm.length);
        // The register file is in both parts; without AVX the FXSAVE image alone is loaded.
        for (int i = 0; i < 16; i++) {
            HostMemory.copy(ymm, 32 * i, input + Layout.FXSAVE + 160 + 16 * i, 16);
        }
        HostMemory.fill(data + Layout.OUTPUT, Layout.STATE_SIZE, (byte) 0);
        HostMemory.copy(scratch, 0, data + Layout.SCRATCH, scratch.length);
    }
}
