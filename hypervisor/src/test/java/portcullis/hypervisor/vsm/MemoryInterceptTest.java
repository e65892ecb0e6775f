package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import portcullis.engine.Access;
import portcullis.engine.ExitDetails;
import portcullis.engine.PendingEvent;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.vsm.LevelBench.Told;
import portcullis.memory.Protection;
import portcullis.tlfs.message.InterceptMessages.Header;
import portcullis.tlfs.message.InterceptMessages.Memory;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.register.VsmRegisters.VsmVpSecureVtlConfig;

/** Accesses that higher levels refuse: which level is told, and what. */
class MemoryInterceptTest {
    private static final long PAGE = 0x5000;
    private static final long ADDRESS = PAGE + 0x123;
    private static final long CR4_SMEP = 1 << 20;
    private static final Segment WIDE_CODE = new Segment(8, 0, -1, 0xa09b);
    private static final Segment USER_DATA = new Segment(0x2b, 0, -1, 0xc0f3);

    private LevelBench bench = LevelBench.complete();

    @AfterEach
    void close() {
        bench.close();
    }

    private void protect(int by, int lower, int allowed) {
        bench.partition.memory().view(lower).protect(by, PAGE, 1, allowed);
    }

    private void refused(Access access, int instructionLength) {
        ExitDetails exit = bench.exit();
        exit.gpa = ADDRESS;
        exit.access = access;
        exit.instructionLength = instructionLength;
        bench.vp(0).memoryIntercept().refused(exit);
    }

    @ParameterizedTest
    @CsvSource({
        "0, true, true, true",
        "1, false, true, true",
        // Nobody writes where he may not read.
        "2, true, true, true",
        "3, false, false, true",
        "4, true, true, false",
        "5, false, true, false",
        "6, true, true, false",
        "7, false, false, false",
        // The user's right counts with mode based execute control only.
        "8, true, true, true",
        "9, false, true, true",
        "11, false, false, true",
        "12, true, true, false",
        "15, false, false, false"
    })
    void shouldTellOfWhatAPageDoesNotAllow(int allowed, boolean read, boolean write, boolean execute) {
        protect(1, 0, allowed);
        for (Access access : Access.values()) {
            boolean tells = switch (access) {
                case READ -> read;
                case WRITE -> write;
                case EXECUTE -> execute;
            };
            bench.runIn(0);
            refused(access, 3);
            assertEquals(tells ? 1 : 0, bench.active(), access.name());
            assertEquals(tells ? 1 : 0, bench.told(), access.name());
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Level 1 allows level 0, level 2 allows level 0, and level 1; who runs: told
        "0, 15, 15, 0, 1",
        "15, 0, 15, 0, 2",
        "0, 0, 15, 0, 1",
        "15, 15, 0, 0, 0",
        "15, 15, 0, 1, 2",
        "0, 0, 15, 1, 0"
    })
    void shouldTellTheLowestLevelAboveThatRefuses(int first, int second, int above, int active, int told) {
        protect(1, 0, first);
        protect(2, 0, second);
        protect(2, 1, above);
        bench.runIn(active);
        refused(Access.READ, 3);
        assertEquals(told == 0 ? active : told, bench.active());
        assertEquals(told, bench.told());
    }

    @ParameterizedTest
    @CsvSource({
        // MBEC, SMEP, the level of privilege, what is allowed: told
        "false, ON, 3, 4, false",
        "false, ON, 3, 8, true",
        "true, ON, 3, 4, true",
        "true, ON, 3, 8, false",
        "true, ON, 0, 4, false",
        "true, ON, 0, 8, true",
        "true, OFF, 3, 4, false",
        "true, OFF, 3, 8, true",
        "true, NONE, 3, 4, true",
        "true, NONE, 3, 8, false",
        "true, NONE, 0, 8, true"
    })
    void shouldTellModesApartWhereThatIsOn(boolean on, String smep, int privilege, int allowed, boolean tells) {
        bench.config(1).setLower(0, on ? VsmVpSecureVtlConfig.MBEC_ENABLED : 0);
        bench.cpu().missingCr4Bits = smep.equals("NONE") ? CR4_SMEP : 0;
        bench.cpu().set(Register.CR4, smep.equals("ON") ? CR4_SMEP : 0);
        bench.cpu().setSegment(SegmentRegister.SS, new Segment(0, 0, -1, 0xc093 | privilege << 5));
        protect(1, 0, allowed);
        refused(Access.EXECUTE, 2);
        assertEquals(tells ? 1 : 0, bench.told());
    }

    @Test
    void shouldTryAgainWhatHasBeenPermittedMeanwhile() {
        refused(Access.WRITE, 3);
        assertEquals(0, bench.active());
        assertNull(bench.cpu().pendingEvent());
        assertEquals(0, bench.vp(0).flushInhibitReasons(0));
    }

    @Test
    void shouldRaiseAFaultWhereNobodyCanBeTold() {
        bench.close();
        bench = new LevelBench(1, true);
        protect(1, 0, Protection.NONE);
        refused(Access.READ, 3);
        assertEquals(0, bench.active());
        assertEquals(new PendingEvent(false, 13, true, 0), bench.cpu().pendingEvent());
    }

