/* Control registers, MSRs and descriptor tables that the secure side watches: who is told what, and what comes of it. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { MISC_ENABLE = 0x1a0, APIC_BASE = 0x1b, EFER = 0xc0000080, SGX_HASH = 0x8c };
enum { REG_CR0 = 0x40000, REG_CR4 = 0x40003, REG_XCR0 = 0x40005, REG_LDTR = 0x60006, REG_TR, REG_IDTR = 0x70000, REG_GDTR };
enum { MESSAGE_MSR = 0x80010001, MESSAGE_REGISTER = 0x80010006, RESUME_FLAG = 1 << 16, STATE_KERNEL = 0x14, STATE_OF_1 = 0x94 };
enum { CR0_MP = 2, CR0_TS = 8, CR4_TSD = 4, CR4_OSXSAVE = 1 << 18, KEPT_MESSAGES = 2, PENDING = 1 };
enum { CR0_WRITE = 1, CR4_WRITE = 2, GDTR_WRITE = 1 << 15, LSTAR_WRITE = 1 << 6 };

/* Behind the header of a message, from its 56th byte. */
struct watched {
    uint8_t flags, reserved[3];
    uint32_t name; /* of a register; nothing of an MSR's */
    uint64_t value, more;
};
struct watched_msr {
    uint32_t number, reserved;
    uint64_t rdx, rax;
};

static const void *behind_header(const struct message *seen) {
    return (const uint8_t *)seen + 56;
}

/* One access: what is to be written, and, filled in by it, where its instruction is. */
struct access { /* the macro below knows the first two */
    uint64_t rip, length;
    uint64_t value;
    uint32_t msr;
    void *memory;
};

#define PROBE(instruction, ...)                                                                                        \
    __asm__ volatile("lea 1f(%%rip), %%r8\n\tmov %%r8, (%0)\n\tmovq $2f - 1f, 8(%0)\n1:\t" instruction "\n2:"          \
                     :                                                                                                 \
                     : "r"(a), __VA_ARGS__                                                                             \
                     : "r8", "memory")

static void move_cr0(void *p) {
    struct access *a = p;
    PROBE("mov %1, %%cr0", "r"(a->value));
}

static void load_status(void *p) {
    struct access *a = p;
    PROBE("lmsw %w1", "r"(a->value));
}

static void clear_ts(void *p) {
    struct access *a = p;
    PROBE("clts", "r"(0));
}

static void move_cr4(void *p) {
    struct access *a = p;
    PROBE("mov %1, %%cr4", "r"(a->value));
}

static void set_xcr0(void *p) {
    struct access *a = p;
    PROBE("xsetbv", "a"((uint32_t)a->value), "d"(0), "c"(0));
}

static void load_gdt(void *p) {
    struct access *a = p;
    PROBE("lgdt (%1)", "r"(a->memory));
}

static void load_idt(void *p) {
    struct access *a = p;
    PROBE("lidt (%1)", "r"(a->memory));
}

static void load_ldt(void *p) {
    struct access *a = p;
    PROBE("lldt %w1", "r"(a->value));
}

static void load_ldt_from(void *p) {
    struct access *a = p;
    PROBE("lldt (%1)", "r"(a->memory));
}

static void load_task(void *p) {
    struct access *a = p;
    PROBE("ltr %w1", "r"(a->value));
}

static const uint64_t rubbish = 0xabcd0123ull << 32;

static void write_msr(void *p) {
    struct access *a = p;
    PROBE("wrmsr", "a"((a->value & 0xffffffff) | rubbish), "d"(a->value >> 32 | rubbish), "c"(a->msr));
}

static void read_msr(void *p) {
    struct access *a = p;
    uint64_t low = rubbish, high = rubbish;
    __asm__ volatile("lea 1f(%%rip), %%r8\n\tmov %%r8, (%2)\n\tmovq $2f - 1f, 8(%2)\n1:\trdmsr\n2:"
                     : "+a"(low), "+d"(high)
                     : "r"(a), "c"(a->msr)
                     : "r8", "memory");
}

