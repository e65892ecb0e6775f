package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.Register;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** What the fuzzer has found, as calls that a person can read: choices change their meaning when the fuzzer learns something. */
class FoundTest {
    private static final long FAST = 1L << 16;

    private final Bench bench = new Bench(Variant.FULL);
    private final Caller caller = new Caller(bench.machine().vps.getFirst());

    @BeforeEach
    void identify() {
        caller.vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 1);
        caller.prepare();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    /** @return the result value */
    private long call(long control, long input, long output) {
        caller.cpu.set(Register.RIP, Layout.VMCALL);
        caller.cpu.set(Register.RCX, control);
        caller.cpu.set(Register.RDX, input);
        caller.cpu.set(Register.R8, output);
        caller.vp.turn();
        return caller.cpu.get(Register.RAX);
    }

    /** Seed 4294967296. */
    @Test
    void shouldLeaveOutputRegistersOfElementsNotDoneAlone() {
        caller.cpu.set(Register.RBX, 0x1234);
        caller.cpu.setVector(0, 0, (long) 0xdead_0000 << 32 | HvRegister.RBX.code());
        caller.cpu.setVector(1, 0, 0x55);
        caller.cpu.setVector(2, 1, 0x66);
        long self = 0xffff_fffeL;
        long result = call(CallTable.GET_REGISTERS | FAST | 2L << 32, -1, self);
        assertEquals(HvStatus.INVALID_PARAMETER | 1L << 32, result);
        assertEquals(0x1234, caller.cpu.vector(1, 0));
        assertEquals(0x66, caller.cpu.vector(2, 1));
    }
}
