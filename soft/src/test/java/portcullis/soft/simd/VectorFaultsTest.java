package portcullis.soft.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static portcullis.soft.simd.VectorMachine.NO_FAULT;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.soft.LongMode;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.state.State;

/** When vector instructions must not execute, and that they then change nothing. */
class VectorFaultsTest {
    private static final int RSI = 6;
    /** RAM ends here, and with it the page tables' reach. */
    private static final long END_OF_MEMORY = 16 << 20;

    private final VectorMachine vectors = new VectorMachine();
    private final Cpu cpu = vectors.cpu;

    @AfterEach
    void close() {
        vectors.close();
    }

    private void setCr0(long bits, boolean on) {
        cpu.field(State.CR0, on ? cpu.cr0() | bits : cpu.cr0() & ~bits);
    }

    private void setCr4(long bits, boolean on) {
        cpu.field(State.CR4, on ? cpu.cr4() | bits : cpu.cr4() & ~bits);
    }

    // PADDB mm1,mm2; PADDB xmm1,xmm2; VPADDB xmm1,xmm3,xmm2.

    @ParameterizedTest
    @CsvSource({"0ffcca, 6", "660ffcca, 6", "c5e1fcca, -1"})
    void shouldBeUndefinedWhenX87IsEmulated(String code, int vector) {
        setCr0(Cpu.CR0_EM, true);
        assertEquals(vector, vectors.run(code));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0ffcca", "660ffcca", "c5e1fcca", "0f77", "0fae16", "660f3a63ca00"})
    void shouldBeUnavailableAfterTaskSwitch(String code) {
        setCr0(Cpu.CR0_TS, true);
        cpu.r64(RSI, LongMode.DATA);
        assertEquals(Fault.NM, vectors.run(code));
    }

    @ParameterizedTest
    @CsvSource({"0ffcca, -1", "660ffcca, 6", "c5e1fcca, -1"})
    void shouldNeedOperatingSystemSupportForSse(String code, int vector) {
        setCr4(Cpu.CR4_OSFXSR, false);
        assertEquals(vector, vectors.run(code));
    }

    @Test
    void shouldNeedAvxStateEnabled() {
        setCr4(Cpu.CR4_OSXSAVE, false);
        assertEquals(Fault.UD, vectors.run("c5e1fcca"));
        setCr4(Cpu.CR4_OSXSAVE, true);
        cpu.field(State.XCR0, 3);
        assertEquals(Fault.UD, vectors.run("c5e1fcca"));
        assertEquals(NO_FAULT, vectors.run("660ffcca"));
    }

    @Test
    void shouldReportPendingX87ExceptionBeforeMmx() {
        cpu.field32(State.FSW, 0x80);
        assertEquals(Fault.MF, vectors.run("0ffcca"));
        assertEquals(NO_FAULT, vectors.run("660ffcca"));
    }

    /** Address, instruction with [rsi], whether it asks for alignment. */
    @ParameterizedTest
    @CsvSource({
        "660ffc0e, 13", // PADDB xmm1,[rsi]
        "0f280e, 13", // MOVAPS
        "660f7f0e, 13", // MOVDQA store
        "660fe70e, 13", // MOVNTDQ
        "660f382a0e, 13", // MOVNTDQA
        "f30f120e, 13", // MOVSLDUP
        "0f100e, -1", // MOVUPS
        "f20ff00e, -1", // LDDQU
        "f30f580e, -1", // ADDSS
        "660f3a630e00, -1", // PCMPISTRI
        "660f38200e, -1", // PMOVSXBW
        "c5e1fc0e, -1", // VPADDB
        "c5f8280e, 13", // VMOVAPS
        "c5fd7f0e, 13" // VMOVDQA ymm
    })
    void shouldRefuseMisalignedOperandsOnlyWhereTheManualSays(String code, int vector) {
        cpu.r64(RSI, LongMode.DATA + 8);
        assertEquals(vector, vectors.run(code));
    }

    @Test
    void shouldWantThirtyTwoByteAlignmentForWideMoves() {
        cpu.r64(RSI, LongMode.DATA + 16);
        assertEquals(Fault.GP, vectors.run("c5fc280e"));
        assertEquals(NO_FAULT, vectors.run("c5f8280e"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0f110e", "c5fc110e", "f30f7f0e", "c4e37d390e01"})
    void shouldWriteNothingWhenTheSecondPageFaults(String code) {
        long start = END_OF_MEMORY - 8;
        vectors.machine.memory.putLong(start, 0x1122334455667788L);
        cpu.vector(1, 0, -1);
        cpu.vector(1, 2, -1);
        cpu.r64(RSI, start);
        assertEquals(Fault.PF, vectors.run(code));
        assertEquals(END_OF_MEMORY, cpu.field(State.CR2));
        assertEquals(0x1122334455667788L, vectors.machine.memory.getLong(start));
    }

    @Test
    void shouldStoreAcrossPages() {
        long start = LongMode.DATA + 0x1000 - 5;
        for (int i = 0; i < 4; i++) {
            cpu.vector(1, i, 0x0101010101010101L * (i + 1));
        }
        cpu.r64(RSI, start);
        assertEquals(NO_FAULT, vectors.run("c5fc110e"));
        assertEquals(NO_FAULT, vectors.run("c5fc1016"));
        for (int i = 0; i < 4; i++) {
            assertEquals(cpu.vector(1, i), cpu.vector(2, i));
        }
    }

    @Test
    void shouldReadNoMoreThanScalarOperand() {
        cpu.r64(RSI, END_OF_MEMORY - 4);
        assertEquals(NO_FAULT, vectors.run("f30f580e"));
        assertEquals(Fault.PF, vectors.run("f20f580e"));
        cpu.r64(RSI, END_OF_MEMORY - 2);
        assertEquals(NO_FAULT, vectors.run("660f38220e")); // PMOVSXBQ reads two bytes
    }

    @Test
    void shouldRaiseUnmaskedExceptionBeforeWriting() {
        cpu.field32(State.MXCSR, 0x1f80 & ~0x200);
        cpu.vector(1, 0, 0x3ff0000000000000L);
        cpu.vector(1, 1, 0x3ff0000000000000L);
        cpu.vector(2, 0, 0x4008000000000000L);
        cpu.vector(2, 1, 0);
        assertEquals(Fault.XM, vectors.run("660f5eca"));
        assertEquals(0x1f80 & ~0x200 | 4, cpu.field32(State.MXCSR));
        assertEquals(0x3ff0000000000000L, cpu.vector(1, 0));
        setCr4(Cpu.CR4_OSXMMEXCPT, false);
        assertEquals(Fault.UD, vectors.run("660f5eca"));
    }

    @Test
    void shouldRefuseReservedMxcsrBits() {
        cpu.r64(RSI, LongMode.DATA);
        vectors.machine.memory.putInt(LongMode.DATA, 0x11f80);
        assertEquals(Fault.GP, vectors.run("0fae16"));
        vectors.machine.memory.putInt(LongMode.DATA, 0xffbf);
        assertEquals(NO_FAULT, vectors.run("0fae16"));
        assertEquals(0xffbf, cpu.field32(State.MXCSR));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c5e8280e", // VMOVAPS with vvvv
                "c5e177", // VZEROUPPER with vvvv
                "c5edd6ca", // VMOVQ with L=1
                "c4e2fd18ca", // VBROADCASTSS with W=1
                "c4e27919ca", // VBROADCASTSD with L=0
                "c4e27d1aca", // VBROADCASTF128 from a register
                "c4e26d41ca", // VPHMINPOSUW with L=1
                "c4e26ddcca", // 256-bit VAESENC
                "f30ffcca", // PADDB behind F3
                "0f38cb", // too short
                "c4e36900ca00" // VPERMQ with L=0
            })
    void shouldRefuseContradictoryEncodings(String code) {
        assertEquals(Fault.UD, vectors.run(code));
    }

    @Test
    void shouldMakeAllX87RegistersValidInMmx() {
        cpu.field32(State.FSW, 0x3800);
        cpu.field32(State.FTW, 0xffff);
        assertEquals(NO_FAULT, vectors.run("0ffcca"));
        assertEquals(0, cpu.field32(State.FSW));
        assertEquals(0, cpu.field32(State.FTW));
        assertEquals(0xffff, cpu.reg(State.X87 + 16 + 8, 2));
        assertEquals(NO_FAULT, vectors.run("0f77"));
        assertEquals(0xffff, cpu.field32(State.FTW));
    }

    @Test
    void shouldNotTouchMmxStateWhenMemoryFaults() {
        cpu.field32(State.FTW, 0xffff);
        cpu.r64(RSI, END_OF_MEMORY);
        assertEquals(Fault.PF, vectors.run("0ffc0e"));
        assertEquals(0xffff, cpu.field32(State.FTW));
    }

    @Test
    void shouldLeaveCompletedElementsWhenGatherFaults() {
        // VPGATHERDD xmm1,[rsi+xmm2*4],xmm3: the third element lies beyond memory.
        long start = END_OF_MEMORY - 8;
        vectors.machine.memory.putLong(start, 0xbbbbbbbb_aaaaaaaaL);
        cpu.r64(RSI, start);
        cpu.vector(1, 0, 0x1111111122222222L);
        cpu.vector(1, 1, 0x3333333344444444L);
        cpu.vector(2, 0, 0x00000001_00000000L);
        cpu.vector(2, 1, 0x00000000_00000002L);
        cpu.vector(3, 0, -1);
        cpu.vector(3, 1, -1);
        assertEquals(Fault.PF, vectors.run("c4e261900c96"));
        assertEquals(0xbbbbbbbb_aaaaaaaaL, cpu.vector(1, 0));
        assertEquals(0x3333333344444444L, cpu.vector(1, 1));
        assertEquals(0, cpu.vector(3, 0));
        assertEquals(-1, cpu.vector(3, 1));
        cpu.vector(2, 1, 0x00000000_00000001L);
        assertEquals(NO_FAULT, vectors.run("c4e261900c96"));
        assertEquals(0xaaaaaaaa_bbbbbbbbL, cpu.vector(1, 1));
        assertEquals(0, cpu.vector(3, 1));
    }

    @Test
    void shouldRefuseGatherWithOverlappingRegisters() {
        assertEquals(Fault.UD, vectors.run("c4e271900c96")); // mask is the destination
        assertEquals(Fault.UD, vectors.run("c4e269900c96")); // mask is the index
        assertEquals(Fault.UD, vectors.run("c4e261900e")); // no SIB byte
    }

    @Test
    void shouldIndexGatherByVectorRegisterFour() {
        // VPGATHERDQ xmm1,[rsi+xmm4*8],xmm3: 4 means no index elsewhere.
        vectors.machine.memory.putLong(LongMode.DATA + 24, 77);
        cpu.r64(RSI, LongMode.DATA);
        cpu.vector(4, 0, 3);
        cpu.vector(3, 0, -1);
        cpu.vector(3, 1, 0);
        assertEquals(NO_FAULT, vectors.run("c4e2e1900ce6"));
        assertEquals(77, cpu.vector(1, 0));
    }

    @Test
    void shouldNotAccessElementsThatTheMaskLeavesOut() {
        cpu.r64(RSI, END_OF_MEMORY - 16);
        for (int i = 0; i < 4; i++) {
            cpu.vector(3, i, i < 2 ? -1 : 0);
            cpu.vector(1, i, 5);
        }
        assertEquals(NO_FAULT, vectors.run("c4e2652c0e")); // VMASKMOVPS ymm1,ymm3,[rsi]
        assertEquals(0, cpu.vector(1, 3));
        assertEquals(NO_FAULT, vectors.run("c4e2652e0e"));
        cpu.vector(3, 3, -1);
        assertEquals(Fault.PF, vectors.run("c4e2652e0e"));
    }

    @Test
    void shouldClearUpperHalvesOnlyWithVex() {
        cpu.vector(1, 2, 9);
        cpu.vector(1, 3, 9);
        vectors.run("660ffcca");
        assertEquals(9, cpu.vector(1, 2));
        vectors.run("c5e1fcca");
        assertEquals(0, cpu.vector(1, 2));
        assertEquals(0, cpu.vector(1, 3));
    }

    @Test
    void shouldReachAllSixteenRegisters() {
        for (int i = 0; i < 16; i++) {
            cpu.vector(i, 0, i);
        }
        vectors.run("66450ffed1"); // PADDD xmm10,xmm9
        assertEquals(19, cpu.vector(10, 0));
        vectors.run("c44109feff"); // VPADDD xmm15,xmm14,xmm15
        assertEquals(29, cpu.vector(15, 0));
    }

    @Test
    void shouldNotKnowAmdExtensions() {
        assertNull(vectors.decode("f20f79ca")); // INSERTQ (SSE4A)
        assertNull(vectors.decode("0f0fca9e")); // PFADD (3DNow!)
        assertNotEquals(null, vectors.decode("660f3800ca"));
    }
}
