package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Access;
import portcullis.engine.ExitDetails;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.Register;
import portcullis.engine.RegisterIntercepts;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.hypervisor.vsm.LevelBench.Told;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.InterceptMessages.Header;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.register.VsmRegisters.CrInterceptControl;

/** Who is told of an access that the engine leaves for, and what; and what hypercalls may not write then. */
class RegisterInterceptTest {
    private static final int BITS = 25;
    private static final long ALL_BITS = (1 << BITS) - 1;
    private static final int CR0_MASK = 0;
    private static final int CR4_MASK = 1;
    private static final int MISC_ENABLE_MASK = 2;

    private LevelBench bench = LevelBench.complete();

    @AfterEach
    void close() {
        bench.close();
    }

    private void watch(int level, long control) {
        bench.config(level).setInterceptControl(control);
        bench.vp(0).registerIntercept().changed();
    }

    private ExitDetails access(InterceptedRegister register, Access access, int msr) {
        ExitDetails exit = bench.exit();
        exit.register = register;
        exit.access = access;
        exit.msr = msr;
        exit.memoryOperand = false;
        exit.instructionLength = 3;
        return exit;
    }

    private void intercepted(ExitDetails exit) {
        bench.vp(0).registerIntercept().intercepted(exit);
    }

    @ParameterizedTest
    @CsvSource({
        "0, CR0, WRITE, 0, 40000",
        "1, CR4, WRITE, 0, 40003",
        "2, XCR0, WRITE, 0, 40005",
        "3, MSR, READ, 1a0, 0",
        "4, MSR, WRITE, 1a0, 0",
        "5, MSR, READ, c0000082, 0",
        "6, MSR, WRITE, c0000082, 0",
        "7, MSR, READ, c0000081, 0",
        "8, MSR, WRITE, c0000081, 0",
        "9, MSR, READ, c0000083, 0",
        "10, MSR, WRITE, c0000083, 0",
        "11, MSR, READ, 1b, 0",
        "12, MSR, WRITE, 1b, 0",
        "13, MSR, READ, c0000080, 0",
        "14, MSR, WRITE, c0000080, 0",
        "15, GDTR, WRITE, 0, 70001",
        "16, IDTR, WRITE, 0, 70000",
        "17, LDTR, WRITE, 0, 60006",
        "18, TR, WRITE, 0, 60007",
        "19, MSR, WRITE, 174, 0",
        "20, MSR, WRITE, 176, 0",
        "21, MSR, WRITE, 175, 0",
        "22, MSR, WRITE, c0000084, 0",
        "23, MSR, WRITE, c0000103, 0",
        "24, MSR, WRITE, 8c, 0",
        "24, MSR, WRITE, 8d, 0",
        "24, MSR, WRITE, 8e, 0",
        "24, MSR, WRITE, 8f, 0"
    })
    void shouldTellOfTheAccessesOfItsBitAlone(
            int bit, InterceptedRegister register, Access access, String msr, String name) {
        ExitDetails exit = access(register, access, Integer.parseUnsignedInt(msr, 16));
        exit.value = 0x1234;
        watch(1, ALL_BITS & ~(1L << bit));
        intercepted(exit);
        assertEquals(0, bench.active(), "all others are watched");
        assertEquals(0, bench.told());

        watch(1, 1L << bit);
        intercepted(exit);
        assertEquals(1, bench.active());
        Told told = bench.take(1);
        assertEquals(access == Access.READ ? Header.ACCESS_READ : Header.ACCESS_WRITE, told.byteAt(5));
        if (register == InterceptedRegister.MSR) {
            assertEquals(MessageType.MSR_INTERCEPT, told.type());
            assertEquals(Integer.parseUnsignedInt(msr, 16), told.intAt(InterceptMessages.Msr.MSR_NUMBER));
        } else {
            assertEquals(MessageType.REGISTER_INTERCEPT, told.type());
            assertEquals(Integer.parseInt(name, 16), told.intAt(InterceptMessages.Register.REGISTER_NAME));
            assertEquals(0, told.byteAt(InterceptMessages.Register.FLAGS));
            assertEquals(0x1234, told.longAt(InterceptMessages.Register.SOURCE_VALUE));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "8, 0, 8, true",
        "8, 8, 0, true",
        "8, 0, 2, false",
        "8, 8, a, false",
        "8, 0, a, true",
        "80000008, 0, 80000000, true",
        "8, 8, 8, false",
        "0, 0, ff, false",
        "ffffffffffffffff, 8, 8, true",
        "ffffffffffffffff, 8, 0, true",
        "7fffffffffffffff, 8, 8, false"
    })
    void shouldTellOfBitsInTheMask(String mask, String before, String value, boolean tells) {
        long old = Long.parseUnsignedLong(before, 16);
        for (int which : new int[] {CR0_MASK, CR4_MASK, MISC_ENABLE_MASK}) {
            bench.config(1).setInterceptMask(which, Long.parseUnsignedLong(mask, 16));
        }
        watch(
                1,
                CrInterceptControl.CR0_WRITE
                        | CrInterceptControl.CR4_WRITE
                        | CrInterceptControl.IA32_MISC_ENABLE_WRITE);
        for (InterceptedRegister register :
                List.of(InterceptedRegister.CR0, InterceptedRegister.CR4, InterceptedRegister.MSR)) {
            bench.runIn(0);
            // The others have the opposite: they are not to count.
            bench.cpu().set(Register.CR0, register == InterceptedRegister.CR0 ? old : ~old);
            bench.cpu().set(Register.CR4, register == InterceptedRegister.CR4 ? old : ~old);
            bench.cpu().setMsr(InterceptChoice.MISC_ENABLE, register == InterceptedRegister.MSR ? old : ~old);
            ExitDetails exit = access(register, Access.WRITE, InterceptChoice.MISC_ENABLE);
            exit.value = Long.parseUnsignedLong(value, 16);
            intercepted(exit);
            assertEquals(tells ? 1 : 0, bench.active(), register.name());
            assertEquals(tells ? 1 : 0, bench.told(), register.name());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, true, true, 1", "0, false, true, 2", "0, true, false, 1", "1, true, true, 2", "1, true, false, 0"})
    void shouldTellTheLowestLevelAboveThatWatches(int active, boolean first, boolean second, int told) {
        watch(1, first ? CrInterceptControl.GDTR_WRITE : CrInterceptControl.IDTR_WRITE);
        watch(2, second ? CrInterceptControl.GDTR_WRITE : CrInterceptControl.IDTR_WRITE);
        bench.runIn(active);
        intercepted(access(InterceptedRegister.GDTR, Access.WRITE, 0));
        assertEquals(told == 0 ? active : told, bench.active());
        assertEquals(told, bench.told());
    }

    @Test
    void shouldSayWhereTheOperandLies() {
        watch(1, CrInterceptControl.GDTR_WRITE);
        ExitDetails exit = access(InterceptedRegister.GDTR, Access.WRITE, 0);
        exit.memoryOperand = true;
        exit.gva = 0xffff_8000_1234_5678L;
        exit.value = 99;
        intercepted(exit);
        Told told = bench.take(1);
        assertEquals(InterceptMessages.Register.FLAGS_IS_MEMORY_OP, told.byteAt(InterceptMessages.Register.FLAGS));
        assertEquals(0xffff_8000_1234_5678L, told.longAt(InterceptMessages.Register.SOURCE_ADDRESS));
        assertEquals(0, told.longAt(InterceptMessages.Register.SOURCE_ADDRESS + 8));
    }

    @Test
    void shouldSayWhatTheMsrIsWrittenFrom() {
        watch(1, CrInterceptControl.MSR_LSTAR_WRITE);
        bench.cpu().set(Register.RAX, 0x1111_2222_3333_4444L);
        bench.cpu().set(Register.RDX, 0x5555_6666_7777_8888L);
        intercepted(access(InterceptedRegister.MSR, Access.WRITE, 0xc0000082));
        Told told = bench.take(1);
        assertEquals(InterceptMessages.Msr.SIZE, told.payload().capacity());
        assertEquals(0x1111_2222_3333_4444L, told.longAt(InterceptMessages.Msr.RAX));
        assertEquals(0x5555_6666_7777_8888L, told.longAt(InterceptMessages.Msr.RDX));
    }

    @Test
    void shouldSayWhereTheProcessorWas() {
        watch(2, CrInterceptControl.TR_WRITE);
        bench.runIn(1);
        var cpu = bench.cpu();
        cpu.set(Register.CR8, 5);
        cpu.set(Register.RIP, 0x1_2345_6789L);
        cpu.set(Register.RFLAGS, 0x246);
        cpu.set(Register.CR0, 1 | 1 << 18);
        cpu.set(Register.EFER, 1 << 10);
        cpu.set(Register.DR7, 0x401);
        cpu.setInterruptShadow(true);
        cpu.setSegment(SegmentRegister.CS, new Segment(0x33, 0x1000, 0xfffff, 0x1a0fb));
        cpu.setSegment(SegmentRegister.SS, new Segment(0x2b, 0, -1, 0xc0f3));
        intercepted(access(InterceptedRegister.TR, Access.WRITE, 0));
        Told told = bench.take(2);
        assertEquals(0, told.intAt(Header.VP_INDEX));
        assertEquals(0x53, told.byteAt(Header.INSTRUCTION_LENGTH), "CR8 and the length");
        int state = 3
                | Header.EXECUTION_STATE_CR0_PE
                | Header.EXECUTION_STATE_CR0_AM
                | Header.EXECUTION_STATE_EFER_LMA
                | Header.EXECUTION_STATE_DEBUG_ACTIVE
                | Header.EXECUTION_STATE_INTERRUPT_SHADOW
                | 1 << Header.EXECUTION_STATE_VTL_SHIFT;
        assertEquals(state, told.shortAt(Header.EXECUTION_STATE));
        assertEquals(0x1000, told.longAt(Header.CS_SEGMENT));
        assertEquals(0xfffff, told.intAt(Header.CS_SEGMENT + 8));
        assertEquals(0x33, told.shortAt(Header.CS_SEGMENT + 12));
        assertEquals(0xa0fb, told.shortAt(Header.CS_SEGMENT + 14), "no more bits than there are");
        assertEquals(0x1_2345_6789L, told.longAt(Header.RIP));
        assertEquals(0x246, told.longAt(Header.RFLAGS));
    }

    @Test
    void shouldAskTheEngineForWhatLevelsAboveWatch() {
        RegisterIntercepts[] asked = bench.cpu().intercepts;
        watch(1, CrInterceptControl.GDTR_WRITE | CrInterceptControl.CR0_WRITE);
        watch(2, CrInterceptControl.TR_WRITE);
        InterceptChoice first = bench.config(1).interceptChoice();
        InterceptChoice second = bench.config(2).interceptChoice();
        assertEquals(InterceptChoice.union(List.of(first, second)), asked[0]);
        assertEquals(InterceptChoice.union(List.of(second)), asked[1]);
        assertNull(asked[2], "nobody is above that");
    }

    @Test
    void shouldAskNothingOfAnEngineThatCannot() {
        bench.close();
        bench = new LevelBench(1, false);
        bench.enable(0, 1);
        assertFalse(bench.vp(0).registerIntercept().offered());
        watch(1, CrInterceptControl.GDTR_WRITE);
        assertNull(bench.cpu().intercepts[0]);
    }

    // Writes by hypercall

    /** The bit whose writes each register's are. All others are nobody's. */
    private static final Map<HvRegister, Integer> BIT_OF = new EnumMap<>(Map.ofEntries(
            Map.entry(HvRegister.CR0, 0),
            Map.entry(HvRegister.CR4, 1),
            Map.entry(HvRegister.XFEM, 2),
            Map.entry(HvRegister.IA32_MISC_ENABLE, 4),
            Map.entry(HvRegister.LSTAR, 6),
            Map.entry(HvRegister.STAR, 8),
            Map.entry(HvRegister.CSTAR, 10),
            Map.entry(HvRegister.APIC_BASE, 12),
            Map.entry(HvRegister.EFER, 14),
            Map.entry(HvRegister.GDTR, 15),
            Map.entry(HvRegister.IDTR, 16),
            Map.entry(HvRegister.LDTR, 17),
            Map.entry(HvRegister.TR, 18),
            Map.entry(HvRegister.SYSENTER_CS, 19),
            Map.entry(HvRegister.SYSENTER_EIP, 20),
            Map.entry(HvRegister.SYSENTER_ESP, 21),
            Map.entry(HvRegister.SFMASK, 22),
            Map.entry(HvRegister.TSC_AUX, 23)));

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldKeepFromHypercallsWhatABitKeepsFromInstructions(int level) {
        for (int bit = 0; bit < BITS; bit++) {
            watch(level, 1L << bit);
            for (HvRegister name : HvRegister.values()) {
                boolean kept = BIT_OF.getOrDefault(name, -1) == bit;
                for (int caller = 0; caller < 3; caller++) {
                    assertEquals(
                            kept && caller < level,
                            bench.vp(0).registerIntercept().keeps(caller, name, 0),
                            name + " of level " + caller + " with bit " + bit);
                }
            }
        }
    }

    @Test
    void shouldKeepFromHypercallsWhatTheMaskHas() {
        RegisterIntercept intercept = bench.vp(0).registerIntercept();
        watch(
                1,
                CrInterceptControl.CR0_WRITE
                        | CrInterceptControl.CR4_WRITE
                        | CrInterceptControl.IA32_MISC_ENABLE_WRITE);
        bench.config(1).setInterceptMask(CR0_MASK, 8);
        bench.config(1).setInterceptMask(CR4_MASK, 0x10);
        bench.config(1).setInterceptMask(MISC_ENABLE_MASK, 1);
        bench.cpu().set(Register.CR4, 0x10);
        assertTrue(intercept.keeps(0, HvRegister.CR0, 8));
        assertFalse(intercept.keeps(0, HvRegister.CR0, 2));
        assertTrue(intercept.keeps(0, HvRegister.CR4, 0));
        assertFalse(intercept.keeps(0, HvRegister.CR4, 0x30));
        assertTrue(intercept.keeps(0, HvRegister.IA32_MISC_ENABLE, 1));
        assertFalse(intercept.keeps(0, HvRegister.IA32_MISC_ENABLE, 2));
    }

    @Test
    void shouldTellOneAfterTheOtherWhereTheSlotIsBusy() {
        watch(1, CrInterceptControl.GDTR_WRITE | CrInterceptControl.IDTR_WRITE);
        intercepted(access(InterceptedRegister.GDTR, Access.WRITE, 0));
        bench.runIn(0);
        intercepted(access(InterceptedRegister.IDTR, Access.WRITE, 0));
        Told first = bench.take(1);
        Told second = bench.take(1);
        assertNotNull(second);
        assertEquals(HvRegister.GDTR.code(), first.intAt(InterceptMessages.Register.REGISTER_NAME));
        assertEquals(HvRegister.IDTR.code(), second.intAt(InterceptMessages.Register.REGISTER_NAME));
        assertNull(bench.take(1));
    }
}
