package portcullis.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.PartitionConfig;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VpDriver;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.hyperv.HypercallPage;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.time.HostAlarms;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A guest of one instruction: VP 0 makes a hypercall, and again, in 64-bit mode, with the registers that it was given. Whoever
 * measures calls {@link #turn}, on one thread: a turn is a round trip. The other VPs wait to be started.
 */
public final class GuestLoop implements AutoCloseable {
    /** Input and output pages of the call. */
    public static final long INPUT = 0x200000;

    public static final long OUTPUT = 0x201000;

    private static final int ADDRESS_BITS = 40;
    private static final long CODE = 0x100000;
    private static final long TABLES = 0x10000;
    private static final int RAM = 16 << 20;
    private static final long OS_ID = 0x8000_504f_5254_0001L;
    /** JMP back over itself and the three bytes before it. */
    private static final byte[] JUMP_BACK = {(byte) 0xeb, -5};

    private static final int CALL_LENGTH = 3;

    private final GuestMemory memory = new GuestMemory(ADDRESS_BITS);
    private final Partition partition;
    private final VirtualProcessor vp;

    /** @param processors how many VPs there are */
    public GuestLoop(int processors) {
        memory.addRam(0, RAM);
        HostAlarms time = new HostAlarms();
        CpuModel model = new CpuModel(
                CpuModel.Vendor.INTEL,
                CpuModel.available(),
                ADDRESS_BITS,
                processors,
                time.clock().frequency());
        SoftEngine engine = new SoftEngine(memory, time.clock(), model);
        partition = new Partition(
                memory,
                engine,
                time,
                new PartitionConfig(
                        IntStream.range(0, processors).toArray(),
                        new ApicFeatures(true, true, ADDRESS_BITS),
                        HypervConfig.ON),
                new ByHand());
        byte[] call = HypercallPage.code(engine);
        partition.setBootState(boot -> load(boot.cpu(), call));
        partition.start();
        partition.level(0).setGuestOsId(OS_ID);
        vp = partition.processors().getFirst();
    }

    /** Takes no turns: the benchmark does. */
    private static final class ByHand implements VpDriver {
        @Override
        public void start(Partition owner, List<VirtualProcessor> processors) {}

        @Override
        public void join() {}

        @Override
        public void save(StateWriter out) {}

        @Override
        public void restore(StateReader in) {}
    }

    private void load(VirtualCpu cpu, byte[] call) {
        for (int i = 0; i < CALL_LENGTH; i++) {
            memory.putByte(CODE + i, call[i]);
        }
        for (int i = 0; i < JUMP_BACK.length; i++) {
            memory.putByte(CODE + CALL_LENGTH + i, JUMP_BACK[i]);
        }
        // One to one, by pages of 2 MiB.
        memory.putLong(TABLES, TABLES + 0x1000 | 7);
        memory.putLong(TABLES + 0x1000, TABLES + 0x2000 | 7);
        for (int i = 0; i < RAM >> 21; i++) {
            memory.putLong(TABLES + 0x2000 + i * 8L, (long) i << 21 | 0x87);
        }
        cpu.set(Register.CR4, 0x20 | 1 << 9 | 1 << 10);
        cpu.set(Register.CR3, TABLES);
        cpu.set(Register.EFER, 0x500 | 1 | 1 << 11);
        cpu.set(Register.CR0, 0x80010033L);
        int data = 3 | Segment.S | Segment.P | Segment.DB | Segment.G;
        for (SegmentRegister register : List.of(SegmentRegister.SS, SegmentRegister.DS, SegmentRegister.ES)) {
            cpu.setSegment(register, new Segment(0x10, 0, -1, data));
        }
        cpu.setSegment(SegmentRegister.CS, new Segment(8, 0, -1, 0xb | Segment.S | Segment.P | Segment.L | Segment.G));
        cpu.set(Register.RIP, CODE);
    }

    /** Sets the call's control word and its two inputs. */
    public void setCall(long control, long input, long output) {
        VirtualCpu cpu = vp.cpu();
        cpu.set(Register.RCX, control);
        cpu.set(Register.RDX, input);
        cpu.set(Register.R8, output);
    }

    /** Sets XMM0 and following to what comes behind the first 16 bytes of a fast call's input. */
    public void setVectors(long... words) {
        for (int i = 0; i < words.length; i++) {
            vp.cpu().setVector(i >>> 1, i & 1, words[i]);
        }
    }

    /** Fills the input page from its beginning. */
    public void setInput(long... words) {
        ByteBuffer bytes = ByteBuffer.allocate(words.length * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : words) {
            bytes.putLong(word);
        }
        for (int i = 0; i < bytes.capacity(); i++) {
            memory.putByte(INPUT + i, bytes.get(i));
        }
    }

    /** From entry to entry: guest code up to the hypercall, and the hypercall. */
    public VirtualProcessor.Turn turn() {
        return vp.turn();
    }

    /** The last call's result value. */
    public long result() {
        return vp.cpu().get(Register.RAX);
    }

    public VirtualCpu cpu() {
        return vp.cpu();
    }

    public Partition partition() {
        return partition;
    }

    @Override
    public void close() {
        partition.close();
        memory.close();
    }
}
