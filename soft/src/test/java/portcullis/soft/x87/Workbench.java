package portcullis.soft.x87;

import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.memory.GuestMemory;
import portcullis.soft.LongMode;

/** A processor that runs a few instructions, {@code RDI} on {@link LongMode#DATA}, and says which exception ended them. */
final class Workbench implements AutoCloseable {
    static final int NONE = -1;

    private static final long GDT = 0x5000;
    private static final long IDT = 0x6000;
    private static final long HANDLERS = 0x7000;
    private static final int HLT = 0xf4;

    final LongMode machine = new LongMode();
    final GuestMemory memory = machine.memory;

    Workbench() {
        memory.putLong(GDT + 8, 0x00af_9b00_0000_ffffL);
        memory.putLong(GDT + 16, 0x00cf_9300_0000_ffffL);
        for (int vector = 0; vector < 32; vector++) {
            long handler = HANDLERS + vector * 16L;
            memory.putByte(handler, (byte) HLT);
            memory.putLong(IDT + vector * 16L, handler & 0xffff | 8 << 16 | 0x8eL << 40 | handler >>> 16 << 48);
        }
        machine.cpu.setGdt(new DescriptorTable(GDT, 0x17));
        machine.cpu.setIdt(new DescriptorTable(IDT, 0x1ff));
    }

    /** Runs the code to its end, or to an exception, whose vector it returns. */
    int run(int... code) {
        machine.code(code);
        memory.putByte(LongMode.CODE + code.length, (byte) HLT);
        machine.cpu.set(Register.RIP, LongMode.CODE);
        machine.cpu.set(Register.RSP, LongMode.STACK);
        machine.cpu.set(Register.RDI, LongMode.DATA);
        ExitReason reason = machine.cpu.run();
        if (reason != ExitReason.HALT) {
            throw new AssertionError("ended in " + reason);
        }
        long handler = machine.cpu.get(Register.RIP) - 1 - HANDLERS;
        return handler >= 0 && handler < 32 * 16 ? (int) handler / 16 : NONE;
    }

    /** Runs code that is to raise nothing. */
    Workbench ok(int... code) {
        int vector = run(code);
        if (vector != NONE) {
            throw new AssertionError("exception " + vector);
        }
        return this;
    }

    /** The status word, through FNSTSW AX. */
    int status() {
        ok(0xdf, 0xe0);
        return (int) machine.cpu.get(Register.RAX) & 0xffff;
    }

    /** The tag word, through FNSTENV and back. */
    int tags() {
        // fnstenv [rdi+0x200]; fldenv [rdi+0x200]
        ok(0xd9, 0xb7, 0, 2, 0, 0, 0xd9, 0xa7, 0, 2, 0, 0);
        return memory.getShort(LongMode.DATA + 0x208) & 0xffff;
    }

    /** ST(0) as text, through FSTP m80 and FLD m80. */
    String top() {
        ok(0xdb, 0xbf, 0, 2, 0, 0, 0xdb, 0xaf, 0, 2, 0, 0);
        return String.format(
                "%04x:%016x", memory.getShort(LongMode.DATA + 0x208) & 0xffff, memory.getLong(LongMode.DATA + 0x200));
    }

    /** ST(0) as a double, through FST m64. */
    double value() {
        ok(0xdd, 0x97, 0, 2, 0, 0);
        return Double.longBitsToDouble(memory.getLong(LongMode.DATA + 0x200));
    }

    /** Starts anew with the given numbers, the last one in ST(0). */
    Workbench stack(double... values) {
        ok(0xdb, 0xe3);
        for (double value : values) {
            memory.putLong(LongMode.DATA, Double.doubleToRawLongBits(value));
            ok(0xdd, 0x07);
        }
        return this;
    }

    /** Loads the control word. */
    Workbench control(int word) {
        memory.putShort(LongMode.DATA + 0x100, (short) word);
        return ok(0xd9, 0xaf, 0, 1, 0, 0);
    }

    @Override
    public void close() {
        machine.close();
    }
}
