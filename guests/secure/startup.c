/*
 * Starting and resetting processors where the secure side denies or watches it. A run of its own: the secure side is on the first
 * processor alone, and the last one waits to be started.
 */
#include "starting.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { XCR0_WRITE = 1 << 2, GDTR_WRITE = 1 << 15, REG_XCR0 = 0x40005, REG_ACTIVITY = 0x4, REG_SYNTHETIC_ICR = 0x90011, STARTUP_SUSPENDED = 1 };

static void check_denied_startup(void) {
    uint64_t before = mailbox()->intercepts;
    topic("denied");
    in_secure(configure_starts, (void *)CONFIG_DENY_STARTUP);
    apic_send(worker_apic_id(last), APIC_INIT);
    apic_send(worker_apic_id(last), APIC_STARTUP | STARTUP_VECTOR);
    check("a start-up message does nothing", !worker_await_arrival(last, NOT_SO_SOON));
    check_status("a hypercall is refused", start_last(), HV_ACCESS_DENIED);
    in_secure(configure_starts, (void *)(CONFIG_DENY_STARTUP | CONFIG_INTERCEPT_STARTUP));
    apic_send(worker_apic_id(last), APIC_STARTUP | STARTUP_VECTOR);
    check_status("also where it would be told", start_last(), HV_ACCESS_DENIED);
    check_equal("nobody is told", mailbox()->intercepts - before, 0);
    check_status("nor is it started by its register", set_register(last_vp, TARGET_CALLER, REG_ACTIVITY, 0), HV_ACCESS_DENIED);
    in_secure(configure_starts, (void *)CONFIG_INTERCEPT_STARTUP);
    check_status("also where that would only be told", set_register(last_vp, TARGET_CALLER, REG_ACTIVITY, 0), HV_ACCESS_DENIED);
    check("it still waits", !worker_await_arrival(last, NOT_SO_SOON));
    check_status("nor is one that runs sent to wait", set_register(HV_SELF_VP, TARGET_CALLER, REG_ACTIVITY, STARTUP_SUSPENDED), HV_ACCESS_DENIED);
    in_secure(configure_starts, 0);
    check_status("by nobody, where it has a secure side", set_register(HV_SELF_VP, TARGET_CALLER, REG_ACTIVITY, STARTUP_SUSPENDED), HV_ACCESS_DENIED);
    uint64_t activity = 99;
    check_status("what it is about can be read", get_register(last_vp, TARGET_CALLER, REG_ACTIVITY, &activity), HV_SUCCESS);
    check_equal("it waits to be started", activity, STARTUP_SUSPENDED);
}

static volatile int alive;

static void live(void *unused) {
    (void)unused;
    alive++;
}

static void check_messages_watched(void) {
    const struct message *seen = &mailbox()->seen;
    uint64_t before = mailbox()->intercepts;
    in_secure(configure_starts, (void *)CONFIG_INTERCEPT_STARTUP);
    topic("INIT");
    apic_send(worker_apic_id(last), APIC_INIT);
    check_equal("is told", mailbox()->intercepts - before, 1);
    check_told_of_init(seen, STATE_OF_LEVEL_0, worker_apic_id(last));
    topic("start-up");
    apic_send(worker_apic_id(last), APIC_STARTUP | STARTUP_VECTOR);
    check_equal("is told", mailbox()->intercepts - before, 2);
    check_told_of_startup(seen, STATE_OF_LEVEL_0, STARTUP_VECTOR);
    check("nothing comes of it", !worker_await_arrival(last, NOT_SO_SOON));
    topic("start-up by the synthetic register");
    before++;
    wrmsr(HV_MSR_ICR, (uint64_t)worker_apic_id(last) << 56 | APIC_STARTUP | (STARTUP_VECTOR + 1));
    check_equal("is told", mailbox()->intercepts - before, 2);
    check_told_of_startup(seen, STATE_OF_LEVEL_0, STARTUP_VECTOR + 1);
    topic("start-up by that register's name");
    before++;
    check_status("is a call that succeeds", set_register(HV_SELF_VP, TARGET_CALLER, REG_SYNTHETIC_ICR, (uint64_t)worker_apic_id(last) << 56 | APIC_STARTUP | (STARTUP_VECTOR + 2)), HV_SUCCESS);
    check_equal("is told", mailbox()->intercepts - before, 2);
    check_told_of_startup(seen, STATE_OF_LEVEL_0, STARTUP_VECTOR + 2);
    if (last > 1) {
        alive = 0;
        topic("INIT of a processor that runs");
        apic_send(worker_apic_id(1), APIC_INIT);
        check_equal("is told", mailbox()->intercepts - before, 3);
        run_on(1, live, 0);
        check_equal("which it does not notice", (uint64_t)alive, 1);
        apic_send(worker_apic_id(1), APIC_STARTUP | STARTUP_VECTOR);
        check_equal("start-up of it is nothing to tell", mailbox()->intercepts - before, 3);
    }
}

