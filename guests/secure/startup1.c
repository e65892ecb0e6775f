/* A processor that is started on its secure side, before its normal one. A run of its own: the last processor waits to be started. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { STACK = 16384, VP = 1, RIP = 2, RSP = 3, GDTR = 23, CR3 = 27, LEVEL = 12 };

static uint8_t stack[STACK] __attribute__((aligned(16)));
static int last;

static void arrive(void) {
    interrupts_enable_here();
    worker_arrive(last);
}

static uint32_t vp_of(int index) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = 0;
    input[2] = worker_apic_id(index);
    call_here(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input, output_here());
    return *(volatile uint32_t *)output_here();
}

struct start {
    uint64_t result;
    uint32_t call;
    uint8_t level;
    uint64_t cr3, gdt_limit, gdt_base;
};

/* HvCallEnableVpVtl and HvCallStartVirtualProcessor have the same input. */
static void call_for_last(void *p) {
    struct start *start = p;
    uint64_t *input = secure_context(last, input_here());
    ((uint8_t *)input)[LEVEL] = start->level;
    if (!start->level) {
        input[RIP] = (uint64_t)arrive;
        input[RSP] = (uint64_t)stack + STACK - 8;
        input[GDTR] = start->gdt_limit << 48;
        input[GDTR + 1] = start->gdt_base;
        input[CR3] = start->cr3;
    }
    start->result = call_here(start->call, input, 0);
}

static uint64_t by_secure(uint32_t call, uint8_t level) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt;
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    struct start start = {99, call, level, read_cr3(), gdt.limit, gdt.base};
    in_secure(call_for_last, &start);
    return start.result;
}

static void interrupt_last(void *unused) {
    (void)unused;
    send_interrupt(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[last]);
}

static void call_once(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, (void *)REFUSE);
}

void check_start_above(void) {
    last = machine.cpus;
    machine.vps[last] = vp_of(last);
    struct mailbox *box = &mailboxes[last];
    topic("a processor that waits to be started");
    check_status("is not started in a level that it has not", by_secure(HV_START_VP, 1), HV_INVALID_VTL_STATE);
    check_status("is given the level", by_secure(HV_ENABLE_VP_VTL, 1), HV_SUCCESS);
    check_equal("which does not run yet", box->calls, 0);
    in_secure(interrupt_last, 0);
    check_equal("nor by an interrupt", box->calls + box->ipis, 0);
    check_status("is started there", by_secure(HV_START_VP, 1), HV_SUCCESS);
    AWAIT(box->calls == 1);
    check_equal("and runs", box->calls, 1);
    topic("its normal side");
    box->ipis = 0;
    in_secure(interrupt_last, 0);
    AWAIT(box->ipis);
    check_equal("need not run for an interrupt of the secure one", box->ipis, 1);
    check_status("and the secure one is not started again", by_secure(HV_START_VP, 1), HV_INVALID_VP_STATE);
    check_status("is started by the other call", by_secure(HV_START_VP, 0), HV_SUCCESS);
    check("and arrives", worker_await_arrival(last, 2000));
    machine.cpus++;
    run_on(last, call_once, 0);
    check_equal("its calls come to the secure side", box->calls, 2);
    check_status("it is not started twice", by_secure(HV_START_VP, 0), HV_INVALID_VP_STATE);
    topic("");
}
