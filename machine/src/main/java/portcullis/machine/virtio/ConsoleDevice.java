package portcullis.machine.virtio;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** A console of one port (virtio 1.2, 5.3), without size and without control queues. */
public final class ConsoleDevice implements VirtioDevice {
    private static final int TYPE = 3;
    private static final int CLASS_COMMUNICATION_OTHER = 0x078000;
    private static final int QUEUE_SIZE = 64;
    private static final int RECEIVE = 0;
    private static final int CHUNK = 4096;

    private final ConsolePort port;
    private final byte[] chunk = new byte[CHUNK];
    private volatile Runnable wake = () -> {};
    private HostCalls host = action -> {
        action.run();
        return true;
    };

    public ConsoleDevice(ConsolePort port) {
        this.port = port;
    }

    /** The host has input: to be called after {@link ConsolePort#available} has become positive. Any thread. */
    public void inputArrived() {
        wake.run();
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public int classCode() {
        return CLASS_COMMUNICATION_OTHER;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE, QUEUE_SIZE};
    }

    @Override
    public int configSize() {
        return 12;
    }

    /** Size, number of ports and emergency write all belong to features that are not offered. */
    @Override
    public int readConfig(int offset) {
        return 0;
    }

    @Override
    public void attach(Runnable wakeUp) {
        wake = wakeUp;
    }

    @Override
    public void attachHost(HostCalls calls) {
        host = calls;
    }

    @Override
    public boolean ready(int queue) {
        return queue != RECEIVE || port.available() > 0;
    }

    @Override
    public int handle(int queue, DescriptorChain chain) throws RingException {
        return queue == RECEIVE ? receive(chain) : transmit(chain);
    }

    private int receive(DescriptorChain chain) throws RingException {
        if (chain.writable() == 0) {
            throw new RingException("console input without a buffer to fill");
        }
        int count = port.read(chunk, 0, (int) Math.min(chain.writable(), CHUNK));
        return chain.write(chunk, 0, count);
    }

    private int transmit(DescriptorChain chain) {
        for (int count = chain.read(chunk, 0, CHUNK); count > 0; count = chain.read(chunk, 0, CHUNK)) {
            int length = count;
            if (!host.call(() -> port.write(chunk, 0, length))) {
                return 0;
            }
        }
        return 0;
    }

    @Override
    public void save(StateWriter out) {
        port.save(out);
    }

    @Override
    public void restore(StateReader in) {
        port.restore(in);
    }
}
