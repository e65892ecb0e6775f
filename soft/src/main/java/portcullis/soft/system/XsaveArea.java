package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.model.CpuModel;
import portcullis.soft.state.State;
import portcullis.soft.x87.X87Unit;

/** Extended processor state (x87, SSE, AVX, PKRU) in the layout of XSAVE's standard form (SDM volume 1, 10.5 and 13.4). */
public final class XsaveArea {
    /** Components, as bits of XCR0 and XSTATE_BV. */
    static final long X87 = 1;

    static final long SSE = 2;
    static final long AVX = 4;
    static final long PKRU = 1 << 9;

    static final int HEADER = 512;
    private static final int MXCSR = 24;
    private static final int MXCSR_MASK = 28;
    private static final int X87_REGISTERS = 32;
    private static final int XMM = 160;

    /** Bits of MXCSR that exist. */
    static final long MXCSR_BITS = 0xffff;

    private static final int INITIAL_CONTROL = 0x37f;
    private static final int ERROR_SUMMARY = 0x8080;

    private XsaveArea() {}

    /** All state that the processor has, whatever XCR0 says. */
    public static byte[] save(Cpu cpu) {
        long mask = cpu.model.xcr0Allowed();
        byte[] bytes = new byte[CpuModel.xsaveSize(mask)];
        StateImage image = new StateImage.Bytes(bytes);
        save(cpu, image, mask, true, 16);
        image.put(HEADER, 8, mask);
        return bytes;
    }

    /** @throws IllegalArgumentException for an image that XRSTOR would refuse */
    public static void restore(Cpu cpu, byte[] bytes) {
        long mask = cpu.model.xcr0Allowed();
        if (bytes.length < CpuModel.xsaveSize(mask)) {
            throw new IllegalArgumentException("extended state of %d bytes is too short".formatted(bytes.length));
        }
        StateImage image = new StateImage.Bytes(bytes);
        long present = image.get(HEADER, 8);
        boolean acceptable =
                (present & ~mask) == 0 && image.get(HEADER + 8, 8) == 0 && (image.get(MXCSR, 4) & ~MXCSR_BITS) == 0;
        if (!acceptable) {
            throw new IllegalArgumentException("extended state has components or bits that the processor has not");
        }
        restore(cpu, image, mask, present, true, 16);
    }

    // ---- saving ------------------------------------------------------------------------------------------------

    /**
     * Saves components without the header.
     *
     * @param wide instruction and data pointers of 64 bits, without selectors
     * @param registers vector registers that the mode has
     */
    static void save(Cpu cpu, StateImage to, long mask, boolean wide, int registers) {
        if ((mask & X87) != 0) {
            saveX87(cpu, to, wide);
        }
        if ((mask & (SSE | AVX)) != 0) {
            to.put(MXCSR, 4, cpu.field32(State.MXCSR));
            to.put(MXCSR_MASK, 4, MXCSR_BITS);
        }
        if ((mask & SSE) != 0) {
            saveXmm(cpu, to, registers);
        }
        if ((mask & AVX) != 0) {
            for (int i = 0; i < registers; i++) {
                to.put(CpuModel.XSAVE_AVX_OFFSET + i * 16, 8, cpu.vector(i, 2));
                to.put(CpuModel.XSAVE_AVX_OFFSET + i * 16 + 8, 8, cpu.vector(i, 3));
            }
        }
        if ((mask & PKRU) != 0) {
            to.put(CpuModel.XSAVE_PKRU_OFFSET, 8, cpu.field32(State.PKRU) & 0xffffffffL);
        }
    }

    /** FXSAVE: x87 and SSE. */
    static void saveLegacy(Cpu cpu, StateImage to, boolean wide, int registers) {
        save(cpu, to, X87 | SSE, wide, registers);
    }

    private static void saveX87(Cpu cpu, StateImage to, boolean wide) {
        int status = cpu.field32(State.FSW);
        to.put(0, 2, cpu.field32(State.FCW));
        to.put(2, 2, status);
        to.put(4, 2, X87Unit.abridgedTags(cpu));
        to.put(6, 2, cpu.field32(State.FOP));
        if (wide) {
            to.put(8, 8, cpu.field(State.FIP));
            to.put(16, 8, cpu.field(State.FDP));
        } else {
            to.put(8, 8, cpu.field(State.FIP) & 0xffffffffL | (cpu.field32(State.FCS) & 0xffffL) << 32);
            to.put(16, 8, cpu.field(State.FDP) & 0xffffffffL | (cpu.field32(State.FDS) & 0xffffL) << 32);
        }
        for (int i = 0; i < 8; i++) {
            int register = State.X87 + ((status >>> 11) + i & 7) * 16;
            to.put(X87_REGISTERS + i * 16, 8, cpu.field(register));
            to.put(X87_REGISTERS + i * 16 + 8, 8, cpu.field32(register + 8) & 0xffffL);
        }
    }

