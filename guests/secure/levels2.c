/* A third level over the other two: who may enable it, who is called by whom, what it may refuse to whom, who is told. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { LSTAR = 0xc0000082, AUTO_ENABLE = 8, DIRECT = 1 << 12, SOON = 1000, STATE_OF_0 = 0x14, STATE_OF_1 = 0x94 };
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static struct mailbox *third_box(void) {
    return &third_boxes[this_cpu()->index];
}

struct enabling {
    int index;
    uint64_t partition, again, above, vp, vp_again, from_below;
};

static void enable_partition_2(void *p) {
    struct enabling *enabling = p;
    enabling->partition = enable_partition(HV_SELF_PARTITION, 2, 0);
    enabling->again = enable_partition(HV_SELF_PARTITION, 2, 0);
    enabling->above = enable_partition(HV_SELF_PARTITION, 3, 0);
}

static void enable_vp_2(void *p) {
    struct enabling *enabling = p;
    enabling->vp = call_here(HV_ENABLE_VP_VTL, third_context(enabling->index, input_here()), 0);
}

static uint64_t context_made[30];

static void remember_context(void *unused) {
    (void)unused;
    memcpy(context_made, third_context(0, input_here()), sizeof(context_made));
}

/* The normal side cannot read what contexts are made from. */
static uint64_t enable_vp_2_from_normal(int index) {
    uint64_t *input = (uint64_t *)input_here();
    memcpy(input, context_made, sizeof(context_made));
    *(uint32_t *)(input + 1) = (uint32_t)index;
    return call_here(HV_ENABLE_VP_VTL, input, 0);
}

static void nothing(void *unused) {
    (void)unused;
}

static void first_call(void *unused) {
    (void)unused;
    in_third(nothing, 0);
}

static void call_third_to_enable(void *p) {
    in_third(enable_vp_2, p);
}

static void check_enabling(void) {
    struct enabling enabling = {.index = 0};
    check_status("by the normal side", enable_partition(HV_SELF_PARTITION, 2, 0), HV_ACCESS_DENIED);
    in_secure(remember_context, 0);
    check_status("on a processor before the partition has it", enable_vp_2_from_normal(0), HV_INVALID_VTL_STATE);
    in_secure(enable_partition_2, &enabling);
    check_status("by the secure side", enabling.partition, HV_SUCCESS);
    check_status("again", enabling.again, HV_VTL_ALREADY_ENABLED);
    check_status("one above it", enabling.above, HV_INVALID_PARAMETER);
    check_status("on a processor, by the normal side", enable_vp_2_from_normal(0), HV_ACCESS_DENIED);
    in_secure(enable_vp_2, &enabling);
    check_status("on the first processor, by the secure side", enabling.vp, HV_SUCCESS);
    first_call(0);
    check_equal("which it can call", third_box()->calls, 1);
    for (int i = 1; i < machine.cpus; i++) {
        struct enabling other = {.index = i};
        in_secure(enable_vp_2, &other);
        check_status_at("by the secure side on processor", (uint64_t)i, other.vp, HV_ACCESS_DENIED);
        in_secure(call_third_to_enable, &other);
        check_status_at("by the third side on processor", (uint64_t)i, other.vp, HV_SUCCESS);
        run_on(i, first_call, 0);
        check_equal_at("which can be called on processor", (uint64_t)i, third_boxes[i].calls, 1);
    }
    uint64_t value = 0;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value);
    check_equal("all levels of the partition", value & 0xffff, 7);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &value);
    check_equal("of the processor", value, 7 << 16);
}

struct looked {
    uint64_t status, lstar[3], results[3], os;
};

static void look_at_all(void *p) {
    struct looked *looked = p;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &looked->status);
    for (uint8_t level = 0; level < 3; level++) {
        looked->results[level] = get_register(HV_SELF_VP, TARGET_VTL0 | level, REG_LSTAR, &looked->lstar[level]);
    }
    looked->os = rdmsr(HV_MSR_GUEST_OS_ID);
}

static void set_lstar(void *value) {
    wrmsr(LSTAR, (uint64_t)value);
}

