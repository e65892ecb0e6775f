package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.MsrIntercept;
import portcullis.engine.RegisterIntercepts;
import portcullis.tlfs.register.VsmRegisters.CrInterceptControl;

/** From HV_REGISTER_CR_INTERCEPT_CONTROL and its masks to what an engine is asked to leave for. */
class InterceptChoiceTest {
    private static final long ALL = RegisterIntercepts.EVERY_WRITE;
    private static final int BITS = 25;

    private static InterceptChoice choice(long control) {
        return new InterceptChoice(control, ALL, ALL, ALL);
    }

    private static RegisterIntercepts union(InterceptChoice... levels) {
        return InterceptChoice.union(List.of(levels));
    }

    private static int asked(RegisterIntercepts of) {
        int count = of.writes().size() + (of.cr0Bits() != 0 ? 1 : 0) + (of.cr4Bits() != 0 ? 1 : 0);
        for (MsrIntercept msr : of.msrs()) {
            count += (msr.read() ? 1 : 0) + (msr.writeBits() != 0 ? 1 : 0);
        }
        return count;
    }

    static IntStream bits() {
        return IntStream.range(0, BITS);
    }

    @ParameterizedTest
    @MethodSource("bits")
    void shouldAskForOneAccessABit(int bit) {
        // The keys of SGX are four registers.
        int expected = 1L << bit == CrInterceptControl.MSR_SGX_LAUNCH_CONTROL_WRITE ? 4 : 1;
        assertEquals(expected, asked(union(choice(1L << bit))));
    }

    @ParameterizedTest
    @CsvSource({
        "3, 1a0, true",
        "4, 1a0, false",
        "5, c0000082, true",
        "6, c0000082, false",
        "7, c0000081, true",
        "8, c0000081, false",
        "9, c0000083, true",
        "10, c0000083, false",
        "11, 1b, true",
        "12, 1b, false",
        "13, c0000080, true",
        "14, c0000080, false",
        "19, 174, false",
        "20, 176, false",
        "21, 175, false",
        "22, c0000084, false",
        "23, c0000103, false"
    })
    void shouldNameTheMsrOfABit(int bit, String number, boolean read) {
        int msr = Integer.parseUnsignedInt(number, 16);
        assertEquals(
                List.of(new MsrIntercept(msr, read, read ? 0 : ALL)),
                union(choice(1L << bit)).msrs());
        assertEquals(read, choice(1L << bit).readsMsr(msr));
        assertEquals(read ? 0 : ALL, choice(1L << bit).msrWriteBits(msr));
        assertFalse(choice(~(1L << bit)).readsMsr(msr) && read);
    }

    @ParameterizedTest
    @CsvSource({"2, XCR0", "15, GDTR", "16, IDTR", "17, LDTR", "18, TR"})
    void shouldNameTheRegisterOfABit(int bit, InterceptedRegister register) {
        assertEquals(new RegisterIntercepts(0, 0, Set.of(register), List.of()), union(choice(1L << bit)));
        assertTrue(choice(1L << bit).writes(register));
        assertFalse(choice(~(1L << bit)).writes(register));
    }

    @Test
    void shouldTakeBitsFromTheMasks() {
        InterceptChoice masked = new InterceptChoice(
                CrInterceptControl.CR0_WRITE | CrInterceptControl.CR4_WRITE | CrInterceptControl.IA32_MISC_ENABLE_WRITE,
                8,
                0x80,
                1);
        assertEquals(
                new RegisterIntercepts(8, 0x80, Set.of(), List.of(new MsrIntercept(0x1a0, false, 1))), union(masked));
        assertEquals(RegisterIntercepts.NONE, union(new InterceptChoice(0, 8, 0x80, 1)), "masks alone ask for nothing");
    }

    @Test
    void shouldAskForWhatAnyLevelWants() {
        InterceptChoice lower = new InterceptChoice(
                CrInterceptControl.CR0_WRITE | CrInterceptControl.MSR_LSTAR_READ | CrInterceptControl.TR_WRITE,
                8,
                0,
                0);
        InterceptChoice higher = new InterceptChoice(
                CrInterceptControl.CR0_WRITE | CrInterceptControl.MSR_LSTAR_WRITE | CrInterceptControl.GDTR_WRITE,
                2,
                0,
                0);
        RegisterIntercepts both = new RegisterIntercepts(
                10,
                0,
                Set.of(InterceptedRegister.TR, InterceptedRegister.GDTR),
                List.of(new MsrIntercept(0xc0000082, true, ALL)));
        assertEquals(both, union(lower, higher));
        assertEquals(both, union(higher, InterceptChoice.NONE, lower));
        assertEquals(RegisterIntercepts.NONE, union(InterceptChoice.NONE));
    }
}
