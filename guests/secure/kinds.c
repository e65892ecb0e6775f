/* Each bit of the control register with each instruction it is about: refused, skipped, not watched. */
#include "watched.h"
#include "checks.h"
#include "guest.h"

enum { RESUME_FLAG = 1 << 16 };

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

void check_header(const struct message *seen, const struct access *access, uint8_t how, uint16_t state, int vp, uint8_t priority) {
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
        check_equal("RDX", msr->rdx, kind->access == ACCESS_READ ? RUBBISH : (access->value >> 32 | RUBBISH));
        check_equal("RAX", msr->rax, kind->access == ACCESS_READ ? RUBBISH : ((access->value & 0xffffffff) | RUBBISH));
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
    uint64_t before = register_now(kind->reg, kind->msr), entries = mailbox()->intercepts;
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
        check_equal("nothing has happened", register_now(kind->reg, kind->msr), before);
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
        check_equal("that is, it changes", register_now(kind->reg, kind->msr), access.value);
        access.value = before;
        kind->run(&access);
    }
}

void check_kinds(void) {
    for (int i = 0; i < KINDS; i++) {
        if (kinds[i].reg != REG_XCR0 || cpuid(1).ecx >> 26 & 1) {
            check_kind(&kinds[i]);
        }
    }
}
