package portcullis.oracle.generate;

import java.util.SplittableRandom;
import portcullis.oracle.sandbox.Layout;

/**
 * How a case's instructions reach its scratch memory: registers that hold addresses from the start and that no instruction
 * of the case writes, and the ways to encode an operand with them.
 */
final class Addressing {
    private static final int RSP = 4;
    private static final int RBP = 5;
    private static final long LOW_LIMIT = 0x8000_0000L;

    private final SplittableRandom random;
    /** Virtual address of the scratch memory. */
    final long scratch;
    /** Whether 32-bit addresses reach it. */
    final boolean low;

    private final int plain;
    private final long plainValue;
    private final int base;
    private final int index;
    private final int scale;
    private final long pairValue;
    private final int dirty;
    private final long dirtyValue;
    private int reserved = 1 << RSP;

    /** Chooses the registers and puts their values into {@code input}. */
    Addressing(SplittableRandom random, long scratch, InputState input) {
        this.random = random;
        this.scratch = scratch;
        low = scratch + Layout.SCRATCH_SIZE < LOW_LIMIT;
        plain = reserve();
        plainValue = somewhere();
        input.gpr[plain] = plainValue;
        if (random.nextInt(3) == 0) {
            base = reserve();
            index = reserve();
            scale = random.nextInt(4);
            pairValue = somewhere();
            input.gpr[base] = pairValue - (input.gpr[index] << scale);
        } else {
            base = -1;
            index = -1;
            scale = 0;
            pairValue = 0;
        }
        if (low && random.nextInt(4) == 0) {
            dirty = reserve();
            dirtyValue = somewhere();
            input.gpr[dirty] = dirtyValue | random.nextLong() << 32;
        } else {
            dirty = -1;
            dirtyValue = 0;
        }
    }

    private long somewhere() {
        return scratch + random.nextInt(Layout.SCRATCH_SIZE);
    }

    private int reserve() {
        // The registers with implied uses are wanted for those, most of the time.
        while (true) {
            int register = random.nextInt(16);
            boolean special = register < 3 || register == 6 || register == 7;
            if ((reserved >> register & 1) == 0 && (!special || random.nextInt(8) == 0)) {
                reserved |= 1 << register;
                return register;
            }
        }
    }

    /** A bit for each general register that no instruction may write. */
    int reserved() {
        return reserved;
    }

    /** Whether no instruction may write a general register. */
    boolean isReserved(int register) {
        return (reserved >> register & 1) != 0;
    }

    /**
     * A memory operand as encoded: everything but ModRM.reg.
     *
     * @param target address, or 0 if relative to the stack pointer
     * @param displacementSize 0, 1 or 4
     * @param ripRelative the displacement is to be filled in from the target
     * @param sib byte, or -1
     */
    record Memory(
            long target,
            int modRm,
            int rexBits,
            int sib,
            int displacementSize,
            int displacement,
            boolean ripRelative,
            boolean address32) {

        /** Appends ModRM, SIB and displacement. */
        void emit(ItemBuilder item, int reg) {
            item.code.bytes(modRm | (reg & 7) << 3);
            if (sib >= 0) {
                item.code.bytes(sib);
            }
            if (ripRelative) {
                item.relative(target);
            } else if (displacementSize > 0) {
                item.code.little(displacement, displacementSize);
            }
        }
    }

    /** A target for an access: {@code size} bytes at a multiple of {@code alignment}, inside a cache line if wanted. */
    long target(int size, int alignment, boolean insideLine) {
        while (true) {
            int offset = random.nextInt(Layout.SCRATCH_SIZE - size + 1) & -alignment;
            if (!insideLine || (scratch + offset & 63) + size <= 64) {
                return scratch + offset;
            }
        }
    }

