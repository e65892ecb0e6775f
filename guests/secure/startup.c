/*
 * Starting and resetting processors where the secure side denies or watches it. A run of its own: the secure side is on the first
 * processor alone, and the last one waits to be started.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { GDTR_WRITE = 1 << 15, STACK = 16384, SOON = 20, VECTOR = 8 };
enum { MESSAGE_HYPERCALL = 0x80000050, MESSAGE_SIPI = 0x80010009, MESSAGE_INIT_SIPI = 0x8001000d, STATE_KERNEL = 0x14, RESUME_FLAG = 1 << 16 };
/* HV_INITIAL_VP_CONTEXT in the call's input, in eights of bytes. */
enum { VP = 1, RIP = 2, RSP = 3, GDTR = 23, CR3 = 27, CONTEXT = 30 };

/* Behind the headers of messages, from the 56th byte. */
struct start_message {
    uint32_t target, vector;
};
struct call_message {
    uint64_t rax, rbx, rcx, rdx, r8, rsi, rdi, xmm[12], flags, reserved;
};

static uint64_t context_made[CONTEXT];
static uint8_t stack[STACK] __attribute__((aligned(16)));
static int last;
static uint32_t last_vp;

static const void *behind_header(const struct message *seen) {
    return (const uint8_t *)seen + 56;
}

static void arrive(void) {
    interrupts_enable_here();
    worker_arrive(last);
}

/* A start of the last processor on the normal side. */
static uint64_t *start_input(void) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt;
    uint64_t *input = (uint64_t *)input_here();
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    memcpy(input, context_made, sizeof(context_made));
    input[VP] = last_vp;
    input[RIP] = (uint64_t)arrive;
    input[RSP] = (uint64_t)stack + STACK - 8;
    input[GDTR] = (uint64_t)gdt.limit << 48;
    input[GDTR + 1] = gdt.base;
    input[CR3] = read_cr3();
    return input;
}

static uint64_t start_last(void) {
    return call_here(HV_START_VP, start_input(), 0);
}

static void configure(void *bits) {
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, CONFIG_PROTECT | CONFIG_ALLOW_ALL | CONFIG_ZERO_MEMORY | (uint64_t)bits);
}

static uint32_t vp_of(int index) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = 0;
    input[2] = worker_apic_id(index);
    call_here(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input, output_here());
    return *(volatile uint32_t *)output_here();
}

static void check_header(uint32_t type, uint8_t size, uint8_t access, uint8_t length) {
    const struct message *seen = &mailbox()->seen;
    check_equal("type", seen->type, type);
    check_equal("size", seen->size, size);
    check_equal("VP, which is the one that asks", seen->vp, machine.vps[0]);
    check_equal("access", seen->access, access);
    check_equal("instruction length", seen->length, length);
    check_equal("execution state", seen->state, STATE_KERNEL);
    check_equal("CS", seen->cs_selector, KERNEL_CODE);
    check("RFLAGS without RF", (seen->rflags & (RESUME_FLAG | 2)) == 2);
}

static void check_denied_startup(void) {
    uint64_t before = mailbox()->intercepts;
    topic("denied");
    in_secure(configure, (void *)CONFIG_DENY_STARTUP);
    apic_send(worker_apic_id(last), APIC_INIT);
    apic_send(worker_apic_id(last), APIC_STARTUP | VECTOR);
    check("a start-up message does nothing", !worker_await_arrival(last, SOON));
    check_status("a hypercall is refused", start_last(), HV_ACCESS_DENIED);
    in_secure(configure, (void *)(CONFIG_DENY_STARTUP | CONFIG_INTERCEPT_STARTUP));
    apic_send(worker_apic_id(last), APIC_STARTUP | VECTOR);
    check_status("also where it would be told", start_last(), HV_ACCESS_DENIED);
    check_equal("nobody is told", mailbox()->intercepts - before, 0);
}

static volatile int alive;

static void live(void *unused) {
    (void)unused;
    alive++;
}

static void check_messages_watched(void) {
    const struct message *seen = &mailbox()->seen;
    uint64_t before = mailbox()->intercepts;
    in_secure(configure, (void *)CONFIG_INTERCEPT_STARTUP);
    topic("INIT");
    apic_send(worker_apic_id(last), APIC_INIT);
    check_equal("is told", mailbox()->intercepts - before, 1);
    check_header(MESSAGE_INIT_SIPI, 48, ACCESS_WRITE, 0);
    check_equal("what the ICR has", *(const uint64_t *)behind_header(seen), (uint64_t)worker_apic_id(last) << 56 | APIC_INIT);
    topic("start-up");
    apic_send(worker_apic_id(last), APIC_STARTUP | VECTOR);
    check_equal("is told", mailbox()->intercepts - before, 2);
    check_header(MESSAGE_SIPI, 48, ACCESS_WRITE, 0);
    const struct start_message *start = behind_header(seen);
    check_equal("target", start->target, last_vp);
    check_equal("vector", start->vector, VECTOR);
    check("nothing comes of it", !worker_await_arrival(last, SOON));
    before++;
    wrmsr(HV_MSR_ICR, (uint64_t)worker_apic_id(last) << 56 | APIC_STARTUP | (VECTOR + 1));
    check_equal("is told where it is sent by the synthetic register", mailbox()->intercepts - before, 2);
    check_equal("with its vector", start->vector, VECTOR + 1);
    if (last > 1) {
        alive = 0;
        topic("INIT of a processor that runs");
        apic_send(worker_apic_id(1), APIC_INIT);
        check_equal("is told", mailbox()->intercepts - before, 3);
        run_on(1, live, 0);
        check_equal("which it does not notice", (uint64_t)alive, 1);
        apic_send(worker_apic_id(1), APIC_STARTUP | VECTOR);
        check_equal("start-up of it is nothing to tell", mailbox()->intercepts - before, 3);
    }
}