static void check_call_watched(void) {
    struct raw_call call = {.control = HV_START_VP};
    uint64_t before = mailbox()->intercepts, *input;
    topic("HvCallStartVirtualProcessor");
    call_raw(&call);
    check_equal("is told", mailbox()->intercepts - before, 1);
    check_told_of_call(&mailbox()->seen, STATE_OF_LEVEL_0, &call.given);
    check("it was skipped: nothing comes of it", !worker_await_arrival(last, NOT_SO_SOON));
    input = start_input();
    input[START_VP] = 5000;
    check_status("one of nobody is refused", call_here(HV_START_VP, input, 0), HV_INVALID_VP_INDEX);
    input = start_input();
    input[START_RIP] = 1ull << 63;
    check_status("and one that no processor would take", call_here(HV_START_VP, input, 0), HV_INVALID_REGISTER_VALUE);
    check_equal("nobody is told of those", mailbox()->intercepts - before, 1);
}

static void enable_last(void *result) {
    *(uint64_t *)result = call_here(HV_ENABLE_VP_VTL, secure_context(last, input_here()), 0);
}

static void watch_last(void *bits) {
    set_register(last_vp, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, (uint64_t)bits);
}

static void set_features_of_last(void *xcr0) {
    set_register(last_vp, TARGET_VTL0, REG_XCR0, (uint64_t)xcr0);
}

static void check_with_level(void) {
    uint64_t result = 0, before = mailbox()->intercepts;
    topic("with a secure side of its own");
    in_secure(enable_last, &result);
    check_status("which this one's enables", result, HV_SUCCESS);
    apic_send(worker_apic_id(last), APIC_INIT);
    apic_send(worker_apic_id(last), APIC_STARTUP | STARTUP_VECTOR);
    check_equal("messages are dropped, and nobody is told", mailbox()->intercepts - before, 0);
    in_secure(configure_starts, 0);
    in_secure(watch_last, (void *)GDTR_WRITE);
    check_status("whose GDTR is watched it is not started with another", start_last(), HV_ACCESS_DENIED);
    in_secure(watch_last, (void *)XCR0_WRITE);
    in_secure(set_features_of_last, (void *)3);
    check_status("nor where XCR0 is, and the start would change it", start_last(), HV_ACCESS_DENIED);
    in_secure(set_features_of_last, (void *)1);
    in_secure(watch_last, 0);
    check("so far it has not been started", !worker_await_arrival(last, NOT_SO_SOON));
}

/* The secure side starts the processor in the other's place. */
static void check_answer(void) {
    topic("done by the secure side");
    secure_answer = start_for;
    in_secure(secure_set_policy, (void *)ANSWER);
    in_secure(configure_starts, (void *)CONFIG_INTERCEPT_STARTUP);
    check_status("the call has its result", start_last(), HV_SUCCESS);
    check("the processor runs", worker_await_arrival(last, IN_TIME));
    check_status("once more it is refused", start_last(), HV_INVALID_VP_STATE);
    in_secure(configure_starts, 0);
}

void check_startup(void) {
    if (!last_find()) {
        return;
    }
    secure_first();
    in_secure(secure_set_policy, (void *)SKIP);
    check_denied_startup();
    check_messages_watched();
    check_call_watched();
    check_with_level();
    check_answer();
    topic("");
}
