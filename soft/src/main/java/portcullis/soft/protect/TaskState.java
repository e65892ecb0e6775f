package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;

/** What a task state segment holds of a task (SDM volume 3, figures 7-2 and 7-10). */
final class TaskState {
    static final int EIP32 = 32;
    static final int IP16 = 14;
    private static final int CR3 = 28;
    private static final int DEBUG = 100;

    boolean wide;
    long cr3;
    long instruction;
    long flags;
    final long[] general = new long[8];
    /** ES, CS, SS, DS, FS, GS. */
    final int[] segments = new int[6];

    int localTable;
    boolean debugTrap;

    private TaskState() {}

    static TaskState read(Cpu cpu, long base, boolean wide) {
        TaskState state = new TaskState();
        state.wide = wide;
        int size = wide ? 4 : 2;
        long at = base + (wide ? EIP32 : IP16);
        state.instruction = field(cpu, at, size);
        state.flags = field(cpu, at + size, size);
        for (int i = 0; i < 8; i++) {
            state.general[i] = field(cpu, at + (2L + i) * size, size);
        }
        int segments = wide ? 6 : 4;
        for (int i = 0; i < segments; i++) {
            state.segments[i] = (int) field(cpu, at + (10L + i) * size, 2);
        }
        state.localTable = (int) field(cpu, at + (10L + segments) * size, 2);
        if (wide) {
            state.cr3 = field(cpu, base + CR3, 4);
            state.debugTrap = (field(cpu, base + DEBUG, 2) & 1) != 0;
        }
        return state;
    }

    private static long field(Cpu cpu, long address, int size) {
        return cpu.readSystem(address & 0xffffffffL, size);
    }
}
