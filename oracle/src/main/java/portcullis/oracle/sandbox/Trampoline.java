package portcullis.oracle.sandbox;

/**
 * The fixed machine code of the sandbox. The same bytes run on the host's processor and on the one under test, so a
 * batch costs one entry on either.
 *
 * <p>{@code run(table, count)}, callable by the System V convention: for every case of the table, loads the complete
 * user-mode state from the case's input block, jumps to its code, and on {@link #done} stores the state to its output
 * block. The stack pointer always lies in the caller's own stack, because signal handlers of the JVM run on it.
 */
public final class Trampoline {
    /** Deeper than any test pushes, plus the words that a test may read above. */
    private static final int WINDOW = 0x1000;

    private static final int RAX = 0;
    private static final int RCX = 1;
    private static final int RDX = 2;
    private static final int RSP = 4;

    private final CodeBuffer code = new CodeBuffer();
    /** What of the state beyond general registers and flags is loaded and stored. */
    public enum Extent {
        /** Nothing: for cases of integer instructions only. */
        GENERAL,
        /** x87, MMX and SSE. */
        FXSAVE,
        /** And YMM registers. */
        AVX
    }

    private final Extent extent;
    private final int cpuid;
    private final int xgetbv;
    private final int done;

    /** @param extent all processors that run it must support it */
    public Trampoline(Extent extent) {
        this.extent = extent;
        int loop = entry();
        done = code.size();
        saveState();
        nextCase(loop);
        align();
        cpuid = code.size();
        emitCpuid();
        align();
        xgetbv = code.size();
        emitXgetbv();
    }

    public Extent extent() {
        return extent;
    }

    public byte[] bytes() {
        return code.toByteArray();
    }

    /** Offset in the sandbox of {@code void run(long tableAddress, long count)}. */
    public int run() {
        return Layout.TRAMPOLINE;
    }

    /** Offset in the sandbox of where each case's code has to jump at its end. */
    public int done() {
        return Layout.TRAMPOLINE + done;
    }

    /** Offset in the sandbox of {@code void cpuid(long leaf, long subleaf, long resultAddress)}; four 32-bit results. */
    public int cpuid() {
        return Layout.TRAMPOLINE + cpuid;
    }

    /** Offset in the sandbox of {@code long xgetbv(long register)}. */
    public int xgetbv() {
        return Layout.TRAMPOLINE + xgetbv;
    }

    private int entry() {
        code.bytes(0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); // push rbx, rbp, r12..r15
        storeContext(RSP, Layout.CONTEXT_HOST_RSP);
        storeContext(7, Layout.CONTEXT_CURSOR);
        storeContext(6, Layout.CONTEXT_REMAINING);
        if (extent != Extent.GENERAL) {
            // fxsave64 [context]: the caller's control words, and more than is needed
            code.bytes(0x48, 0x0f, 0xae, 0x05).i32(Layout.CONTEXT_FXSAVE - here(4));
        }
        code.bytes(0x48, 0x81, 0xec).i32(WINDOW); // sub rsp, WINDOW
        code.bytes(0x48, 0x83, 0xe4, 0xc0); // and rsp, -64
        storeContext(RSP, Layout.CONTEXT_WINDOW);
        int loop = code.size();
        loadContext(RDX, Layout.CONTEXT_CURSOR);
        code.bytes(0x48, 0x8b, 0x0a); // mov rcx, [rdx]
        storeContext(RCX, Layout.CONTEXT_CODE);
        code.bytes(0x48, 0x8b, 0x42, 0x08); // mov rax, [rdx+8]
        storeContext(RAX, Layout.CONTEXT_DATA);
        loadState();
        return loop;
    }

    /** With rax at the case's data: everything, rax last, then the case's code. */
    private void loadState() {
        if (extent != Extent.GENERAL) {
            code.bytes(0x48, 0x0f, 0xae, 0x88).i32(Layout.INPUT + Layout.FXSAVE); // fxrstor64 [rax+...]
        }
        moveYmm(0x6f, Layout.INPUT);
        for (int word = 0; word < Layout.STACK_WORDS; word++) {
            move(0x8b, RCX, RAX, Layout.INPUT + Layout.STACK + 8 * word);
            move(0x89, RCX, RSP, 8 * word);
        }
        code.bytes(0xff, 0xb0).i32(Layout.INPUT + Layout.RFLAGS); // push qword [rax+...]
        code.bytes(0x9d); // popfq
        for (int register = 1; register < 16; register++) {
            if (register != RSP) {
                move(0x8b, register, RAX, Layout.INPUT + Layout.GPR + 8 * register);
            }
        }
        move(0x8b, RAX, RAX, Layout.INPUT + Layout.GPR);
        context(-1, 0xff, 4, Layout.CONTEXT_CODE); // jmp [context.code]
    }

