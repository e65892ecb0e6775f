/* The synthetic interrupt controller: its pages, timer messages in each of a source's modes, a busy slot, messages to nobody. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"

enum { SINT = 2, VECTOR = 0x60, SINT_MASKED = 1 << 16, SINT_AUTO_EOI = 1 << 17, SINT_POLLING = 1 << 18 };
enum { TIMER_ENABLED = 1, TIMER_EXPIRED = 0x80000010u - 0x100000000, MESSAGE = 256, PATIENCE = 3000000, MILLISECOND = 10000 };
enum { TIMER = 1, CONFIG = HV_MSR_STIMER0_CONFIG + 2 * TIMER, COUNT = CONFIG + 1, PAYLOAD = 24 };

struct message { /* HV_MESSAGE with HV_TIMER_MESSAGE_PAYLOAD */
    volatile uint32_t type;
    uint8_t size, flags; /* bit 0: another waits */
    uint16_t reserved;
    uint64_t origin;
    uint32_t timer, reserved2;
    uint64_t due, delivered;
};

static uint8_t message_page[4096] __attribute__((aligned(4096))), event_page[4096] __attribute__((aligned(4096)));
static struct message *const slot = (struct message *)(message_page + SINT * MESSAGE);
static volatile uint32_t taken;

static void came(void) {
    taken++;
}

static void take_interrupts(void) {
    __asm__ volatile("sti; nop; pause; cli" : : : "memory");
}

/* Arms the timer to expire at once. */
static uint64_t arm(void) {
    uint64_t due = rdmsr(HV_MSR_TIME_REF_COUNT);
    wrmsr(COUNT, due);
    wrmsr(CONFIG, (uint64_t)SINT << 16 | TIMER_ENABLED);
    return due;
}

static int message_came(void) {
    for (int i = 0; i < PATIENCE; i++) {
        if (*(volatile uint32_t *)&slot->type) {
            return 1;
        }
        take_interrupts();
    }
    return 0;
}

static int interrupts_came(uint32_t wanted) {
    for (int i = 0; i < PATIENCE && taken < wanted; i++) {
        take_interrupts();
    }
    for (int i = 0; i < 1000; i++) {
        take_interrupts();
    }
    return taken == wanted;
}

static void empty_slot(void) {
    __atomic_store_n(&slot->type, 0, __ATOMIC_SEQ_CST);
    wrmsr(HV_MSR_EOM, 0);
}

static void check_pages(void) {
    memset(message_page, 0x21, 4096);
    memset(event_page, 0x22, 4096);
    wrmsr(HV_MSR_SIMP, (uint64_t)message_page | 1);
    wrmsr(HV_MSR_SIEFP, (uint64_t)event_page | 1);
    check_equal("message page is zero at first", *(volatile uint64_t *)message_page, 0);
    check_equal("event page is zero at first", *(volatile uint64_t *)event_page, 0);
    *(volatile uint64_t *)(message_page + 4088) = 77;
    wrmsr(HV_MSR_SIMP, 0);
    check_equal("memory comes back below the message page", *(volatile uint64_t *)(message_page + 4088), 0x2121212121212121);
    wrmsr(HV_MSR_SIMP, (uint64_t)message_page | 1);
    check_equal("the message page keeps what was written to it", *(volatile uint64_t *)(message_page + 4088), 77);
    wrmsr(HV_MSR_SIEFP, 0);
    check_equal("memory comes back below the event page", *(volatile uint64_t *)event_page, 0x2222222222222222);
    wrmsr(HV_MSR_SIEFP, (uint64_t)event_page | 1);
    uint64_t beyond = 1ull << (cpuid(0x80000008).eax & 0xff);
    check_fault("a message page beyond the address space", try_wrmsr(HV_MSR_SIMP, beyond | 1), NO_FAULT);
    check_equal("shows nowhere", *(volatile uint64_t *)(message_page + 4088), 0x2121212121212121);
    wrmsr(HV_MSR_SIMP, (uint64_t)message_page | 1);
}

