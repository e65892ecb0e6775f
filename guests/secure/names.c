/*
 * Every register of "Private State" and "Shared State" (TLFS vsm.md) that has a name: the secure side changes the normal side's and
 * looks at its own, then changes its own and looks at the normal side's. General registers and EOI, ICR, EOM, RESET, which act when
 * they are written, are other groups' business (switch, interrupt, busy, reset).
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"

enum owner { PRIVATE, SHARED, SAME /* on both, and nobody writes it */ };
enum { LOW, HIGH }; /* the half of the value that is changed */

static const struct row {
    const char *name;
    uint32_t code, count;
    enum owner owner;
    int half;
    uint64_t normal, secure; /* bits that each side's own is changed by; 0: not changed */
} rows[] = {
    {"RSP", 0x20004, 1, PRIVATE, LOW, 0x100, 0},
    {"RIP", 0x20010, 1, PRIVATE, LOW, 0x100, 0},
    {"RFLAGS", 0x20011, 1, PRIVATE, LOW, 1 << 21, 0},
    {"XMM", 0x30000, 16, SHARED, HIGH, 0x1111, 0x2222},
    {"MMX", 0x30010, 8, SHARED, LOW, 0x1111, 0x2222},
    {"x87 control", 0x30018, 1, SHARED, LOW, 1, 2},
    {"MXCSR", 0x30019, 1, SHARED, HIGH, 0x80, 0x100},
    {"CR0", 0x40000, 1, PRIVATE, LOW, 1 << 18, 1 << 1},
    {"CR2", 0x40001, 1, SHARED, LOW, 0x1234, 0x4321},
    {"CR3", 0x40002, 1, PRIVATE, LOW, 1 << 3, 1 << 4},
    {"CR4", 0x40003, 1, PRIVATE, LOW, 1 << 2, 1 << 3},
    {"CR8", 0x40004, 1, PRIVATE, LOW, 2, 4},
    {"XCR0", 0x40005, 1, SHARED, LOW, 6, 6},
    {"DR0 to 3", 0x50000, 4, SHARED, LOW, 0x1000, 0x2000},
    {"DR6", 0x50004, 1, PRIVATE, LOW, 1, 2},
    {"DR7", 0x50005, 1, PRIVATE, LOW, 1 << 8, 1 << 9},
    {"ES", 0x60000, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"CS", 0x60001, 1, PRIVATE, LOW, 0x1000, 0},
    {"SS", 0x60002, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"DS", 0x60003, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"FS", 0x60004, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"GS", 0x60005, 1, PRIVATE, LOW, 0x1000, 0},
    {"LDTR", 0x60006, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"TR", 0x60007, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"IDTR", 0x70000, 1, PRIVATE, HIGH, 0x1000, 0x2000},
    {"GDTR", 0x70001, 1, PRIVATE, HIGH, 0x1000, 0x2000},
    {"TSC_ADJUST", 0x80096, 1, PRIVATE, LOW, 1ull << 50, 1ull << 51},
    {"EFER", 0x80001, 1, PRIVATE, LOW, 1, 1},
    {"KERNEL_GS_BASE", 0x80002, 1, PRIVATE, LOW, 0x1000, 0x2000},
    {"APIC_BASE", 0x80003, 1, PRIVATE, LOW, 0x1000000, 0x2000000},
    {"PAT", 0x80004, 1, PRIVATE, LOW, 2, 0x200},
    {"SYSENTER", 0x80005, 3, PRIVATE, LOW, 0x10, 0x20},
    {"STAR to SFMASK", 0x80008, 4, PRIVATE, LOW, 0x1000, 0x2000},
    {"MTRR capabilities", 0x8000d, 1, SAME, LOW, 0, 0},
    {"MTRR default", 0x8000e, 1, SHARED, LOW, 1 << 11, 1 << 10},
    {"MTRR bases", 0x80010, 8, SHARED, LOW, 0x10000, 0x20000},
    {"MTRR masks", 0x80040, 8, SHARED, LOW, 0x10000, 0x20000},
    {"MTRR fixed", 0x80070, 11, SHARED, LOW, 0x6, 0x5},
    {"TSC_AUX", 0x8007b, 1, PRIVATE, LOW, 0x10, 0x20},
    {"TSC frequency", 0x240, 1, SAME, LOW, 0, 0},
    {"APIC frequency", 0x241, 1, SAME, LOW, 0, 0},
    {"debug device options", 0x260, 1, SHARED, LOW, 2, 4},
    {"hypercall page", 0x90001, 1, PRIVATE, LOW, 0x7000000, 0},
    {"guest OS id", 0x90002, 1, PRIVATE, LOW, 0x100, 0x200},
    {"VP index", 0x90003, 1, SAME, LOW, 0, 0},
    {"synthetic TPR", 0x90012, 1, PRIVATE, LOW, 0x20, 0x40},
    {"assist page", 0x90013, 1, PRIVATE, LOW, 0x7000001, 0},
    {"reference TSC page", 0x90017, 1, PRIVATE, LOW, 0x7000000, 0x7100000},
    {"SINT", 0xa0000, 16, PRIVATE, LOW, 0x1, 0x2},
    {"SCONTROL", 0xa0010, 1, PRIVATE, LOW, 1, 1},
    {"SVERSION", 0xa0011, 1, SAME, LOW, 0, 0},
    {"SIEFP", 0xa0012, 1, PRIVATE, LOW, 0x7200000, 0x7300000},
    {"SIMP", 0xa0013, 1, PRIVATE, LOW, 0x7400001, 0},
    {"SIRBP", 0xa0015, 1, PRIVATE, LOW, 0x7500000, 0x7600000},
    {"timers", 0xb0000, 8, PRIVATE, LOW, 0x20000, 0x40000},
    {"YMM, low", 0xc0000, 16, SHARED, HIGH, 0x1111, 0x2222},
    {"YMM, high", 0xc0010, 16, SHARED, HIGH, 0x1111, 0x2222},
};

