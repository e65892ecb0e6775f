package portcullis.machine.virtio;

import portcullis.machine.bus.MmioDevice;
import portcullis.memory.MemoryView;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The common configuration structure (virtio 1.2, 4.1.4.3): device status, feature negotiation, set-up of queues. Thread-safe; its
 * lock is taken after the transport's and never the other way round, which is why a reset starts outside it.
 *
 * <p>Fields take writes of their own width only (4.1.3.1); anything else is ignored. Reads of any width see the fields side by
 * side.
 */
final class CommonConfig implements MmioDevice {
    static final int SIZE = 60;
    static final int NO_VECTOR = 0xFFFF;

    static final int DRIVER_OK = 1 << 2;
    static final int FEATURES_OK = 1 << 3;
    static final int NEEDS_RESET = 1 << 6;
    private static final int DRIVER_BITS = 1 << 0 | 1 << 1 | DRIVER_OK | FEATURES_OK | 1 << 7;

    private static final int FEATURE_SELECT = 0;
    private static final int DRIVER_FEATURE_SELECT = 8;
    private static final int DRIVER_FEATURE = 12;
    private static final int CONFIG_VECTOR = 16;
    private static final int STATUS = 20;
    private static final int QUEUE_SELECT = 22;
    private static final int QUEUE_SIZE = 24;
    private static final int QUEUE_VECTOR = 26;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_ADDRESSES = 32;
    private static final int QUEUE_ADDRESSES_END = 56;

    /** What the structure asks of the function it is in. */
    interface Transport {
        /** Stops the device, then calls {@link #clear}. */
        void resetByDriver();

        /** DRIVER_OK was set. Called without the structure's lock. */
        void driverReady(long features);

        /** The driver broke a rule. Called without the structure's lock. */
        void needsReset(String reason);

        boolean acceptsFeatures(long features);
    }

    /** Registers of one queue. */
    private static final class Queue {
        private final int maxSize;
        private int size;
        private int vector;
        /** Descriptor area, driver area, device area. */
        private final long[] areas = new long[3];

        /** Set once enabled; the transport's worker reads it. */
        private volatile SplitQueue ring;

        Queue(int maxSize) {
            this.maxSize = maxSize;
        }

        void clear() {
            size = maxSize;
            vector = NO_VECTOR;
            java.util.Arrays.fill(areas, 0);
            ring = null;
        }
    }

    private final MemoryView memory;
    private final Transport transport;
    private final long offered;
    private final int vectors;
    private final Queue[] queues;

    private int featureSelect;
    private int driverFeatureSelect;
    private long accepted;
    private int configVector;
    private volatile int status;
    private int generation;
    private int queueSelect;