static void check_call_watched(void) {
    const struct message *seen = &mailbox()->seen;
    const struct call_message *call = behind_header(seen);
    uint64_t before = mailbox()->intercepts;
    topic("HvCallStartVirtualProcessor");
    uint64_t *input = start_input();
    call_here(HV_START_VP, input, (const void *)0x1230);
    check_equal("is told", mailbox()->intercepts - before, 1);
    check_header(MESSAGE_HYPERCALL, 208, ACCESS_EXECUTE, 3);
    check_equal("the control word", call->rcx, HV_START_VP);
    check_equal("the input", call->rdx, (uint64_t)input);
    check_equal("the output", call->r8, 0x1230);
    check_equal("no isolation", call->flags, 0);
    check("where the hypercall page is", seen->rip >> 12 == (uint64_t)hypercall_page >> 12);
    check("it was skipped: nothing comes of it", !worker_await_arrival(last, SOON));
    start_input()[VP] = 5000;
    check_status("one of nobody is refused", call_here(HV_START_VP, input, 0), HV_INVALID_VP_INDEX);
    start_input()[RIP] = 1ull << 63;
    check_status("and one that no processor would take", call_here(HV_START_VP, input, 0), HV_INVALID_REGISTER_VALUE);
    check_equal("nobody is told of those", mailbox()->intercepts - before, 1);
}

static void enable_last(void *result) {
    *(uint64_t *)result = call_here(HV_ENABLE_VP_VTL, secure_context(last, input_here()), 0);
}

static void watch_last(void *bits) {
    set_register(last_vp, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, (uint64_t)bits);
}

static void check_with_level(void) {
    uint64_t result = 0, before = mailbox()->intercepts;
    topic("with a secure side of its own");
    in_secure(enable_last, &result);
    check_status("which this one's enables", result, HV_SUCCESS);
    apic_send(worker_apic_id(last), APIC_INIT);
    apic_send(worker_apic_id(last), APIC_STARTUP | VECTOR);
    check_equal("messages are dropped, and nobody is told", mailbox()->intercepts - before, 0);
    in_secure(configure, 0);
    in_secure(watch_last, (void *)GDTR_WRITE);
    check_status("whose GDTR is watched it is not started with another", start_last(), HV_ACCESS_DENIED);
    in_secure(watch_last, 0);
    check("so far it has not been started", !worker_await_arrival(last, SOON));
}

/* The secure side starts the processor in the other's place. */
static void start_for(const struct message *seen, uint8_t target) {
    const struct call_message *call = behind_header(seen);
    struct vtl_control *control = (struct vtl_control *)(secure_self()->assist + 8);
    control->rax = call_here(call->rcx, (const void *)call->rdx, 0);
    set_register(HV_SELF_VP, target, REG_RIP, seen->rip + (seen->length & 0xf));
}

static void check_answer(void) {
    topic("done by the secure side");
    secure_answer = start_for;
    in_secure(secure_set_policy, (void *)ANSWER);
    in_secure(configure, (void *)CONFIG_INTERCEPT_STARTUP);
    check_status("the call has its result", start_last(), HV_SUCCESS);
    check("the processor runs", worker_await_arrival(last, 5000));
    check_status("once more it is refused", start_last(), HV_INVALID_VP_STATE);
    in_secure(configure, 0);
}

void check_startup(void) {
    uint64_t result;
    last = machine.cpus;
    if (workers_present() == last) {
        skip("starting processors", "there is none to start");
        return;
    }
    last_vp = vp_of(last);
    check_status("level 1", enable_partition(HV_SELF_PARTITION, 1, 0), HV_SUCCESS);
    result = call_here(HV_ENABLE_VP_VTL, secure_context(0, input_here()), 0);
    check_status("on the first processor", result, HV_SUCCESS);
    memcpy(context_made, input_here(), sizeof(context_made));
    in_secure(secure_set_policy, (void *)SKIP);
    check_denied_startup();
    check_messages_watched();
    check_call_watched();
    check_with_level();
    check_answer();
    topic("");
}
