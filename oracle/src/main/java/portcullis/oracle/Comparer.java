package portcullis.oracle;

import java.util.ArrayList;
import java.util.List;
import portcullis.memory.host.HostMemory;
import portcullis.oracle.generate.Item;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.Layout;
import portcullis.oracle.sandbox.Trampoline;

/**
 * Compares what two processors made of a case: registers, flags, stack, x87 and vector state, memory.
 *
 * <p>Not compared: status flags that the manual leaves undefined, the x87 instruction and operand pointers and opcode (AMD
 * keeps them only for unmasked exceptions: APM volume 2, 11.4.4), MXCSR_MASK, reserved fields of the FXSAVE image.
 */
final class Comparer {
    private static final String[] REGISTERS = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };
    private static final int FCW = Layout.FXSAVE;
    private static final int FSW = Layout.FXSAVE + 2;
    private static final int FTW = Layout.FXSAVE + 4;
    private static final int MXCSR = Layout.FXSAVE + 24;
    private static final int ST = Layout.FXSAVE + 32;
    private static final int XMM = Layout.FXSAVE + 160;

    /** C1 tells how the last place was rounded, and precision whether it was: both follow an approximate result. */
    private static final int FSW_OF_APPROXIMATION = 0x0200 | 0x0020 | 0x0010;

    private final long hostMemory;
    private final long guestMemory;
    private final Trampoline.Extent extent;

    /** Memories are the two processors' sandboxes, as addresses of this process. */
    Comparer(long hostMemory, long guestMemory, Trampoline.Extent extent) {
        this.hostMemory = hostMemory;
        this.guestMemory = guestMemory;
        this.extent = extent;
    }

    /** Differences after both have run the case, one a line; empty if there are none. */
    List<String> compare(TestCase test) {
        long host = hostMemory + Layout.data(test.slot());
        long guest = guestMemory + Layout.data(test.slot());
        List<String> differences = new ArrayList<>();
        general(test, host + Layout.OUTPUT, guest + Layout.OUTPUT, differences);
        if (extent != Trampoline.Extent.GENERAL) {
            x87(test, host + Layout.OUTPUT, guest + Layout.OUTPUT, differences);
            vectors(test, host + Layout.OUTPUT, guest + Layout.OUTPUT, differences);
        }
        for (int i = 0; i < Layout.SCRATCH_SIZE; i += 8) {
            quad("scratch+0x%x".formatted(i), host, guest, Layout.SCRATCH + i, -1, differences);
        }
        return differences;
    }

    private static void quad(String name, long host, long guest, int offset, long mask, List<String> differences) {
        long expected = HostMemory.getLong(host + offset);
        long actual = HostMemory.getLong(guest + offset);
        if (((expected ^ actual) & mask) != 0) {
            differences.add("%-14s host %016x, soft %016x".formatted(name, expected, actual));
        }
    }

    private static void general(TestCase test, long host, long guest, List<String> differences) {
        for (int i = 0; i < 16; i++) {
            quad(REGISTERS[i], host, guest, Layout.GPR + 8 * i, -1, differences);
        }
        quad("rflags", host, guest, Layout.RFLAGS, ~test.undefinedFlags(), differences);
        for (int i = 0; i < Layout.STACK_WORDS; i++) {
            quad("stack+0x%x".formatted(8 * i), host, guest, Layout.STACK + 8 * i, -1, differences);
        }
    }

    private static int unsignedShort(long address) {
        return HostMemory.getShort(address) & 0xffff;
    }

    private static void field(String name, int expected, int actual, List<String> differences) {
        if (expected != actual) {
            differences.add("%-14s host %08x, soft %08x".formatted(name, expected, actual));
        }
    }

    private static void x87(TestCase test, long host, long guest, List<String> differences) {
        boolean approximate = test.approximation() == Item.Approximation.TRANSCENDENTAL;
        field("fcw", unsignedShort(host + FCW), unsignedShort(guest + FCW), differences);
        int mask = approximate ? ~FSW_OF_APPROXIMATION : -1;
        field("fsw", unsignedShort(host + FSW) & mask, unsignedShort(guest + FSW) & mask, differences);
        field("ftw", HostMemory.getByte(host + FTW) & 0xff, HostMemory.getByte(guest + FTW) & 0xff, differences);
        field("mxcsr", HostMemory.getInt(host + MXCSR), HostMemory.getInt(guest + MXCSR), differences);
        for (int i = 0; i < 8; i++) {
            int offset = ST + 16 * i;
            long expected = HostMemory.getLong(host + offset);
            long actual = HostMemory.getLong(guest + offset);
            int expectedTop = unsignedShort(host + offset + 8);
            int actualTop = unsignedShort(guest + offset + 8);
            boolean same = expected == actual && expectedTop == actualTop;
            if (!same && !(approximate && Tolerance.extended(expectedTop, expected, actualTop, actual))) {
                differences.add("%-14s host %04x %016x, soft %04x %016x"
                        .formatted("st(" + i + ")", expectedTop, expected, actualTop, actual));
            }
        }
    }

    private void vectors(TestCase test, long host, long guest, List<String> differences) {
        boolean wide = extent == Trampoline.Extent.AVX;
        boolean approximate = test.approximation() == Item.Approximation.RECIPROCAL;
        int length = wide ? 32 : 16;
        for (int i = 0; i < 16; i++) {
            int offset = wide ? Layout.YMM + 32 * i : XMM + 16 * i;
            for (int lane = 0; lane < length; lane += 8) {
                long expected = HostMemory.getLong(host + offset + lane);
                long actual = HostMemory.getLong(guest + offset + lane);
                if (expected != actual && !(approximate && Tolerance.reciprocals(expected, actual))) {
                    differences.add("%-14s host %016x, soft %016x"
                            .formatted((wide ? "ymm" : "xmm") + i + "[" + lane / 8 + "]", expected, actual));
                }
            }
        }
    }
}