    /** Some way to encode an access to {@code target}. */
    Memory encode(long target) {
        switch (random.nextInt(8)) {
            case 0 -> {
                boolean truncated = low && random.nextInt(4) == 0;
                return new Memory(target, 5, 0, -1, 4, 0, true, truncated);
            }
            case 1 -> {
                if (low) {
                    return new Memory(target, 4, 0, 0x25, 4, (int) target, false, random.nextInt(4) == 0);
                }
            }
            case 2, 3 -> {
                if (base >= 0) {
                    return indexed(target, base, index, scale, pairValue, false);
                }
            }
            case 4 -> {
                if (dirty >= 0) {
                    return plain(target, dirty, dirtyValue, true);
                }
            }
            case 5 -> {
                if (low && (plain & 15) != RSP) {
                    // [plain * 1 + displacement], no base
                    return new Memory(
                            target,
                            4,
                            plain >> 3 << 1,
                            (plain & 7) << 3 | 5,
                            4,
                            (int) (target - plainValue),
                            false,
                            false);
                }
            }
            default -> {
                // The plain register serves.
            }
        }
        return plain(target, plain, plainValue, false);
    }

    private Memory plain(long target, int register, long value, boolean address32) {
        boolean withSib = (register & 7) == RSP || random.nextInt(8) == 0;
        int displacement = (int) (target - value);
        int size = displacementSize(displacement, register);
        int mod = size == 0 ? 0 : size == 1 ? 0x40 : 0x80;
        return new Memory(
                target,
                mod | (withSib ? 4 : register & 7),
                register >> 3,
                withSib ? random.nextInt(4) << 6 | 4 << 3 | register & 7 : -1,
                size,
                displacement,
                false,
                address32);
    }

    private Memory indexed(long target, int baseRegister, int indexRegister, int shift, long value, boolean address32) {
        int displacement = (int) (target - value);
        int size = displacementSize(displacement, baseRegister);
        int mod = size == 0 ? 0 : size == 1 ? 0x40 : 0x80;
        return new Memory(
                target,
                mod | 4,
                indexRegister >> 3 << 1 | baseRegister >> 3,
                shift << 6 | (indexRegister & 7) << 3 | baseRegister & 7,
                size,
                displacement,
                false,
                address32);
    }

    /** The plain register with a vector register as index, scaled; {@code target} is where index 0 leads. */
    Memory vectorIndexed(long target, int vectorRegister) {
        return indexed(target, plain, vectorRegister, random.nextInt(4), plainValue, false);
    }

    private int displacementSize(int displacement, int register) {
        if (displacement == 0 && (register & 7) != RBP && random.nextBoolean()) {
            return 0;
        }
        return displacement == (byte) displacement && random.nextInt(8) != 0 ? 1 : 4;
    }

    /** [rsp + displacement], inside the words that are the case's. */
    Memory onStack(int size) {
        int displacement = random.nextInt(Layout.STACK_WORDS * 8 - size + 1);
        boolean zero = displacement == 0;
        return new Memory(0, zero ? 4 : 0x44, 0, 0x24, zero ? 0 : 1, displacement, false, false);
    }

    /** Any address at all, for LEA. */
    Memory anywhere() {
        boolean address32 = random.nextInt(4) == 0;
        int register = random.nextInt(16);
        int displacement = (int) random.nextLong() >> random.nextInt(32);
        switch (random.nextInt(4)) {
            case 0 -> {
                return new Memory(0, 4, 0, 0x25, 4, displacement, false, address32);
            }
            case 1 -> {
                if ((register & 7) != RSP) {
                    return new Memory(0, 0x80 | register & 7, register >> 3, -1, 4, displacement, false, address32);
                }
            }
            case 2 -> {
                int shift = random.nextInt(4);
                if (register != RSP) {
                    // No base.
                    return new Memory(
                            0,
                            4,
                            register >> 3 << 1,
                            shift << 6 | (register & 7) << 3 | 5,
                            4,
                            displacement,
                            false,
                            address32);
                }
            }
            default -> {
                // Base and index.
            }
        }
        int other = random.nextInt(16);
        if (register == RSP && random.nextInt(8) != 0) {
            register = RBP;
        }
        return new Memory(
                0,
                0x44,
                other >> 3 << 1 | register >> 3,
                random.nextInt(4) << 6 | (other & 7) << 3 | register & 7,
                1,
                (byte) displacement,
                false,
                address32);
    }
}