    @Test
    void shouldTellTheNextLevelWhereTheVpDoesNotHaveTheOneThatRefuses() {
        bench.close();
        bench = new LevelBench(1, true);
        bench.enable(0, 2);
        protect(1, 0, Protection.NONE);
        refused(Access.READ, 3);
        assertEquals(2, bench.active());
        assertEquals(2, bench.told());
    }

    @Test
    void shouldInhibitFlushesUntilTheLevelIsLeft() {
        protect(1, 0, Protection.NONE);
        refused(Access.READ, 3);
        assertEquals(InhibitReason.INTERCEPT.bit(), bench.vp(0).flushInhibitReasons(0));
        bench.runIn(0);
        assertEquals(0, bench.vp(0).flushInhibitReasons(0));
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void shouldTellOfPagesOfHypercalls(Access access) {
        MemoryIntercept intercept = bench.vp(0).memoryIntercept();
        assertFalse(intercept.refused(ADDRESS, access, 3), "nobody refuses");
        assertEquals(0, bench.active());
        protect(1, 0, Protection.NONE);
        assertTrue(intercept.refused(ADDRESS, access, 3));
        assertEquals(1, bench.active());
        assertEquals(ADDRESS, bench.take(1).longAt(Memory.GUEST_PHYSICAL_ADDRESS));
    }

    // The message

    private void placeCode(long at, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            bench.partition.memory().view(2).putByte(at + i, (byte) bytes[i]);
        }
    }

    private static void assertBytes(Told told, int... expected) {
        assertEquals(expected.length, told.byteAt(Memory.INSTRUCTION_BYTE_COUNT));
        for (int i = 0; i < 16; i++) {
            assertEquals(i < expected.length ? expected[i] : 0, told.byteAt(Memory.INSTRUCTION_BYTES + i), "byte " + i);
        }
    }

    @Test
    void shouldSayWhatWasRefused() {
        protect(1, 0, Protection.READ);
        placeCode(0x8000, 0x48, 0x89, 0x18, 0x90);
        var cpu = bench.cpu();
        cpu.setSegment(SegmentRegister.CS, WIDE_CODE);
        cpu.setSegment(SegmentRegister.SS, USER_DATA);
        cpu.set(Register.RIP, 0x8000);
        cpu.set(Register.RFLAGS, 0x202);
        cpu.set(Register.CR8, 7);
        refused(Access.WRITE, 3);
        Told told = bench.take(1);
        assertEquals(MessageType.GPA_INTERCEPT, told.type());
        assertEquals(Memory.SIZE, told.payload().capacity());
        assertEquals(Header.ACCESS_WRITE, told.byteAt(Header.INTERCEPT_ACCESS_TYPE));
        assertEquals(0x73, told.byteAt(Header.INSTRUCTION_LENGTH), "CR8 and the length");
        assertEquals(3, told.shortAt(Header.EXECUTION_STATE), "user mode");
        assertEquals(0x8000, told.longAt(Header.RIP));
        assertEquals(0x1_0202, told.longAt(Header.RFLAGS), "with RF: it is tried again");
        assertEquals(6, told.intAt(Memory.CACHE_TYPE), "write-back");
        assertEquals(0, told.byteAt(Memory.MEMORY_ACCESS_INFO));
        assertEquals(7, told.byteAt(Memory.TPR_PRIORITY));
        assertEquals(0, told.longAt(Memory.GUEST_VIRTUAL_ADDRESS));
        assertEquals(ADDRESS, told.longAt(Memory.GUEST_PHYSICAL_ADDRESS));
        assertBytes(told, 0x48, 0x89, 0x18);
    }

    @Test
    void shouldSayNoBytesOfAFetch() {
        protect(1, 0, Protection.READ);
        bench.cpu().setSegment(SegmentRegister.CS, WIDE_CODE);
        bench.cpu().set(Register.RIP, ADDRESS);
        refused(Access.EXECUTE, 2);
        Told told = bench.take(1);
        assertEquals(Header.ACCESS_EXECUTE, told.byteAt(Header.INTERCEPT_ACCESS_TYPE));
        assertEquals(2, told.byteAt(Header.INSTRUCTION_LENGTH), "of the instruction that led there");
        assertBytes(told);
    }

    @Test
    void shouldSayNoBytesThatTheLevelMayNotRead() {
        protect(1, 0, Protection.NONE);
        placeCode(PAGE - 2, 0x48, 0x8b, 0x18);
        bench.cpu().setSegment(SegmentRegister.CS, WIDE_CODE);
        bench.cpu().set(Register.RIP, PAGE - 2);
        refused(Access.READ, 3);
        assertBytes(bench.take(1), 0x48, 0x8b);
    }

    @ParameterizedTest
    @CsvSource({"1000, 7000", "fffff000, 9000", "ffff0000, 18000", "80000000, 80008000"})
    void shouldFindTheBytesOfNarrowCodeBehindItsBase(String base, String rip) {
        protect(1, 0, Protection.NONE);
        placeCode(0x8000, 0x8b, 0x18);
        bench.cpu().setSegment(SegmentRegister.CS, new Segment(0x18, Long.parseLong(base, 16), -1, 0xc09b));
        bench.cpu().set(Register.RIP, Long.parseLong(rip, 16));
        refused(Access.READ, 2);
        assertBytes(bench.take(1), 0x8b, 0x18);
    }
}
