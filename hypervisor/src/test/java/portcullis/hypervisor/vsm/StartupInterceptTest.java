package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.vsm.LevelBench.Told;
import portcullis.tlfs.message.InterceptMessages;
import portcullis.tlfs.message.InterceptMessages.Header;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;

/** Starts and resets of VPs that levels deny or watch: whether a message is delivered, who is told, and what. */
class StartupInterceptTest {
    private static final long DENY = VsmPartitionConfig.DENY_LOWER_VTL_STARTUP;
    private static final long WATCH = VsmPartitionConfig.INTERCEPT_VP_STARTUP;
    private static final int INIT = 0x4500;
    private static final int STARTUP = 0x4608;

    /** VP 0 sends. VPs 1 and 2 wait to be started. */
    private final LevelBench bench = new LevelBench(3, true);

    @AfterEach
    void close() {
        bench.close();
    }

    private void configure(int level, long bits) {
        bench.partition.trustLevels().writeConfig(level, new VsmPartitionConfig(bits));
    }

    private LocalApic apic(int vp, int level) {
        return bench.vp(vp).context(level).apic();
    }

    /** VP 0 sends a message to one VP, at one level. @return whether it is delivered */
    private boolean send(int level, long command, int target) {
        return StartupIntercept.guard(bench.partition, level).admits(apic(0, level), command, apic(target, level));
    }

    private void delivered() {
        bench.vp(0).startupIntercept().deliver();
    }

    @ParameterizedTest
    @CsvSource({
        // Level 1, level 2, the sender's: delivered, told
        "0, 0, 0, true, 0",
        "WATCH, 0, 0, false, 1",
        "0, WATCH, 0, false, 2",
        "WATCH, WATCH, 0, false, 1",
        "DENY, 0, 0, false, 0",
        "0, DENY, 0, false, 0",
        "DENY, WATCH, 0, false, 0",
        "WATCH, DENY, 0, false, 0",
        "BOTH, 0, 0, false, 0",
        "WATCH, 0, 1, true, 0",
        "DENY, 0, 1, true, 0",
        "0, WATCH, 1, false, 2",
        "0, DENY, 1, false, 0"
    })
    void shouldDenyBeforeItTellsTheLowestLevelAbove(String first, String second, int sender, boolean sent, int told) {
        bench.enable(0, 1);
        bench.enable(0, 2);
        if (sender > 0) {
            bench.enable(1, 1);
        }
        configure(1, bits(first));
        configure(2, bits(second));
        for (int command : new int[] {INIT, STARTUP}) {
            bench.runIn(sender);
            assertEquals(sent, send(sender, command, 1));
            delivered();
            assertEquals(told == 0 ? sender : told, bench.active());
            assertEquals(told, bench.told());
        }
    }

    private static long bits(String name) {
        return switch (name) {
            case "WATCH" -> WATCH;
            case "DENY" -> DENY;
            case "BOTH" -> DENY | WATCH;
            default -> 0;
        };
    }

    @Test
    void shouldSayWhomAStartupMessageIsFor() {
        bench.enable(0, 1);
        configure(1, WATCH);
        bench.cpu().set(Register.RIP, 0x4242);
        assertFalse(send(0, STARTUP | 0x99, 1));
        assertFalse(send(0, STARTUP | 0x99, 2));
        assertNull(bench.take(1), "the write is not complete yet");
        delivered();
        for (int target = 1; target <= 2; target++) {
            Told told = bench.take(1);
            assertEquals(MessageType.X64_SIPI_INTERCEPT, told.type());
            assertEquals(InterceptMessages.Sipi.SIZE, told.payload().capacity());
            assertEquals(target, told.intAt(InterceptMessages.Sipi.TARGET_VP_INDEX));
            assertEquals(0x99, told.intAt(InterceptMessages.Sipi.INTERRUPT_VECTOR));
            assertEquals(0, told.intAt(Header.VP_INDEX));
            assertEquals(Header.ACCESS_WRITE, told.byteAt(Header.INTERCEPT_ACCESS_TYPE));
            assertEquals(0, told.byteAt(Header.INSTRUCTION_LENGTH), "the instruction is over");
            assertEquals(0x4242, told.longAt(Header.RIP));
        }
        assertNull(bench.take(1));
    }

    @Test
    void shouldTellOfOneInitWhateverItsTargets() {
        bench.enable(0, 1);
        configure(1, WATCH);
        long command = 0xff00_0000_0000_0000L | INIT;
        assertFalse(send(0, command, 1));
        assertFalse(send(0, command, 2));
        delivered();
        Told told = bench.take(1);
        assertEquals(MessageType.X64_APIC_INIT_SIPI_INTERCEPT, told.type());
        assertEquals(InterceptMessages.InitSipi.SIZE, told.payload().capacity());
        assertEquals(command, told.longAt(InterceptMessages.InitSipi.APIC_ICR));
        assertNull(bench.take(1));
        bench.runIn(0);
        delivered();
        assertEquals(0, bench.active(), "it is told once");
    }

