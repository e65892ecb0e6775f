package portcullis.machine.acpi;

import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * ACPI fixed hardware (ACPI 6.5, 4.8): PM1a event and control blocks, the 32-bit power management timer, the power button.
 * Soft off (S5) is the one sleep state. The system is in ACPI mode from reset on, so SCI_EN starts set.
 */
public final class PmDevice implements PortDevice, Saved {
    /** PM1a_EVT_BLK: status at +0, enable at +2. */
    public static final int EVENT_BLOCK = 0x600;

    /** PM1a_CNT_BLK. */
    public static final int CONTROL_BLOCK = 0x604;

    /** PM_TMR_BLK. */
    public static final int TIMER = 0x608;

    public static final int TIMER_FREQUENCY = 3_579_545;

    /** SLP_TYP of S5. Programs that know nothing of AML write 0x2000 to port 0x604 to switch a virtual PC off. */
    public static final int SLEEP_TYPE_S5 = 0;

    private static final int FIRST_PORT = EVENT_BLOCK;
    private static final int PORTS = 12;

    private static final int TIMER_STATUS = 1 << 0;
    private static final int GLOBAL_STATUS = 1 << 5;
    private static final int POWER_BUTTON_STATUS = 1 << 8;
    /** The alarm clock has an event bit that guests enable; here it never occurs: the clock wakes nobody from sleep. */
    private static final int RTC_STATUS = 1 << 10;

    private static final int ENABLE_BITS = TIMER_STATUS | GLOBAL_STATUS | POWER_BUTTON_STATUS | RTC_STATUS;

    private static final int SCI_ENABLE = 1 << 0;
    private static final int BUS_MASTER_RELOAD = 1 << 1;
    private static final int SLEEP_TYPE_SHIFT = 10;
    private static final int SLEEP_ENABLE = 1 << 13;
    private static final int CONTROL_BITS = SCI_ENABLE | BUS_MASTER_RELOAD | 7 << SLEEP_TYPE_SHIFT;

    private final Alarms alarms;
    private final Alarm carry;
    private final InterruptLine sci;
    private final Runnable powerOff;

    private int status;
    private int enable;
    private int control;

    /** Half turns of the timer that the status bit has taken note of: it is set whenever bit 31 changes. */
    private long halfTurnsSeen;

    /**
     * @param sci system control interrupt, level
     * @param powerOff called on a VP's thread when the guest goes to S5; must not wait for that thread
     */
    public PmDevice(Alarms alarms, InterruptLine sci, Runnable powerOff) {
        this.alarms = alarms;
        this.sci = sci;
        this.powerOff = powerOff;
        carry = alarms.create("acpi-pm-timer", this::timerCarried);
        reset();
    }

    public void attach(PortBus bus) {
        bus.register(FIRST_PORT, PORTS, this);
    }

    /** State after power-on. */
    public synchronized void reset() {
        status = 0;
        enable = 0;
        control = SCI_ENABLE;
        halfTurnsSeen = count() >>> 31;
        carry.clear();
        updateLine();
    }

    /** The user presses the power button: asks the guest to shut down. */
    public synchronized void pressPowerButton() {
        status |= POWER_BUTTON_STATUS;
        updateLine();
    }

    @Override
    public synchronized int read(int port, int size) {
        catchUp();
        long block = Integer.toUnsignedLong(status | enable << 16);
        long rest = Integer.toUnsignedLong(control);
        int offset = port - FIRST_PORT;
        // Registers side by side, as a wide access sees them; the timer is read once, so its bytes belong together.
        long low = offset < 8 ? block | rest << 32 : count() & 0xffff_ffffL;
        return (int) (low >>> 8 * (offset & 7)) & mask(size);
    }

    private static int mask(int size) {
        return size >= 4 ? -1 : (1 << 8 * size) - 1;
    }

    @Override
    public void write(int port, int size, int value) {
        boolean off = false;
        synchronized (this) {
            catchUp();
            for (int i = 0; i < size; i++) {
                off |= writeByte(port - FIRST_PORT + i, value >>> 8 * i & 0xff);
            }
            armCarry();
            updateLine();
        }
        // Outside the lock: who stops the machine may want to look at this device.
        if (off) {
            powerOff.run();
        }
    }

    /** @return whether this switches the machine off */
    private boolean writeByte(int offset, int value) {
        switch (offset) {
            case 0, 1 -> status &= ~(value << 8 * offset);
            case 2 -> enable = (enable & 0xff00 | value) & ENABLE_BITS;
            case 3 -> enable = (enable & 0xff | value << 8) & ENABLE_BITS;
            case 4 -> control = (control & 0xff00 | value) & CONTROL_BITS;
            case 5 -> {
                // SLP_EN is write-only: it acts and reads as zero.
                control = (control & 0xff | value << 8) & CONTROL_BITS;
                return (value << 8 & SLEEP_ENABLE) != 0 && (control >>> SLEEP_TYPE_SHIFT & 7) == SLEEP_TYPE_S5;
            }
            default -> {
                // The timer is read-only, and 0x606 and 0x607 are not there.
            }
        }
        return false;
    }

    /** Timer ticks since the clock began, not yet cut to 32 bits. Split so that the product cannot overflow. */
    private long count() {
        long ticks = alarms.clock().ticks();
        long frequency = alarms.clock().frequency();
        return ticks / frequency * TIMER_FREQUENCY + ticks % frequency * TIMER_FREQUENCY / frequency;
    }

    private void catchUp() {
        long halfTurns = count() >>> 31;
        if (halfTurns != halfTurnsSeen) {
            halfTurnsSeen = halfTurns;
            status |= TIMER_STATUS;
        }
    }

    /** An alarm is needed only where the next carry would raise an interrupt; a read of the status finds out by itself. */
    private void armCarry() {
        if ((enable & TIMER_STATUS) == 0) {
            carry.clear();
            return;
        }
        long at = (halfTurnsSeen + 1) << 31;
        long frequency = alarms.clock().frequency();
        // Rounded up: at the deadline the count has got there.
        carry.set(at / TIMER_FREQUENCY * frequency
                + (at % TIMER_FREQUENCY * frequency + TIMER_FREQUENCY - 1) / TIMER_FREQUENCY);
    }

    private synchronized void timerCarried() {
        catchUp();
        armCarry();
        updateLine();
    }

    private void updateLine() {
        sci.set((status & enable) != 0 && (control & SCI_ENABLE) != 0);
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(status);
        out.putInt(enable);
        out.putInt(control);
        out.putLong(halfTurnsSeen);
    }

    @Override
    public synchronized void restore(StateReader in) {
        status = in.getInt();
        enable = in.getInt();
        control = in.getInt();
        halfTurnsSeen = in.getLong();
    }
}
