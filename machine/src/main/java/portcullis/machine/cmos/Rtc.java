package portcullis.machine.cmos;

import java.util.function.LongSupplier;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.PortBus;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The PC's MC146818 real-time clock and 128 bytes of battery-backed memory (ports 0x70 and 0x71), with the century in byte 0x32.
 *
 * <p>Flags are computed when somebody looks; an alarm is set for enabled interrupts only. Daylight saving (bit 0 of register B) is
 * kept and does nothing, as in all later parts; there is no square wave output.
 *
 * <p>Thread-safe. The lock is held while the interrupt line is driven.
 */
public final class Rtc implements BytePortDevice, Saved {
    private static final int INDEX_PORT = 0x70;
    private static final int DATA_PORT = 0x71;
    private static final int NMI_MASK = 0x80;
    private static final int SIZE = 128;

    private static final int REGISTER_A = 0x0a;
    private static final int REGISTER_B = 0x0b;
    private static final int REGISTER_C = 0x0c;
    private static final int REGISTER_D = 0x0d;
    private static final int EQUIPMENT = 0x14;
    private static final int CHECKSUMMED_FIRST = 0x10;
    private static final int CHECKSUM = 0x2e;

    private static final int A_UPDATE_IN_PROGRESS = 0x80;
    private static final int A_RATE = 0x0f;
    /** Divider values above this hold the divider chain in reset or test. */
    private static final int A_LAST_RUNNING_DIVIDER = 2;

    private static final int B_SET = 0x80;
    private static final int B_PERIODIC = 0x40;
    private static final int B_ALARM = 0x20;
    private static final int B_UPDATE_ENDED = 0x10;
    private static final int B_SQUARE_WAVE = 0x08;
    private static final int B_BINARY = 0x04;
    private static final int B_24_HOURS = 0x02;
    private static final int C_REQUEST = 0x80;
    private static final int D_VALID = 0x80;

    private static final long SECOND = 1_000_000_000;
    /** Update in progress: 244 microseconds of warning, then the update cycle of a 32 KiHz part (MC146818A table 3). */
    private static final long UPDATE_TIME = 244_000 + 1_984_000;
    /** The first update comes half a second after the divider chain is let go. */
    private static final long PHASE_AFTER_DIVIDER_RESET = SECOND / 2;

    private static final int DIVIDER_INPUT = 32_768;

    private final WallTime wallTime;
    private final Alarm alarm;
    private final InterruptLine line;
    private final byte[] memory = new byte[SIZE];

    private int index;
    private boolean nmiMasked;
    /** Added to wall time: whole seconds that the guest set the clock apart, and the shift of its divider chain in nanoseconds. */
    private long secondsApart;

    private long phaseShift;
    private int weekdayShift;
    /** Seconds and divider steps whose events are in the flags of register C. */
    private long seenSecond;

    private long seenPeriod;

    /**
     * @param epochMillis the time that the clock shows: the host's, or one that virtual time makes
     * @param line IRQ 8
     */
    public Rtc(Alarms alarms, LongSupplier epochMillis, InterruptLine line) {
        this.line = line;
        wallTime = new WallTime(alarms, epochMillis);
        alarm = alarms.create("rtc", this::alarmFell);
        memory[REGISTER_A] = 0x26;
        memory[REGISTER_B] = B_24_HOURS;
        memory[REGISTER_D] = (byte) D_VALID;
        memory[EQUIPMENT] = 0x02;
        long now = wallTime.nanos();
        seenSecond = second(now);
        seenPeriod = period(now);
    }

    public void attach(PortBus bus) {
        bus.register(INDEX_PORT, 2, this);
    }

    /** Stores what PC firmware leaves about memory. @param lowRam, highRam bytes of RAM below and from 4 GiB, all from address 0 */
    public synchronized void storeMemorySize(long lowRam, long highRam) {
        storeWord(0x15, 640, 2);
        long kibAboveOneMib = Math.clamp((lowRam >> 10) - 1024, 0, 0xffff);
        storeWord(0x17, kibAboveOneMib, 2);
        storeWord(0x30, kibAboveOneMib, 2);
        storeWord(0x34, Math.clamp((lowRam >> 16) - 256, 0, 0xffff), 2);
        storeWord(0x5b, Math.min(highRam >> 16, 0xff_ffff), 3);
        int sum = 0;
        for (int i = CHECKSUMMED_FIRST; i < CHECKSUM; i++) {
            sum += memory[i] & 0xff;
        }
        memory[CHECKSUM] = (byte) (sum >> 8);
        memory[CHECKSUM + 1] = (byte) sum;
    }