    CommonConfig(MemoryView memory, Transport transport, long offered, int vectors, int[] queueSizes) {
        this.memory = memory;
        this.transport = transport;
        this.offered = offered;
        this.vectors = vectors;
        queues = new Queue[queueSizes.length];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new Queue(queueSizes[i]);
        }
        clear();
    }

    /** State after a reset. */
    synchronized void clear() {
        featureSelect = 0;
        driverFeatureSelect = 0;
        accepted = 0;
        configVector = NO_VECTOR;
        status = 0;
        queueSelect = 0;
        for (Queue queue : queues) {
            queue.clear();
        }
    }

    /** Whether the driver is ready and has not broken anything since. */
    boolean live() {
        return (status & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK;
    }

    int queueCount() {
        return queues.length;
    }

    /** The queue's ring, or null while it is not enabled. */
    SplitQueue ring(int queue) {
        return queues[queue].ring;
    }

    synchronized int queueVector(int queue) {
        return queues[queue].vector;
    }

    synchronized int configVector() {
        return configVector;
    }

    /** Sets DEVICE_NEEDS_RESET. @return whether the driver is to be told with a configuration interrupt (2.1.2) */
    synchronized boolean markNeedsReset() {
        boolean tell = (status & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK;
        status |= NEEDS_RESET;
        generation = generation + 1 & 0xff;
        return tell;
    }

    @Override
    public synchronized long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < SIZE; i++) {
            int at = (int) offset + i;
            value |= (word(at >>> 3) >>> 8 * (at & 7) & 0xff) << 8 * i;
        }
        return value;
    }

    /** Eight bytes of the structure. */
    private long word(int index) {
        Queue queue = queueSelect < queues.length ? queues[queueSelect] : null;
        return switch (index) {
            case 0 -> featureSelect & 0xffff_ffffL | half(offered, featureSelect) << 32;
            case 1 -> driverFeatureSelect & 0xffff_ffffL | half(accepted, driverFeatureSelect) << 32;
            case 2 ->
                configVector
                        | (long) queues.length << 16
                        | (long) status << 32
                        | (long) generation << 40
                        | (long) queueSelect << 48;
            case 3 ->
                queue == null
                        ? (long) NO_VECTOR << 16
                        : queue.size
                                | (long) queue.vector << 16
                                | (queue.ring == null ? 0L : 1L) << 32
                                | (long) queueSelect << 48;
            case 4, 5, 6 -> queue == null ? 0 : queue.areas[index - 4];
            // Notification data and queue reset belong to features that are not offered.
            default -> 0;
        };
    }

    /** 32 of 64 feature bits; a window that does not exist shows none. */
    private static long half(long features, int select) {
        return switch (select) {
            case 0 -> features & 0xffff_ffffL;
            case 1 -> features >>> 32;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == STATUS && size == 1) {
            writeStatus((int) value & 0xff);
            return;
        }
        String broken = null;
        synchronized (this) {
            if (offset < QUEUE_SIZE) {
                writeDeviceField((int) offset, size, value);
            } else if (queueSelect < queues.length && queues[queueSelect].ring == null) {
                broken = writeQueueField(queues[queueSelect], (int) offset, size, value);
            } else if (queueSelect < queues.length && offset == QUEUE_VECTOR && size == 2) {
                queues[queueSelect].vector = vector((int) value);
            }
        }
        if (broken != null) {
            transport.needsReset(broken);
        }
    }

    private void writeDeviceField(int offset, int size, long value) {
        if (size == 4 && offset == FEATURE_SELECT) {
            featureSelect = (int) value;
        } else if (size == 4 && offset == DRIVER_FEATURE_SELECT) {
            driverFeatureSelect = (int) value;
        } else if (size == 4 && offset == DRIVER_FEATURE && (status & FEATURES_OK) == 0) {
            int shift = 32 * driverFeatureSelect;
            if (driverFeatureSelect == 0 || driverFeatureSelect == 1) {
                accepted = accepted & ~(0xffff_ffffL << shift) | (value & 0xffff_ffffL) << shift;
            }
        } else if (size == 2 && offset == CONFIG_VECTOR) {
            configVector = vector((int) value);
        } else if (size == 2 && offset == QUEUE_SELECT) {
            queueSelect = (int) value & 0xffff;
        }
    }

    /** 4.1.5.1.2.1: a vector that cannot be had reads back as "none". */
    private int vector(int wanted) {
        int vector = wanted & 0xffff;
        return vector < vectors ? vector : NO_VECTOR;
    }

    /** @return the rule that the driver broke, or null */
    private String writeQueueField(Queue queue, int offset, int size, long value) {
        if (size == 2 && offset == QUEUE_SIZE) {
            int wanted = (int) value & 0xffff;
            // A size that cannot be is kept out of the register, so that the driver can see it was not taken.
            if (Integer.bitCount(wanted) == 1 && wanted <= queue.maxSize) {
                queue.size = wanted;
            }
        } else if (size == 2 && offset == QUEUE_VECTOR) {
            queue.vector = vector((int) value);
        } else if (size == 2 && offset == QUEUE_ENABLE) {
            return (value & 0xffff) == 1 ? enable(queue) : null;
        } else if (offset >= QUEUE_ADDRESSES && offset < QUEUE_ADDRESSES_END && (offset & size - 1) == 0) {
            writeArea(queue, (offset - QUEUE_ADDRESSES) / 8, offset & 7, size, value);
        }
        return null;
    }

    private static void writeArea(Queue queue, int area, int within, int size, long value) {
        if (size == 8) {
            queue.areas[area] = value;
        } else if (size == 4) {
            int shift = 8 * within;
            long cleared = queue.areas[area] & ~(0xffff_ffffL << shift);
            queue.areas[area] = cleared | (value & 0xffff_ffffL) << shift;
        }
    }

    private String enable(Queue queue) {
        if ((status & FEATURES_OK) == 0) {
            return "queue enabled before features were agreed on";
        }
        try {
            queue.ring = new SplitQueue(memory, queue.size, queue.areas[0], queue.areas[1], queue.areas[2], accepted);
            return null;
        } catch (RingException broken) {
            return broken.getMessage();
        }
    }

    private void writeStatus(int value) {
        if (value == 0) {
            transport.resetByDriver();
            return;
        }
        boolean ready;
        long features;
        synchronized (this) {
            int before = status;
            int wanted = (before | value) & DRIVER_BITS;
            if ((before & FEATURES_OK) == 0 && !negotiated()) {
                wanted &= ~FEATURES_OK;
            }
            if ((wanted & FEATURES_OK) == 0) {
                wanted &= ~DRIVER_OK;
            }
            status = wanted | before & NEEDS_RESET;
            ready = (wanted & ~before & DRIVER_OK) != 0;
            features = accepted;
        }
        if (ready) {
            transport.driverReady(features);
        }
    }

    /** 2.2.2 and 6.2: nothing that was not offered, and no driver of the legacy interface. */
    private boolean negotiated() {
        return (accepted & ~offered) == 0
                && (accepted & VirtioFeatures.VERSION_1) != 0
                && transport.acceptsFeatures(accepted);
    }

    // Saved state

    synchronized void save(StateWriter out) {
        out.putInt(featureSelect);
        out.putInt(driverFeatureSelect);
        out.putLong(accepted);
        out.putInt(configVector);
        out.putInt(status);
        out.putInt(generation);
        out.putInt(queueSelect);
        for (Queue queue : queues) {
            out.putInt(queue.size);
            out.putInt(queue.vector);
            out.putLongs(queue.areas);
            out.putBoolean(queue.ring != null);
            if (queue.ring != null) {
                queue.ring.save(out);
            }
        }
    }

    synchronized void restore(StateReader in) {
        featureSelect = in.getInt();
        driverFeatureSelect = in.getInt();
        accepted = in.getLong();
        configVector = in.getInt(0, NO_VECTOR);
        status = in.getInt(0, 0xff);
        generation = in.getInt(0, 0xff);
        queueSelect = in.getInt(0, 0xffff);
        for (Queue queue : queues) {
            queue.size = in.getInt(0, queue.maxSize);
            queue.vector = in.getInt(0, NO_VECTOR);
            in.getLongs(queue.areas);
            queue.ring = null;
            if (in.getBoolean()) {
                String broken = enable(queue);
                if (broken != null) {
                    throw in.refused("has a queue that cannot be: " + broken);
                }
                queue.ring.restore(in);
            }
        }
    }
}
