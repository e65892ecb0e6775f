#include "starting.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { STACK = 16384, RESUME_FLAG = 1 << 16, FIXED_FLAG = 2 };

int last;
uint32_t last_vp;
static uint64_t context_made[START_CONTEXT], gdt_limit, gdt_base, normal_cr3;
static uint8_t stack[STACK] __attribute__((aligned(16)));

static uint32_t vp_of(int index) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = 0;
    input[2] = worker_apic_id(index);
    call_here(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input, output_here());
    return *(volatile uint32_t *)output_here();
}

/* Of the normal side, whoever makes the input. */
static void look_at_tables(void) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt;
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    gdt_limit = gdt.limit;
    gdt_base = gdt.base;
    normal_cr3 = read_cr3();
}

int last_find(void) {
    look_at_tables();
    last = machine.cpus;
    if (workers_present() == last) {
        skip("starting processors", "there is none to start");
        return 0;
    }
    last_vp = machine.vps[last] = vp_of(last);
    return 1;
}

void remember_start(void *unused) {
    (void)unused;
    memcpy(context_made, secure_context(0, input_here()), sizeof(context_made));
}

void secure_first(void) {
    check_status("level 1", enable_partition(HV_SELF_PARTITION, 1, 0), HV_SUCCESS);
    remember_start(0);
    check_status("on the first processor", call_here(HV_ENABLE_VP_VTL, secure_context(0, input_here()), 0), HV_SUCCESS);
}

static void arrive(void) {
    interrupts_enable_here();
    worker_arrive(last);
}

uint64_t *start_input(void) {
    uint64_t *input = (uint64_t *)input_here();
    memcpy(input, context_made, sizeof(context_made));
    input[START_VP] = last_vp;
    input[START_RIP] = (uint64_t)arrive;
    input[START_RSP] = (uint64_t)stack + STACK - 8;
    input[START_GDTR] = gdt_limit << 48;
    input[START_GDTR + 1] = gdt_base;
    input[START_CR3] = normal_cr3;
    return input;
}

uint64_t start_last(void) {
    return call_here(HV_START_VP, start_input(), 0);
}

void configure_starts(void *bits) {
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, CONFIG_PROTECT | CONFIG_ALLOW_ALL | CONFIG_ZERO_MEMORY | (uint64_t)bits);
}

void call_raw(void *p) {
    struct raw_call *call = p;
    uint64_t entry = hypercall_entry, *words = (uint64_t *)&call->given;
    for (unsigned i = 0; i < sizeof(call->given) / 8; i++) {
        words[i] = CALL_PATTERN * (i + 1);
    }
    call->given.flags = FIXED_FLAG;
    call->given.rcx = call->control;
    call->given.rdx = (uint64_t)start_input();
    call->back = call->given;
    if (is_secure()) {
        hypercall_entry = *(volatile uint64_t *)&secure.ways.call; /* the normal side is not to reach for it, not even in vain */
    }
    hypercall_raw(&call->back);
    hypercall_entry = entry;
}

/* Messages. */

static const void *behind_header(const struct message *seen) {
    return (const uint8_t *)seen + 56;
}

static void check_header(const struct message *seen, uint32_t type, uint8_t size, uint8_t access, uint8_t length, uint16_t state) {
    check_equal("type", seen->type, type);
    check_equal("size", seen->size, size);
    check_equal("flags", seen->flags, 0);
    check_equal("origin", seen->origin, 0);
    check_equal("VP, which is the one that asks", seen->vp, machine.vps[0]);
    check_equal("access", seen->access, access);
    check_equal("instruction length, and CR8", seen->length, length);
    check_equal("execution state", seen->state, state);
    check_equal("CS base", seen->cs_base, 0);
    check_equal("CS limit", seen->cs_limit, 0xffffffff);
    check_equal("CS", seen->cs_selector, KERNEL_CODE);
    check_equal("CS attributes", seen->cs_attributes, 0xa09b);
    check("RFLAGS without RF", (seen->rflags & (RESUME_FLAG | FIXED_FLAG)) == FIXED_FLAG);
}

void check_told_of_init(const struct message *seen, uint16_t state, uint32_t destination) {
    check_header(seen, MESSAGE_INIT_SIPI, 48, ACCESS_WRITE, 0, state);
    check_equal("what the ICR has", *(const uint64_t *)behind_header(seen), (uint64_t)destination << 56 | APIC_INIT);
}

void check_told_of_startup(const struct message *seen, uint16_t state, uint8_t vector) {
    const struct start_message *start = behind_header(seen);
    check_header(seen, MESSAGE_SIPI, 48, ACCESS_WRITE, 0, state);
    check_equal("target", start->target, last_vp);
    check_equal("vector", start->vector, vector);
}

void check_told_of_call(const struct message *seen, uint16_t state, const struct hv_registers *given) {
    const struct call_message *call = behind_header(seen);
    const uint64_t page = state == STATE_OF_LEVEL_0 ? (uint64_t)hypercall_page : (uint64_t)secure_hypercall_page;
    check_header(seen, MESSAGE_HYPERCALL, 208, ACCESS_EXECUTE, 3, state);
    check_equal("RIP, in the hypercall page", seen->rip, page);
    check_equal("RAX", call->rax, given->rax);
    check_equal("RBX", call->rbx, given->rbx);
    check_equal("the control word", call->rcx, given->rcx);
    check_equal("the input", call->rdx, given->rdx);
    check_equal("the output", call->r8, given->r8);
    check_equal("RSI", call->rsi, given->rsi);
    check_equal("RDI", call->rdi, given->rdi);
    for (uint64_t i = 0; i < 12; i++) {
        check_equal_at("half of XMM registers", i, call->xmm[i], given->xmm[i]);
    }
    check_equal("no isolation", call->flags, 0);
}

void start_for(const struct message *seen, uint8_t target) {
    const struct call_message *call = behind_header(seen);
    struct vtl_control *control = (struct vtl_control *)(secure_self()->assist + 8);
    control->rax = call_here(call->rcx, (const void *)call->rdx, 0);
    set_register(HV_SELF_VP, target, REG_RIP, seen->rip + (seen->length & 0xf));
}