static void check_chain(void) {
    struct mailbox *box = mailbox(), *top = third_box();
    uint64_t secure_calls = box->calls, third_calls = top->calls;
    in_secure(nothing, 0);
    check_equal("a call by the normal side comes to the next level", box->calls - secure_calls, 1);
    check_equal("and not to the highest", top->calls - third_calls, 0);
    struct looked looked;
    wrmsr(LSTAR, 0x1000);
    in_secure(set_lstar, (void *)0x2000);
    in_third(set_lstar, (void *)0x3000);
    in_third(look_at_all, &looked);
    check_equal("one by the secure side comes there", top->calls - third_calls, 2);
    check_equal("by a call", top->last_reason, REASON_CALL);
    check_equal("where it is the active one", looked.status, 2 | 7 << 16);
    check("with its own OS id", looked.os != rdmsr(HV_MSR_GUEST_OS_ID) && looked.os);
    for (uint64_t level = 0; level < 3; level++) {
        check_status_at("it reads registers of level", level, looked.results[level], HV_SUCCESS);
        check_equal_at("each level has its own, level", level, looked.lstar[level], 0x1000 * (level + 1));
    }
    in_secure(look_at_all, &looked);
    check_status("the secure side reads the normal one's", looked.results[0], HV_SUCCESS);
    check_status("and not the third one's", looked.results[2], HV_ACCESS_DENIED);
    look_at_all(&looked);
    check_status("the normal side neither the secure one's", looked.results[1], HV_ACCESS_DENIED);
    check_status("nor the third one's", looked.results[2], HV_ACCESS_DENIED);
}

/* Protections. */

struct closing {
    uint8_t target;
    uint32_t allowed;
    uint64_t result;
};

static void close_page(void *p) {
    struct closing *closing = p;
    closing->result = protect_from(closing->target, page, 1, closing->allowed);
}

static uint64_t close_by(void (*side)(void (*)(void *), void *), uint8_t target, uint32_t allowed) {
    struct closing closing = {target, allowed, 99};
    side(close_page, &closing);
    return closing.result;
}

static void read_page(void *value) {
    *(uint64_t *)value = *(volatile uint64_t *)(page + 0x40);
}

static void attempt_read(void *vector) {
    uint64_t value;
    *(int *)vector = attempt(0, read_page, &value);
}

static void check_rules(void) {
    topic("protecting");
    check_status("the third level, by the secure side", close_by(in_secure, TARGET_VTL2, ALLOW_ALL), HV_ACCESS_DENIED);
    check_status("the secure one, by itself", close_by(in_secure, TARGET_VTL1, ALLOW_ALL), HV_ACCESS_DENIED);
    check_status("the third level, by itself", close_by(in_third, TARGET_VTL2, ALLOW_ALL), HV_ACCESS_DENIED);
    check_status("the secure level, by the third", close_by(in_third, TARGET_VTL1, ALLOW_ALL), HV_SUCCESS);
    check_status("the normal one, by the third", close_by(in_third, TARGET_VTL0, ALLOW_ALL), HV_SUCCESS);
}