    @Test
    void shouldNotTellOfAStartupThatWouldDoNothing() {
        bench.enable(0, 1);
        configure(1, WATCH);
        bench.vp(1).context().setActivityBits(0);
        assertFalse(send(0, STARTUP, 1));
        delivered();
        assertEquals(0, bench.active());
        assertEquals(0, bench.told(), "a processor that runs takes no start-up");
        assertFalse(send(0, INIT, 1));
        delivered();
        assertEquals(1, bench.told(), "but INIT");
    }

    @ParameterizedTest
    @ValueSource(ints = {INIT, STARTUP})
    void shouldNotTellOfWhatAHigherLevelOfTheTargetDrops(int command) {
        bench.enable(0, 1);
        bench.enable(1, 1);
        configure(1, WATCH);
        assertFalse(send(0, command, 1));
        delivered();
        assertEquals(0, bench.active());
        assertEquals(0, bench.told());
    }

    @ParameterizedTest
    @ValueSource(ints = {INIT, STARTUP})
    void shouldLoseWhatDevicesSend(int command) {
        bench.enable(0, 1);
        configure(1, WATCH);
        assertFalse(StartupIntercept.guard(bench.partition, 0).admits(null, command, apic(1, 0)));
        delivered();
        assertEquals(0, bench.told());
        configure(1, 0);
        assertTrue(StartupIntercept.guard(bench.partition, 0).admits(null, command, apic(1, 0)));
    }

    /** It may have written to the ICR of the level below itself. */
    @ParameterizedTest
    @CsvSource({"1, 0, " + INIT, "1, 0, " + STARTUP, "0, 1, " + INIT, "0, 1, " + STARTUP})
    void shouldNotTellALevelThatIsActiveItself(int whenSent, int whenDelivered, int command) {
        bench.enable(0, 1);
        configure(1, WATCH);
        bench.runIn(whenSent);
        assertFalse(send(0, command, 1));
        bench.runIn(whenDelivered);
        delivered();
        assertEquals(whenDelivered, bench.active());
        assertEquals(0, bench.told());
        bench.runIn(0);
        delivered();
        assertEquals(0, bench.told(), "nor later");
    }

    @ParameterizedTest
    @ValueSource(ints = {INIT, STARTUP})
    void shouldLoseWhatNobodyCanBeToldOf(int command) {
        bench.enable(0, 1);
        configure(2, WATCH);
        assertFalse(send(0, command, 1));
        delivered();
        assertEquals(0, bench.active(), "this processor does not have the level that watches");
        assertEquals(0, bench.told());
    }

    // Hypercalls

    @Test
    void shouldSayWhatAHypercallHas() {
        bench.enable(0, 1);
        bench.enable(0, 2);
        Register[] general = {
            Register.RAX, Register.RBX, Register.RCX, Register.RDX, Register.R8, Register.RSI, Register.RDI
        };
        for (int i = 0; i < general.length; i++) {
            bench.cpu().set(general[i], 0x1111_1111_1111_1111L * (i + 1));
        }
        for (int i = 0; i < 12; i++) {
            bench.cpu().setVector(i >>> 1, i & 1, 0x0101_0101_0101_0101L * (i + 1));
        }
        bench.cpu().set(Register.RIP, 0x7000);
        assertTrue(bench.vp(0).startupIntercept().hypercall(2, 3));
        assertEquals(2, bench.active());
        Told told = bench.take(2);
        assertEquals(MessageType.HYPERCALL_INTERCEPT, told.type());
        assertEquals(InterceptMessages.Hypercall.SIZE, told.payload().capacity());
        assertEquals(Header.ACCESS_EXECUTE, told.byteAt(Header.INTERCEPT_ACCESS_TYPE));
        assertEquals(3, told.byteAt(Header.INSTRUCTION_LENGTH));
        assertEquals(0x7000, told.longAt(Header.RIP), "it stays on its instruction");
        for (int i = 0; i < general.length; i++) {
            assertEquals(
                    0x1111_1111_1111_1111L * (i + 1),
                    told.longAt(InterceptMessages.Hypercall.RAX + 8 * i),
                    general[i].name());
        }
        for (int i = 0; i < 12; i++) {
            assertEquals(
                    0x0101_0101_0101_0101L * (i + 1), told.longAt(InterceptMessages.Hypercall.XMM_REGISTERS + 8 * i));
        }
        assertNull(bench.take(1), "the level between hears nothing");
    }

    @Test
    void shouldRefuseAHypercallThatNobodyCanBeToldOf() {
        bench.enable(0, 1);
        assertFalse(bench.vp(0).startupIntercept().hypercall(2, 3));
        assertEquals(0, bench.active());
        assertEquals(0, bench.told());
    }
}
