package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.ApicOwner.Signal;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;

/** Whom the fabric asks before INIT and start-up messages, and what comes of the answer. */
class StartupGuardTest {
    private static final int INIT = 0x4500;
    private static final int STARTUP = 0x4608;
    private static final int ALL_BUT_SELF = 3 << 18;
    private static final int SELF = 1 << 18;

    private final List<LocalApic> apics = new ArrayList<>();
    private final List<List<Signal>> signals = new ArrayList<>();
    /** Sender, command and target of each question. */
    private final List<String> asked = new ArrayList<>();

    private final InterruptFabric fabric = new InterruptFabric((source, command, target) -> {
        asked.add("%d %x %d".formatted(apics.indexOf(source), command, apics.indexOf(target)));
        return false;
    });

    StartupGuardTest() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        for (int id = 0; id < 3; id++) {
            List<Signal> heard = new ArrayList<>();
            signals.add(heard);
            apics.add(new LocalApic(id, id == 0, ApicBench.EVERYTHING, alarms, fabric, heard::add));
        }
        apics.forEach(apic -> ApicBench.write(apic, 0xf0, 0x1ff));
        signals.forEach(List::clear);
    }

    private void send(int destination, int low) {
        ApicBench.write(apics.getFirst(), 0x310, destination << 24);
        ApicBench.write(apics.getFirst(), 0x300, low);
    }

    private void assertNobodyHeard() {
        assertTrue(signals.stream().allMatch(List::isEmpty), signals.toString());
    }

    @ParameterizedTest
    @CsvSource({"4500, 1", "4608, 2", "46ff, 1"})
    void shouldAskWithWhatTheIcrHas(String low, int target) {
        send(target, Integer.parseInt(low, 16));
        assertEquals(List.of("0 %x0000%s %d".formatted(target << 8, "0000" + low, target)), asked);
        assertNobodyHeard();
    }

    @Test
    void shouldAskForEachOfSeveral() {
        send(0, STARTUP | ALL_BUT_SELF);
        assertEquals(List.of("0 c4608 1", "0 c4608 2"), asked);
        asked.clear();
        send(0xff, INIT);
        assertEquals(3, asked.size());
        asked.clear();
        send(0, INIT | SELF);
        assertEquals(List.of("0 44500 0"), asked);
        assertNobodyHeard();
    }

    @Test
    void shouldAskForDevicesAndTheHost() {
        fabric.deliver(0xfee01000L, 0x500);
        assertTrue(fabric.send(STARTUP, 2));
        assertEquals(List.of("-1 500 1", "-1 4608 2"), asked);
        assertNobodyHeard();
    }

    @Test
    void shouldAskForTheWideDestination() {
        apics.forEach(apic -> apic.writeBase(apic.base() | LocalApic.BASE_X2APIC));
        apics.forEach(apic -> apic.writeMsr(0x80f, 0x1ff));
        assertTrue(apics.getFirst().writeMsr(0x830, 2L << 32 | INIT));
        assertEquals(List.of("0 200004500 2"), asked);
    }

    @ParameterizedTest
    @CsvSource({"4400", "4051"})
    void shouldNotAskForAnythingElse(String low) {
        send(1, Integer.parseInt(low, 16));
        assertEquals(List.of(), asked);
        assertEquals(1, signals.get(1).size());
    }

    @Test
    void shouldDeliverWhatIsAdmitted() {
        ApicBench bench = ApicBench.several(2, false);
        bench.signals.forEach(List::clear);
        ApicBench.write(bench.apic(), 0x310, 1 << 24);
        IntStream.of(INIT, STARTUP).forEach(low -> ApicBench.write(bench.apic(), 0x300, low));
        assertEquals(List.of(Signal.INIT, Signal.STARTUP), bench.signals.get(1));
    }
}
