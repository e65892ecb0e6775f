package portcullis.hypervisor.registers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import portcullis.engine.VirtualCpu;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/**
 * x87, SSE and AVX registers: HV_X64_FP_REGISTER, HV_X64_FP_CONTROL_STATUS_REGISTER, HV_X64_XMM_CONTROL_STATUS_REGISTER. The
 * x87 ones are fields of the XSAVE image (SDM 13.4.1).
 */
final class FloatingPointRegisters implements RegisterGroup {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    // The legacy region.
    private static final int CONTROL_AND_STATUS = 0;
    private static final int INSTRUCTION_POINTER = 8;
    private static final int DATA_POINTER = 16;
    private static final int MXCSR_AND_MASK = 24;
    private static final int ST0 = 32;
    private static final int ST_SIZE = 16;
    private static final int STATE_COMPONENTS = 512;

    private static final long X87 = 1;
    private static final long SSE = 2;
    private static final long SIGN_EXPONENT = 0xffff;

    private final VirtualCpu cpu;

    FloatingPointRegisters(VirtualCpu cpu) {
        this.cpu = cpu;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        int vector = vector(name);
        if (vector >= 0) {
            into.low = cpu.vector(vector, part(name));
            into.high = cpu.vector(vector, part(name) + 1);
            return HvStatus.SUCCESS;
        }
        byte[] image = cpu.extendedState();
        switch (name) {
            case FP_CONTROL_STATUS -> {
                into.low = (long) LONGS.get(image, CONTROL_AND_STATUS);
                into.high = (long) LONGS.get(image, INSTRUCTION_POINTER);
            }
            case XMM_CONTROL_STATUS -> {
                into.low = (long) LONGS.get(image, DATA_POINTER);
                into.high = (long) LONGS.get(image, MXCSR_AND_MASK);
            }
            default -> {
                int number = stack(name);
                if (number < 0) {
                    return HvStatus.INVALID_PARAMETER;
                }
                into.low = (long) LONGS.get(image, ST0 + number * ST_SIZE);
                into.high = (long) LONGS.get(image, ST0 + number * ST_SIZE + 8) & SIGN_EXPONENT;
            }
        }
        return HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        int vector = vector(name);
        if (vector >= 0) {
            cpu.setVector(vector, part(name), value.low);
            cpu.setVector(vector, part(name) + 1, value.high);
            return HvStatus.SUCCESS;
        }
        byte[] image = cpu.extendedState();
        long component = X87;
        switch (name) {
            case FP_CONTROL_STATUS -> {
                LONGS.set(image, CONTROL_AND_STATUS, value.low);
                LONGS.set(image, INSTRUCTION_POINTER, value.high);
            }
            case XMM_CONTROL_STATUS -> {
                component = SSE;
                long mask = (long) LONGS.get(image, MXCSR_AND_MASK) & 0xffff_ffff_0000_0000L;
                LONGS.set(image, DATA_POINTER, value.low);
                LONGS.set(image, MXCSR_AND_MASK, value.high & 0xffff_ffffL | mask);
            }
            default -> {
                int number = stack(name);
                if (number < 0) {
                    return HvStatus.INVALID_PARAMETER;
                }
                LONGS.set(image, ST0 + number * ST_SIZE, value.low);
                LONGS.set(image, ST0 + number * ST_SIZE + 8, value.high & SIGN_EXPONENT);
            }
        }
        LONGS.set(image, STATE_COMPONENTS, (long) LONGS.get(image, STATE_COMPONENTS) | component | X87);
        try {
            cpu.setExtendedState(image);
        } catch (IllegalArgumentException refused) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        return HvStatus.SUCCESS;
    }

    private static int vector(HvRegister name) {
        return switch (name.code() & 0xffff_fff0) {
            case 0x00030000, 0x000c0000, 0x000c0010 -> name.code() & 0xf;
            default -> -1;
        };
    }

    /** Which quarter of the vector register the value begins at. */
    private static int part(HvRegister name) {
        return (name.code() & 0xffff_fff0) == 0x000c0010 ? 2 : 0;
    }

    private static int stack(HvRegister name) {
        int number = name.ordinal() - HvRegister.FP_MMX0.ordinal();
        return number < 8 ? number : -1;
    }
}
