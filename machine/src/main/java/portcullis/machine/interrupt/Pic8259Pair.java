package portcullis.machine.interrupt;

import portcullis.hypervisor.apic.ExternalInterruptController;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.PortBus;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The PC's two 8259A interrupt controllers, the slave on the master's input 2, with the edge/level control registers of PCI chipsets
 * (ports 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1).
 *
 * <p>Thread-safe. {@link InterruptOutput} is called with no lock held, so that a local APIC may call {@link #acknowledge} and
 * be called back, on the same thread, with the output's new level.
 */
public final class Pic8259Pair implements BytePortDevice, ExternalInterruptController, Saved {
    /** IRQ 0 (timer), 1 (keyboard) and 2 (the slave) are wired for edges, and so are 8 (clock) and 13 (coprocessor error). */
    private static final int MASTER_LEVEL_CAPABLE = 0xf8;

    private static final int SLAVE_LEVEL_CAPABLE = 0xde;

    private final Pic8259 master = new Pic8259(true, MASTER_LEVEL_CAPABLE);
    private final Pic8259 slave = new Pic8259(false, SLAVE_LEVEL_CAPABLE);
    private final OutputPin output;

    public Pic8259Pair(InterruptOutput output) {
        this.output = new OutputPin(output);
    }

    public void attach(PortBus bus) {
        bus.register(0x20, 2, this);
        bus.register(0xa0, 2, this);
        bus.register(0x4d0, 2, this);
    }

    /** The wire into one input. @param irq 0 to 15, not 2, where the slave is */
    public InterruptLine line(int irq) {
        if (irq < 0 || irq > 15 || irq == 2) {
            throw new IllegalArgumentException("no device can be wired to IRQ " + irq);
        }
        return asserted -> setLine(irq, asserted);
    }

    private void setLine(int irq, boolean asserted) {
        synchronized (this) {
            (irq < 8 ? master : slave).setLine(irq & 7, asserted);
            settle();
        }
        output.publish();
    }

    /** Whether INTR is high. */
    @Override
    public boolean pending() {
        return output.wanted();
    }

    /**
     * An interrupt acknowledge cycle: the highest-priority request goes into service. Where no request is left, the answer is the
     * spurious interrupt, input 7 of the controller that has none.
     *
     * @return the vector, 0 to 255
     */
    @Override
    public int acknowledge() {
        int vector;
        synchronized (this) {
            vector = acknowledgeLocked();
            output.drop();
            settle();
        }
        output.publish();
        return vector;
    }

    private int acknowledgeLocked() {
        int input = master.highestRequest();
        if (input < 0) {
            return master.spuriousVector();
        }
        if (!master.isCascade(input)) {
            return master.acknowledge(input);
        }
        master.acknowledge(input);
        master.setLine(Pic8259.CASCADE, false);
        int slaveInput = slave.highestRequest();
        return slaveInput < 0 ? slave.spuriousVector() : slave.acknowledge(slaveInput);
    }

    /**
     * Drives the master's input from the slave and INTR from the master. An acknowledge cycle drops the slave's output, so that its
     * next request is an edge. Where the slave's request goes away before that, the master's stays, as for any edge, and the
     * acknowledge cycle finds the slave's spurious interrupt, IRQ 15.
     */
    private void settle() {
        master.setLine(Pic8259.CASCADE, slave.highestRequest() >= 0);
        output.want(master.highestRequest() >= 0);
    }

    /** Power-on state; the lines keep their levels. */
    public void reset() {
        synchronized (this) {
            master.reset();
            slave.reset();
            settle();
        }
        output.publish();
    }

    @Override
    public int readByte(int port) {
        int value;
        synchronized (this) {
            value = switch (port) {
                case 0x20 -> master.readCommand();
                case 0x21 -> master.readData();
                case 0xa0, 0xa1 -> readSlave(port);
                case 0x4d0 -> master.edgeLevelControl();
                case 0x4d1 -> slave.edgeLevelControl();
                default -> 0xff;
            };
            settle();
        }
        output.publish();
        return value;
    }

    private int readSlave(int port) {
        if (slave.polled()) {
            master.setLine(Pic8259.CASCADE, false);
        }
        return port == 0xa0 ? slave.readCommand() : slave.readData();
    }

    @Override
    public void writeByte(int port, int value) {
        synchronized (this) {
            switch (port) {
                case 0x20 -> master.writeCommand(value);
                case 0x21 -> master.writeData(value);
                case 0xa0 -> slave.writeCommand(value);
                case 0xa1 -> slave.writeData(value);
                case 0x4d0 -> master.writeEdgeLevelControl(value);
                case 0x4d1 -> slave.writeEdgeLevelControl(value);
                default -> {
                    // The upper half of a wide access beyond our ports.
                }
            }
            settle();
        }
        output.publish();
    }

    @Override
    public synchronized void save(StateWriter out) {
        master.save(out);
        slave.save(out);
        out.putBoolean(output.wanted());
    }

    @Override
    public synchronized void restore(StateReader in) {
        master.restore(in);
        slave.restore(in);
        output.restore(in.getBoolean());
    }
}
