package portcullis.machine.virtio;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Random numbers (virtio 1.2, 5.4). Fills the start of long buffers only, as it may. */
public final class EntropyDevice implements VirtioDevice {
    private static final int TYPE = 4;
    private static final int CLASS_OTHER = 0xFF0000;
    private static final int QUEUE_SIZE = 8;
    private static final int MOST_AT_ONCE = 4096;

    private final EntropySource source;

    public EntropyDevice(EntropySource source) {
        this.source = source;
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public int classCode() {
        return CLASS_OTHER;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE};
    }

    @Override
    public int configSize() {
        return 0;
    }

    @Override
    public int readConfig(int offset) {
        return 0;
    }

    @Override
    public int handle(int queue, DescriptorChain chain) throws RingException {
        if (chain.writable() == 0) {
            throw new RingException("entropy request without a buffer to fill");
        }
        byte[] bytes = new byte[(int) Math.min(chain.writable(), MOST_AT_ONCE)];
        source.fill(bytes);
        return chain.write(bytes, 0, bytes.length);
    }

    @Override
    public void save(StateWriter out) {
        source.save(out);
    }

    @Override
    public void restore(StateReader in) {
        source.restore(in);
    }
}
