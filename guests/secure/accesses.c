/* Accesses to registers that may be watched, each of which says where its instruction is. */
#include "watched.h"
#include "guest.h"

#define PROBE(instruction, ...)                                                                                        \
    __asm__ volatile("lea 1f(%%rip), %%r8\n\tmov %%r8, (%0)\n\tmovq $2f - 1f, 8(%0)\n1:\t" instruction "\n2:"          \
                     :                                                                                                 \
                     : "r"(a), __VA_ARGS__                                                                             \
                     : "r8", "memory")

void move_cr0(void *p) {
    struct access *a = p;
    PROBE("mov %1, %%cr0", "r"(a->value));
}

void load_status(void *p) {
    struct access *a = p;
    PROBE("lmsw %w1", "r"(a->value));
}

void clear_ts(void *p) {
    struct access *a = p;
    PROBE("clts", "r"(0));
}

void move_cr4(void *p) {
    struct access *a = p;
    PROBE("mov %1, %%cr4", "r"(a->value));
}

void set_xcr0(void *p) {
    struct access *a = p;
    PROBE("xsetbv", "a"((uint32_t)a->value), "d"(0), "c"(0));
}

void load_gdt(void *p) {
    struct access *a = p;
    PROBE("lgdt (%1)", "r"(a->memory));
}

void load_idt(void *p) {
    struct access *a = p;
    PROBE("lidt (%1)", "r"(a->memory));
}

void load_ldt(void *p) {
    struct access *a = p;
    PROBE("lldt %w1", "r"(a->value));
}

void load_ldt_from(void *p) {
    struct access *a = p;
    PROBE("lldt (%1)", "r"(a->memory));
}

void load_task(void *p) {
    struct access *a = p;
    PROBE("ltr %w1", "r"(a->value));
}

void write_msr(void *p) {
    struct access *a = p;
    PROBE("wrmsr", "a"((a->value & 0xffffffff) | RUBBISH), "d"(a->value >> 32 | RUBBISH), "c"(a->msr));
}

void read_msr(void *p) {
    struct access *a = p;
    uint64_t low = RUBBISH, high = RUBBISH;
    __asm__ volatile("lea 1f(%%rip), %%r8\n\tmov %%r8, (%2)\n\tmovq $2f - 1f, 8(%2)\n1:\trdmsr\n2:"
                     : "+a"(low), "+d"(high)
                     : "r"(a), "c"(a->msr)
                     : "r8", "memory");
}

uint64_t read_cr0(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

uint64_t register_now(uint32_t name, uint32_t msr) {
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

void set_there(void *p) {
    struct setting *s = p;
    s->result = set_register(s->vp, s->target, s->name, s->value);
    get_register(s->vp, s->target, s->name, &s->read);
}

uint64_t watch_by(void (*side)(void (*)(void *), void *), uint64_t control) {
    struct setting s = {HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, control, 0, 0};
    side(set_there, &s);
    return s.result;
}

uint64_t watch(uint64_t control) {
    return watch_by(in_secure, control);
}

uint64_t watch_bits(uint32_t name, uint64_t bits) {
    struct setting s = {HV_SELF_VP, name, TARGET_CALLER, bits, 0, 0};
    in_secure(set_there, &s);
    return s.result;
}

uint64_t told_of_cr0(uint64_t value) {
    uint64_t before = mailbox()->intercepts;
    struct access access = {.value = value};
    move_cr0(&access);
    return mailbox()->intercepts - before;
}
