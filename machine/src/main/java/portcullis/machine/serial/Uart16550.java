package portcullis.machine.serial;

import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.PortBus;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A 16550A serial port (National PC16550D data sheet) as PCs wire it: OUT2 gates the interrupt line.
 *
 * <p>The transmitter takes no time: a byte written is with the sink before the write returns, THRE and TEMT always read as set, and
 * the interrupt line still drops and rises with every byte, so that edge-triggered guests see each THRE event. Characters are eight
 * bits whatever LCR says, so that a guest that leaves the line format to firmware is readable.
 *
 * <p>The host's end behaves as with flow control: it sends when there is room and the guest listens, that is, has raised RTS, enabled
 * receive interrupts, or polls LSR (two reads in a row). Input that was piped in before the guest's driver cleared its FIFOs thus
 * survives, and the receiver never overruns but in loopback.
 *
 * <p>Thread-safe. The lock is held while the interrupt line and the sink are called; neither may call back.
 */
public final class Uart16550 implements BytePortDevice, Saved {
    public static final int COM1 = 0x3f8;
    public static final int COM1_IRQ = 4;

    private static final int CRYSTAL_HZ = 1_843_200;
    private static final int FIFO_SIZE = 16;
    private static final int HOST_QUEUE_SIZE = 4096;

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_THR_EMPTY = 0x02;
    private static final int IER_LINE_STATUS = 0x04;
    private static final int IER_MODEM_STATUS = 0x08;

    private static final int IIR_NONE = 0x01;
    private static final int IIR_MODEM_STATUS = 0x00;
    private static final int IIR_THR_EMPTY = 0x02;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_LINE_STATUS = 0x06;
    private static final int IIR_TIMEOUT = 0x0c;
    private static final int IIR_FIFOS_ENABLED = 0xc0;

    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

    private static final int LCR_DIVISOR_LATCH = 0x80;

    private static final int MCR_DTR = 0x01;
    private static final int MCR_RTS = 0x02;
    private static final int MCR_OUT1 = 0x04;
    private static final int MCR_OUT2 = 0x08;
    private static final int MCR_LOOPBACK = 0x10;

    private static final int LSR_DATA_READY = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_BREAK = 0x10;
    private static final int LSR_TRANSMITTER_IDLE = 0x60;
    private static final int LSR_ERROR_IN_FIFO = 0x80;

    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR = 0x20;
    private static final int MSR_RI = 0x40;
    private static final int MSR_DCD = 0x80;
    private static final int MSR_DELTAS = 0x0f;
    private static final int MSR_TRAILING_EDGE_RI = 0x04;
    /** What a terminal that is always ready drives. */
    private static final int MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD;

    private final int base;
    private final Alarms alarms;
    private final Alarm timeoutAlarm;
    private final InterruptLine line;
    private final SerialSink sink;

    private final CharacterQueue hostQueue = new CharacterQueue(HOST_QUEUE_SIZE);
    private final CharacterQueue fifo = new CharacterQueue(FIFO_SIZE);
    private int interruptEnable;
    private int fifoControl;
    private int lineControl;
    private int modemControl;
    private int modemStatus;
    private int lineErrors;
    private int scratch;
    private int divisor;
    private boolean thrEmptyPending;
    private boolean timeoutPending;
    private long timeoutDeadline;
    private boolean lineAsserted;
    private int lineStatusReadsInARow;
    /** What the host sends waits in its queue. */
    private boolean held;

    /** @param base first of the eight ports */
    public Uart16550(int base, Alarms alarms, InterruptLine line, SerialSink sink) {
        this.base = base;
        this.alarms = alarms;
        this.line = line;
        this.sink = sink;
        timeoutAlarm = alarms.create("uart 0x%x receive timeout".formatted(base), this::timedOut);
        reset();
    }

    public void attach(PortBus bus) {
        bus.register(base, 8, this);
    }