struct value {
    uint64_t halves[2];
};

static uint64_t get(uint8_t target, uint32_t code, struct value *value) {
    uint64_t ignored;
    uint64_t result = get_register(HV_SELF_VP, target, code, &ignored);
    memcpy(value, output_here(), sizeof(*value));
    return result;
}

static uint64_t set(uint8_t target, uint32_t code, const struct value *value) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP | (uint64_t)target << 32;
    input[2] = code;
    input[3] = 0;
    memcpy(input + 4, value, sizeof(*value));
    return call_here(HV_SET_VP_REGISTERS | HV_REPS(1), input, 0);
}

struct outcome {
    const struct row *row;
    uint32_t code;
    int there, down, normal_has, secure_keeps, up, secure_has, normal_keeps;
};

static int same(struct value a, struct value b) {
    return a.halves[0] == b.halves[0] && a.halves[1] == b.halves[1];
}

/* Changed by these bits; those of the fixed MTRRs are types, and are set. */
static struct value changed(const struct row *row, struct value from, uint64_t bits) {
    if (row->code == 0x80070) {
        from.halves[0] = bits * 0x0101010101010101;
    } else {
        from.halves[row->half] ^= bits;
    }
    return from;
}

static void exchange(void *p) {
    struct outcome *outcome = p;
    const struct row *row = outcome->row;
    struct value normal, secure, now, wanted;
    outcome->there = HV_STATUS(get(TARGET_VTL0, outcome->code, &normal)) == HV_SUCCESS
            && HV_STATUS(get(TARGET_CALLER, outcome->code, &secure)) == HV_SUCCESS;
    if (!outcome->there) {
        return;
    }
    if (row->owner == SAME) {
        outcome->normal_has = same(normal, secure);
        return;
    }
    wanted = changed(row, normal, row->normal);
    outcome->down = HV_STATUS(set(TARGET_VTL0, outcome->code, &wanted)) == HV_SUCCESS;
    get(TARGET_VTL0, outcome->code, &now);
    outcome->normal_has = same(now, wanted);
    get(TARGET_CALLER, outcome->code, &now);
    outcome->secure_keeps = same(now, row->owner == PRIVATE ? secure : wanted);
    if (row->secure) {
        struct value before = wanted, own = changed(row, secure, row->secure);
        outcome->up = HV_STATUS(set(TARGET_CALLER, outcome->code, &own)) == HV_SUCCESS;
        get(TARGET_CALLER, outcome->code, &now);
        outcome->secure_has = same(now, own);
        get(TARGET_VTL0, outcome->code, &now);
        outcome->normal_keeps = same(now, row->owner == PRIVATE ? before : own);
        set(TARGET_CALLER, outcome->code, &secure);
    }
    set(TARGET_VTL0, outcome->code, &normal);
}

/* The hypercalls' own page is not to go, nor what intercepts and entries are told by. */
static int kept(const struct row *row, uint32_t code) {
    return row->code == 0xa0000 && code == 0xa0000;
}

static void check_row(const struct row *row) {
    topic(row->name);
    for (uint32_t i = 0; i < row->count; i++) {
        struct row copy = *row;
        if (kept(row, row->code + i)) {
            copy.secure = 0;
        }
        struct outcome outcome = {.row = &copy, .code = row->code + i};
        in_secure(exchange, &outcome);
        if (!outcome.there || (row->owner != SAME && !outcome.down && row->code == 0x260)) {
            skip("both ways", "not there");
            continue;
        }
        if (row->owner == SAME) {
            check_equal_at("is the same on both sides", i, (uint64_t)outcome.normal_has, 1);
            continue;
        }
        int shared = row->owner == SHARED;
        check_equal_at("the normal side's changes", i, (uint64_t)(outcome.down && outcome.normal_has), 1);
        check_equal_at(shared ? "so does the secure side's" : "the secure side keeps its own", i, (uint64_t)outcome.secure_keeps, 1);
        if (copy.secure) {
            check_equal_at("the secure side's changes", i, (uint64_t)(outcome.up && outcome.secure_has), 1);
            check_equal_at(shared ? "so does the normal side's" : "the normal side keeps its own", i, (uint64_t)outcome.normal_keeps, 1);
        }
    }
}

/* Clocks: shared, and never the same twice. */
static void look_at_clocks(void *p) {
    uint64_t *clocks = p;
    clocks[0] = rdmsr(HV_MSR_TIME_REF_COUNT);
    clocks[1] = rdmsr(HV_MSR_VP_RUNTIME);
    clocks[2] = rdmsr(0x179); /* IA32_MCG_CAP */
}

void check_names(void) {
    uint64_t before[3], above[3], after[3];
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i]);
    }
    topic("");
    look_at_clocks(before);
    in_secure(look_at_clocks, above);
    look_at_clocks(after);
    check("the reference counter is shared", before[0] <= above[0] && above[0] <= after[0]);
    check("the run time is shared", before[1] <= above[1] && above[1] <= after[1]);
    check_equal("MCG_CAP is shared", above[2], before[2]);
}
