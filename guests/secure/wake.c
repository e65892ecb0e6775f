/*
 * Registers written from outside: a processor that has an interrupt it cannot take yet, because of its flags, its priority or an
 * interrupt shadow, takes it when another one writes them, asleep or not; and so does a trust level of it that is not active.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { REG_ACTIVITY = 0x4, REG_INTERRUPT_STATE = 0x10003, REG_CR8 = 0x40004 };
enum { HALTED = 2, SHADOW = 1, FLAGS_IF = 0x202, CR8_ALL = 15, THERE = 1, A_WHILE = 1000 /* 100 ns */ };

/* How the other processor waits for NORMAL_VECTOR, and what is written to let it come. */
struct wait {
    const char *name;
    int enabled, sleeps;
    uint64_t priority;
    uint32_t name_written;
    uint64_t value;
};
static const struct wait waits[] = {
    {"RFLAGS of one that sleeps", 0, 1, 0, REG_RFLAGS, FLAGS_IF},
    {"RFLAGS of one that runs", 0, 0, 0, REG_RFLAGS, FLAGS_IF},
    {"CR8 of one that sleeps", 1, 1, CR8_ALL, REG_CR8, 0},
    {"CR8 of one that runs", 1, 0, CR8_ALL, REG_CR8, 0},
    {"the interrupt shadow of one that sleeps", 1, 1, 0, REG_INTERRUPT_STATE, 0},
};

static volatile int begun, in_place, taken, awake;

static void take(void) {
    taken++;
}

static void set_priority(uint64_t priority) {
    __asm__ volatile("mov %0, %%cr8" : : "r"(priority));
}

/* The interrupt that brought this job is over: a port is read outside guest mode, where it is looked at. */
static void settle(void) {
    __asm__ volatile("sti" : : : "memory");
    AWAIT(begun);
    inb(0x80);
    __asm__ volatile("nop; cli" : : : "memory");
}

static void wait_there(void *p) {
    const struct wait *wait = p;
    settle();
    set_priority(wait->priority);
    if (wait->enabled && !wait->sleeps) {
        __asm__ volatile("sti" : : : "memory");
    }
    in_place = 1;
    /* Flags may be written between a look and what is made of it. */
    while (!taken || !taken) {
        if (wait->sleeps && wait->enabled) {
            __asm__ volatile("sti; hlt" : : : "memory");
        } else if (wait->sleeps) {
            __asm__ volatile("hlt" : : : "memory");
        } else {
            relax();
        }
    }
    __asm__ volatile("cli" : : : "memory");
    set_priority(0);
    awake = 1;
}

static uint64_t activity_there(void) {
    uint64_t activity = 0;
    get_register(machine.vps[THERE], TARGET_VTL0, REG_ACTIVITY, &activity);
    return activity;
}

/* Lets it look at what it cannot take, so that it would not look again by itself. */
static void pass_time(void) {
    uint64_t until = rdmsr(HV_MSR_TIME_REF_COUNT) + A_WHILE;
    while (rdmsr(HV_MSR_TIME_REF_COUNT) < until) {
        relax();
    }
}

static void begin(void (*job)(void *), const struct wait *wait) {
    begun = in_place = taken = awake = 0;
    worker_begin(THERE, job, (void *)wait);
    begun = 1;
    AWAIT(in_place && (!wait->sleeps || activity_there() == HALTED));
}

static void check_wait(const struct wait *wait) {
    topic(wait->name);
    begin(wait_there, wait);
    if (wait->name_written == REG_INTERRUPT_STATE) {
        check_status("may be set", set_register(machine.vps[THERE], TARGET_VTL0, REG_INTERRUPT_STATE, SHADOW), HV_SUCCESS);
    }
    send_interrupt(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[THERE]);
    pass_time();
    check_equal("an interrupt waits", (uint64_t)taken, 0);
    check_status("is written", set_register(machine.vps[THERE], TARGET_VTL0, wait->name_written, wait->value), HV_SUCCESS);
    AWAIT(awake);
    check_equal("the interrupt comes", (uint64_t)taken, 1);
    worker_wait(THERE);
}

