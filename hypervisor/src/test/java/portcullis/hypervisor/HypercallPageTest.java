package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.hypervisor.registers.RegisterValue;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** HV_X64_MSR_HYPERCALL and what lies where it says (TLFS, "Establishing the Hypercall Interface"). */
class HypercallPageTest {
    private static final long PAGE = 0x4000;
    private static final long ELSEWHERE = 0x9000;
    private static final long ENABLE = 1;
    private static final long LOCKED = 2;

    private final FakeMachine machine = FakeMachine.offering(HypervConfig.ON);
    private final SyntheticMsrs msrs = machine.vp(0).context().syntheticMsrs();
    private final MemoryView view = machine.partition.memory().view(0);

    HypercallPageTest() {
        machine.partition.memory().addRam(0, 0x10000);
        assertTrue(msrs.write(HvMsr.GUEST_OS_ID, 7));
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private long read() {
        ExitDetails exit = new ExitDetails();
        exit.msr = HvMsr.HYPERCALL;
        msrs.read(exit);
        assertFalse(exit.fault);
        return exit.value;
    }

    @Test
    void shouldMoveAsOftenAsTheGuestWants() {
        assertTrue(msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE));
        assertTrue(view.isOverlaid(PAGE));
        assertTrue(msrs.write(HvMsr.HYPERCALL, ELSEWHERE | ENABLE | 0xffc));
        assertFalse(view.isOverlaid(PAGE));
        assertTrue(view.isOverlaid(ELSEWHERE));
        assertEquals(ELSEWHERE | ENABLE | 0xffc, read(), "reserved bits are preserved");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, ELSEWHERE | ENABLE, PAGE, PAGE | ENABLE, PAGE | ENABLE | LOCKED})
    void shouldStayWhereItIsOnceItIsLocked(long value) {
        assertTrue(msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE | LOCKED));
        assertFalse(msrs.write(HvMsr.HYPERCALL, value), "#GP");
        assertEquals(PAGE | ENABLE | LOCKED, read());
        assertTrue(view.isOverlaid(PAGE));
        assertFalse(view.isOverlaid(ELSEWHERE));

        RegisterValue register = new RegisterValue();
        register.set(value);
        assertEquals(
                HvStatus.INVALID_REGISTER_VALUE,
                machine.vp(0).context().registers().write(HvRegister.HYPERCALL.code(), register, 0));
        assertEquals(PAGE | ENABLE | LOCKED, read());
    }

    @Test
    void shouldGoWithTheGuestsIdentityEvenWhereItIsLocked() {
        msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE | LOCKED);
        assertTrue(msrs.write(HvMsr.GUEST_OS_ID, 0));
        assertFalse(view.isOverlaid(PAGE));
        assertEquals(PAGE | LOCKED, read());
        msrs.write(HvMsr.GUEST_OS_ID, 7);
        assertFalse(msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE), "and comes back by a reset alone");
    }

    @Test
    void shouldBeUnlockedByAReset() {
        msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE | LOCKED);
        machine.partition.level(0).reset();
        assertEquals(0, read());
        msrs.write(HvMsr.GUEST_OS_ID, 7);
        assertTrue(msrs.write(HvMsr.HYPERCALL, ELSEWHERE | ENABLE));
        assertTrue(view.isOverlaid(ELSEWHERE));
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 32, 1L << 40, 1L << 62, Long.MIN_VALUE, -4096})
    void shouldRefuseToLieBeyondTheGuestsAddresses(long gpa) {
        msrs.write(HvMsr.HYPERCALL, PAGE | ENABLE);
        assertFalse(msrs.write(HvMsr.HYPERCALL, gpa | ENABLE));
        assertEquals(PAGE | ENABLE, read());
        assertTrue(view.isOverlaid(PAGE));
    }
}
