package portcullis.fuzz;

import portcullis.tlfs.HvRegister;

/**
 * Makes calls that get past the first checks, most of the time: a control word, and an input that means something to the call it is
 * for, both with something wrong now and then.
 */
final class Inputs {
    private static final long SELF = -1;
    private static final HvRegister[] REGISTERS = HvRegister.values();

    /** HV_INITIAL_VP_CONTEXT of 64-bit code: offsets of 8-byte fields, and values. */
    private static final long[][] INITIAL_CONTEXT = {
        {0, Layout.SPIN},
        {8, Layout.STACKS},
        {16, 2},
        {32, 0xa09b_0008_ffff_ffffL},
        {48, 0xc093_0010_ffff_ffffL},
        {64, 0xc093_0010_ffff_ffffL},
        {80, 0xc093_0010_ffff_ffffL},
        {96, 0xc093_0010_ffff_ffffL},
        {112, 0xc093_0010_ffff_ffffL},
        {128, 0x008b_0018_0000_0067L},
        {152, 0x0fff_0000_0000_0000L},
        {160, Layout.IDT},
        {168, 0x0017_0000_0000_0000L},
        {176, Layout.GDT},
        {184, 0xd00},
        {192, 0x80010033L},
        {200, Layout.PAGE_TABLES},
        {208, 0x6a0},
        {216, 0x0007040600070406L}
    };

    private static final int[] OF_LEVELS = {
        CallTable.VTL_CALL,
        CallTable.VTL_RETURN,
        CallTable.MODIFY_PROTECTION,
        CallTable.ENABLE_VP_VTL,
        CallTable.ENABLE_PARTITION_VTL,
        CallTable.SET_REGISTERS,
        CallTable.TRANSLATE
    };

    private final Choices choose;
    private final int processors;
    /** First VP that calls may change: those below run the program. */
    private final int firstVictim;

    private final boolean levels;

    Inputs(Choices choose, int processors, int firstVictim, boolean levels) {
        this.levels = levels;
        this.choose = choose;
        this.processors = processors;
        this.firstVictim = firstVictim;
    }

    /** Fills {@code call} but for where its parameters are. */
    void make(Call call) {
        int code = code();
        CallRow row = CallTable.rowOrShape(code);
        if (row == null) {
            call.control = code | (choose.oneIn(2) ? choose.bits() & ~0xffffL : 0);
            return;
        }
        if ((row.code() == CallTable.VTL_CALL || row.code() == CallTable.VTL_RETURN) && choose.below(4) != 1) {
            call.control = code;
            return;
        }
        int variable = row.variable() ? choose.below(3) : 0;
        boolean fits = row.inputBytes(variable, row.rep() ? 1 : 0) + row.outputBytes(1) <= 112;
        boolean fast = choose.oneIn(fits ? 3 : 24);
        int most = row.mostReps(fast, variable);
        int reps = row.rep() ? 1 + choose.below(reps(most)) : 0;
        int start = row.rep() && choose.oneIn(6) ? choose.below(reps) : 0;
        call.control = code | (fast ? 1L << 16 : 0) | (long) variable << 17 | (long) reps << 32 | (long) start << 48;
        if (choose.oneIn(12)) {
            call.control = damaged(call.control);
        }
        fill(call, row, Math.min(reps, most));
    }

    private int reps(int most) {
        return switch (choose.below(8)) {
            case 6 -> Math.clamp(most, 1, 40);
            case 7 -> choose.oneIn(2) ? 4095 : Math.max(1, most);
            default -> Math.clamp(most, 1, 3);
        };
    }

    private int code() {
        return switch (choose.below(16)) {
            case 11, 12, 13 ->
                levels
                        ? OF_LEVELS[choose.below(OF_LEVELS.length)]
                        : CallTable.ROWS
                                .get(choose.below(CallTable.ROWS.size()))
                                .code();
            case 14 -> choose.below(0x160);
            case 15 -> choose.oneIn(2) ? 0x8000 + choose.below(16) : choose.below(1 << 16);
            default -> CallTable.ROWS.get(choose.below(CallTable.ROWS.size())).code();
        };
    }

    private long damaged(long control) {
        return switch (choose.below(5)) {
            case 0 -> control ^ 1L << choose.below(64);
            case 1 -> control & ~(0xfffL << 32) | (long) choose.below(4096) << 32;
            case 2 -> control & ~(0xfffL << 48) | (long) choose.below(4096) << 48;
            case 3 -> control & ~(0x3ffL << 17) | (long) choose.below(1024) << 17;
            default -> control ^ choose.bits() & ~0xffffL;
        };
    }

