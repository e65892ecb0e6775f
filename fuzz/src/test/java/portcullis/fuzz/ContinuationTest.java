package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** A list that takes longer than a time slice, step by step (TLFS hypercall-interface.md, "Hypercall Continuation"). */
class ContinuationTest {
    private static final long SELF = 0xffff_fffeL;
    private static final long INPUT = Layout.PLAYGROUND;
    private static final long OUTPUT = Layout.PLAYGROUND + Layout.PAGE;
    private static final int COUNT = 5;
    /** More nanoseconds than a slice of 50 microseconds has. */
    private static final long SLICE = 60_000;

    private final Bench bench = new Bench(Variant.FULL);
    private final Caller caller = new Caller(bench.machine().vps.getFirst());
    private final GuestMemory memory = bench.machine().memory;

    @AfterEach
    void close() {
        bench.close();
    }

    private void begin(Mode mode) {
        caller.vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 1);
        caller.setMode(mode);
        caller.prepare();
        memory.putLong(INPUT, -1);
        memory.putLong(INPUT + 8, SELF);
        for (int i = 0; i < COUNT; i++) {
            memory.putInt(INPUT + 16 + i * 4, HvRegister.VP_INDEX.code());
            memory.putLong(OUTPUT + i * 16, 99);
        }
        long control = CallTable.GET_REGISTERS | (long) COUNT << 32;
        caller.cpu.set(Register.RIP, Layout.VMCALL);
        if (mode.wide) {
            caller.cpu.set(Register.RAX, 0x77);
            caller.cpu.set(Register.RCX, control);
            caller.cpu.set(Register.RDX, INPUT);
            caller.cpu.set(Register.R8, OUTPUT);
        } else {
            caller.cpu.set(Register.RAX, control & 0xffff_ffffL);
            caller.cpu.set(Register.RDX, control >>> 32);
            caller.cpu.set(Register.RBX, 0);
            caller.cpu.set(Register.RCX, INPUT);
            caller.cpu.set(Register.RDI, 0);
            caller.cpu.set(Register.RSI, OUTPUT);
        }
    }

    private long control(Mode mode) {
        return mode.wide
                ? caller.cpu.get(Register.RCX)
                : caller.cpu.get(Register.RDX) << 32 | caller.cpu.get(Register.RAX);
    }

    @ParameterizedTest
    @EnumSource(names = {"LONG", "COMPATIBILITY", "PROTECTED"})
    void shouldDoOneElementASliceAndSayInTheControlWordWhereItGoesOn(Mode mode) {
        begin(mode);
        bench.time().setStep(SLICE);
        for (int done = 1; done < COUNT; done++) {
            caller.vp.turn();
            assertEquals(Layout.VMCALL, caller.cpu.get(Register.RIP), "it stays on the instruction");
            assertEquals(CallTable.GET_REGISTERS | (long) COUNT << 32 | (long) done << 48, control(mode));
            assertEquals(0, memory.getLong(OUTPUT + (done - 1) * 16), "what is done is written");
            assertEquals(99, memory.getLong(OUTPUT + done * 16), "what is not, is not");
            if (mode.wide) {
                assertEquals(0x77, caller.cpu.get(Register.RAX), "there is no result yet");
            }
        }
        caller.vp.turn();
        assertTrue(caller.cpu.get(Register.RIP) > Layout.VMCALL);
        long result = mode.wide ? caller.cpu.get(Register.RAX) : control(mode);
        assertEquals(HvStatus.SUCCESS | (long) COUNT << 32, result);
    }

    @Test
    void shouldReadTheListAgainInEachSlice() {
        begin(Mode.LONG);
        bench.time().setStep(SLICE);
        caller.vp.turn();
        memory.putInt(INPUT + 16 + 2 * 4, 0x0fff_ffff);
        caller.vp.turn();
        caller.vp.turn();
        assertEquals(HvStatus.INVALID_PARAMETER | 2L << 32, caller.cpu.get(Register.RAX));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 1000})
    void shouldDoAllInOneSliceWhereThereIsTime(long step) {
        begin(Mode.LONG);
        bench.time().setStep(step);
        caller.vp.turn();
        assertEquals(HvStatus.SUCCESS | (long) COUNT << 32, caller.cpu.get(Register.RAX));
    }
}
