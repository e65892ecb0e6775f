/* Interrupts of the secure side and of the normal one: who preempts whom, who waits, who is told. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { ENABLED = 1, AUTO_ENABLE = 8, DIRECT = 1 << 12, ASSERTED = 1, SECOND_VECTOR = 0x71, CR8_ALL = 15, ICR_SELF = 0x44000 };
enum { SOON = 2000, LATER = 20000 }; /* 100 ns */
enum { APIC_REQUESTED = 0xfee00200 };

extern int spin_with_registers(volatile uint64_t *counter); /* entry.S */
static volatile int normal_taken, second_taken;

static void taken(void) {
    normal_taken++;
}

static void second(void) {
    second_taken++;
}

static void start_timer(uint64_t vector, uint64_t in) {
    wrmsr(HV_MSR_STIMER0_CONFIG, DIRECT | vector << 4 | AUTO_ENABLE);
    wrmsr(HV_MSR_STIMER0_COUNT, rdmsr(HV_MSR_TIME_REF_COUNT) + in);
}

static void arm(void *in) {
    start_timer(TIMER_VECTOR, (uint64_t)in);
}

static uint64_t send(uint32_t vector, uint8_t target, uint64_t processors) {
    return send_interrupt(vector, target, processors);
}

static void pass_time(uint64_t time) {
    uint64_t until = rdmsr(HV_MSR_TIME_REF_COUNT) + time;
    while (rdmsr(HV_MSR_TIME_REF_COUNT) < until) {
        relax();
    }
}

static void check_preemption(void) {
    struct mailbox *box = mailbox();
    topic("a timer of the secure side");
    box->timer_ticks = 0;
    in_secure(arm, (void *)SOON);
    check("finds all registers and leaves them", spin_with_registers(&box->timer_ticks));
    check_equal("comes though the normal side takes none, once", box->timer_ticks, 1);
    check_equal("is the reason of the entry", box->last_reason, REASON_INTERRUPT);
    topic("while the normal side sleeps");
    box->timer_ticks = 0;
    normal_taken = 0;
    in_secure(arm, (void *)SOON);
    start_timer(NORMAL_VECTOR, LATER);
    while (!normal_taken) {
        wait_for_interrupt();
    }
    check_equal("it comes, too", box->timer_ticks, 1);
    check_equal("and the normal side wakes by its own", (uint64_t)normal_taken, 1);
}

static void mask(void *in) {
    __asm__ volatile("mov %0, %%cr8" : : "r"((uint64_t)CR8_ALL));
    start_timer(TIMER_VECTOR, (uint64_t)in);
}

/* Whether the timer's interrupt is there: the host may have been late with it. */
static void look_requested(void *p) {
    *(int *)p = *(volatile uint32_t *)(uint64_t)(APIC_REQUESTED + (TIMER_VECTOR >> 5) * 0x10) >> (TIMER_VECTOR & 31) & 1;
}

static void unmask(void *unused) {
    (void)unused;
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

static void check_priority(void) {
    struct mailbox *box = mailbox();
    topic("a timer below the secure side's task priority");
    box->timer_ticks = 0;
    uint64_t before = box->interrupts;
    int requested = 0;
    in_secure(mask, (void *)100);
    AWAIT((in_secure(look_requested, &requested), requested));
    pass_time(100);
    check_equal("does not come", box->timer_ticks, 0);
    check_equal("nor enters it", box->interrupts, before);
    in_secure(unmask, 0);
    check_equal("comes when that is lower", box->timer_ticks, 1);
}

static void send_self(void *unused) {
    (void)unused;
    send(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[0]);
}

static void check_reevaluation(void) {
    struct mailbox *box = mailbox();
    topic("one that waits when the secure side returns");
    box->ipis = 0;
    uint64_t before = box->interrupts;
    in_secure(send_self, 0);
    check_equal("brings it back at once", box->ipis, 1);
    check_equal("by an entry of its own", box->interrupts - before, 1);
}


static void check_upward(void) {
    topic("an IPI by the normal side");
    mailbox()->ipis = 0;
    check_status("to the secure one", send(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[0]), HV_ACCESS_DENIED);
    check_refused("to a level that is not there", send(IPI_VECTOR, 0x1f, 1ull << machine.vps[0]));
    check_equal("does not come there", mailbox()->ipis, 0);
    normal_taken = 0;
    check_status("to its own level", send(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[0]), HV_SUCCESS);
    __asm__ volatile("sti; nop; cli" : : : "memory");
    check_equal("comes", (uint64_t)normal_taken, 1);
}

struct notified {
    uint64_t first, asserted, second, third, status, reset;
};

static struct vtl_control *control(void) {
    return (struct vtl_control *)(secure_self()->assist + 8);
}

/* Interrupts for the normal side while the secure one runs, with a window for its own after each. */
static void notify(void *p) {
    struct notified *notified = p;
    volatile uint64_t *vinas = &mailboxes[this_cpu()->index].vinas;
    *vinas = 0;
    notified->status = set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 8);
    send(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[0]);
    unmask(0);
    notified->first = *vinas;
    notified->asserted = control()->vina & ASSERTED;
    send(SECOND_VECTOR, TARGET_VTL0, 1ull << machine.vps[0]);
    unmask(0);
    notified->second = *vinas;
    control()->vina = 0;
    send(NORMAL_VECTOR + 2, TARGET_VTL0, 1ull << machine.vps[0]);
    unmask(0);
    notified->third = *vinas;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 9);
    control()->vina = ASSERTED;
}