static void check_messages(void) {
    taken = 0;
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
    uint64_t due = arm();
    check("a timer's message comes", message_came());
    check("with one interrupt", interrupts_came(1));
    check_equal("its type", slot->type, (uint32_t)TIMER_EXPIRED);
    check_equal("its size", slot->size, PAYLOAD);
    check_equal("its origin", slot->origin, 0);
    check_equal("its timer", slot->timer, TIMER);
    check_equal("when it was due", slot->due, due);
    check("when it was delivered", slot->delivered >= due);
    check_equal("no other message waits", slot->flags & 1, 0);
    check_equal("the timer is disabled", rdmsr(CONFIG) & TIMER_ENABLED, 0);
    arm();
    for (int i = 0; i < PATIENCE && !(*(volatile uint8_t *)&slot->flags & 1); i++) {
        take_interrupts();
    }
    check_equal("a message for a busy slot waits, and the slot says so", slot->flags & 1, 1);
    check("without an interrupt", interrupts_came(1));
    empty_slot();
    check("it comes after the end of message", message_came());
    check("with an interrupt", interrupts_came(2));
    empty_slot();
    check_equal("then none is left", slot->type, 0);
}

static void check_modes(void) {
    taken = 0;
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR | SINT_MASKED);
    arm();
    check("a masked source takes a message", message_came());
    check("without an interrupt", interrupts_came(0));
    empty_slot();
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
    check("unmasking it brings none", interrupts_came(0));
    if (hv_has(HV_FEATURE_POLLING)) {
        wrmsr(HV_MSR_SINT0 + SINT, VECTOR | SINT_POLLING);
        arm();
        check("a polled source takes a message", message_came());
        check("without an interrupt", interrupts_came(0));
        empty_slot();
    } else {
        skip("a polled source", "not offered");
    }
    interrupts_handle_without_end(VECTOR, came);
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR | SINT_AUTO_EOI);
    for (uint32_t i = 1; i <= 3; i++) {
        arm();
        check_equal_at("auto-EOI: message", i, (uint64_t)message_came(), 1);
        check_equal_at("auto-EOI: interrupt", i, (uint64_t)interrupts_came(i), 1);
        empty_slot();
    }
    wrmsr(HV_MSR_SINT0 + SINT, SINT_MASKED);
    wrmsr(COUNT, rdmsr(HV_MSR_TIME_REF_COUNT) + MILLISECOND);
    wrmsr(CONFIG, TIMER_ENABLED);
    check_equal("a timer for source 0 is not enabled", rdmsr(CONFIG) & TIMER_ENABLED, 0);
    wrmsr(CONFIG, 0);
}

static void check_disabled(void) {
    wrmsr(HV_MSR_SCONTROL, 0);
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
    arm();
    for (int i = 0; i < 20000; i++) {
        take_interrupts();
    }
    check_equal("a disabled controller takes no message", slot->type, 0);
    wrmsr(CONFIG, 0);
    wrmsr(HV_MSR_SINT0 + SINT, SINT_MASKED);
    wrmsr(HV_MSR_SCONTROL, 1);
    empty_slot();
}

static void check_no_connection(void) {
    uint32_t *input = (uint32_t *)input_page;
    memset(input_page, 0, 256);
    input[0] = 0x123456;
    input[2] = 1;
    input[3] = 8;
    if (hv_may(HV_HAS_POST_MESSAGES)) {
        check_status("a message over no connection", hypercall(HV_POST_MESSAGE, input_page, 0), HV_INVALID_CONNECTION_ID);
        input[3] = 241;
        check_refused("a message that is too long", hypercall(HV_POST_MESSAGE, input_page, 0));
        input[3] = 8;
        input[2] = 0;
        check_refused("a message without a type", hypercall(HV_POST_MESSAGE, input_page, 0));
        input[2] = 0x80000001;
        check_refused("a message with the hypervisor's own type", hypercall(HV_POST_MESSAGE, input_page, 0));
    } else {
        check_denied("a message without the privilege", hypercall(HV_POST_MESSAGE, input_page, 0));
    }
    if (hv_may(HV_HAS_SIGNAL_EVENTS)) {
        check_status("an event over no connection", hypercall_fast(HV_SIGNAL_EVENT, 0x123456, 0), HV_INVALID_CONNECTION_ID);
    } else {
        check_denied("an event without the privilege", hypercall_fast(HV_SIGNAL_EVENT, 0x123456, 0));
    }
}

void check_synic(void) {
    check_no_connection();
    if (!hv_may(HV_HAS_SYNIC)) {
        skip("the synthetic interrupt controller", "not offered");
        return;
    }
    interrupts_handle(VECTOR, came);
    wrmsr(HV_MSR_SCONTROL, 1);
    check_pages();
    if (hv_may(HV_HAS_TIMERS)) {
        check_messages();
        check_modes();
        check_disabled();
    } else {
        skip("timer messages", "no timers");
    }
    wrmsr(HV_MSR_SIMP, 0);
    wrmsr(HV_MSR_SIEFP, 0);
    wrmsr(HV_MSR_SCONTROL, 0);
}
