/* What is private to a level and what is shared, register by register, in both directions. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

enum kind { MSR, CONTROL_8, CONTROL_2, CONTROL_4, DEBUG, X87, SSE };
enum owner { PRIVATE, SHARED };

struct state {
    const char *name;
    enum kind kind;
    uint32_t number;
    enum owner owner;
    uint64_t normal, secure; /* what each side writes */
};

static const struct state states[] = {
    {"SYSENTER_CS", MSR, 0x174, PRIVATE, 0x18, 0x28},
    {"SYSENTER_ESP", MSR, 0x175, PRIVATE, 0x11110, 0x22220},
    {"SYSENTER_EIP", MSR, 0x176, PRIVATE, 0x11111, 0x22222},
    {"STAR", MSR, 0xc0000081, PRIVATE, 0x0010000800000000, 0x0030002800000000},
    {"LSTAR", MSR, 0xc0000082, PRIVATE, 0x123450, 0x543210},
    {"CSTAR", MSR, 0xc0000083, PRIVATE, 0x123451, 0x543211},
    {"SFMASK", MSR, 0xc0000084, PRIVATE, 0x200, 0x400},
    {"EFER", MSR, 0xc0000080, PRIVATE, 0x501, 0x500},
    {"PAT", MSR, 0x277, PRIVATE, 0x0007040600070406, 0x0007010600070106},
    {"FS base", MSR, 0xc0000100, PRIVATE, 0x10001000, 0x20002000},
    {"KERNEL_GS base", MSR, 0xc0000102, PRIVATE, 0x10001001, 0x20002002},
    {"TSC_AUX", MSR, 0xc0000103, PRIVATE, 0x1234, 0x4321},
    {"guest OS id", MSR, HV_MSR_GUEST_OS_ID, PRIVATE, HV_OUR_OS_ID + 1, HV_OUR_OS_ID + 2},
    {"reference TSC page", MSR, HV_MSR_REFERENCE_TSC, PRIVATE, 0x7000000, 0x7100000},
    {"NPIEP", MSR, HV_MSR_NPIEP_CONFIG, PRIVATE, 1, 2},
    {"synthetic TPR", MSR, HV_MSR_TPR, PRIVATE, 0x10, 0x20},
    {"SCONTROL", MSR, HV_MSR_SCONTROL, PRIVATE, 0, 1},
    {"SIEFP", MSR, HV_MSR_SIEFP, PRIVATE, 0x7200001, 0x7300001},
    {"SINT3", MSR, HV_MSR_SINT0 + 3, PRIVATE, 0x10033, 0x10043},
    {"SINT15", MSR, HV_MSR_SINT0 + 15, PRIVATE, 0x10034, 0x10044},
    {"timer 1", MSR, HV_MSR_STIMER0_CONFIG + 2, PRIVATE, 0x20002, 0x30002},
    {"timer 3", MSR, HV_MSR_STIMER0_CONFIG + 6, PRIVATE, 0x20000, 0x30000},
    {"CR8", CONTROL_8, 0, PRIVATE, 1, 3},
    {"CR4", CONTROL_4, 0, PRIVATE, 1 << 2, 0}, /* TSD */
    {"DR7", DEBUG, 7, PRIVATE, 0x400 | 1 << 8, 0x400 | 1 << 9},
    {"DR6", DEBUG, 6, PRIVATE, 0xffff0ff1, 0xffff0ff2},
    {"CR2", CONTROL_2, 0, SHARED, 0x123123, 0x321321},
    {"DR0", DEBUG, 0, SHARED, 0x1000, 0x2000},
    {"DR1", DEBUG, 1, SHARED, 0x1001, 0x2001},
    {"DR2", DEBUG, 2, SHARED, 0x1002, 0x2002},
    {"DR3", DEBUG, 3, SHARED, 0x1003, 0x2003},
    {"x87 control word", X87, 0, SHARED, 0x37f, 0x27f},
    {"XMM7", SSE, 7, SHARED, 0x7777, 0x8888},
    {"XMM15", SSE, 15, SHARED, 0x7777, 0x8888},
    {"MTRR base 0", MSR, 0x200, SHARED, 0x10006, 0x20006},
    {"MCG_STATUS", MSR, 0x17a, SHARED, 1, 2},
    {"MTRR fixed 64K", MSR, 0x250, SHARED, 0x0606060606060606, 0x0505050505050505},
};

static uint64_t read_debug(uint32_t number) {
    uint64_t value = 0;
    switch (number) {
    case 0: __asm__ volatile("mov %%db0, %0" : "=r"(value)); break;
    case 1: __asm__ volatile("mov %%db1, %0" : "=r"(value)); break;
    case 2: __asm__ volatile("mov %%db2, %0" : "=r"(value)); break;
    case 3: __asm__ volatile("mov %%db3, %0" : "=r"(value)); break;
    case 6: __asm__ volatile("mov %%db6, %0" : "=r"(value)); break;
    default: __asm__ volatile("mov %%db7, %0" : "=r"(value)); break;
    }
    return value;
}

static void write_debug(uint32_t number, uint64_t value) {
    switch (number) {
    case 0: __asm__ volatile("mov %0, %%db0" : : "r"(value)); break;
    case 1: __asm__ volatile("mov %0, %%db1" : : "r"(value)); break;
    case 2: __asm__ volatile("mov %0, %%db2" : : "r"(value)); break;
    case 3: __asm__ volatile("mov %0, %%db3" : : "r"(value)); break;
    case 6: __asm__ volatile("mov %0, %%db6" : : "r"(value)); break;
    default: __asm__ volatile("mov %0, %%db7" : : "r"(value)); break;
    }
}