    /** Master reset. What the host has offered and the guest has not read stays queued. */
    public synchronized void reset() {
        fifo.clear();
        interruptEnable = 0;
        fifoControl = 0;
        lineControl = 0;
        modemControl = 0;
        modemStatus = MSR_CONNECTED;
        lineErrors = 0;
        scratch = 0;
        divisor = 12;
        thrEmptyPending = false;
        timeoutPending = false;
        lineStatusReadsInARow = 0;
        timeoutAlarm.clear();
        updateLine();
    }

    /**
     * Offers one byte from the host and waits while the queue of 4096 is full; nothing is dropped. Host threads only: a VP's or alarm's
     * thread that waited here would wait for the guest.
     */
    public synchronized void receive(byte value) throws InterruptedException {
        while (hostQueue.isFull()) {
            wait();
        }
        hostQueue.add(value & 0xff);
        takeFromHost();
    }

    private void takeFromHost() {
        if (!held) {
            receiveFromHost();
            updateLine();
        }
    }

    /** Keeps what the host sends in its queue while the machine is saved. */
    public synchronized void hold() {
        held = true;
    }

    public synchronized void release() {
        held = false;
        takeFromHost();
    }

    /** As {@link #receive}, without waiting. @return whether there was room */
    public synchronized boolean tryReceive(byte value) {
        return tryQueue(value & 0xff);
    }

    /** The host's end sends a break condition. @return whether there was room in the queue */
    public synchronized boolean tryReceiveBreak() {
        return tryQueue(LSR_BREAK << 8);
    }

    private boolean tryQueue(int character) {
        if (hostQueue.isFull()) {
            return false;
        }
        hostQueue.add(character);
        takeFromHost();
        return true;
    }

    @Override
    public synchronized int readByte(int port) {
        boolean latch = (lineControl & LCR_DIVISOR_LATCH) != 0;
        lineStatusReadsInARow = port - base == 5 ? Math.min(lineStatusReadsInARow + 1, 2) : 0;
        return switch (port - base) {
            case 0 -> latch ? divisor & 0xff : readReceiver();
            case 1 -> latch ? divisor >> 8 : interruptEnable;
            case 2 -> readInterruptIdentification();
            case 3 -> lineControl;
            case 4 -> modemControl;
            case 5 -> readLineStatus();
            case 6 -> readModemStatus();
            case 7 -> scratch;
            default -> 0xff;
        };
    }

    @Override
    public synchronized void writeByte(int port, int value) {
        boolean latch = (lineControl & LCR_DIVISOR_LATCH) != 0;
        lineStatusReadsInARow = 0;
        switch (port - base) {
            case 0 -> {
                if (latch) {
                    divisor = divisor & 0xff00 | value;
                } else {
                    transmit(value);
                }
            }
            case 1 -> {
                if (latch) {
                    divisor = divisor & 0x00ff | value << 8;
                } else {
                    writeInterruptEnable(value & 0x0f);
                }
            }
            case 2 -> writeFifoControl(value);
            case 3 -> lineControl = value;
            case 4 -> writeModemControl(value & 0x1f);
            case 7 -> scratch = value;
            default -> {
                // Line and modem status are read-only.
            }
        }
    }

    private void transmit(int value) {
        // The data sheet's order: filling the holding register ends the THRE interrupt, emptying it starts the next
        // one.
        thrEmptyPending = false;
        updateLine();
        if (loopback()) {
            receiveCharacter(value);
        } else {
            sink.accept(value);
        }
        thrEmptyPending = true;
        updateLine();
    }

    private int readReceiver() {
        if (fifo.isEmpty()) {
            return 0;
        }
        int value = fifo.remove() & 0xff;
        showErrorsOfFirst();
        timeoutPending = false;
        // The line drops where this ended the interrupt, before the host's next character starts another.
        updateLine();
        receiveFromHost();
        restartTimeout();
        updateLine();
        return value;
    }

