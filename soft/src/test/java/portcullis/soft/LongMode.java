package portcullis.soft;

import portcullis.engine.Clock;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.soft.model.CpuModel;

/** A machine for tests: 16 MiB of RAM mapped one to one by 2 MiB pages, one CPU in 64-bit mode at privilege level 0. */
public final class LongMode implements AutoCloseable {
    public static final long CODE = 0x100000;
    public static final long STACK = 0x80000;
    public static final long DATA = 0x200000;
    private static final long TABLES = 0x10000;
    private static final int RAM = 16 << 20;

    public final GuestMemory memory = new GuestMemory(40);
    public final SoftEngine engine;
    public final VirtualCpu cpu;

    public LongMode() {
        memory.addRam(0, RAM);
        Clock clock = new Clock() {
            private long now;

            @Override
            public long ticks() {
                return now++;
            }

            @Override
            public long frequency() {
                return 1_000_000_000;
            }
        };
        CpuModel model = new CpuModel(CpuModel.Vendor.INTEL, CpuModel.available(), 40, 1, clock.frequency());
        engine = new SoftEngine(memory, clock, model);
        cpu = engine.createCpu(0, 0);
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
        for (SegmentRegister register : SegmentRegister.values()) {
            if (register.ordinal() < 6) {
                cpu.setSegment(register, new Segment(0x10, 0, -1, data));
            }
        }
        cpu.setSegment(SegmentRegister.CS, new Segment(8, 0, -1, 0xb | Segment.S | Segment.P | Segment.L | Segment.G));
        cpu.set(Register.RSP, STACK);
        cpu.set(Register.RIP, CODE);
    }

    /** Places code at {@link #CODE}. */
    public LongMode code(int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            memory.putByte(CODE + i, (byte) bytes[i]);
        }
        return this;
    }

    @Override
    public void close() {
        cpu.close();
        engine.close();
        memory.close();
    }
}
