package portcullis.machine.acpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.engine.Clock;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.bus.PortBus;

class PmDeviceTest {
    private static final long FREQUENCY = 1_000_000_000L;

    private final PortBus bus = new PortBus();
    private final ManualTime time = new ManualTime();
    private boolean sci;
    private int offs;
    private PmDevice device;

    /** A clock that tests turn, with one alarm on it. */
    private static final class ManualTime implements Alarms {
        private long now;
        private long deadline = Long.MAX_VALUE;
        private Runnable action;

        @Override
        public Clock clock() {
            return new Clock() {
                @Override
                public long ticks() {
                    return now;
                }

                @Override
                public long frequency() {
                    return FREQUENCY;
                }
            };
        }

        @Override
        public Alarm create(String name, Runnable what) {
            action = what;
            return new Alarm() {
                @Override
                public void set(long at) {
                    deadline = at;
                }

                @Override
                public void clear() {
                    deadline = Long.MAX_VALUE;
                }
            };
        }

        void advanceTo(long ticks) {
            while (deadline <= ticks) {
                now = deadline;
                deadline = Long.MAX_VALUE;
                action.run();
            }
            now = ticks;
        }
    }

    @BeforeEach
    void makeDevice() {
        device = new PmDevice(time, asserted -> sci = asserted, () -> offs++);
        device.attach(bus);
    }

    @Test
    void shouldStartInAcpiMode() {
        assertEquals(1, bus.read(0x604, 2));
        assertEquals(0, bus.read(0x600, 4));
    }

    @ParameterizedTest
    @CsvSource({"0x2000, 1", "0x2001, 1", "0x2400, 0", "0x3C00, 0", "0x0000, 0", "0x1C00, 0"})
    void shouldPowerOffOnlyForSleepTypeOfS5(String value, int expected) {
        bus.write(0x604, 2, Integer.decode(value));
        assertEquals(expected, offs);
        assertEquals(0, bus.read(0x604, 2) & 0x2000, "SLP_EN reads as zero");
    }

    @Test
    void shouldPowerOffOnByteWrite() {
        bus.write(0x605, 1, 0x20);
        assertEquals(1, offs);
    }

    @Test
    void shouldCountAtAcpiFrequency() {
        time.advanceTo(FREQUENCY);
        assertEquals(3_579_545, bus.read(0x608, 4));
        time.advanceTo(1000 * FREQUENCY);
        assertEquals(3_579_545_000L & 0xffff_ffffL, Integer.toUnsignedLong(bus.read(0x608, 4)));
        bus.write(0x608, 4, 0);
        assertEquals(3_579_545_000L & 0xffff_ffffL, Integer.toUnsignedLong(bus.read(0x608, 4)));
    }

    @Test
    void shouldSetStatusWheneverHighBitChanges() {
        time.advanceTo(599 * FREQUENCY);
        assertEquals(0, bus.read(0x600, 2));
        time.advanceTo(600 * FREQUENCY);
        assertEquals(1, bus.read(0x600, 2));
        assertFalse(sci, "not enabled");
        bus.write(0x600, 2, 1);
        assertEquals(0, bus.read(0x600, 2));
        time.advanceTo(1200 * FREQUENCY);
        assertEquals(1, bus.read(0x600, 2), "and when it falls");
    }

    @Test
    void shouldInterruptOnCarryByItself() {
        bus.write(0x602, 2, 1);
        time.advanceTo(599 * FREQUENCY);
        assertFalse(sci);
        time.advanceTo(600 * FREQUENCY);
        assertTrue(sci);
        bus.write(0x600, 2, 1);
        assertFalse(sci);
        time.advanceTo(1200 * FREQUENCY);
        assertTrue(sci);
    }

    @Test
    void shouldSignalPowerButtonUntilCleared() {
        bus.write(0x602, 2, 0xffff);
        assertEquals(0x521, bus.read(0x602, 2), "only events that exist can be enabled");
        device.pressPowerButton();
        assertTrue(sci);
        assertEquals(0x0521_0100, bus.read(0x600, 4));
        bus.write(0x601, 1, 1);
        assertFalse(sci);
    }

    @Test
    void shouldForgetEverythingOnReset() {
        bus.write(0x602, 2, 0x100);
        device.pressPowerButton();
        device.reset();
        assertFalse(sci);
        assertEquals(0, bus.read(0x600, 4));
    }
}