    /** Nothing here changes flags before they are stored. */
    private void saveState() {
        storeContext(RAX, Layout.CONTEXT_RAX);
        loadContext(RAX, Layout.CONTEXT_DATA);
        for (int register = 1; register < 16; register++) {
            move(0x89, register, RAX, Layout.OUTPUT + Layout.GPR + 8 * register);
        }
        loadContext(RCX, Layout.CONTEXT_RAX);
        move(0x89, RCX, RAX, Layout.OUTPUT + Layout.GPR);
        for (int word = 0; word < Layout.STACK_WORDS; word++) {
            move(0x8b, RCX, RSP, 8 * word);
            move(0x89, RCX, RAX, Layout.OUTPUT + Layout.STACK + 8 * word);
        }
        loadContext(RSP, Layout.CONTEXT_WINDOW);
        code.bytes(0x9c); // pushfq
        code.bytes(0x8f, 0x80).i32(Layout.OUTPUT + Layout.RFLAGS); // pop qword [rax+...]
        code.bytes(0xfc); // cld
        if (extent != Extent.GENERAL) {
            code.bytes(0x48, 0x0f, 0xae, 0x80).i32(Layout.OUTPUT + Layout.FXSAVE); // fxsave64 [rax+...]
        }
        moveYmm(0x7f, Layout.OUTPUT);
    }

    private void nextCase(int loop) {
        code.bytes(0x48, 0x83, 0x05).i32(Layout.CONTEXT_CURSOR - here(5)).bytes(16); // add qword [cursor], 16
        context(0x48, 0xff, 1, Layout.CONTEXT_REMAINING); // dec qword [remaining]
        code.bytes(0x0f, 0x85).i32(loop - (code.size() + 4)); // jnz loop
        if (extent == Extent.AVX) {
            code.bytes(0xc5, 0xf8, 0x77); // vzeroupper
        }
        if (extent != Extent.GENERAL) {
            code.bytes(0x48, 0x0f, 0xae, 0x0d).i32(Layout.CONTEXT_FXSAVE - here(4)); // fxrstor64 [context]
        }
        loadContext(RSP, Layout.CONTEXT_HOST_RSP);
        code.bytes(0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3); // pop r15..r12, rbp, rbx; ret
    }

    private void emitCpuid() {
        code.bytes(0x53, 0x49, 0x89, 0xd0); // push rbx; mov r8, rdx
        code.bytes(0x89, 0xf8, 0x89, 0xf1, 0x0f, 0xa2); // mov eax, edi; mov ecx, esi; cpuid
        code.bytes(0x41, 0x89, 0x00, 0x41, 0x89, 0x58, 0x04); // mov [r8], eax; mov [r8+4], ebx
        code.bytes(0x41, 0x89, 0x48, 0x08, 0x41, 0x89, 0x50, 0x0c); // mov [r8+8], ecx; mov [r8+12], edx
        code.bytes(0x5b, 0xc3); // pop rbx; ret
    }

    private void emitXgetbv() {
        code.bytes(0x89, 0xf9, 0x0f, 0x01, 0xd0); // mov ecx, edi; xgetbv
        code.bytes(0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3); // shl rdx, 32; or rax, rdx; ret
    }

    private void moveYmm(int opcode, int block) {
        for (int register = 0; extent == Extent.AVX && register < 16; register++) {
            // vmovdqu ymm, [rax+...] or the reverse (VEX.256.F3.0F)
            code.bytes(0xc5, register < 8 ? 0xfe : 0x7e, opcode, 0x80 | (register & 7) << 3)
                    .i32(block + Layout.YMM + 32 * register);
        }
    }

    /** mov between a 64-bit register and [base+displacement]; opcode 8B loads, 89 stores; base is RAX or RSP. */
    private void move(int opcode, int register, int base, int displacement) {
        code.bytes(register < 8 ? 0x48 : 0x4c, opcode, 0x80 | (register & 7) << 3 | base);
        if (base == RSP) {
            code.bytes(0x24);
        }
        code.i32(displacement);
    }

    private void loadContext(int register, int variable) {
        code.bytes(0x48, 0x8b, register << 3 | 5).i32(variable - here(4));
    }

    private void storeContext(int register, int variable) {
        code.bytes(0x48, 0x89, register << 3 | 5).i32(variable - here(4));
    }

    /** An instruction with a context variable as its operand; {@code prefix} is -1 for none. */
    private void context(int prefix, int opcode, int digit, int variable) {
        if (prefix >= 0) {
            code.bytes(prefix);
        }
        code.bytes(opcode, digit << 3 | 5).i32(variable - here(4));
    }

    /** Offset in the sandbox of the instruction that follows {@code ahead} more bytes. */
    private int here(int ahead) {
        return Layout.TRAMPOLINE + code.size() + ahead;
    }

    private void align() {
        while (code.size() % 16 != 0) {
            code.bytes(0xcc);
        }
    }
}
