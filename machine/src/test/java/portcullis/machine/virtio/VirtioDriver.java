package portcullis.machine.virtio;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import portcullis.machine.MemoryMap;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.PortBus;
import portcullis.machine.pci.PciHost;
import portcullis.machine.pci.PciInterrupts;
import portcullis.machine.pci.PciSetup;
import portcullis.memory.GuestMemory;

/** A small machine with one virtio function in it, and a driver for that: finds its structures and works its queues as a guest does. */
final class VirtioDriver implements AutoCloseable {
    static final long RAM = 2L << 20;
    static final int SLOT = 2;
    static final long VERSION_1 = 1L << 32;
    static final long INDIRECT = 1L << 28;
    static final long EVENT_INDEX = 1L << 29;

    /** One buffer of a request. */
    record Buffer(long gpa, long length, boolean deviceWrites) {}

    final GuestMemory memory = new GuestMemory(32);
    final MmioBus bus = new MmioBus();
    final List<String> messages = Collections.synchronizedList(new ArrayList<>());
    final PciHost host;
    final VirtioFunction function;
    volatile boolean pin;

    long common;
    long notify;
    long isr;
    long deviceConfig;
    int accessCapability;
    long msixTable;
    int msixControl;

    private final Map<Integer, Integer> added = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> seen = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> sizes = new ConcurrentHashMap<>();
    private long features;

    VirtioDriver(VirtioDevice device, Executor executor) {
        memory.addRam(0, RAM);
        List<InterruptLine> lines = Collections.nCopies(8, asserted -> pin = asserted);
        host = new PciHost(
                new PortBus(), bus, new PciInterrupts(lines, Collections.nCopies(2, asserted -> {})), () -> {});
        function = new VirtioFunction(
                device, memory, (address, data) -> messages.add("%x:%x".formatted(address, data)), executor);
        host.add(SLOT, 0, function);
        PciSetup.assign(host);
        discover();
        setConfig(4, 2, 6);
    }

    @Override
    public void close() {
        memory.close();
    }

    private static long ecam(int register) {
        return MemoryMap.ECAM + (SLOT << 15) + register;
    }

    long config(int register, int size) {
        return bus.read(ecam(register), size);
    }

    void setConfig(int register, int size, long value) {
        bus.write(ecam(register), size, value);
    }

    private long bar(int index) {
        return config(0x10 + 4 * index, 4) & -16L;
    }

    private void discover() {
        for (int at = (int) config(0x34, 1); at != 0; at = (int) config(at + 1, 1)) {
            long structure = bar((int) config(at + 4, 1) & 7) + config(at + 8, 4);
            if (config(at, 1) == 0x11) {
                msixControl = at + 2;
                msixTable = bar((int) config(at + 4, 4) & 7) + (config(at + 4, 4) & -8);
            } else {
                switch ((int) config(at + 3, 1)) {
                    case 1 -> common = structure;
                    case 2 -> notify = structure;
                    case 3 -> isr = structure;
                    case 4 -> deviceConfig = structure;
                    case 5 -> accessCapability = at;
                    default -> throw new AssertionError("unknown structure");
                }
            }
        }
    }

    long get(int field, int size) {
        return bus.read(common + field, size);
    }

    void set(int field, int size, long value) {
        bus.write(common + field, size, value);
    }

    long status() {
        return get(20, 1);
    }

    long offered() {
        set(0, 4, 0);
        long low = get(4, 4);
        set(0, 4, 1);
        return low | get(4, 4) << 32;
    }

    void accept(long wanted) {
        features = wanted;
        set(8, 4, 0);
        set(12, 4, wanted);
        set(8, 4, 1);
        set(12, 4, wanted >>> 32);
    }

    /** Reset, negotiation, all queues, DRIVER_OK. @param wanted features besides VERSION_1 */
    void start(long wanted) {
        set(20, 1, 0);
        added.clear();
        seen.clear();
        set(20, 1, 1);
        set(20, 1, 3);
        accept(wanted | VERSION_1);
        set(20, 1, 11);
        if (status() != 11) {
            throw new AssertionError("features refused");
        }
        for (int queue = 0; queue < get(18, 2); queue++) {
            enable(queue);
        }
        set(20, 1, 15);
    }

    long ring(int queue) {
        return 0x1_0000 + 0x1_0000L * queue;
    }

    long available(int queue) {
        return ring(queue) + 0x2000;
    }

    long used(int queue) {
        return ring(queue) + 0x4000;
    }

    void enable(int queue) {
        set(22, 2, queue);
        sizes.put(queue, (int) get(24, 2));
        memory.fill(ring(queue), 0x8000, (byte) 0);
        set(26, 2, queue + 1);
        set(32, 4, ring(queue));
        set(36, 4, 0);
        set(40, 8, available(queue));
        set(48, 8, used(queue));
        set(28, 2, 1);
    }

    void descriptor(long table, int index, long gpa, long length, int flags, int next) {
        memory.putLong(table + 16L * index, gpa);
        memory.putInt(table + 16L * index + 8, (int) length);
        memory.putShort(table + 16L * index + 12, (short) flags);
        memory.putShort(table + 16L * index + 14, (short) next);
    }

    private void chain(long table, Buffer... buffers) {
        for (int i = 0; i < buffers.length; i++) {
            int flags = (buffers[i].deviceWrites ? 2 : 0) | (i + 1 < buffers.length ? 1 : 0);
            descriptor(table, i, buffers[i].gpa, buffers[i].length, flags, i + 1);
        }
    }

    /** Puts the head into the driver area, without telling the device. */
    void add(int queue, int head) {
        int index = added.merge(queue, 1, Integer::sum) - 1;
        memory.putShort(available(queue) + 4 + 2L * (index % sizes.get(queue)), (short) head);
        memory.putShort(available(queue) + 2, (short) (index + 1));
    }

    void kick(int queue) {
        set(22, 2, queue);
        bus.write(notify + 4 * get(30, 2), 2, queue);
    }

    /** One request of these buffers, from descriptor 0 on; works if the last one is done. */
    void submit(int queue, Buffer... buffers) {
        if ((features & INDIRECT) != 0) {
            long table = ring(queue) + 0x6000;
            chain(table, buffers);
            descriptor(ring(queue), 0, table, 16L * buffers.length, 4, 0);
        } else {
            chain(ring(queue), buffers);
        }
        add(queue, 0);
        kick(queue);
    }

    /** Bytes that the device says it wrote for the next request that is done; -1 where none is. */
    int done(int queue) {
        int index = seen.getOrDefault(queue, 0);
        if (memory.getShort(used(queue) + 2) == (short) index) {
            return -1;
        }
        seen.put(queue, index + 1);
        return memory.getInt(used(queue) + 8 + 8L * (index % sizes.get(queue)));
    }

    /** Says from which completion on to interrupt. */
    void askForEvent(int queue, int index) {
        memory.putShort(available(queue) + 4 + 2L * sizes.get(queue), (short) index);
    }

    void enableMessages() {
        for (int vector = 0; vector < 3; vector++) {
            bus.write(msixTable + 16 * vector, 8, 0xFEE0_0000L);
            bus.write(msixTable + 16 * vector + 8, 8, 0x30 + vector);
        }
        setConfig(msixControl, 2, 0x8000);
    }

    void put(long gpa, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        memory.write(gpa, bytes, 0, bytes.length);
    }

    byte[] bytes(long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.read(gpa, bytes, 0, length);
        return bytes;
    }
}
