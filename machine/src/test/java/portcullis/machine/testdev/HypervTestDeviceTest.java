package portcullis.machine.testdev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.MessageHandler;
import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.synic.SynicDirectory;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.machine.bus.PortBus;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

class HypervTestDeviceTest implements SynicDirectory {
    private static final int CREATE = 1;
    private static final int DESTROY = 2;
    private static final int ASSERT = 3;
    private static final int CONNECT_MESSAGES = 4;
    private static final int DISCONNECT_MESSAGES = 5;
    private static final int CONNECT_EVENTS = 6;
    private static final int DISCONNECT_EVENTS = 7;

    private final VirtualClock clock = new VirtualClock(1);
    private final GuestMemory memory = new GuestMemory(24);
    private final List<LocalApic> apics = new ArrayList<>();
    private final List<Synic> synics = new ArrayList<>();
    private final Connections connections = new Connections(this);
    private final HypervTestDevice device = new HypervTestDevice(connections);
    private final PortBus ports = new PortBus();

    HypervTestDeviceTest() {
        memory.addRam(0, 0x10000);
        device.attach(ports);
        VirtualAlarms alarms = new VirtualAlarms(clock);
        InterruptFabric fabric = new InterruptFabric();
        ReferenceTime reference = new ReferenceTime(clock);
        PartitionTrace trace = new PartitionTrace(clock);
        for (int vp = 0; vp < 2; vp++) {
            LocalApic apic = new LocalApic(vp, false, new ApicFeatures(true, true, 40), alarms, fabric, signal -> {});
            apic.writePage(0xf0, 4, 0x1ff);
            Synic synic = new Synic(0, apic, alarms, reference, memory, trace.vp(vp), true);
            synic.writeMsr(HvMsr.SCONTROL, 1);
            synic.writeMsr(HvMsr.SIMP, 0x4001 + 0x1000L * vp);
            synic.writeMsr(HvMsr.SIEFP, 0x8001 + 0x1000L * vp);
            for (int sint = 0; sint < 16; sint++) {
                synic.writeMsr(HvMsr.SINT0 + sint, 0x20080 + sint);
            }
            apics.add(apic);
            synics.add(synic);
        }
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Override
    public int processors() {
        return synics.size();
    }

    @Override
    public Synic synic(int vp, int vtl) {
        return vp < synics.size() && vtl == 0 ? synics.get(vp) : null;
    }

    private void command(int command, int vp, int sint, int connection) {
        ports.write(0x3000, 4, connection << 24 | command << 16 | vp << 8 | sint);
    }

    private int interrupt(int vp) {
        LocalApic apic = apics.get(vp);
        return apic.deliverable() == LocalApic.NONE ? LocalApic.NONE : apic.acknowledge();
    }

    private int post(int connection) {
        return connections.postMessage(0, 0, connection, 7, 1, new byte[240]);
    }

    private int signal(int connection, int flag) {
        return connections.signalEvent(0, 0, connection, flag);
    }

    @Test
    void shouldAssertSourcesThatWereMade() {
        command(ASSERT, 1, 3, 0);
        assertEquals(LocalApic.NONE, interrupt(1));
        command(CREATE, 1, 3, 0);
        command(ASSERT, 1, 3, 0);
        assertEquals(0x83, interrupt(1));
        assertEquals(LocalApic.NONE, interrupt(0));
        command(DESTROY, 1, 3, 0);
        command(ASSERT, 1, 3, 0);
        assertEquals(LocalApic.NONE, interrupt(1));
    }

    @Test
    void shouldLeadMessagesBack() {
        command(CONNECT_MESSAGES, 1, 8, 0x11);
        assertEquals(HvStatus.SUCCESS, post(0x11));
        assertEquals(0x88, interrupt(1));
        assertEquals(7, memory.view(0).getInt(0x5800));
        command(DISCONNECT_MESSAGES, 0, 0, 0x11);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(0x11));
        command(CONNECT_MESSAGES, 0, 8, 0x11);
        assertEquals(HvStatus.SUCCESS, post(0x11));
        assertEquals(0x88, interrupt(0));
    }

    @Test
    void shouldLeadEventsBackToTheFlagOfTheConnection() {
        command(CONNECT_EVENTS, 1, 9, 0xe1);
        assertEquals(HvStatus.SUCCESS, signal(0xe1, 0));
        assertEquals(0x89, interrupt(1));
        assertEquals(2, memory.view(0).getInt(0x9900 + 0xe0 / 8));
        assertEquals(HvStatus.INVALID_PARAMETER, signal(0xe1, 1));
        command(DISCONNECT_EVENTS, 0, 0, 0xe1);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, signal(0xe1, 0));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no command, 00000000",
        "no command, 11ff0108",
        "no source, 11040110",
        "no source, 110601ff",
        "not connected, 11050000",
        "not connected, 11070000",
        "no such VP, 0003ff00",
    })
    void shouldIgnoreWhatCannotBe(String name, String value) {
        ports.write(0x3000, 4, Integer.parseUnsignedInt(value, 16));
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(0x11));
        assertEquals(HvStatus.INVALID_CONNECTION_ID, signal(0x11, 0));
    }

    @Test
    void shouldIgnoreAccessesOfOtherSizesAndPorts() {
        ports.write(0x3000, 2, 0x11040108);
        ports.write(0x3001, 4, 0x11040108);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(0x11));
        assertEquals(0, ports.read(0x3000, 4));
    }

    @Test
    void shouldRefuseVpsThatAreNotThere() {
        command(CONNECT_MESSAGES, 0x80, 8, 0x11);
        command(CONNECT_EVENTS, 0x80, 8, 0x12);
        command(CREATE, 0x80, 8, 0);
        command(ASSERT, 0x80, 8, 0);
        assertEquals(HvStatus.INVALID_VP_INDEX, post(0x11));
        assertEquals(HvStatus.INVALID_VP_INDEX, signal(0x12, 0));
    }

    @Test
    void shouldLeaveConnectionsAloneThatAreInUse() {
        command(CONNECT_MESSAGES, 1, 8, 0x11);
        command(CONNECT_EVENTS, 0, 9, 0x11);
        command(CONNECT_MESSAGES, 0, 9, 0x11);
        assertEquals(HvStatus.SUCCESS, post(0x11));
        assertEquals(0x88, interrupt(1));
        connections.connect(0x12, (MessageHandler) message -> 0x77);
        command(CONNECT_MESSAGES, 0, 9, 0x12);
        command(DISCONNECT_MESSAGES, 0, 0, 0x12);
        assertEquals(0x77, post(0x12));
        assertNull(connections.port(0x7e_0012), "nothing is left over");
    }

    @Test
    void shouldForgetEverythingAtReset() {
        command(CREATE, 1, 3, 0);
        command(CONNECT_MESSAGES, 1, 8, 0x11);
        command(CONNECT_EVENTS, 1, 9, 0x12);
        device.reset();
        command(ASSERT, 1, 3, 0);
        assertEquals(LocalApic.NONE, interrupt(1));
        assertEquals(HvStatus.INVALID_CONNECTION_ID, post(0x11));
        assertEquals(HvStatus.INVALID_CONNECTION_ID, signal(0x12, 0));
        command(CONNECT_EVENTS, 1, 9, 0x12);
        assertEquals(HvStatus.SUCCESS, signal(0x12, 0));
    }
}
