package portcullis.machine.firmware;

import java.util.Arrays;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.PortBus;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The 8042 keyboard controller (ports 0x60 and 0x64) with nothing plugged in, and system control port A (0x92): what guests use to reset
 * the machine and to look for a keyboard. Every command that has an answer gets it at once, so that no probe runs into its timeouts; a
 * byte for a device comes back as "resend" with the timeout bit, and the loop-back of the mouse port does not carry the mouse's mark.
 *
 * <p>Address line 20 is always on, as on processors that have lost the pin: its bits read as enabled and cannot be cleared.
 *
 * <p>Thread-safe; the reset action runs on the VP's thread with no lock held.
 */
public final class ResetPorts implements BytePortDevice, Saved {
    private static final int DATA = 0x60;
    private static final int COMMAND = 0x64;
    private static final int SYSTEM_CONTROL_A = 0x92;

    private static final int STATUS_OUTPUT_FULL = 0x01;
    private static final int STATUS_SELF_TESTED = 0x04;
    private static final int STATUS_LAST_WAS_COMMAND = 0x08;
    private static final int STATUS_NOT_LOCKED = 0x10;
    private static final int STATUS_TIMEOUT = 0x40;

    /** Command byte after reset: translation, self-tested, keyboard and mouse disabled. */
    private static final int DEFAULT_COMMAND_BYTE = 0x74;

    private static final int COMMAND_BYTE_KEYBOARD_DISABLED = 0x10;

    private static final int OUTPUT_NOT_RESET = 0x01;
    private static final int OUTPUT_A20 = 0x02;
    private static final int OUTPUT_BUFFER_FULL = 0x10;

    private static final int CONTROL_A_FAST_RESET = 0x01;
    private static final int CONTROL_A_A20 = 0x02;

    private static final int RESEND = 0xfe;
    /** The command that takes the next data byte; none, so it is for the keyboard. */
    private static final int NO_COMMAND = 0;

    private final Runnable resetMachine;
    private final int[] ram = new int[32];
    private int output;
    private boolean outputFull;
    private boolean timeout;
    private boolean lastWasCommand;
    private int awaiting;
    private int controlA;

    /** @param resetMachine asks for a reset of the whole machine and returns */
    public ResetPorts(Runnable resetMachine) {
        this.resetMachine = resetMachine;
        reset();
    }

    public void attach(PortBus bus) {
        bus.register(DATA, 1, this);
        bus.register(COMMAND, 1, this);
        bus.register(SYSTEM_CONTROL_A, 1, this);
    }

    public synchronized void reset() {
        Arrays.fill(ram, 0);
        ram[0] = DEFAULT_COMMAND_BYTE;
        output = 0;
        outputFull = false;
        timeout = false;
        lastWasCommand = true;
        awaiting = NO_COMMAND;
        controlA = 0;
    }

    @Override
    public synchronized int readByte(int port) {
        return switch (port) {
            case DATA -> {
                outputFull = false;
                timeout = false;
                yield output;
            }
            case COMMAND ->
                STATUS_NOT_LOCKED
                        | STATUS_SELF_TESTED
                        | (outputFull ? STATUS_OUTPUT_FULL : 0)
                        | (lastWasCommand ? STATUS_LAST_WAS_COMMAND : 0)
                        | (timeout ? STATUS_TIMEOUT : 0);
            case SYSTEM_CONTROL_A -> controlA | CONTROL_A_A20;
            default -> 0xff;
        };
    }

    @Override
    public void writeByte(int port, int value) {
        boolean resets;
        synchronized (this) {
            resets = switch (port) {
                case DATA -> writeData(value);
                case COMMAND -> writeCommand(value);
                case SYSTEM_CONTROL_A -> writeControlA(value);
                default -> false;
            };
        }
        if (resets) {
            resetMachine.run();
        }
    }

    private boolean writeControlA(int value) {
        boolean rises = (value & ~controlA & CONTROL_A_FAST_RESET) != 0;
        controlA = value & CONTROL_A_FAST_RESET;
        return rises;
    }

    /** @return whether the machine is to be reset */
    private boolean writeCommand(int command) {
        lastWasCommand = true;
        awaiting = NO_COMMAND;
        switch (command) {
            case 0xa4 -> answer(0xf1); // no password
            case 0xa9 -> answer(0x01); // the mouse's clock line does not move
            case 0xaa -> answer(0x55); // self-test passed
            case 0xab -> answer(0x00); // the keyboard's lines do
            case 0xad -> ram[0] |= COMMAND_BYTE_KEYBOARD_DISABLED;
            case 0xae -> ram[0] &= ~COMMAND_BYTE_KEYBOARD_DISABLED;
            case 0xc0 -> answer(0x80); // input port: keyboard not locked
            case 0xd0 -> answer(OUTPUT_NOT_RESET | OUTPUT_A20 | (outputFull ? OUTPUT_BUFFER_FULL : 0));
            case 0xd1, 0xd2, 0xd3, 0xd4 -> awaiting = command;
            case 0xe0 -> answer(0x00); // test inputs
            default -> {
                if (command >= 0xf0) {
                    // Pulses the output port's bits that are low here.
                    return (command & OUTPUT_NOT_RESET) == 0;
                }
                if ((command & 0xe0) == 0x20) {
                    answer(ram[command & 0x1f]);
                } else if ((command & 0xe0) == 0x60) {
                    awaiting = command;
                }
            }
        }
        return false;
    }

    private boolean writeData(int value) {
        int command = awaiting;
        lastWasCommand = false;
        awaiting = NO_COMMAND;
        switch (command) {
            case 0xd1 -> {
                return (value & OUTPUT_NOT_RESET) == 0;
            }
            case 0xd2, 0xd3 -> answer(value);
            case NO_COMMAND, 0xd4 -> {
                answer(RESEND);
                timeout = true;
            }
            default -> ram[command & 0x1f] = value;
        }
        return false;
    }

    private void answer(int value) {
        output = value;
        outputFull = true;
        timeout = false;
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInts(ram);
        out.putInt(output);
        out.putBoolean(outputFull);
        out.putBoolean(timeout);
        out.putBoolean(lastWasCommand);
        out.putInt(awaiting);
        out.putInt(controlA);
    }

    @Override
    public synchronized void restore(StateReader in) {
        in.getInts(ram);
        output = in.getInt();
        outputFull = in.getBoolean();
        timeout = in.getBoolean();
        lastWasCommand = in.getBoolean();
        awaiting = in.getInt();
        controlA = in.getInt();
    }
}