    private void fill(Call call, CallRow row, int elements) {
        switch (row.code()) {
            case CallTable.FLUSH_SPACE, CallTable.FLUSH_LIST -> {
                flushHeader(call);
                call.put(16, mask(), 8);
                ranges(call, row, elements);
            }
            case CallTable.FLUSH_SPACE_EX, CallTable.FLUSH_LIST_EX -> {
                flushHeader(call);
                set(call, 16);
                ranges(call, row, elements);
            }
            case CallTable.SEND_IPI -> {
                ipiHeader(call);
                call.put(8, mask(), 8);
            }
            case CallTable.SEND_IPI_EX -> {
                ipiHeader(call);
                set(call, 8);
            }
            case CallTable.GET_REGISTERS -> {
                target(call, false);
                for (int i = 0; i < elements; i++) {
                    call.put(16 + i * 4, register(), 4);
                }
            }
            case CallTable.SET_REGISTERS -> {
                target(call, true);
                for (int i = 0; i < elements; i++) {
                    assignment(call, 16 + i * 32);
                }
            }
            case CallTable.START_VP -> start(call);
            case CallTable.ENABLE_VP_VTL -> {
                start(call);
                call.put(12, choose.oneIn(8) ? Values.any(choose) : 1 + choose.below(2), 4);
            }
            case CallTable.ENABLE_PARTITION_VTL -> {
                call.put(0, partition(), 8);
                call.put(8, choose.oneIn(8) ? Values.any(choose) : 1 + choose.below(2) | choose.below(2) << 8, 8);
            }
            case CallTable.MODIFY_PROTECTION -> {
                call.put(0, partition(), 8);
                call.put(8, choose.oneIn(8) ? Values.any(choose) : choose.below(16), 4);
                call.put(12, choose.below(4) != 1 ? 0x10 : level(), 4);
                for (int i = 0; i < elements; i++) {
                    call.put(16 + i * 8, Values.elsewhere(Values.page(choose)) >>> 12, 8);
                }
            }
            case CallTable.VP_INDEX_FROM_APIC_ID -> {
                call.put(0, partition(), 8);
                call.put(8, level(), 8);
                for (int i = 0; i < elements; i++) {
                    call.put(16 + i * 4, choose.oneIn(8) ? Values.any(choose) : 3L * choose.below(processors), 4);
                }
            }
            case CallTable.POST_MESSAGE -> {
                call.put(0, connection(), 4);
                call.put(4, 0, 4);
                call.put(8, choose.oneIn(8) ? Values.any(choose) : 1 + choose.below(8), 4);
                call.put(12, choose.oneIn(8) ? Values.any(choose) : choose.below(241), 4);
                call.put(16, choose.bits(), 8);
            }
            case CallTable.TRANSLATE, CallTable.TRANSLATE_EX -> {
                call.put(0, partition(), 8);
                call.put(8, processor(false), 8);
                long flags = choose.oneIn(6) ? Values.any(choose) : choose.below(1 << 10);
                call.put(16, flags & -1L >>> 8 | (choose.oneIn(6) ? choose.bits() << 56 : 0), 8);
                call.put(24, (choose.oneIn(3) ? Values.any(choose) : Values.page(choose)) >>> 12, 8);
            }
            case CallTable.SIGNAL_EVENT -> {
                call.put(0, connection(), 4);
                call.put(4, choose.oneIn(4) ? Values.any(choose) : choose.below(160), 4);
            }
            default -> {
                int bytes = Math.min(row.inputBytes(0, elements), Layout.PAGE) & -8;
                for (int offset = 0; offset < bytes && offset < 64; offset += 8) {
                    call.put(offset, Values.any(choose), 8);
                }
            }
        }
    }

    private long connection() {
        return choose.oneIn(8) ? Values.any(choose) : 1 + choose.below(4);
    }

    private long partition() {
        return choose.oneIn(16) ? Values.any(choose) : SELF;
    }

    /** HV_INPUT_VTL, with padding behind it. */
    private long level() {
        return choose.oneIn(8) ? Values.any(choose) : choose.below(2) << 4;
    }

    private long processor(boolean changes) {
        if (choose.oneIn(12)) {
            return Values.any(choose);
        }
        if (changes && firstVictim > 0) {
            return firstVictim + choose.below(processors - firstVictim);
        }
        return choose.oneIn(3) ? -2 : choose.below(processors);
    }

    /** HvCallEnablePartitionVtl as it should be. */
    static void enablePartition(Call call, int level) {
        call.control = CallTable.ENABLE_PARTITION_VTL | 1L << 16;
        call.put(0, SELF, 8);
        call.put(8, level, 8);
    }