    private void receiveFromHost() {
        if (loopback() || !guestListens()) {
            return;
        }
        boolean wasFull = hostQueue.isFull();
        int capacity = fifosEnabled() ? FIFO_SIZE : 1;
        while (fifo.size() < capacity && !hostQueue.isEmpty()) {
            receiveCharacter(hostQueue.remove());
        }
        if (wasFull && !hostQueue.isFull()) {
            notifyAll();
        }
    }

    private boolean guestListens() {
        return (modemControl & MCR_RTS) != 0 || (interruptEnable & IER_RECEIVED) != 0 || lineStatusReadsInARow == 2;
    }

    private void receiveCharacter(int character) {
        if (fifosEnabled() ? fifo.isFull() : !fifo.isEmpty()) {
            lineErrors |= LSR_OVERRUN;
            if (!fifosEnabled()) {
                fifo.replaceFirst(character);
            }
        } else {
            fifo.add(character);
        }
        if (fifo.size() == 1) {
            showErrorsOfFirst();
        }
        restartTimeout();
    }

    /** Error bits belong to a character and show in LSR when it reaches the top of the FIFO. */
    private void showErrorsOfFirst() {
        if (!fifo.isEmpty()) {
            lineErrors |= fifo.first() >> 8;
            fifo.replaceFirst(fifo.first() & 0xff);
        }
    }

    /** Four character times after the last character was received or read, what lies below the trigger level is reported. */
    private void restartTimeout() {
        if (!fifosEnabled() || fifo.isEmpty() || (interruptEnable & IER_RECEIVED) == 0) {
            timeoutAlarm.clear();
            return;
        }
        int dataBits = 5 + (lineControl & 3);
        int bitsPerCharacter = 1 + dataBits + (lineControl >> 3 & 1) + 1 + (lineControl >> 2 & 1);
        long crystalCycles = 4L * bitsPerCharacter * 16 * Math.max(divisor, 1);
        timeoutDeadline =
                alarms.clock().ticks() + crystalCycles * alarms.clock().frequency() / CRYSTAL_HZ + 1;
        timeoutAlarm.set(timeoutDeadline);
    }

    private synchronized void timedOut() {
        // An action that was already under way when the deadline moved finds itself early.
        if (fifosEnabled() && !fifo.isEmpty() && alarms.clock().ticks() - timeoutDeadline >= 0) {
            timeoutPending = true;
            updateLine();
        }
    }

    private void writeInterruptEnable(int value) {
        boolean enablesThrEmpty = (value & ~interruptEnable & IER_THR_EMPTY) != 0;
        boolean enablesReceived = (value & ~interruptEnable & IER_RECEIVED) != 0;
        interruptEnable = value;
        if (enablesThrEmpty) {
            // The holding register is always empty, and enabling says so at once; drivers start transmission with this.
            thrEmptyPending = true;
        }
        if (enablesReceived) {
            receiveFromHost();
            restartTimeout();
        }
        updateLine();
    }

    private void writeFifoControl(int value) {
        boolean enableChanges = ((value ^ fifoControl) & FCR_ENABLE) != 0;
        if (enableChanges || (value & FCR_CLEAR_RECEIVER) != 0) {
            fifo.clear();
            timeoutPending = false;
        }
        // The other bits are only programmed together with FIFO enable.
        fifoControl = (value & FCR_ENABLE) == 0 ? 0 : value & 0xc9;
        receiveFromHost();
        restartTimeout();
        updateLine();
    }

    private void writeModemControl(int value) {
        modemControl = value;
        int inputs = loopback() ? loopedModemInputs() : MSR_CONNECTED;
        int changed = (inputs ^ modemStatus) & ~MSR_DELTAS;
        int deltas = changed >> 4 & ~MSR_TRAILING_EDGE_RI & MSR_DELTAS;
        if ((modemStatus & ~inputs & MSR_RI) != 0) {
            deltas |= MSR_TRAILING_EDGE_RI;
        }
        modemStatus = inputs | modemStatus & MSR_DELTAS | deltas;
        receiveFromHost();
        updateLine();
    }