/* Sleeps with interrupts off: nothing but the register ends that. */
static void sleep_there(void *unused) {
    (void)unused;
    settle();
    in_place = 1;
    __asm__ volatile("hlt" : : : "memory");
    awake = 1;
}

static void check_activity(void) {
    topic("the activity of one that sleeps");
    static const struct wait sleeps = {.sleeps = 1};
    begin(sleep_there, &sleeps);
    check_equal("it sleeps", (uint64_t)awake, 0);
    check_status("is written", set_register(machine.vps[THERE], TARGET_VTL0, REG_ACTIVITY, 0), HV_SUCCESS);
    AWAIT(awake);
    check_equal("it goes on", (uint64_t)awake, 1);
    worker_wait(THERE);
}

/* The secure side of the other processor, which is not active, has an interrupt below its priority. */

static void set_own_priority(void *priority) {
    set_priority((uint64_t)priority);
}

static void raise_priority(void *unused) {
    (void)unused;
    in_secure(set_own_priority, (void *)CR8_ALL);
}

static void interrupt_there(void *unused) {
    (void)unused;
    send_interrupt(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[THERE]);
}

static void lower_priority_there(void *result) {
    *(uint64_t *)result = set_register(machine.vps[THERE], TARGET_VTL1, REG_CR8, 0);
}

static void check_secure_side(int sleeps) {
    const struct wait wait = {.sleeps = sleeps};
    struct mailbox *box = &mailboxes[THERE];
    uint64_t result = 99;
    topic(sleeps ? "CR8 of a secure side above one that sleeps" : "CR8 of a secure side above one that runs");
    run_on(THERE, raise_priority, 0);
    box->ipis = 0;
    begin(wait_there, &wait);
    in_secure(interrupt_there, 0);
    pass_time();
    check_equal("an interrupt waits", box->ipis, 0);
    in_secure(lower_priority_there, &result);
    check_status("is written", result, HV_SUCCESS);
    AWAIT(box->ipis);
    check_equal("the interrupt comes", box->ipis, 1);
    send_interrupt(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[THERE]);
    pass_time();
    check_equal("and the normal side goes on as it was", (uint64_t)taken, 0);
    set_register(machine.vps[THERE], TARGET_VTL0, REG_RFLAGS, FLAGS_IF);
    worker_wait(THERE);
}

/* A higher level makes its lower one ready to take what waits: that is to be notified, too. */

struct notified {
    uint64_t before, after, result;
};

static void make_ready(void *p) {
    struct notified *notified = p;
    volatile uint64_t *vinas = &mailboxes[this_cpu()->index].vinas;
    *vinas = 0;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 8);
    __asm__ volatile("sti; nop; cli" : : : "memory");
    notified->before = *vinas;
    notified->result = set_register(HV_SELF_VP, TARGET_VTL0, REG_RFLAGS, FLAGS_IF);
    __asm__ volatile("sti; nop; cli" : : : "memory");
    notified->after = *vinas;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, 0);
    ((struct vtl_control *)(secure_self()->assist + 8))->vina = 0;
}

static void check_notified(void) {
    struct notified notified = {99, 99, 99};
    topic("RFLAGS by the secure side above");
    taken = 0;
    send_interrupt(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[0]);
    in_secure(make_ready, &notified);
    __asm__ volatile("cli" : : : "memory");
    check_equal("an interrupt waits", notified.before, 0);
    check_status("is written", notified.result, HV_SUCCESS);
    check_equal("which it is notified of", notified.after, 1);
    check_equal("the interrupt comes behind the return", (uint64_t)taken, 1);
}

void check_wake(void) {
    topic("");
    interrupts_handle(NORMAL_VECTOR, take);
    check_notified();
    if (machine.cpus < 2) {
        topic("");
        skip("registers of another processor", "it takes a second processor");
        return;
    }
    for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        check_wait(&waits[i]);
    }
    check_activity();
    check_secure_side(0);
    check_secure_side(1);
    topic("");
}
