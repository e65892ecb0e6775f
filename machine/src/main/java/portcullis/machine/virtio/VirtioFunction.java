package portcullis.machine.virtio;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import portcullis.hypervisor.apic.MsiSink;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.pci.Msix;
import portcullis.machine.pci.PciBar;
import portcullis.machine.pci.PciFunction;
import portcullis.machine.pci.PciIdentity;
import portcullis.memory.GuestAddressException;
import portcullis.memory.GuestMemory;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A virtio device as a PCI function (virtio 1.2, 4.1). BAR 0 holds the four structures, a page each; BAR 2 holds MSI-X. Every
 * queue has a vector to use, and configuration changes have one.
 *
 * <p>Requests are handled on the executor: a thread of the device's own, or {@code Runnable::run} where everything has to happen
 * in guest order. Handling goes on under {@code work}; a driver's reset waits there for the request in hand, not for the rest. What
 * of a request may block in the host is done without the lock ({@link VirtioDevice.HostCalls}), and a reset does not wait for that for
 * ever: it cuts the request off.
 */
public final class VirtioFunction extends PciFunction {
    private static final int VENDOR = 0x1AF4;
    private static final int FIRST_DEVICE_ID = 0x1040;

    private static final int CAPABILITY_VENDOR = 0x09;
    private static final int STRUCTURE_BAR = 0;
    private static final int MSIX_BAR = 2;
    private static final int STRUCTURE_SIZE = 0x1000;
    private static final int ISR_AT = STRUCTURE_SIZE;
    private static final int DEVICE_AT = 2 * STRUCTURE_SIZE;
    private static final int NOTIFY_AT = 3 * STRUCTURE_SIZE;
    private static final int STRUCTURES_SIZE = 4 * STRUCTURE_SIZE;
    private static final int NOTIFY_MULTIPLIER = 4;

    private static final int COMMON_CFG = 1;
    private static final int NOTIFY_CFG = 2;
    private static final int ISR_CFG = 3;
    private static final int DEVICE_CFG = 4;
    private static final int PCI_CFG = 5;

    private static final int COMMAND = 4;
    private static final int ISR_QUEUE = 1;
    private static final int ISR_CONFIG = 2;

    /** Rounds over all queues before the executor gets a chance to do something else. */
    private static final int ROUNDS = 8;

    /** Whoever reads a console's output may pause; but the guest's VP, and others at the PCI host's lock, stand meanwhile. */
    private static final long RESET_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long HOLD_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final VirtioDevice device;
    private final Executor executor;
    private final Msix msix;
    private final CommonConfig common;
    private final MmioDevice structures = new Structures();
    private final int accessCapability;

    private final ReentrantLock work = new ReentrantLock();
    private final Condition requestDone = work.newCondition();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicInteger resetsWaiting = new AtomicInteger();
    private volatile String complaint;
    private int isr;

    /** Guarded by {@code work}. */
    private boolean again;

    /** A request is being handled. Guarded by {@code work}, so others see it only while that is in the host. */
    private boolean inHand;

    /** Nobody waits for the request in hand: its ring and its buffers are no more. Guarded by {@code work}. */
    private boolean cutOff;

    /** No request is begun. */
    private volatile boolean held;

    /** The queues were to be looked at when work was held. Guarded by {@code work}. */
    private boolean unserved;

    /** The thread that is in the executor with our task, which is the one that runs it where the executor is synchronous. */
    private volatile Thread scheduler;