static void check_intercepts(void) {
    struct mailbox *box = mailbox(), *top = third_box();
    int vector = NO_FAULT;
    topic("a page that the third level hides from the secure one");
    *(uint64_t *)(page + 0x40) = 0x1234;
    in_secure(secure_set_policy, (void *)REFUSE);
    in_third(secure_set_policy, (void *)REFUSE);
    close_by(in_third, TARGET_VTL1, ALLOW_NOTHING);
    attempt_read(&vector);
    check_fault("the normal side reads", vector, NO_FAULT);
    uint64_t told = top->intercepts;
    in_secure(attempt_read, &vector);
    check_fault("the secure side does not", vector, FAULT_GP);
    check_equal("the third is told", top->intercepts - told, 1);
    check_equal("of the level", top->seen.state, STATE_OF_1);
    check_equal("and the address", top->seen.gpa, (uint64_t)page + 0x40);
    close_by(in_third, TARGET_VTL1, ALLOW_ALL);
    topic("one that it hides from the normal side");
    close_by(in_third, TARGET_VTL0, ALLOW_NOTHING);
    in_secure(attempt_read, &vector);
    check_fault("the secure side reads", vector, NO_FAULT);
    told = top->intercepts;
    uint64_t secure_told = box->intercepts, calls = box->calls;
    attempt_read(&vector);
    check_fault("the normal side does not", vector, FAULT_GP);
    check_equal("the third is told", top->intercepts - told, 1);
    check_equal("of the level", top->seen.state, STATE_OF_0);
    check_equal("by an entry of its own", top->last_reason, REASON_INTERCEPT);
    check("the secure side hears nothing", box->intercepts == secure_told && box->calls == calls);
    close_by(in_secure, TARGET_VTL0, ALLOW_ALL);
    attempt_read(&vector);
    check_fault("nor can it open the page", vector, FAULT_GP);
    topic("one that both hide");
    close_by(in_secure, TARGET_VTL0, ALLOW_NOTHING);
    in_secure(secure_set_policy, (void *)PERMIT);
    in_third(secure_set_policy, (void *)PERMIT);
    told = top->intercepts;
    secure_told = box->intercepts;
    attempt_read(&vector);
    check_fault("is read in the end", vector, NO_FAULT);
    check_equal("when the secure side has been told", box->intercepts - secure_told, 1);
    check_equal("and then the third", top->intercepts - told, 1);
    in_secure(secure_set_policy, (void *)REFUSE);
    in_third(secure_set_policy, (void *)REFUSE);
}

static void set_timer(void *in) {
    wrmsr(HV_MSR_STIMER0_CONFIG, DIRECT | TIMER_VECTOR << 4 | AUTO_ENABLE);
    wrmsr(HV_MSR_STIMER0_COUNT, rdmsr(HV_MSR_TIME_REF_COUNT) + (uint64_t)in);
}

static void interrupt_here(void *unused) {
    (void)unused;
    send_interrupt(IPI_VECTOR, TARGET_CALLER, 1ull << machine.vps[0]);
}

static void interrupt_both(void *unused) {
    interrupt_here(unused);
    in_third(interrupt_here, unused);
}

static void linger(void *ticks) {
    uint64_t until = rdmsr(HV_MSR_TIME_REF_COUNT) + SOON;
    while (rdmsr(HV_MSR_TIME_REF_COUNT) < until) {
        relax();
    }
    *(uint64_t *)ticks = mailboxes[this_cpu()->index].timer_ticks;
}

static void set_timer_and_go(void *ticks) {
    set_timer((void *)0);
    in_third(linger, ticks);
}

static void wait_for_third(void *unused) {
    (void)unused;
    third_box()->timer_ticks = 0;
    in_third(set_timer, (void *)SOON);
    AWAIT(third_box()->timer_ticks);
}

static void check_preemption(void) {
    struct mailbox *box = mailbox(), *top = third_box();
    topic("a timer of the third level");
    in_secure(wait_for_third, 0);
    check_equal("comes while the secure side runs", top->timer_ticks, 1);
    check_equal("by an interrupt", top->last_reason, REASON_INTERRUPT);
    box->timer_ticks = top->timer_ticks = 0;
    uint64_t interrupts = box->interrupts;
    in_third(set_timer, (void *)SOON);
    AWAIT(top->timer_ticks);
    check_equal("or the normal one", top->timer_ticks, 1);
    check_equal("which the secure side does not notice", box->interrupts - interrupts, 0);
    topic("an interrupt for each of both");
    box->ipis = top->ipis = 0;
    in_secure(interrupt_both, 0);
    check_equal("comes there", box->ipis, 1);
    check_equal("and there", top->ipis, 1);
    check("to the highest first", top->when < box->when);
    topic("a timer of the secure level");
    uint64_t early = 99;
    box->timer_ticks = 0;
    in_secure(set_timer_and_go, &early);
    check_equal("waits while the third runs", early, 0);
    AWAIT(box->timer_ticks);
    check_equal("and comes behind its return", box->timer_ticks, 1);
}

void check_third(void) {
    uint64_t value = 0;
    topic("");
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value);
    if ((value >> 16 & 0xf) < 2) {
        skip("a level above the secure one", "there is none");
        return;
    }
    check_enabling();
    check_chain();
    check_rules();
    check_intercepts();
    check_preemption();
    check_third_locks();
    topic("");
}
