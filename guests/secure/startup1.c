/* A processor that is started on its secure side, before its normal one. A run of its own: the last processor waits to be started. */
#include "starting.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { LEVEL = 12 };

struct start {
    uint64_t result;
    uint32_t call;
    uint8_t level;
};

/* HvCallEnableVpVtl and HvCallStartVirtualProcessor have the same input. */
static void call_for_last(void *p) {
    struct start *start = p;
    uint64_t *input = start->level ? secure_context(last, input_here()) : start_input();
    ((uint8_t *)input)[LEVEL] = start->level;
    start->result = call_here(start->call, input, 0);
}

static uint64_t by_secure(uint32_t call, uint8_t level) {
    struct start start = {99, call, level};
    in_secure(call_for_last, &start);
    return start.result;
}

static void interrupt_last(void *unused) {
    (void)unused;
    send_interrupt(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[last]);
}

static void alarm_last(void *unused) {
    (void)unused;
    send_interrupt(TIMER_VECTOR, TARGET_VTL1, 1ull << machine.vps[last]);
}

/* The secure side of the last processor is busy with an interrupt. */
static volatile int lingers, may_go;

static void linger(void) {
    lingers = 1;
    AWAIT(may_go);
}

static void call_once(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, (void *)REFUSE);
}

void check_start_above(void) {
    if (!last_find()) {
        return;
    }
    struct mailbox *box = &mailboxes[last];
    in_secure(remember_start, 0);
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
    secure_alarm = linger;
    in_secure(alarm_last, 0);
    AWAIT(lingers);
    check_status("is started by the other call, while the secure one runs", by_secure(HV_START_VP, 0), HV_SUCCESS);
    check("and waits for it", !worker_await_arrival(last, NOT_SO_SOON));
    check_status("it is not started twice", by_secure(HV_START_VP, 0), HV_INVALID_VP_STATE);
    may_go = 1;
    check("and arrives", worker_await_arrival(last, 2000));
    machine.cpus++;
    run_on(last, call_once, 0);
    check_equal("its calls come to the secure side", box->calls, 2);
    check_status("it is not started while it runs", by_secure(HV_START_VP, 0), HV_INVALID_VP_STATE);
    topic("");
}