static uint64_t read_state(const struct state *state) {
    uint64_t value = 0;
    switch (state->kind) {
    case MSR: return rdmsr(state->number);
    case CONTROL_8: __asm__ volatile("mov %%cr8, %0" : "=r"(value)); break;
    case CONTROL_2: __asm__ volatile("mov %%cr2, %0" : "=r"(value)); break;
    case CONTROL_4: return read_cr4() & 1 << 2;
    case DEBUG: return read_debug(state->number);
    case X87: __asm__ volatile("fnstcw %0" : "+m"(value)); break;
    case SSE:
        if (state->number == 7) {
            __asm__ volatile(".byte 0x66, 0x48, 0x0f, 0x7e, 0xf8" : "=a"(value)); /* movq %xmm7, %rax */
        } else {
            __asm__ volatile(".byte 0x66, 0x4c, 0x0f, 0x7e, 0xf8" : "=a"(value)); /* movq %xmm15, %rax */
        }
        break;
    }
    return value;
}

static void write_state(const struct state *state, uint64_t value) {
    switch (state->kind) {
    case MSR: wrmsr(state->number, value); break;
    case CONTROL_8: __asm__ volatile("mov %0, %%cr8" : : "r"(value)); break;
    case CONTROL_2: __asm__ volatile("mov %0, %%cr2" : : "r"(value)); break;
    case CONTROL_4: write_cr4((read_cr4() & ~4ull) | value); break;
    case DEBUG: write_debug(state->number, value); break;
    case X87: __asm__ volatile("fldcw %0" : : "m"(value)); break;
    case SSE:
        if (state->number == 7) {
            __asm__ volatile(".byte 0x66, 0x48, 0x0f, 0x6e, 0xf8" : : "a"(value)); /* movq %rax, %xmm7 */
        } else {
            __asm__ volatile(".byte 0x66, 0x4c, 0x0f, 0x6e, 0xf8" : : "a"(value));
        }
        break;
    }
}

struct exchange {
    const struct state *state;
    int vector;
    int done;
    uint64_t before, seen;
};

static void exchange_body(void *p) {
    struct exchange *exchange = p;
    exchange->seen = read_state(exchange->state);
    if (!exchange->done) {
        exchange->before = exchange->seen;
        write_state(exchange->state, exchange->state->secure);
        exchange->done = 1;
    } else if (exchange->state->owner == PRIVATE) {
        write_state(exchange->state, exchange->before);
    }
}

static void exchange_job(void *p) {
    struct exchange *exchange = p;
    exchange->vector = attempt(0, exchange_body, p);
}

struct plain {
    const struct state *state;
    uint64_t value;
    int write;
};

static void plain_body(void *p) {
    struct plain *plain = p;
    if (plain->write) {
        write_state(plain->state, plain->value);
    } else {
        plain->value = read_state(plain->state);
    }
}

static void check_one(const struct state *state) {
    struct plain old = {state, 0, 0}, set = {state, state->normal, 1}, now = {state, 0, 0};
    topic(state->name);
    if (attempt(0, plain_body, &old) != NO_FAULT || attempt(0, plain_body, &set) != NO_FAULT) {
        skip("both ways", "not there");
        return;
    }
    struct exchange exchange = {.state = state};
    in_secure(exchange_job, &exchange);
    check_fault("the secure side has it", exchange.vector, NO_FAULT);
    attempt(0, plain_body, &now);
    if (state->owner == PRIVATE) {
        check("the secure side does not see the normal side's", exchange.seen != state->normal || exchange.before == state->normal);
        check_equal("the normal side keeps its own", now.value, state->normal);
        in_secure(exchange_job, &exchange);
        check_equal("the secure side keeps its own", exchange.seen, state->secure);
    } else {
        check_equal("the secure side sees the normal side's", exchange.seen, state->normal);
        check_equal("the normal side sees the secure side's", now.value, state->secure);
    }
    set.value = old.value;
    attempt(0, plain_body, &set);
}

/* RFLAGS, stack, tables: where a difference needs no register to be written. */
struct execution {
    uint64_t rsp, cr3, flags;
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt, idt;
};

static void look(void *p) {
    struct execution *execution = p;
    __asm__ volatile("mov %%rsp, %0; sgdt %1; sidt %2; pushfq; pop %3"
                     : "=r"(execution->rsp), "=m"(execution->gdt), "=m"(execution->idt), "=r"(execution->flags));
    execution->cr3 = read_cr3();
}

void check_state(void) {
    for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        check_one(&states[i]);
    }
    topic("");
    struct execution normal, secure, again;
    look(&normal);
    __asm__ volatile("stc; std");
    __asm__ volatile("cld");
    in_secure(look, &secure);
    look(&again);
    check("each side has its own stack", secure.rsp - (uint64_t)secure_cpus < sizeof(secure_cpus));
    check("page tables", normal.cr3 != secure.cr3);
    check("descriptor table", normal.gdt.base != secure.gdt.base);
    check("interrupt table", normal.idt.base != secure.idt.base);
    check_equal("which a call leaves as they were: CR3", again.cr3, normal.cr3);
    check_equal("GDT", again.gdt.base, normal.gdt.base);
    check_equal("IDT", again.idt.base, normal.idt.base);
    uint64_t vp = 0, index = rdmsr(HV_MSR_VP_INDEX);
    vp = machine.vps[0];
    check_equal("the VP's index is shared", index, vp);
}