    private static void saveXmm(Cpu cpu, StateImage to, int registers) {
        for (int i = 0; i < registers; i++) {
            to.put(XMM + i * 16, 8, cpu.vector(i, 0));
            to.put(XMM + i * 16 + 8, 8, cpu.vector(i, 1));
        }
    }

    // ---- restoring ---------------------------------------------------------------------------------------------

    /**
     * Restores the components in {@code mask} that are {@code present}, and initialises the others of it. The caller has
     * checked MXCSR, which is loaded with SSE or AVX whether they are present or not.
     */
    static void restore(Cpu cpu, StateImage from, long mask, long present, boolean wide, int registers) {
        if ((mask & X87) != 0) {
            if ((present & X87) != 0) {
                restoreX87(cpu, from, wide);
            } else {
                initialiseX87(cpu);
            }
        }
        if ((mask & (SSE | AVX)) != 0) {
            cpu.field32(State.MXCSR, (int) from.get(MXCSR, 4));
        }
        if ((mask & SSE) != 0) {
            boolean load = (present & SSE) != 0;
            for (int i = 0; i < registers; i++) {
                cpu.vector(i, 0, load ? from.get(XMM + i * 16, 8) : 0);
                cpu.vector(i, 1, load ? from.get(XMM + i * 16 + 8, 8) : 0);
            }
        }
        if ((mask & AVX) != 0) {
            boolean load = (present & AVX) != 0;
            for (int i = 0; i < registers; i++) {
                cpu.vector(i, 2, load ? from.get(CpuModel.XSAVE_AVX_OFFSET + i * 16, 8) : 0);
                cpu.vector(i, 3, load ? from.get(CpuModel.XSAVE_AVX_OFFSET + i * 16 + 8, 8) : 0);
            }
        }
        if ((mask & PKRU) != 0) {
            cpu.writePkru((present & PKRU) != 0 ? (int) from.get(CpuModel.XSAVE_PKRU_OFFSET, 4) : 0);
        }
    }

    private static void restoreX87(Cpu cpu, StateImage from, boolean wide) {
        int control = (int) from.get(0, 2) & 0x1f3f | 0x40;
        int status = (int) from.get(2, 2);
        // ES and B follow from the exceptions that are pending and unmasked.
        boolean pending = (status & ~control & 0x3f) != 0;
        status = pending ? status | ERROR_SUMMARY : status & ~ERROR_SUMMARY;
        cpu.field32(State.FCW, control);
        cpu.field32(State.FSW, status);
        X87Unit.abridgedTags(cpu, (int) from.get(4, 1));
        cpu.field32(State.FOP, (int) from.get(6, 2) & 0x7ff);
        long instruction = from.get(8, 8);
        long data = from.get(16, 8);
        cpu.field(State.FIP, wide ? instruction : instruction & 0xffffffffL);
        cpu.field(State.FDP, wide ? data : data & 0xffffffffL);
        cpu.field32(State.FCS, wide ? 0 : (int) (instruction >>> 32) & 0xffff);
        cpu.field32(State.FDS, wide ? 0 : (int) (data >>> 32) & 0xffff);
        for (int i = 0; i < 8; i++) {
            int register = State.X87 + ((status >>> 11) + i & 7) * 16;
            cpu.field(register, from.get(X87_REGISTERS + i * 16, 8));
            cpu.field(register + 8, from.get(X87_REGISTERS + i * 16 + 8, 2));
        }
    }

    private static void initialiseX87(Cpu cpu) {
        X87Unit.initialize(cpu);
        for (int i = 0; i < 16; i++) {
            cpu.field(State.X87 + i * 8, 0);
        }
    }

    // ---- what is in use ----------------------------------------------------------------------------------------

    /** Components of {@code mask} that are not in their initial configuration (SDM volume 1, 13.6). */
    static long inUse(Cpu cpu, long mask) {
        long used = 0;
        if ((mask & X87) != 0 && !x87Initial(cpu)) {
            used |= X87;
        }
        if ((mask & SSE) != 0 && !vectorsZero(cpu, 0)) {
            used |= SSE;
        }
        if ((mask & AVX) != 0 && !vectorsZero(cpu, 2)) {
            used |= AVX;
        }
        if ((mask & PKRU) != 0 && cpu.field32(State.PKRU) != 0) {
            used |= PKRU;
        }
        return used;
    }

    private static boolean x87Initial(Cpu cpu) {
        long different = cpu.field32(State.FCW) ^ INITIAL_CONTROL;
        different |= cpu.field32(State.FSW) | X87Unit.abridgedTags(cpu) | cpu.field32(State.FOP);
        different |= cpu.field(State.FIP) | cpu.field(State.FDP);
        different |= cpu.field32(State.FCS) | cpu.field32(State.FDS);
        for (int i = 0; i < 16; i++) {
            different |= cpu.field(State.X87 + i * 8);
        }
        return different == 0;
    }

    private static boolean vectorsZero(Cpu cpu, int part) {
        long any = 0;
        for (int i = 0; i < 16; i++) {
            any |= cpu.vector(i, part) | cpu.vector(i, part + 1);
        }
        return any == 0;
    }
}
