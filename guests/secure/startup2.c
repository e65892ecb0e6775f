/*
 * Starting and resetting processors where the third side denies or watches it, of the normal side and of the secure one. A run of its
 * own: both higher sides are on the first processor alone, and the last one waits to be started.
 */
#include "starting.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

static struct mailbox *third_box(void) {
    return &third_boxes[0];
}

struct enabling {
    uint64_t partition, vp;
};

static void enable_third(void *p) {
    struct enabling *enabling = p;
    enabling->partition = enable_partition(HV_SELF_PARTITION, 2, 0);
    enabling->vp = call_here(HV_ENABLE_VP_VTL, third_context(0, input_here()), 0);
}

/* What a side asks for: jobs of either. */

static void start_by_call(void *result) {
    *(uint64_t *)result = start_last();
}

static void send_init(void *unused) {
    (void)unused;
    apic_send(worker_apic_id(last), APIC_INIT);
}

static void send_startup(void *vector) {
    apic_send(worker_apic_id(last), APIC_STARTUP | (uint32_t)(uint64_t)vector);
}

static void here(void (*job)(void *), void *argument) {
    job(argument);
}

/* A call that the third side is denied itself would not get so far as to its parameters. */
static void start_nowhere(void *result) {
    uint64_t *input = start_input();
    input[START_RIP] = 1ull << 63;
    *(uint64_t *)result = call_here(HV_START_VP, input, 0);
}

static void enable_last(void *result) {
    *(uint64_t *)result = call_here(HV_ENABLE_VP_VTL, secure_context(last, input_here()), 0);
}

static void check_denied_starts(uint64_t bits) {
    uint64_t before = mailbox()->intercepts, above = third_box()->intercepts, result = 99;
    in_third(configure_starts, (void *)bits);
    send_init(0);
    send_startup((void *)STARTUP_VECTOR);
    check("start-up messages do nothing", !worker_await_arrival(last, NOT_SO_SOON));
    check_status("nor does a hypercall by the normal side", start_last(), HV_ACCESS_DENIED);
    in_secure(start_by_call, &result);
    check_status("or the secure one", result, HV_ACCESS_DENIED);
    in_third(start_nowhere, &result);
    check_status("the third side itself may", result, HV_INVALID_REGISTER_VALUE);
    check_equal("the secure side is not told", mailbox()->intercepts - before, 0);
    check_equal("nor the third", third_box()->intercepts - above, 0);
}

/* Calls and messages by one of the lower sides. */
static void check_watched(void (*side)(void (*)(void *), void *), uint16_t state) {
    struct raw_call call = {.control = HV_START_VP};
    uint64_t before = mailbox()->intercepts, above = third_box()->intercepts;
    const struct message *seen = &third_box()->seen;
    side(send_init, 0);
    check_equal("INIT is told", third_box()->intercepts - above, 1);
    check_equal("by an entry of its own", third_box()->last_reason, REASON_INTERCEPT);
    check_told_of_init(seen, state, worker_apic_id(last));
    side(send_startup, (void *)(STARTUP_VECTOR + 1));
    check_equal("start-up is told", third_box()->intercepts - above, 2);
    check_told_of_startup(seen, state, STARTUP_VECTOR + 1);
    side(call_raw, &call);
    check_equal("a hypercall is told", third_box()->intercepts - above, 3);
    check_told_of_call(seen, state, &call.given);
    check_equal("which was skipped", call.back.rax, call.given.rax);
    check("nothing comes of them", !worker_await_arrival(last, NOT_SO_SOON));
    check_equal("the secure side is not told", mailbox()->intercepts - before, 0);
}

static void check_watched_third(void) {
    uint64_t result = 99, above;
    topic("by the normal side, watched by the third");
    in_third(configure_starts, (void *)CONFIG_INTERCEPT_STARTUP);
    check_watched(here, STATE_OF_LEVEL_0);
    topic("by the secure side, watched by the third");
    in_secure(enable_last, &result);
    check_status("which has the last processor, too", result, HV_SUCCESS);
    check_watched(in_secure, STATE_OF_LEVEL_1);
    above = third_box()->intercepts;
    send_init(0);
    send_startup((void *)STARTUP_VECTOR);
    check_equal("messages by the normal side are dropped below a secure side", third_box()->intercepts - above, 0);
    in_third(start_nowhere, &result);
    check_status("the third side does not watch itself", result, HV_INVALID_REGISTER_VALUE);
    check_equal("and is not told", third_box()->intercepts - above, 0);
}

static void start_there(void *result) {
    *(uint64_t *)result = start_last();
    send_startup((void *)STARTUP_VECTOR);
}

/* On a processor that does not have the level that watches. */
static void check_nobody_to_tell(void) {
    uint64_t result = 99, above = third_box()->intercepts;
    topic("by a processor without the third side");
    if (machine.cpus < 2) {
        skip("is refused", "it takes another processor");
        return;
    }
    run_on(1, start_there, &result);
    check_status("is refused", result, HV_ACCESS_DENIED);
    check("and messages are lost", !worker_await_arrival(last, NOT_SO_SOON));
    check_equal("nobody is told", third_box()->intercepts - above, 0);
}

/* Where both watch, each does in its turn what the level below has asked for. */
static void check_both(void) {
    struct raw_call call = {.control = HV_START_VP};
    uint64_t before = mailbox()->intercepts, above = third_box()->intercepts;
    topic("watched by both");
    in_secure(configure_starts, (void *)CONFIG_INTERCEPT_STARTUP);
    call_raw(&call);
    check_equal("the secure side is told", mailbox()->intercepts - before, 1);
    check_told_of_call(&mailbox()->seen, STATE_OF_LEVEL_0, &call.given);
    check_equal("and not the third", third_box()->intercepts - above, 0);
    secure_answer = start_for;
    in_secure(secure_set_policy, (void *)ANSWER);
    in_third(secure_set_policy, (void *)ANSWER);
    check_status("done by each for the one below it", start_last(), HV_SUCCESS);
    check_equal("the secure side is told of the normal one", mailbox()->intercepts - before, 2);
    check_equal("from where it is", mailbox()->seen.state, STATE_OF_LEVEL_0);
    check_equal("the third of the secure one", third_box()->intercepts - above, 1);
    check_equal("from where that is", third_box()->seen.state, STATE_OF_LEVEL_1);
    check("the processor runs", worker_await_arrival(last, IN_TIME));
    check_status("once more it is refused", start_last(), HV_INVALID_VP_STATE);
}

void check_third_startup(void) {
    struct enabling enabling = {99, 99};
    if (!last_find()) {
        return;
    }
    secure_first();
    in_secure(secure_set_policy, (void *)SKIP);
    in_secure(enable_third, &enabling);
    check_status("level 2", enabling.partition, HV_SUCCESS);
    check_status("on the first processor, too", enabling.vp, HV_SUCCESS);
    in_third(secure_set_policy, (void *)SKIP);
    topic("denied by the third side");
    check_denied_starts(CONFIG_DENY_STARTUP);
    topic("denied and watched by it");
    check_denied_starts(CONFIG_DENY_STARTUP | CONFIG_INTERCEPT_STARTUP);
    check_watched_third();
    check_nobody_to_tell();
    check_both();
    topic("");
}