static void look_at_vina(void *p) {
    struct notified *notified = p;
    notified->reset = control()->vina;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, 0);
}

static void check_notification(void) {
    struct notified notified = {0};
    topic("notification of the normal side's");
    normal_taken = second_taken = 0;
    __asm__ volatile("sti" : : : "memory");
    in_secure(notify, &notified);
    __asm__ volatile("nop; cli" : : : "memory");
    check_status("is enabled", notified.status, HV_SUCCESS);
    check_equal("comes with the first", notified.first, 1);
    check_equal("which the assist page says", notified.asserted, ASSERTED);
    check_equal("and not with the second", notified.second, 1);
    check_equal("but again when that is cleared", notified.third, 2);
    check_equal("the normal side takes them after the return", (uint64_t)normal_taken, 2);
    check_equal("and the second", (uint64_t)second_taken, 1);
    in_secure(look_at_vina, &notified);
    check_equal("an entry clears it where that is wanted", notified.reset, 0);
}

static void begin_notification(void *unused) {
    (void)unused;
    control()->vina = 0;
    mailboxes[this_cpu()->index].vinas = 0;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 8);
}

static void end_notification(void *p) {
    struct notified *notified = p;
    unmask(0);
    notified->first = mailboxes[this_cpu()->index].vinas;
    notified->asserted = control()->vina & ASSERTED;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, 0);
    control()->vina = 0;
}

/* The normal side calls in the shadow of STI, with an interrupt that it would take behind the next instruction. */
static void check_notification_at_entry(void) {
    struct notified notified = {0};
    topic("notification of what was there before the entry");
    in_secure(begin_notification, 0);
    normal_taken = 0;
    send(NORMAL_VECTOR, TARGET_VTL0, 1ull << machine.vps[0]);
    mailbox()->job = end_notification;
    mailbox()->argument = &notified;
    uint64_t rcx = HV_VTL_CALL, rax = 0;
    __asm__ volatile("sti; vmcall; nop; cli" : "+c"(rcx), "+a"(rax) : : "memory", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
    check_equal("comes", notified.first, 1);
    check_equal("which the assist page says", notified.asserted, ASSERTED);
    check_equal("the normal side takes it after the return", (uint64_t)normal_taken, 1);
}

static void send_to_0(void *unused) {
    (void)unused;
    send(IPI_VECTOR, TARGET_VTL1, 1ull << machine.vps[0]);
}

static void have_secure_send(void *unused) {
    (void)unused;
    in_secure(send_to_0, 0);
}

static volatile int alive;

static void live(void *unused) {
    (void)unused;
    alive++;
}

static void check_others(void) {
    topic("another processor's secure side");
    if (machine.cpus < 2) {
        skip("interrupts this one's", "it takes a second processor");
        return;
    }
    struct mailbox *box = mailbox();
    box->ipis = 0;
    worker_begin(1, have_secure_send, 0);
    check("interrupts this one's, which leaves all registers", spin_with_registers(&box->ipis));
    worker_wait(1);
    check_equal("once", box->ipis, 1);
    topic("INIT by the normal side");
    alive = 0;
    apic_send(worker_apic_id(1), APIC_INIT);
    pass_time(1000);
    run_on(1, live, 0);
    check_equal("is dropped where there is a secure side", (uint64_t)alive, 1);
}

void check_interrupts(void) {
    interrupts_handle(NORMAL_VECTOR, taken);
    interrupts_handle(NORMAL_VECTOR + 2, taken);
    interrupts_handle(SECOND_VECTOR, second);
    check_preemption();
    check_priority();
    check_reevaluation();
    check_upward();
    check_notification();
    check_notification_at_entry();
    check_others();
    topic("");
}
