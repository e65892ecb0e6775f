package portcullis.fuzz;

import portcullis.memory.GuestMemory;

/** What lies where in the guest's memory. All of it is mapped one to one, for every privilege level. */
final class Layout {
    static final int PAGE = 4096;
    static final int ADDRESS_BITS = 34;
    static final long LIMIT = 1L << ADDRESS_BITS;

    /** Low RAM, then a hole, ROM, a little RAM, and RAM up to the last address that there can be. */
    static final long RAM_SIZE = 1 << 19;

    static final long HOLE = RAM_SIZE;
    static final long ROM = 2 << 20;
    static final long ROM_SIZE = 1 << 16;
    static final long ISLAND = 3 << 20;
    static final long ISLAND_SIZE = 1 << 16;
    static final long TOP_SIZE = 1 << 16;
    static final long TOP = LIMIT - TOP_SIZE;

    // One instruction each, at 16-byte steps; OUT follows where the processor goes on.
    static final long VMCALL = 0x1000;
    static final long VMMCALL = 0x1010;
    static final long WRMSR = 0x1020;
    static final long RDMSR = 0x1030;
    static final long STORE = 0x1040;
    static final long LOAD = 0x1050;
    static final long HALT = 0x1060;
    static final long SPIN = 0x1070;
    static final int HYPERCALL_LENGTH = 3;

    /** Port that guest code writes when an instruction is done, and that handlers of exceptions write. */
    static final int DONE_PORT = 0x80;

    static final int FAULT_PORT = 0x81;

    static final long HANDLERS = 0x2000;
    static final long IDT = 0x3000;
    static final long GDT = 0x4000;
    static final long PAGE_TABLES = 0x5000;
    static final long STACKS = 0x10000;

    /** Pages for parameters and overlays: from here to there anything may happen. */
    static final long PLAYGROUND = 0x40000;

    static final int PLAYGROUND_PAGES = 64;

    private Layout() {}

    /** Makes memory and fills it. */
    static GuestMemory memory() {
        GuestMemory memory = new GuestMemory(ADDRESS_BITS);
        memory.addRam(0, RAM_SIZE);
        memory.addRom(ROM, ROM_SIZE, new byte[] {0x0f, 0x01, (byte) 0xc1, (byte) 0xc3});
        memory.addRam(ISLAND, ISLAND_SIZE);
        memory.addRam(TOP, TOP_SIZE);
        return memory;
    }

    static void fill(GuestMemory memory) {
        code(memory, VMCALL, 0x0f, 0x01, 0xc1, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, VMMCALL, 0x0f, 0x01, 0xd9, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, WRMSR, 0x0f, 0x30, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, RDMSR, 0x0f, 0x32, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, STORE, 0x88, 0x07, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, LOAD, 0x8a, 0x07, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, HALT, 0xf4, 0xe6, DONE_PORT, 0xeb, 0xfc);
        code(memory, SPIN, 0xeb, 0xfe);
        for (int vector = 0; vector < 256; vector++) {
            long handler = HANDLERS + vector * 8L;
            code(memory, handler, 0xe6, FAULT_PORT, 0xeb, 0xfc);
            long gate = IDT + vector * 16L;
            memory.putLong(gate, handler & 0xffff | 8L << 16 | 0x8eL << 40 | handler >>> 16 << 48);
            memory.putLong(gate + 8, 0);
        }
        memory.putLong(GDT + 8, 0x00af9b000000ffffL);
        memory.putLong(GDT + 16, 0x00cf93000000ffffL);
        // Accessed and dirty bits are there, so that walks change nothing.
        memory.putLong(PAGE_TABLES, PAGE_TABLES + PAGE | 0x27);
        memory.putLong(PAGE_TABLES + PAGE, PAGE_TABLES + 2 * PAGE | 0x27);
        for (int i = 0; i < 512; i++) {
            memory.putLong(PAGE_TABLES + 2 * PAGE + i * 8L, (long) i << 21 | 0xe7);
        }
        for (int page = 0; page < PLAYGROUND_PAGES; page++) {
            for (int offset = 0; offset < PAGE; offset += 8) {
                memory.putLong(PLAYGROUND + page * PAGE + offset, 0x0101_0101_0101_0101L * (page + 1) ^ offset);
            }
        }
    }

    private static void code(GuestMemory memory, long gpa, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            memory.putByte(gpa + i, (byte) bytes[i]);
        }
    }
}
