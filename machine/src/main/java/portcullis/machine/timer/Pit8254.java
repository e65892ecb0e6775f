package portcullis.machine.timer;

import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.PortBus;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The PC's 8254 interval timer (ports 0x40 to 0x43) and the system control port B that goes with it (0x61): channel 0 drives IRQ 0,
 * channel 1 once refreshed memory, channel 2 makes the speaker's tone and has its gate and output in port 0x61.
 *
 * <p>Thread-safe. The lock is held while the interrupt line is driven. Interrupts closer than ten microseconds together are merged,
 * so that no guest can keep the alarms' thread for itself.
 */
public final class Pit8254 implements BytePortDevice, Saved {
    public static final int FREQUENCY = 1_193_182;

    private static final int CONTROL = 0x43;
    private static final int SYSTEM_CONTROL_B = 0x61;
    private static final int GATE_2 = 0x01;
    private static final int SYSTEM_CONTROL_WRITABLE = 0x0f;
    private static final int REFRESH_TOGGLE = 0x10;
    private static final int OUTPUT_2 = 0x20;
    /** What PCs' firmware programs channel 1 for: a refresh every 15 microseconds. */
    private static final int REFRESH_PERIOD = 18;

    private static final int SHORTEST_ALARM = 12;

    private final Alarms alarms;
    private final TickScale scale;
    private final Alarm alarm;
    private final InterruptLine line;
    private final PitChannel[] channels = {new PitChannel(true), new PitChannel(true), new PitChannel(false)};
    private int systemControl;
    private boolean lineLevel;
    private long lastLook;

    /** @param line IRQ 0, follows channel 0's output */
    public Pit8254(Alarms alarms, InterruptLine line) {
        this.alarms = alarms;
        this.line = line;
        scale = new TickScale(alarms.clock().frequency(), FREQUENCY);
        alarm = alarms.create("pit", this::alarmFell);
    }

    public void attach(PortBus bus) {
        bus.register(0x40, 4, this);
        bus.register(SYSTEM_CONTROL_B, 1, this);
    }

    /** All channels silent until they are programmed. */
    public synchronized void reset() {
        long now = now();
        systemControl = 0;
        channels[2].setGate(false, now);
        for (PitChannel channel : channels) {
            channel.reset();
        }
        lineLevel = false;
        line.set(false);
        alarm.clear();
    }

    private long now() {
        return scale.unitsAt(alarms.clock().ticks());
    }

    private synchronized void alarmFell() {
        long now = now();
        look(now);
        arm(now);
    }

    /** Shows the line what channel 0's output has done since the last look. */
    private void look(long now) {
        PitChannel timer = channels[0];
        boolean rose = timer.nextRise(lastLook) <= now;
        boolean level = timer.output(now);
        // A count that took over meanwhile may have raised the output on its own account.
        rose |= timer.nextRise(lastLook) <= now;
        lastLook = now;
        if (rose && (lineLevel || !level)) {
            // Down and up since, or up and down: the edge must be seen.
            line.set(!lineLevel);
            lineLevel = !lineLevel;
        }
        if (level != lineLevel) {
            lineLevel = level;
            line.set(level);
        }
    }

    private void arm(long now) {
        PitChannel timer = channels[0];
        long next = Math.min(timer.nextTakeOver(), Math.min(timer.nextRise(now), timer.nextFall(now)));
        if (next == PitChannel.NEVER) {
            alarm.clear();
        } else {
            alarm.set(scale.ticksOf(Math.max(next, now + SHORTEST_ALARM)));
        }
    }

    @Override
    public synchronized int readByte(int port) {
        return switch (port) {
            case 0x40, 0x41, 0x42 -> channels[port & 3].read(now());
            case SYSTEM_CONTROL_B -> readSystemControl();
            default -> 0xff;
        };
    }

    private int readSystemControl() {
        long now = now();
        return systemControl
                | ((now / REFRESH_PERIOD & 1) != 0 ? REFRESH_TOGGLE : 0)
                | (channels[2].output(now) ? OUTPUT_2 : 0);
    }

    @Override
    public synchronized void writeByte(int port, int value) {
        long now = now();
        look(now);
        switch (port) {
            case 0x40, 0x41, 0x42 -> channels[port & 3].write(value, now);
            case CONTROL -> writeControl(value, now);
            case SYSTEM_CONTROL_B -> {
                systemControl = value & SYSTEM_CONTROL_WRITABLE;
                channels[2].setGate((value & GATE_2) != 0, now);
            }
            default -> {
                // The upper half of a wide access beyond our ports.
            }
        }
        look(now);
        arm(now);
    }

    private void writeControl(int value, long now) {
        int channel = value >> 6;
        if (channel == 3) {
            for (int i = 0; i < 3; i++) {
                if ((value & 2 << i) != 0) {
                    readBack(channels[i], value, now);
                }
            }
        } else if ((value & 0x30) == 0) {
            channels[channel].latchCount(now);
        } else {
            channels[channel].program(value, now);
        }
    }

    /** The read-back command latches what its bits, low active, select. */
    private static void readBack(PitChannel channel, int command, long now) {
        if ((command & 0x20) == 0) {
            channel.latchCount(now);
        }
        if ((command & 0x10) == 0) {
            channel.latchStatus(now);
        }
    }

    @Override
    public synchronized void save(StateWriter out) {
        for (PitChannel channel : channels) {
            channel.save(out);
        }
        out.putInt(systemControl);
        out.putBoolean(lineLevel);
        out.putLong(lastLook);
    }

    @Override
    public synchronized void restore(StateReader in) {
        for (PitChannel channel : channels) {
            channel.restore(in);
        }
        systemControl = in.getInt();
        lineLevel = in.getBoolean();
        lastLook = in.getLong();
    }
}