    private int loopedModemInputs() {
        return ((modemControl & MCR_RTS) != 0 ? MSR_CTS : 0)
                | ((modemControl & MCR_DTR) != 0 ? MSR_DSR : 0)
                | ((modemControl & MCR_OUT1) != 0 ? MSR_RI : 0)
                | ((modemControl & MCR_OUT2) != 0 ? MSR_DCD : 0);
    }

    private int readInterruptIdentification() {
        int identification = pendingInterrupt();
        if (identification == IIR_THR_EMPTY) {
            thrEmptyPending = false;
            updateLine();
        }
        return identification | (fifosEnabled() ? IIR_FIFOS_ENABLED : 0);
    }

    private int readLineStatus() {
        receiveFromHost();
        int value = LSR_TRANSMITTER_IDLE | lineErrors;
        if (!fifo.isEmpty()) {
            value |= LSR_DATA_READY;
        }
        if (fifosEnabled() && ((lineErrors & ~LSR_OVERRUN) != 0 || fifo.hasErrors())) {
            value |= LSR_ERROR_IN_FIFO;
        }
        lineErrors = 0;
        updateLine();
        return value;
    }

    private int readModemStatus() {
        int value = modemStatus;
        modemStatus &= ~MSR_DELTAS;
        updateLine();
        return value;
    }

    /** The highest-priority interrupt, as IIR shows it (PC16550D table II, "interrupt control functions"). */
    private int pendingInterrupt() {
        if ((interruptEnable & IER_LINE_STATUS) != 0 && lineErrors != 0) {
            return IIR_LINE_STATUS;
        }
        if ((interruptEnable & IER_RECEIVED) != 0) {
            int trigger = fifosEnabled() ? TRIGGER_LEVELS[fifoControl >> 6] : 1;
            if (fifo.size() >= trigger) {
                return IIR_RECEIVED;
            }
            if (timeoutPending) {
                return IIR_TIMEOUT;
            }
        }
        if ((interruptEnable & IER_THR_EMPTY) != 0 && thrEmptyPending) {
            return IIR_THR_EMPTY;
        }
        if ((interruptEnable & IER_MODEM_STATUS) != 0 && (modemStatus & MSR_DELTAS) != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private void updateLine() {
        boolean asserted = (modemControl & MCR_OUT2) != 0 && pendingInterrupt() != IIR_NONE;
        if (asserted != lineAsserted) {
            lineAsserted = asserted;
            line.set(asserted);
        }
    }

    private boolean fifosEnabled() {
        return (fifoControl & FCR_ENABLE) != 0;
    }

    private boolean loopback() {
        return (modemControl & MCR_LOOPBACK) != 0;
    }

    // Saved state

    /** What the host has sent and the guest has not read is part of it. */
    @Override
    public synchronized void save(StateWriter out) {
        hostQueue.save(out);
        fifo.save(out);
        out.putInt(interruptEnable);
        out.putInt(fifoControl);
        out.putInt(lineControl);
        out.putInt(modemControl);
        out.putInt(modemStatus);
        out.putInt(lineErrors);
        out.putInt(scratch);
        out.putInt(divisor);
        out.putBoolean(thrEmptyPending);
        out.putBoolean(timeoutPending);
        out.putLong(timeoutDeadline);
        out.putBoolean(lineAsserted);
        out.putInt(lineStatusReadsInARow);
    }

    @Override
    public synchronized void restore(StateReader in) {
        hostQueue.restore(in);
        fifo.restore(in);
        interruptEnable = in.getInt();
        fifoControl = in.getInt(0, 0xff);
        lineControl = in.getInt();
        modemControl = in.getInt();
        modemStatus = in.getInt();
        lineErrors = in.getInt();
        scratch = in.getInt();
        divisor = in.getInt();
        thrEmptyPending = in.getBoolean();
        timeoutPending = in.getBoolean();
        timeoutDeadline = in.getLong();
        lineAsserted = in.getBoolean();
        lineStatusReadsInARow = in.getInt();
    }
}