    /** HvCallEnableVpVtl as it should be. */
    static void enableProcessor(Call call, int vp, int level) {
        call.control = CallTable.ENABLE_VP_VTL;
        call.put(0, SELF, 8);
        call.put(8, vp, 4);
        call.put(12, level, 4);
        initialContext(call);
    }

    /** HvCallSetVpRegisters of one register of the caller's own. */
    static void setOwn(Call call, HvRegister name, long value) {
        call.control = CallTable.SET_REGISTERS | 1L << 16 | 1L << 32;
        call.put(0, SELF, 8);
        call.put(8, -2, 4);
        call.put(12, 0, 4);
        call.put(16, name.code(), 4);
        call.put(20, 0, 12);
        call.put(32, value, 8);
        call.put(40, 0, 8);
    }

    private static void initialContext(Call call) {
        for (int offset = 0; offset < 224; offset += 8) {
            call.put(16 + offset, 0, 8);
        }
        for (long[] field : INITIAL_CONTEXT) {
            call.put(16 + (int) field[0], field[1], 8);
        }
    }

    private void target(Call call, boolean changes) {
        int vp = (int) processor(changes);
        if (changes && firstVictim > 0 && (vp == -2 || vp >= 0 && vp < firstVictim)) {
            vp = firstVictim;
        }
        call.put(0, partition(), 8);
        call.put(8, vp, 4);
        call.put(12, level(), 4);
    }

    private long register() {
        return choose.oneIn(10) ? Values.any(choose) : REGISTERS[choose.below(REGISTERS.length)].code();
    }

    private void assignment(Call call, int at) {
        HvRegister name = levels && choose.below(4) == 1
                ? HvRegister.of(0x000d0000 + choose.below(0x22))
                : REGISTERS[choose.below(REGISTERS.length)];
        name = name == null ? HvRegister.VSM_VINA : name;
        long value = Values.any(choose);
        boolean page = switch (name) {
            case VP_ASSIST_PAGE, HYPERCALL, REFERENCE_TSC, SIPP, SIFP -> true;
            default -> false;
        };
        long code = name.code();
        if (choose.oneIn(16)) {
            HvRegister other = HvRegister.of((int) Values.any(choose));
            code = other == null ? Values.any(choose) | 0x0100_0000 : code;
        }
        // Who else calls shall be able to.
        boolean withheld = firstVictim > 0 && (name == HvRegister.SYNTHETIC_ICR || name == HvRegister.GUEST_OS_ID);
        call.put(at, withheld ? HvRegister.RAX.code() : code, 4);
        call.put(at + 4, 0, 8);
        call.put(at + 12, 0, 4);
        call.put(at + 16, page ? Values.elsewhere(value) : value, 8);
        call.put(at + 24, choose.oneIn(2) ? 0 : Values.any(choose), 8);
    }

    private void start(Call call) {
        target(call, true);
        initialContext(call);
        for (int damage = choose.below(4); damage > 0; damage--) {
            int at = 16 + choose.below(28) * 8;
            long now = call.longAt(at);
            call.put(at, choose.oneIn(2) ? now ^ 1L << choose.below(64) : Values.any(choose), 8);
        }
    }

    private void flushHeader(Call call) {
        call.put(0, choose.oneIn(2) ? Layout.PAGE_TABLES : Values.any(choose), 8);
        call.put(8, choose.oneIn(8) ? Values.any(choose) : choose.below(16), 8);
    }

    private void ipiHeader(Call call) {
        call.put(0, choose.oneIn(4) ? Values.any(choose) : 16 + choose.below(240), 4);
        call.put(4, level(), 4);
    }

    private long mask() {
        return choose.oneIn(3) ? Values.any(choose) : choose.below(1 << Math.min(processors, 16));
    }

    /** HV_VP_SET: as many banks as the control word says, most of the time. */
    private void set(Call call, int at) {
        call.put(at, choose.oneIn(8) ? Values.any(choose) : choose.below(2), 8);
        int banks = Math.min(call.variableQwords(), 2);
        long valid = banks == 0 ? 0 : choose.oneIn(3) ? Values.any(choose) : (1L << banks) - 1;
        call.put(at + 8, valid, 8);
        for (int bank = 0; bank < banks; bank++) {
            call.put(at + 16 + bank * 8, mask(), 8);
        }
    }

    private void ranges(Call call, CallRow row, int elements) {
        int first = row.inputBytes(call.variableQwords(), 0);
        for (int i = 0; i < elements && i < 24 && first + i * 8 + 8 <= Layout.PAGE; i++) {
            call.put(first + i * 8, choose.oneIn(2) ? Values.pageRegister(choose) : Values.any(choose), 8);
        }
    }
}
