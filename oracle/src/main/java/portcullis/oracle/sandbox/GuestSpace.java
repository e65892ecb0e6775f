package portcullis.oracle.sandbox;

import portcullis.memory.GuestMemory;

/**
 * Guest memory in which user-mode programs find the sandbox and the stack at the same virtual addresses as on the host.
 *
 * <p>Long mode, four levels, 4 KiB pages. Supervisor pages hold descriptor tables and one handler a vector, which halts: so
 * every exception comes out of the engine.
 */
final class GuestSpace implements AutoCloseable {
    static final int CODE_SELECTOR = 0x33;
    static final int DATA_SELECTOR = 0x2b;
    static final int TASK_SELECTOR = 0x38;
    static final int KERNEL_CODE_SELECTOR = 0x08;

    /** Virtual base of the supervisor pages: the upper half, out of the way of any user mapping. */
    private static final long KERNEL = 0xffff_8000_0000_0000L;

    private static final int PAGE = 0x1000;
    // Guest physical.
    private static final int GDT = 0x1000;
    private static final int IDT = 0x2000;
    private static final int TASK = 0x3000;
    private static final int HANDLERS = 0x4000;
    private static final int KERNEL_STACK = 0x5000;
    private static final int KERNEL_END = 0x6000;
    private static final int TABLES = 0x1_0000;
    private static final int SANDBOX = 0x20_0000;
    private static final int STACK = SANDBOX + Layout.SIZE;
    private static final int STACK_PAGES = 8;
    private static final int RAM = STACK + STACK_PAGES * PAGE;

    private static final int PRESENT = 1;
    private static final int WRITABLE = 2;
    private static final int USER = 4;

    static final int HANDLER_STRIDE = 16;
    private static final int VECTORS = 32;

    private final GuestMemory memory = new GuestMemory(32);
    private final long hostBase;
    private int nextTable = TABLES + PAGE;
    private long stackTop;

    GuestSpace(long sandboxAddress) {
        hostBase = memory.addRam(0, RAM).hostAddress();
        for (int page = 0; page < KERNEL_END; page += PAGE) {
            map(KERNEL + page, page, PRESENT | WRITABLE);
        }
        for (int page = 0; page < Layout.SIZE; page += PAGE) {
            map(sandboxAddress + page, SANDBOX + page, PRESENT | WRITABLE | USER);
        }
        descriptorTables();
    }

    GuestMemory memory() {
        return memory;
    }

    /** Host address of the sandbox. */
    long sandbox() {
        return hostBase + SANDBOX;
    }

    static int sandboxGpa() {
        return SANDBOX;
    }

    static long cr3() {
        return TABLES;
    }

    static long gdt() {
        return KERNEL + GDT;
    }

    static long idt() {
        return KERNEL + IDT;
    }

    static long task() {
        return KERNEL + TASK;
    }

    /** Vector of the exception whose handler is at or before {@code rip}, or -1. */
    static int vectorAt(long rip) {
        long offset = rip - KERNEL - HANDLERS;
        return offset >= 0 && offset < VECTORS * HANDLER_STRIDE ? (int) offset / HANDLER_STRIDE : -1;
    }

    /** The 8-byte word at offset {@code offset} above a kernel stack pointer. */
    long kernelStackWord(long rsp, int offset) {
        return memory.getLong((rsp + offset - KERNEL) & 0xffff);
    }

    /**
     * Maps the stack pages around a stack pointer of the host.
     *
     * @return whether a mapping changed, so that the TLB must be flushed
     */
    boolean mapStack(long stackPointer) {
        long top = (stackPointer & -PAGE) + 2 * PAGE;
        if (top == stackTop) {
            return false;
        }
        for (int i = 1; i <= STACK_PAGES && stackTop != 0; i++) {
            map(stackTop - (long) i * PAGE, 0, 0);
        }
        stackTop = top;
        for (int i = 1; i <= STACK_PAGES; i++) {
            map(top - (long) i * PAGE, STACK + (STACK_PAGES - i) * PAGE, PRESENT | WRITABLE | USER);
        }
        return true;
    }

    /** Writes a word of the stack. */
    void putStackWord(long virtualAddress, long value) {
        memory.putLong(STACK + (virtualAddress - (stackTop - (long) STACK_PAGES * PAGE)), value);
    }

    private void map(long virtual, int physical, int flags) {
        int table = TABLES;
        for (int level = 39; level > 12; level -= 9) {
            int entry = table + (int) (virtual >>> level & 511) * 8;
            long value = memory.getLong(entry);
            if ((value & PRESENT) == 0) {
                if (nextTable >= SANDBOX) {
                    throw new IllegalStateException("out of page tables");
                }
                value = nextTable | PRESENT | WRITABLE | USER;
                nextTable += PAGE;
                memory.putLong(entry, value);
            }
            table = (int) value & -PAGE;
        }
        memory.putLong(table + (virtual >>> 12 & 511) * 8, (physical | flags) & 0xffffffffL);
    }

    private void descriptorTables() {
        // Selectors as Linux gives its programs: code 33, data 2B.
        memory.putLong(GDT + KERNEL_CODE_SELECTOR, 0x00af9b000000ffffL);
        memory.putLong(GDT + 0x10, 0x00cf93000000ffffL);
        memory.putLong(GDT + (DATA_SELECTOR & ~7), 0x00cff3000000ffffL);
        memory.putLong(GDT + (CODE_SELECTOR & ~7), 0x00affb000000ffffL);
        for (int vector = 0; vector < VECTORS; vector++) {
            long handler = KERNEL + HANDLERS + vector * HANDLER_STRIDE;
            // A 64-bit interrupt gate (SDM figure 6-8).
            memory.putLong(
                    IDT + vector * 16,
                    handler & 0xffff | KERNEL_CODE_SELECTOR << 16 | 0x8eL << 40 | (handler >>> 16 & 0xffff) << 48);
            memory.putLong(IDT + vector * 16 + 8, handler >>> 32);
            memory.putByte(HANDLERS + vector * HANDLER_STRIDE, (byte) 0xf4); // hlt
        }
        memory.putLong(TASK + 4, KERNEL + KERNEL_END); // RSP0 (SDM figure 7-11)
        memory.putShort(TASK + 0x66, (short) 0x68); // no I/O permission map
    }

    @Override
    public void close() {
        memory.close();
    }
}
