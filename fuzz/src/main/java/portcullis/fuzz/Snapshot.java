package portcullis.fuzz;

import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;

/** A processor's registers at one moment. Reused. */
final class Snapshot {
    private static final Register[] REGISTERS = Register.values();
    private static final SegmentRegister[] SEGMENTS = SegmentRegister.values();
    private static final int VECTORS = 16;

    private final long[] registers = new long[REGISTERS.length];
    private final long[] vectors = new long[VECTORS * 4];
    private final Segment[] segments = new Segment[SEGMENTS.length];

    void take(VirtualCpu cpu) {
        for (Register register : REGISTERS) {
            registers[register.ordinal()] = cpu.get(register);
        }
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = cpu.vector(i >> 2, i & 3);
        }
        for (SegmentRegister register : SEGMENTS) {
            segments[register.ordinal()] = cpu.segment(register);
        }
    }

    long get(Register register) {
        return registers[register.ordinal()];
    }

    long vector(int number, int part) {
        return vectors[number * 4 + part];
    }

    /** What a call may have changed. */
    interface Allowed {
        /** Bits of a register that may differ. */
        long bits(Register register);

        boolean vector(int number, int part);
    }

    /** Requires that {@code cpu} is as it was but for what is allowed. */
    void requireSame(VirtualCpu cpu, Allowed allowed, Object context) {
        for (Register register : REGISTERS) {
            long before = registers[register.ordinal()];
            long now = cpu.get(register);
            if (now != before && ((now ^ before) & ~allowed.bits(register)) != 0) {
                throw new Violation("%s changed from %x to %x: %s".formatted(register, before, now, context));
            }
        }
        for (int i = 0; i < vectors.length; i++) {
            long now = cpu.vector(i >> 2, i & 3);
            if (now != vectors[i] && !allowed.vector(i >> 2, i & 3)) {
                throw new Violation("vector register %d, part %d, changed from %x to %x: %s"
                        .formatted(i >> 2, i & 3, vectors[i], now, context));
            }
        }
        for (SegmentRegister register : SEGMENTS) {
            Segment now = cpu.segment(register);
            if (!now.equals(segments[register.ordinal()])) {
                throw new Violation(
                        "%s changed from %s to %s: %s".formatted(register, segments[register.ordinal()], now, context));
            }
        }
    }
}
