package portcullis.machine.loader;

import portcullis.engine.DescriptorTable;

/**
 * The descriptor table, and for long mode the page tables, that a kernel starts with, in guest memory.
 *
 * @param gdt with {@link #CODE}, {@link #DATA} and {@link #TASK}
 * @param pageMap physical address of a PML4 that maps the low 4 GiB to themselves, or 0
 */
record BootTables(DescriptorTable gdt, long pageMap) {
    /** Code selector: __BOOT_CS of the Linux boot protocol. */
    static final int CODE = 0x10;
    /** Data selector: __BOOT_DS. */
    static final int DATA = 0x18;

    static final int TASK = 0x20;

    private static final long CODE32 = 0x00cf9b000000ffffL;
    private static final long CODE64 = 0x00af9b000000ffffL;
    private static final long DATA32 = 0x00cf93000000ffffL;
    private static final long TASK32 = 0x00008b0000000067L;

    private static final int PAGE = 4096;
    private static final int DIRECTORIES = 4;
    private static final long LINK = 0x3;
    private static final long LARGE = 0x83;
    private static final long LARGE_SIZE = 2L << 20;

    /** For 32-bit protected mode without paging. */
    static BootTables flat(Placement placement) throws LoadException {
        return new BootTables(descriptors(placement, CODE32), 0);
    }

    /** For long mode. Pages of 2 MiB: 1 GiB pages may be masked out of CPUID. */
    static BootTables identity(Placement placement) throws LoadException {
        long map = placement.low("boot page tables", (2 + DIRECTORIES) * PAGE, PAGE);
        byte[] tables = new byte[(2 + DIRECTORIES) * PAGE];
        Fields fields = new Fields(tables);
        fields.putLong(0, map + PAGE | LINK);
        for (int i = 0; i < DIRECTORIES; i++) {
            fields.putLong(PAGE + 8 * i, map + (2 + i) * PAGE | LINK);
        }
        for (int i = 0; i < DIRECTORIES * 512; i++) {
            fields.putLong(2 * PAGE + 8 * i, i * LARGE_SIZE | LARGE);
        }
        placement.put(map, tables);
        return new BootTables(descriptors(placement, CODE64), map);
    }

    private static DescriptorTable descriptors(Placement placement, long code) throws LoadException {
        byte[] table = new byte[TASK + 8];
        Fields fields = new Fields(table);
        fields.putLong(CODE, code);
        fields.putLong(DATA, DATA32);
        fields.putLong(TASK, TASK32);
        long gpa = placement.low("boot descriptor table", table.length, 16);
        placement.put(gpa, table);
        return new DescriptorTable(gpa, table.length - 1);
    }
}