    /**
     * @param executor runs the device; tasks must run one after the other, and a device that is shut down rejects them
     */
    public VirtioFunction(VirtioDevice device, GuestMemory memory, MsiSink sink, Executor executor) {
        super(new PciIdentity(
                VENDOR,
                FIRST_DEVICE_ID + device.type(),
                1,
                device.classCode(),
                VENDOR,
                FIRST_DEVICE_ID + device.type()));
        this.device = device;
        this.executor = executor;
        int[] queueSizes = device.queueSizes();
        msix = new Msix(queueSizes.length + 1, sink);
        long offered = device.features() | VirtioFeatures.OFFERED;
        common = new CommonConfig(memory.view(0), new Requests(), offered, msix.vectors(), queueSizes);
        addBar(new PciBar(STRUCTURE_BAR, PciBar.Kind.MEMORY_64, STRUCTURES_SIZE, structures));
        usePin(0);
        addMsix(MSIX_BAR, msix);
        addStructure(COMMON_CFG, 0, CommonConfig.SIZE, 0);
        addStructure(ISR_CFG, ISR_AT, 1, 0);
        if (device.configSize() > 0) {
            addStructure(DEVICE_CFG, DEVICE_AT, device.configSize(), 0);
        }
        addStructure(NOTIFY_CFG, NOTIFY_AT, queueSizes.length * NOTIFY_MULTIPLIER, NOTIFY_MULTIPLIER);
        accessCapability = addStructure(PCI_CFG, 0, 0, 0);
        device.attach(this::schedule);
        device.attachHost(this::callHost);
    }

    /** 4.1.4: vendor-specific capabilities that say where the structures are. @return offset of the capability */
    private int addStructure(int type, int offset, int length, int extra) {
        boolean long20 = type == NOTIFY_CFG || type == PCI_CFG;
        byte[] body = new byte[long20 ? 18 : 14];
        body[0] = (byte) (body.length + 2);
        body[1] = (byte) type;
        body[2] = STRUCTURE_BAR;
        for (int i = 0; i < 4; i++) {
            body[6 + i] = (byte) (offset >>> 8 * i);
            body[10 + i] = (byte) (length >>> 8 * i);
            if (long20) {
                body[14 + i] = (byte) (extra >>> 8 * i);
            }
        }
        byte[] writable = new byte[type == PCI_CFG ? body.length : 0];
        if (type == PCI_CFG) {
            writable[2] = -1;
            java.util.Arrays.fill(writable, 6, 18, (byte) -1);
        }
        return addCapability(CAPABILITY_VENDOR, body, writable);
    }

    /** The rule that the driver broke last, or null: for whoever wants to know why a device asks for a reset. */
    public String complaint() {
        return complaint;
    }

    // ---- 4.1.4.9: configuration space as a way to the BARs, for drivers that cannot reach memory windows.

    @Override
    protected void configReading(int offset, int size) {
        int data = accessCapability + 16;
        if (offset < data + 4 && data < offset + size) {
            MmioDevice window = accessWindow();
            int length = configValue(accessCapability + 12, 4);
            if (window != null) {
                setConfigValue(data, length, (int) window.read(configValue(accessCapability + 8, 4), length));
            }
        }
    }

    @Override
    protected void configWritten(int offset, int size) {
        int data = accessCapability + 16;
        if (offset < data + 4 && data < offset + size) {
            MmioDevice window = accessWindow();
            int length = configValue(accessCapability + 12, 4);
            if (window != null) {
                long value = Integer.toUnsignedLong(configValue(data, length));
                window.write(configValue(accessCapability + 8, 4), length, value);
            }
        }
        if (offset <= COMMAND && COMMAND < offset + size && common.live() && busMaster()) {
            // Requests may have waited for bus mastering.
            schedule();
        }
    }

    /** The window that the access capability points into, or null where bar, offset or length are not valid together. */
    private MmioDevice accessWindow() {
        int bar = configValue(accessCapability + 4, 1);
        long offset = Integer.toUnsignedLong(configValue(accessCapability + 8, 4));
        int length = configValue(accessCapability + 12, 4);
        if (length != 1 && length != 2 && length != 4 || offset % length != 0) {
            return null;
        }
        if (bar == STRUCTURE_BAR && offset + length <= STRUCTURES_SIZE) {
            return structures;
        }
        return bar == MSIX_BAR && offset + length <= msix.size() ? msix : null;
    }