static uint64_t read_cr0(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* What a register of this side holds. */
static uint64_t now(uint32_t name, uint32_t msr) {
    uint64_t value = 0;
    switch (name) {
    case REG_CR0:
        return read_cr0();
    case REG_CR4:
        return read_cr4();
    case REG_XCR0:
        return read_xcr0();
    case 0:
        return try_rdmsr(msr, &value) == NO_FAULT ? value : 0;
    default:
        get_register(HV_SELF_VP, TARGET_CALLER, name, &value);
        return value;
    }
}

/* Jobs of the higher sides. */
struct setting {
    uint32_t vp, name;
    uint8_t target;
    uint64_t value, result, read;
};

static void set_there(void *p) {
    struct setting *s = p;
    s->result = set_register(s->vp, s->target, s->name, s->value);
    get_register(s->vp, s->target, s->name, &s->read);
}

static uint64_t watch_by(void (*side)(void (*)(void *), void *), uint64_t control) {
    struct setting s = {HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, control, 0, 0};
    side(set_there, &s);
    return s.result;
}

static uint64_t watch(uint64_t control) {
    return watch_by(in_secure, control);
}

static uint64_t mask(uint32_t name, uint64_t bits) {
    struct setting s = {HV_SELF_VP, name, TARGET_CALLER, bits, 0, 0};
    in_secure(set_there, &s);
    return s.result;
}

/* Does for the other side what it was about to do. */
static void do_for(const struct message *seen, uint8_t target) {
    const struct watched *watched = behind_header(seen);
    const struct watched_msr *msr = behind_header(seen);
    if (seen->type == MESSAGE_REGISTER) {
        set_register(HV_SELF_VP, target, watched->name, watched->value);
    } else if (msr->number == 0xc0000082) {
        set_register(HV_SELF_VP, target, REG_LSTAR, msr->rdx << 32 | (msr->rax & 0xffffffff));
    }
    set_register(HV_SELF_VP, target, REG_RIP, seen->rip + (seen->length & 0xf));
}

struct kind {
    const char *name;
    void (*run)(void *);
    int bit;
    uint32_t reg, msr; /* one of them */
    uint8_t access;
    enum { VALUE, TOGGLE, SAME, MEMORY } what; /* it writes: what is there; that with `value` toggled; what is there; what lies in memory */
    uint64_t value;
    int fault; /* where it is not watched */
};

static const struct kind kinds[] = {
    {"MOV to CR0", move_cr0, 0, REG_CR0, 0, ACCESS_WRITE, TOGGLE, CR0_MP, NO_FAULT},
    {"MOV to CR0 that changes nothing", move_cr0, 0, REG_CR0, 0, ACCESS_WRITE, SAME, 0, NO_FAULT},
    {"LMSW", load_status, 0, REG_CR0, 0, ACCESS_WRITE, TOGGLE, CR0_TS, NO_FAULT},
    {"MOV to CR4", move_cr4, 1, REG_CR4, 0, ACCESS_WRITE, TOGGLE, CR4_TSD, NO_FAULT},
    {"XSETBV", set_xcr0, 2, REG_XCR0, 0, ACCESS_WRITE, TOGGLE, 2, NO_FAULT},
    {"RDMSR of MISC_ENABLE", read_msr, 3, 0, MISC_ENABLE, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of MISC_ENABLE", write_msr, 4, 0, MISC_ENABLE, ACCESS_WRITE, SAME, 0, NO_FAULT},
    {"RDMSR of LSTAR", read_msr, 5, 0, 0xc0000082, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of LSTAR", write_msr, 6, 0, 0xc0000082, ACCESS_WRITE, TOGGLE, 0x1234567, NO_FAULT},
    {"RDMSR of STAR", read_msr, 7, 0, 0xc0000081, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of STAR", write_msr, 8, 0, 0xc0000081, ACCESS_WRITE, TOGGLE, 1ull << 40, NO_FAULT},
    {"RDMSR of CSTAR", read_msr, 9, 0, 0xc0000083, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of CSTAR", write_msr, 10, 0, 0xc0000083, ACCESS_WRITE, TOGGLE, 0x1000, NO_FAULT},
    {"RDMSR of APIC_BASE", read_msr, 11, 0, APIC_BASE, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of APIC_BASE", write_msr, 12, 0, APIC_BASE, ACCESS_WRITE, SAME, 0, NO_FAULT},
    {"RDMSR of EFER", read_msr, 13, 0, EFER, ACCESS_READ, SAME, 0, NO_FAULT},
    {"WRMSR of EFER", write_msr, 14, 0, EFER, ACCESS_WRITE, TOGGLE, 1, NO_FAULT},
    {"LGDT", load_gdt, 15, REG_GDTR, 0, ACCESS_WRITE, MEMORY, 0, NO_FAULT},
    {"LIDT", load_idt, 16, REG_IDTR, 0, ACCESS_WRITE, MEMORY, 0, NO_FAULT},
    {"LLDT of a register", load_ldt, 17, REG_LDTR, 0, ACCESS_WRITE, VALUE, 0, NO_FAULT},
    {"LLDT of memory", load_ldt_from, 17, REG_LDTR, 0, ACCESS_WRITE, MEMORY, 0, FAULT_GP},
    {"LTR", load_task, 18, REG_TR, 0, ACCESS_WRITE, VALUE, 0, FAULT_GP}, /* the null selector */
    {"WRMSR of SYSENTER_CS", write_msr, 19, 0, 0x174, ACCESS_WRITE, TOGGLE, 0x10, NO_FAULT},
    {"WRMSR of SYSENTER_EIP", write_msr, 20, 0, 0x176, ACCESS_WRITE, TOGGLE, 0x1000, NO_FAULT},
    {"WRMSR of SYSENTER_ESP", write_msr, 21, 0, 0x175, ACCESS_WRITE, TOGGLE, 0x1000, NO_FAULT},
    {"WRMSR of SFMASK", write_msr, 22, 0, 0xc0000084, ACCESS_WRITE, TOGGLE, 0x100, NO_FAULT},
    {"WRMSR of TSC_AUX", write_msr, 23, 0, 0xc0000103, ACCESS_WRITE, TOGGLE, 5, NO_FAULT},
    {"WRMSR of a hash of SGX", write_msr, 24, 0, SGX_HASH, ACCESS_WRITE, VALUE, 5, FAULT_GP},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void check_header(const struct message *seen, const struct access *access, uint8_t how, uint16_t state, int vp, uint8_t priority) {
    check_equal("size", seen->size, 64);
    check_equal("flags", seen->flags, 0);
    check_equal("origin", seen->origin, 0);
    check_equal("VP", seen->vp, machine.vps[vp]);
    check_equal("instruction length", seen->length & 0xf, access->length);
    check_equal("CR8", seen->length >> 4, priority);
    check_equal("access", seen->access, how);
    check_equal("execution state", seen->state, state);
    check_equal("CS base", seen->cs_base, 0);
    check_equal("CS limit", seen->cs_limit, 0xffffffff);
    check_equal("CS", seen->cs_selector, KERNEL_CODE);
    check_equal("CS attributes", seen->cs_attributes, 0xa09b);
    check_equal("RIP", seen->rip, access->rip);
    check("RFLAGS without RF", (seen->rflags & (RESUME_FLAG | 2)) == 2);
}

static void check_told(const struct kind *kind, const struct access *access) {
    const struct message *seen = &mailbox()->seen;
    check_equal("type", seen->type, kind->reg ? MESSAGE_REGISTER : MESSAGE_MSR);
    check_header(seen, access, kind->access, STATE_KERNEL, 0, 0);
    if (kind->reg) {
        const struct watched *watched = behind_header(seen);
        check_equal("register", watched->name, kind->reg);
        check_equal("memory operand", watched->flags, kind->what == MEMORY);
        check_equal("value or address", watched->value, kind->what == MEMORY ? (uint64_t)access->memory : access->value);
        check_equal("nothing above it", watched->more, 0);
    } else {
        const struct watched_msr *msr = behind_header(seen);
        check_equal("number", msr->number, kind->msr);
        check_equal("reserved", msr->reserved, 0);
        check_equal("RDX", msr->rdx, kind->access == ACCESS_READ ? rubbish : (access->value >> 32 | rubbish));
        check_equal("RAX", msr->rax, kind->access == ACCESS_READ ? rubbish : ((access->value & 0xffffffff) | rubbish));
    }
}

/* The same, as this one's operand: tables as they are, and a selector of nothing. */
static uint8_t operand[10];

static void prepare_operand(const struct kind *kind) {
    memset(operand, 0, sizeof(operand));
    if (kind->reg == REG_GDTR) {
        __asm__ volatile("sgdt (%0)" : : "r"(operand) : "memory");
    } else if (kind->reg == REG_IDTR) {
        __asm__ volatile("sidt (%0)" : : "r"(operand) : "memory");
    } else {
        operand[1] = 0xff; /* a selector beyond all tables */
    }
}

static void check_kind(const struct kind *kind) {
    uint64_t before = now(kind->reg, kind->msr), entries = mailbox()->intercepts;
    struct access access = {0, 0, kind->what == VALUE ? kind->value : before ^ kind->value, kind->msr, operand};
    struct fault fault;
    prepare_operand(kind);
    topic(kind->name);
    check_status("is watched", watch(1ull << kind->bit), HV_SUCCESS);
    in_secure(secure_set_policy, (void *)REFUSE);
    attempt(&fault, kind->run, &access);
    check_fault("the secure side refuses it", fault.vector, FAULT_GP);
    check_equal("where it is", fault.rip, access.rip);
    check_equal("it is told once", mailbox()->intercepts - entries, 1);
    check_equal("as the reason of an entry", mailbox()->last_reason, REASON_INTERCEPT);
    check_told(kind, &access);
    if (kind->access == ACCESS_WRITE) {
        check_equal("nothing has happened", now(kind->reg, kind->msr), before);
    }
    in_secure(secure_set_policy, (void *)SKIP);
    attempt(&fault, kind->run, &access);
    check_fault("the secure side skips it", fault.vector, NO_FAULT);
    check_status("everything but it is watched", watch(~(1ull << kind->bit) & ((1 << 25) - 1)), HV_SUCCESS);
    entries = mailbox()->intercepts;
    attempt(&fault, kind->run, &access);
    check_status("nothing is watched", watch(0), HV_SUCCESS);
    check_fault("not watched it does what it does", fault.vector, kind->fault);
    check_equal("and nobody is told", mailbox()->intercepts - entries, 0);
    if (kind->what == TOGGLE && kind->access == ACCESS_WRITE) {
        check_equal("that is, it changes", now(kind->reg, kind->msr), access.value);
        access.value = before;
        kind->run(&access);
    }
}

static void check_ts(void) {
    struct access access = {0};
    const uint64_t cr0 = read_cr0();
    topic("CLTS");
    access.value = cr0 | CR0_TS;
    move_cr0(&access);
    watch(CR0_WRITE);
    in_secure(secure_set_policy, (void *)ANSWER);
    clear_ts(&access);
    const struct watched *watched = behind_header(&mailbox()->seen);
    check_equal("is a write of CR0 without TS", watched->value, cr0 & ~(uint64_t)CR0_TS);
    check_equal("which the secure side can do for it", read_cr0(), cr0 & ~(uint64_t)CR0_TS);
    watch(0);
    access.value = cr0;
    move_cr0(&access);
}

static void check_answers(void) {
    struct access access = {.value = rdmsr(0xc0000082) ^ 0x1000, .msr = 0xc0000082};
    topic("done by the secure side");
    in_secure(secure_set_policy, (void *)ANSWER);
    watch(CR0_WRITE | LSTAR_WRITE);
    write_msr(&access);
    check_equal("a write of LSTAR is one", rdmsr(0xc0000082), access.value);
    access.value = read_cr0() ^ CR0_MP;
    move_cr0(&access);
    check_equal("and one of CR0", read_cr0(), access.value);
    __asm__ volatile("mov %0, %%cr8" : : "r"(5ull));
    access.value ^= CR0_MP;
    move_cr0(&access);
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
    check_equal("at a higher priority, too", read_cr0(), access.value);
    topic("message at a higher priority");
    check_header(&mailbox()->seen, &access, ACCESS_WRITE, STATE_KERNEL, 0, 5);
    watch(0);
}

static uint64_t told_of_cr0(uint64_t value) {
    uint64_t before = mailbox()->intercepts;
    struct access access = {.value = value};
    move_cr0(&access);
    return mailbox()->intercepts - before;
}

static void check_masks(void) {
    const uint64_t cr0 = read_cr0();
    uint64_t before;
    struct access access = {.value = read_cr4()};
    topic("a mask");
    in_secure(secure_set_policy, (void *)SKIP);
    struct setting first = {HV_SELF_VP, REG_CR_INTERCEPT_CR0_MASK, TARGET_CALLER, CR0_TS, 0, 0};
    in_secure(set_there, &first);
    check_status("of CR0", first.result, HV_SUCCESS);
    check_equal("reads as it was written", first.read, CR0_TS);
    watch(CR0_WRITE | CR4_WRITE | 1 << 4);
    check_equal("lets bits change that are not in it", told_of_cr0(cr0 ^ CR0_MP), 0);
    check_equal("and back", told_of_cr0(cr0), 0);
    check_equal("not one that is", told_of_cr0(cr0 ^ CR0_TS), 1);
    check_equal("nor with others", told_of_cr0(cr0 ^ (CR0_TS | CR0_MP)), 1);
    check_status("without bits", mask(REG_CR_INTERCEPT_CR0_MASK, 0), HV_SUCCESS);
    check_equal("lets everything pass", told_of_cr0(cr0), 0);
    mask(REG_CR_INTERCEPT_CR0_MASK, ~0ull);
    check_equal("with all bits nothing, changed or not", told_of_cr0(cr0), 1);
    check_status("of CR4", mask(REG_CR_INTERCEPT_CR4_MASK, CR4_TSD), HV_SUCCESS);
    before = mailbox()->intercepts;
    move_cr4(&access);
    check_equal("lets pass what changes nothing", mailbox()->intercepts - before, 0);
    access.value ^= CR4_TSD;
    move_cr4(&access);
    check_equal("and not what does", mailbox()->intercepts - before, 1);
    mask(REG_CR_INTERCEPT_CR4_MASK, ~0ull);
    check_status("of MISC_ENABLE", mask(REG_CR_INTERCEPT_MISC_ENABLE_MASK, 1), HV_SUCCESS);
    access = (struct access){.value = rdmsr(MISC_ENABLE), .msr = MISC_ENABLE};
    before = mailbox()->intercepts;
    write_msr(&access);
    check_equal("does the same", mailbox()->intercepts - before, 0);
    access.value ^= 1;
    write_msr(&access);
    check_equal("for that register", mailbox()->intercepts - before, 1);
    mask(REG_CR_INTERCEPT_MISC_ENABLE_MASK, ~0ull);
    watch(0);
}

static void check_rules(void) {
    struct setting s = {HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 0x1ffffff, 0, 0};
    uint64_t value;
    topic("the control register");
    in_secure(set_there, &s);
    check_status("takes all 25 bits", s.result, HV_SUCCESS);
    check_equal("reads as it was written", s.read, 0x1ffffff);
    watch(GDTR_WRITE);
    for (int bit = 25; bit < 64; bit += 13) {
        s = (struct setting){HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 1ull << bit | CR0_WRITE, 0, 0};
        in_secure(set_there, &s);
        check_status_at("refuses bit", (uint64_t)bit, s.result, HV_INVALID_REGISTER_VALUE);
        check_equal_at("and stays as it is, bit", (uint64_t)bit, s.read, GDTR_WRITE);
    }
    for (uint32_t name = REG_CR_INTERCEPT_CONTROL; name <= REG_CR_INTERCEPT_MISC_ENABLE_MASK; name++) {
        check_refused("the normal side has none to write", set_register(HV_SELF_VP, TARGET_CALLER, name, 0));
        check_refused("nor to read", get_register(HV_SELF_VP, TARGET_CALLER, name, &value));
        check_refused("nor one of the secure side's to write", set_register(HV_SELF_VP, TARGET_VTL1, name, 0));
        check_refused("or to read", get_register(HV_SELF_VP, TARGET_VTL1, name, &value));
        s = (struct setting){HV_SELF_VP, name, TARGET_VTL0, 0, 0, 0};
        in_secure(set_there, &s);
        check_refused("the secure side finds none below", s.result);
    }
    s = (struct setting){HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 0, 0, 0};
    in_secure(set_there, &s);
    check_status("the secure side clears it", s.result, HV_SUCCESS);
}

/* What it may not do by instruction, the normal side may not do by hypercall. */
static void check_calls(void) {
    static const struct {
        const char *name;
        uint32_t reg;
        int bit;
    } cases[] = {
        {"CR0", REG_CR0, 0},
        {"CR4", REG_CR4, 1},
        {"XCR0", REG_XCR0, 2},
        {"LSTAR", REG_LSTAR, 6},
        {"STAR", 0x80008, 8},
        {"CSTAR", 0x8000a, 10},
        {"APIC base", 0x80003, 12},
        {"EFER", 0x80001, 14},
        {"GDTR", REG_GDTR, 15},
        {"IDTR", REG_IDTR, 16},
        {"LDTR", REG_LDTR, 17},
        {"TR", REG_TR, 18},
        {"SYSENTER_CS", 0x80005, 19},
        {"SYSENTER_EIP", 0x80006, 20},
        {"SYSENTER_ESP", 0x80007, 21},
        {"SFMASK", 0x8000b, 22},
        {"TSC_AUX", 0x8007b, 23},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t before = 0, after = 1, entries = mailbox()->intercepts;
        topic("written by hypercall");
        watch(1ull << cases[i].bit);
        get_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, &before);
        check_status(cases[i].name, set_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, before), HV_ACCESS_DENIED);
        get_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, &after);
        check_equal("leaves it as it is", after, before);
        check_equal("and is no intercept", mailbox()->intercepts - entries, 0);
        struct setting above = {HV_SELF_VP, cases[i].reg, TARGET_VTL0, before, 0, 0};
        if (cases[i].reg < REG_LDTR || cases[i].reg > REG_GDTR) { /* those have two halves */
            in_secure(set_there, &above);
            check_status("the secure side may", above.result, HV_SUCCESS);
        }
    }
    topic("written by hypercall");
    watch(~(uint64_t)CR0_WRITE & 0x1ffffff);
    check_status("what is not watched", set_register(HV_SELF_VP, TARGET_CALLER, REG_CR0, read_cr0()), HV_SUCCESS);
    watch(0);
}

struct kept {
    uint32_t type[KEPT_MESSAGES], name[KEPT_MESSAGES];
    int flags[KEPT_MESSAGES];
};

static void drain(void *p) {
    struct kept *kept = p;
    volatile struct message *message = (volatile struct message *)secure_self()->messages;
    for (int i = 0; i < KEPT_MESSAGES && message->type; i++) {
        kept->type[i] = message->type;
        kept->name[i] = *(volatile uint32_t *)((volatile uint8_t *)message + 60);
        kept->flags[i] = message->flags;
        message->type = 0;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        wrmsr(HV_MSR_EOM, 0);
    }
}

/* Accesses of three bytes: the secure side knows no more where it leaves the message alone. */
static void check_queue(void) {
    struct kept kept = {0};
    uint64_t before = mailbox()->intercepts;
    topic("with the slot in use");
    in_secure(secure_set_policy, (void *)LEAVE);
    watch(CR0_WRITE | CR4_WRITE);
    __asm__ volatile(".byte 0x0f, 0x22, 0xc0" : : "a"(read_cr0()) : "memory"); /* mov %rax, %cr0 */
    __asm__ volatile(".byte 0x0f, 0x22, 0xe0" : : "a"(read_cr4()) : "memory"); /* mov %rax, %cr4 */
    check_equal("each enters the secure side", mailbox()->intercepts - before, 2);
    in_secure(drain, &kept);
    check_equal("the first message is there", kept.type[0], MESSAGE_REGISTER);
    check_equal("it is the first's", kept.name[0], REG_CR0);
    check_equal("and says that one waits", (uint64_t)kept.flags[0] & PENDING, PENDING);
    check_equal("the second comes behind it", kept.type[1], MESSAGE_REGISTER);
    check_equal("it is the second's", kept.name[1], REG_CR4);
    check_equal("and says that none waits", (uint64_t)kept.flags[1] & PENDING, 0);
    watch(0);
    in_secure(secure_set_policy, (void *)REFUSE);
}

struct elsewhere {
    struct access access;
    struct fault fault;
    uint64_t told;
};

static void write_cr0_there(void *p) {
    struct elsewhere *there = p;
    uint64_t before = mailbox()->intercepts;
    there->access.value = read_cr0();
    attempt(&there->fault, move_cr0, &there->access);
    there->told = mailbox()->intercepts - before;
}

static void refuse_there(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, (void *)REFUSE);
}

static void check_others(void) {
    struct elsewhere there = {0};
    topic("on another processor");
    if (machine.cpus < 2) {
        skip("is another processor's", "it takes a second processor");
        return;
    }
    run_on(1, refuse_there, 0);
    watch(CR0_WRITE);
    run_on(1, write_cr0_there, &there);
    check_equal("nothing is watched that is watched here", there.told, 0);
    watch(0);
    struct setting s = {machine.vps[1], REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, CR0_WRITE, 0, 0};
    in_secure(set_there, &s);
    check_status("what this one's secure side asks for", s.result, HV_SUCCESS);
    run_on(1, write_cr0_there, &there);
    check_equal("is told there", there.told, 1);
    check_fault("and refused", there.fault.vector, FAULT_GP);
    check_header(&mailboxes[1].seen, &there.access, ACCESS_WRITE, STATE_KERNEL, 1, 0);
    in_secure(secure_set_policy, (void *)SKIP);
    check_equal("and not here", told_of_cr0(read_cr0()), 0);
    s.value = 0;
    in_secure(set_there, &s);
    run_on(1, write_cr0_there, &there);
    check_equal("until it asks no more", there.told, 0);
}

void check_registers(void) {
    uint32_t features = cpuid(1).ecx;
    const uint64_t cr4 = read_cr4();
    secure_answer = do_for;
    write_cr4(cr4 | (features >> 26 & 1 ? CR4_OSXSAVE : 0));
    check_rules();
    for (int i = 0; i < KINDS; i++) {
        if (kinds[i].reg != REG_XCR0 || features >> 26 & 1) {
            check_kind(&kinds[i]);
        }
    }
    in_secure(secure_set_policy, (void *)ANSWER);
    check_ts();
    check_answers();
    check_masks();
    check_calls();
    check_queue();
    check_others();
    in_secure(secure_set_policy, (void *)REFUSE);
    write_cr4(cr4);
    topic("");
}

/* The third level watches both others. */

static struct mailbox *third_box(void) {
    return &third_boxes[this_cpu()->index];
}

static void write_own_cr0(void *p) {
    struct access *access = p;
    access->value = read_cr0();
    move_cr0(access);
}

static void set_normal_cr0(void *p) {
    struct setting *s = p;
    get_register(HV_SELF_VP, TARGET_VTL0, REG_CR0, &s->value);
    set_there(s);
}

void check_third_registers(void) {
    uint64_t value = 0;
    struct access access = {0};
    topic("");
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value);
    if (!(value >> 2 & 1)) {
        skip("a level above the secure one that watches", "it is not enabled");
        return;
    }
    struct mailbox *box = mailbox(), *top = third_box();
    in_secure(secure_set_policy, (void *)SKIP);
    in_third(secure_set_policy, (void *)SKIP);
    uint64_t before = box->intercepts, above = top->intercepts;
    check_status("the third level watches CR0", watch_by(in_third, CR0_WRITE), HV_SUCCESS);
    told_of_cr0(read_cr0());
    check_equal("of the normal side", top->intercepts - above, 1);
    check_equal("which the secure side does not notice", box->intercepts - before, 0);
    check_equal("from where it is", top->seen.state, STATE_KERNEL);
    in_secure(write_own_cr0, &access);
    check_equal("of the secure side", top->intercepts - above, 2);
    check_equal("from where that is", top->seen.state, STATE_OF_1);
    check_equal("at its instruction", top->seen.rip, access.rip);
    watch(CR0_WRITE);
    told_of_cr0(read_cr0());
    check_equal("where both watch, the secure side is told", box->intercepts - before, 1);
    check_equal("and not the third", top->intercepts - above, 2);
    in_secure(write_own_cr0, &access);
    check_equal("the secure side does not watch itself", box->intercepts - before, 1);
    check_equal("the third does", top->intercepts - above, 3);
    struct setting s = {HV_SELF_VP, REG_CR0, TARGET_VTL0, 0, 0, 0};
    in_secure(set_normal_cr0, &s);
    check_status("the secure side may not write it for the normal one then", s.result, HV_ACCESS_DENIED);
    watch_by(in_third, 0);
    in_secure(set_normal_cr0, &s);
    check_status("but when the third does not watch", s.result, HV_SUCCESS);
    watch(0);
    in_secure(secure_set_policy, (void *)REFUSE);
    in_third(secure_set_policy, (void *)REFUSE);
    topic("");
}
