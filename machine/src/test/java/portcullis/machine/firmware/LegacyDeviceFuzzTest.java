package portcullis.machine.firmware;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.PortBus;
import portcullis.machine.cmos.Rtc;
import portcullis.machine.interrupt.IoApic;
import portcullis.machine.interrupt.Pic8259Pair;
import portcullis.machine.serial.Uart16550;
import portcullis.machine.testdev.DebugConsole;
import portcullis.machine.testdev.DebugExit;
import portcullis.machine.testdev.PcTestDevice;
import portcullis.machine.timer.ManualAlarms;
import portcullis.machine.timer.Pit8254;
import portcullis.memory.GuestMemory;

/** All legacy devices wired as in a PC, and a guest that writes at random: nothing throws, and byte reads are bytes. */
class LegacyDeviceFuzzTest {
    private static final int ACCESSES = 100_000;
    private static final int[][] PORTS = {
        {0x20, 2},
        {0x40, 4},
        {0x60, 2},
        {0x64, 1},
        {0x70, 2},
        {0x92, 1},
        {0xa0, 2},
        {0xe0, 10},
        {0xf4, 4},
        {0x3f8, 8},
        {0x4d0, 2},
        {0x510, 12},
        {0x2000, 24}
    };

    private final ManualAlarms alarms = new ManualAlarms(1_000_000_000);
    private final PortBus ports = new PortBus();
    private final MmioBus mmio = new MmioBus();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldSurviveRandomAccesses(long seed) {
        Random random = new Random(seed);
        try (GuestMemory memory = new GuestMemory(24)) {
            memory.addRam(0, 0x1_0000);
            Pic8259Pair pic = new Pic8259Pair(asserted -> {});
            IoApic ioApic = new IoApic((address, data) -> assertEquals(0xfee0_0000L, address & 0xfff0_0ff3L));
            Uart16550 uart = attachAll(memory, pic, ioApic);
            for (int i = 0; i < ACCESSES; i++) {
                access(random);
                switch (random.nextInt(16)) {
                    case 0 -> pic.acknowledge();
                    case 1 -> ioApic.endOfInterrupt(random.nextInt(256));
                    case 2 -> uart.tryReceive((byte) i);
                    case 3 -> uart.tryReceiveBreak();
                    case 4 -> alarms.advance(random.nextInt(1_000_000));
                    default -> alarms.advance(random.nextInt(2_000));
                }
            }
        }
    }

    private Uart16550 attachAll(GuestMemory memory, Pic8259Pair pic, IoApic ioApic) {
        List<InterruptLine> lines = new ArrayList<>();
        for (int i = 0; i < IoApic.PINS; i++) {
            InterruptLine toIoApic = ioApic.line(i == 0 ? 2 : i);
            InterruptLine toPic = i < 16 && i != 2 ? pic.line(i) : asserted -> {};
            lines.add(asserted -> {
                toPic.set(asserted);
                toIoApic.set(asserted);
            });
        }
        Uart16550 uart = new Uart16550(Uart16550.COM1, alarms, lines.get(Uart16550.COM1_IRQ), value -> {});
        uart.attach(ports);
        pic.attach(ports);
        ioApic.attach(mmio);
        new Pit8254(alarms, lines.get(0)).attach(ports);
        new Rtc(alarms, () -> alarms.ticks() / 1_000_000, lines.get(8)).attach(ports);
        new ResetPorts(() -> {}).attach(ports);
        new DebugExit(status -> {}).attach(ports);
        new DebugConsole(value -> {}).attach(ports);
        new FwCfg(memory).attach(ports);
        PcTestDevice testDevice = new PcTestDevice(lines);
        testDevice.attach(ports);
        testDevice.attach(mmio);
        return uart;
    }

    private void access(Random random) {
        int size = 1 << random.nextInt(3);
        if (random.nextInt(4) == 0) {
            boolean toIoApic = random.nextBoolean();
            long gpa = toIoApic
                    ? IoApic.DEFAULT_ADDRESS + 0x10 * random.nextInt(5) + (random.nextInt(8) == 0 ? 2 : 0)
                    : PcTestDevice.WINDOW + random.nextInt(PcTestDevice.WINDOW_SIZE);
            mmio.write(gpa, size, random.nextInt());
            mmio.read(gpa, size);
            return;
        }
        int[] range = PORTS[random.nextInt(PORTS.length)];
        int port = range[0] + random.nextInt(range[1]);
        if (random.nextBoolean()) {
            ports.write(port, size, random.nextInt());
        } else if (size == 1 && port < 0x500) {
            int value = ports.read(port, 1);
            // Where nothing answers, all bits are ones.
            assertEquals(value == -1 ? -1 : value & 0xff, value, () -> "port 0x%x".formatted(port));
        } else {
            ports.read(port, size);
        }
    }
}