    private void storeWord(int at, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            memory[at + i] = (byte) (value >>> (8 * i));
        }
    }

    /** The RESET input: interrupts off, flags cleared; time and memory stay. */
    public synchronized void reset() {
        index = 0;
        nmiMasked = false;
        memory[REGISTER_B] &= (byte) ~(B_PERIODIC | B_ALARM | B_UPDATE_ENDED | B_SQUARE_WAVE);
        memory[REGISTER_C] = 0;
        line.set(false);
        alarm.clear();
    }

    /** Bit 7 of port 0x70: the chipset keeps NMIs from the processors. */
    public synchronized boolean nmiMasked() {
        return nmiMasked;
    }

    @Override
    public synchronized int readByte(int port) {
        return port == DATA_PORT ? readRegister() & 0xff : 0xff;
    }

    private int readRegister() {
        long now = wallTime.nanos();
        advance(now);
        if (running() && TimeFormat.isTime(index)) {
            showTime(now);
        }
        int value = memory[index];
        if (index == REGISTER_A && running() && phase(now) >= SECOND - UPDATE_TIME) {
            value |= A_UPDATE_IN_PROGRESS;
        } else if (index == REGISTER_C) {
            memory[REGISTER_C] = 0;
            line.set(false);
            arm(now);
        }
        return value;
    }

    @Override
    public synchronized void writeByte(int port, int value) {
        if (port == INDEX_PORT) {
            index = value & SIZE - 1;
            nmiMasked = (value & NMI_MASK) != 0;
        } else if (port == DATA_PORT) {
            long now = wallTime.nanos();
            advance(now);
            writeRegister(value, now);
            advance(now);
            arm(now);
        }
    }

    private void writeRegister(int value, long now) {
        switch (index) {
            case REGISTER_A -> writeControl(value & ~A_UPDATE_IN_PROGRESS, memory[REGISTER_B], now);
            case REGISTER_B -> {
                // Setting SET aborts an update and turns its interrupt off.
                writeControl(memory[REGISTER_A], (value & B_SET) != 0 ? value & ~B_UPDATE_ENDED : value, now);
                requestInterrupt();
            }
            case REGISTER_C, REGISTER_D -> {
                // Read-only.
            }
            default -> {
                boolean setsRunningClock = running() && TimeFormat.isTime(index);
                if (setsRunningClock) {
                    showTime(now);
                }
                memory[index] = (byte) value;
                if (setsRunningClock) {
                    takeTime(now);
                }
            }
        }
    }

    private void writeControl(int a, int b, long now) {
        boolean ran = running();
        boolean dividerRan = dividerRuns();
        int rate = memory[REGISTER_A] & A_RATE;
        if (ran) {
            showTime(now);
        }
        memory[REGISTER_A] = (byte) a;
        memory[REGISTER_B] = (byte) b;
        if (dividerRuns() && !dividerRan) {
            phaseShift = Math.floorMod(PHASE_AFTER_DIVIDER_RESET - now, SECOND);
        }
        if (running() && !ran) {
            takeTime(now);
        }
        if ((a & A_RATE) != rate || dividerRuns() != dividerRan) {
            seenPeriod = period(now);
        }
    }

    // Time

    private boolean dividerRuns() {
        return (memory[REGISTER_A] >> 4 & 7) <= A_LAST_RUNNING_DIVIDER;
    }

    /** Whether time passes: else its registers are memory that the guest writes. */
    private boolean running() {
        return dividerRuns() && (memory[REGISTER_B] & B_SET) == 0;
    }

    private TimeFormat format() {
        int b = memory[REGISTER_B];
        return new TimeFormat((b & B_BINARY) != 0, (b & B_24_HOURS) != 0);
    }

    private long second(long now) {
        return Math.floorDiv(now + phaseShift, SECOND) + secondsApart;
    }

    /** Nanoseconds since the last update. */
    private long phase(long now) {
        return Math.floorMod(now + phaseShift, SECOND);
    }

    /** How many periods of the selected rate have passed; 0 where none is selected. */
    private long period(long now) {
        int shift = periodShift();
        if (shift < 0) {
            return 0;
        }
        long shifted = now + phaseShift;
        long steps = Math.floorDiv(shifted, SECOND) * DIVIDER_INPUT
                + Math.floorMod(shifted, SECOND) * DIVIDER_INPUT / SECOND;
        return steps >> shift;
    }

    /** Divider steps a period, as a power of two; -1 where the rate is off. Rates 1 and 2 are slower ones out of turn. */
    private int periodShift() {
        int rate = memory[REGISTER_A] & A_RATE;
        if (rate == 0 || !dividerRuns()) {
            return -1;
        }
        return rate < 3 ? rate + 6 : rate - 1;
    }

    private void showTime(long now) {
        long second = second(now);
        TimeFormat format = format();
        format.encode(second, memory);
        memory[TimeFormat.WEEKDAY] = format.number(Math.floorMod(TimeFormat.weekday(second) - 1 + weekdayShift, 7) + 1);
    }

    private void takeTime(long now) {
        TimeFormat format = format();
        long second = format.decode(memory);
        secondsApart += second - second(now);
        weekdayShift = Math.floorMod(format.number(memory[TimeFormat.WEEKDAY]) - TimeFormat.weekday(second), 7);
        seenSecond = second;
    }

    // Interrupts

    private synchronized void alarmFell() {
        long now = wallTime.nanos();
        advance(now);
        arm(now);
    }

    /** Puts what has happened since the last look into register C. */
    private void advance(long now) {
        int flags = 0;
        if (running()) {
            long second = second(now);
            if (second > seenSecond) {
                flags |= B_UPDATE_ENDED;
                if (format().nextAlarm(seenSecond, memory) <= second) {
                    flags |= B_ALARM;
                }
            }
            seenSecond = second;
        }
        long period = period(now);
        if (period != seenPeriod) {
            seenPeriod = period;
            flags |= B_PERIODIC;
        }
        if (flags != 0) {
            memory[REGISTER_C] |= (byte) flags;
            requestInterrupt();
        }
    }

    private void requestInterrupt() {
        boolean request = (memory[REGISTER_C] & memory[REGISTER_B] & (B_PERIODIC | B_ALARM | B_UPDATE_ENDED)) != 0;
        memory[REGISTER_C] = (byte) (memory[REGISTER_C] & ~C_REQUEST | (request ? C_REQUEST : 0));
        line.set(request);
    }

    /** Sets the alarm for the first enabled interrupt whose flag is not up already. */
    private void arm(long now) {
        int awaited = memory[REGISTER_B] & ~memory[REGISTER_C];
        long deadline = Long.MAX_VALUE;
        if (running()) {
            long nextUpdate = now + SECOND - phase(now);
            if ((awaited & B_UPDATE_ENDED) != 0) {
                deadline = nextUpdate;
            }
            if ((awaited & B_ALARM) != 0) {
                long second = second(now);
                long match = format().nextAlarm(second, memory);
                if (match != TimeFormat.NEVER) {
                    deadline = Math.min(deadline, nextUpdate + (match - second - 1) * SECOND);
                }
            }
        }
        if ((awaited & B_PERIODIC) != 0 && periodShift() >= 0) {
            deadline = Math.min(deadline, nextPeriod(now));
        }
        if (deadline == Long.MAX_VALUE) {
            alarm.clear();
        } else {
            alarm.set(wallTime.tickOf(deadline));
        }
    }

    private long nextPeriod(long now) {
        long step = period(now) + 1 << periodShift();
        long seconds = Math.floorDiv(step, (long) DIVIDER_INPUT);
        long rest = Math.floorMod(step, (long) DIVIDER_INPUT);
        return seconds * SECOND + Math.ceilDiv(rest * SECOND, DIVIDER_INPUT) - phaseShift;
    }

    // Saved state

    @Override
    public synchronized void save(StateWriter out) {
        wallTime.save(out);
        out.putBytes(memory);
        out.putInt(index);
        out.putBoolean(nmiMasked);
        out.putLong(secondsApart);
        out.putLong(phaseShift);
        out.putInt(weekdayShift);
        out.putLong(seenSecond);
        out.putLong(seenPeriod);
    }

    @Override
    public synchronized void restore(StateReader in) {
        wallTime.restore(in);
        in.getBytes(memory);
        index = in.getInt(0, SIZE - 1);
        nmiMasked = in.getBoolean();
        secondsApart = in.getLong();
        phaseShift = in.getLong();
        weekdayShift = in.getInt();
        seenSecond = in.getLong();
        seenPeriod = in.getLong();
    }
}