    // ---- BAR 0.

    private final class Structures implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            int within = (int) offset & STRUCTURE_SIZE - 1;
            return switch ((int) offset & -STRUCTURE_SIZE) {
                case 0 -> common.read(within, size);
                case ISR_AT -> within == 0 ? takeIsr() : 0;
                case DEVICE_AT -> readDeviceConfig(within, size);
                default -> 0;
            };
        }

        @Override
        public void write(long offset, int size, long value) {
            int within = (int) offset & STRUCTURE_SIZE - 1;
            switch ((int) offset & -STRUCTURE_SIZE) {
                case 0 -> common.write(within, size, value);
                case DEVICE_AT -> {
                    if (size <= 4 && within + size <= device.configSize()) {
                        device.writeConfig(within, size, (int) value);
                    }
                }
                case NOTIFY_AT -> {
                    if (within / NOTIFY_MULTIPLIER < common.queueCount()) {
                        schedule();
                    }
                }
                default -> {
                    // The interrupt status is read-only.
                }
            }
        }
    }

    private long readDeviceConfig(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < device.configSize(); i++) {
            value |= (device.readConfig(offset + i) & 0xffL) << 8 * i;
        }
        return value;
    }

    /** 4.1.4.5: reading acknowledges, and releases the pin. */
    private synchronized long takeIsr() {
        int value = isr;
        isr = 0;
        setInterrupt(false);
        return value;
    }

    private void interrupt(int vector, int cause) {
        // One look: a driver may switch MSI-X meanwhile. No function has as many vectors as would make NO_VECTOR one.
        if (!msix.raise(vector)) {
            synchronized (this) {
                isr |= cause;
                setInterrupt(true);
            }
        }
    }

    // ---- What the common configuration asks for.

    private final class Requests implements CommonConfig.Transport {
        @Override
        public void resetByDriver() {
            stopAndClear();
        }

        @Override
        public void driverReady(long features) {
            work.lock();
            try {
                device.driverReady(features);
            } finally {
                work.unlock();
            }
            schedule();
        }

        @Override
        public void needsReset(String reason) {
            complain(reason);
        }

        @Override
        public boolean acceptsFeatures(long features) {
            return device.acceptsFeatures(features);
        }
    }

    @Override
    protected void deviceReset() {
        stopAndClear();
    }

    private void stopAndClear() {
        resetsWaiting.incrementAndGet();
        work.lock();
        try {
            awaitRequest(RESET_PATIENCE_NANOS);
            cutOff = inHand;
            resetsWaiting.decrementAndGet();
            device.reset();
            common.clear();
            takeIsr();
        } finally {
            work.unlock();
        }
    }

    private void complain(String reason) {
        complaint = reason;
        if (common.markNeedsReset()) {
            interrupt(common.configVector(), ISR_CONFIG);
        }
    }

    // ---- Work.

    /** Has the queues looked at soon. Any thread. */
    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            scheduler = Thread.currentThread();
            try {
                executor.execute(this::run);
            } catch (RejectedExecutionException stopped) {
                // The machine is being torn down: nobody waits for an answer.
                scheduled.set(false);
            } finally {
                scheduler = null;
            }
        }
    }

    private void run() {
        if (work.isHeldByCurrentThread()) {
            // A request in hand has made more work, and the executor runs it on the spot: the outer call sees to it.
            scheduled.set(false);
            again = true;
            return;
        }
        boolean synchronous = scheduler == Thread.currentThread();
        boolean more = true;
        for (int round = 0; round < ROUNDS && more; round++) {
            work.lock();
            try {
                scheduled.set(false);
                if (inHand) {
                    // By somebody who is in the host with it, and sees to the rest, too.
                    again = true;
                    return;
                }
                again = false;
                more = !held && serve() | again;
                unserved |= held;
            } finally {
                work.unlock();
            }
        }
        if (more && synchronous) {
            // Nobody else runs, and still the queue never empties: the driver has it filled by the device's own writes.
            complain("queue that refills itself");
        } else if (more) {
            schedule();
        }
    }

    /** Handles what lies in the queues, at most a ring's worth each. @return whether something may be left */
    private boolean serve() {
        boolean more = false;
        try {
            for (int queue = 0; queue < common.queueCount(); queue++) {
                SplitQueue ring = common.ring(queue);
                if (ring != null) {
                    more |= serve(queue, ring);
                }
            }
        } catch (RingException broken) {
            complain(broken.getMessage());
            return false;
        } catch (GuestAddressException outside) {
            complain(outside.getMessage());
            return false;
        }
        return more;
    }

    private boolean serve(int queue, SplitQueue ring) throws RingException {
        for (int budget = ring.size(); budget > 0; budget--) {
            if (held || !common.live() || !busMaster() || resetsWaiting.get() != 0 || !device.ready(queue)) {
                return false;
            }
            DescriptorChain chain = ring.pop();
            if (chain == null) {
                return false;
            }
            if (!handle(queue, ring, chain)) {
                return false;
            }
        }
        return true;
    }

    /** @return false where it was cut off */
    private boolean handle(int queue, SplitQueue ring, DescriptorChain chain) throws RingException {
        inHand = true;
        try {
            int written = device.handle(queue, chain);
            if (cutOff) {
                return false;
            }
            if (ring.push(chain.head(), written)) {
                interrupt(common.queueVector(queue), ISR_QUEUE);
            }
            return true;
        } finally {
            inHand = false;
            cutOff = false;
            requestDone.signalAll();
        }
    }

    /** {@link VirtioDevice.HostCalls}: out of {@link #handle}, with the lock. */
    private boolean callHost(Runnable action) {
        work.unlock();
        try {
            action.run();
        } finally {
            work.lock();
        }
        return !cutOff;
    }

    /** Waits, with the lock, for the request in hand. @return false where the host still has it */
    private boolean awaitRequest(long nanos) {
        long limit = System.nanoTime() + nanos;
        boolean interrupted = false;
        for (long left = nanos; inHand && !cutOff && left > 0; left = limit - System.nanoTime()) {
            try {
                requestDone.awaitNanos(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !inHand || cutOff;
    }

    /** The machine is no more: no request is begun, and one that is still in the host does nothing else. Any thread. */
    public void cutOff() {
        held = true;
        work.lock();
        try {
            cutOff = inHand;
        } finally {
            work.unlock();
        }
    }

    // ---- Saved state: between two requests, with nothing scheduled.

    /**
     * Finishes the request in hand and begins no other until {@link #release}. Not from the executor.
     *
     * @return false where the host has not let go of the request within seconds: there is nothing to save
     */
    public boolean hold() {
        return hold(HOLD_PATIENCE_NANOS);
    }

    boolean hold(long nanos) {
        held = true;
        work.lock();
        try {
            // Whoever comes next sees it.
            return awaitRequest(nanos);
        } finally {
            work.unlock();
        }
    }

    /** Goes on, after {@link #hold} or {@link #restore}. */
    public void release() {
        boolean left;
        work.lock();
        try {
            held = false;
            left = unserved;
            unserved = false;
        } finally {
            work.unlock();
        }
        if (left) {
            schedule();
        }
    }

    @Override
    public void save(StateWriter out) {
        super.save(out);
        common.save(out);
        synchronized (this) {
            out.putInt(isr);
        }
        device.save(out);
        work.lock();
        try {
            out.putBoolean(unserved || scheduled.get());
        } finally {
            work.unlock();
        }
    }

    @Override
    public void restore(StateReader in) {
        super.restore(in);
        common.restore(in);
        synchronized (this) {
            isr = in.getInt();
        }
        device.restore(in);
        unserved = in.getBoolean();
    }
}
