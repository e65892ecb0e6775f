/*
 * Messages and events over connections that lead back into this guest. The device at port 0x3000 that kvm-unit-tests drive makes them:
 * what is written is SINTx, VP index, command and connection id, a byte each from the lowest.
 */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "smp.h"
#include "workers.h"

enum { DEVICE = 0x3000, CONNECT_MESSAGES = 4, DISCONNECT_MESSAGES = 5, CONNECT_EVENTS = 6, DISCONNECT_EVENTS = 7 };
enum { SINT = 5, VECTOR = 0x68, SINT_MASKED = 1 << 16, MESSAGES = 0x21, EVENTS = 0x42, SLOT = 256, PAYLOAD = 240 };
enum { BUFFERS = 16, PATIENCE = 3000000, TYPE = 0x1234, INSUFFICIENT_BUFFERS = 0x33, INSUFFICIENT_BUFFERS_OLD = 0x13 };

struct post {
    uint32_t connection, reserved, type, size;
    uint64_t payload[PAYLOAD / 8];
};

struct message {
    uint32_t type;
    uint8_t size, flags;
    uint16_t reserved;
    uint64_t origin, payload[PAYLOAD / 8];
};

static uint8_t pages[MAX_CPUS][2][4096] __attribute__((aligned(4096))); /* messages, events */
static volatile uint32_t taken[MAX_CPUS];

static void came(void) {
    __atomic_add_fetch(&taken[this_cpu()->index], 1, __ATOMIC_SEQ_CST);
}

static void device(uint32_t command, uint32_t vp, uint32_t connection) {
    outl(DEVICE, SINT | vp << 8 | command << 16 | connection << 24);
}

static void enable(void *unused) {
    (void)unused;
    int cpu = this_cpu()->index;
    wrmsr(HV_MSR_SIMP, (uint64_t)pages[cpu][0] | 1);
    wrmsr(HV_MSR_SIEFP, (uint64_t)pages[cpu][1] | 1);
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
    wrmsr(HV_MSR_SCONTROL, 1);
}

static void disable(void *unused) {
    (void)unused;
    wrmsr(HV_MSR_SCONTROL, 0);
    wrmsr(HV_MSR_SINT0 + SINT, SINT_MASKED);
    wrmsr(HV_MSR_SIEFP, 0);
    wrmsr(HV_MSR_SIMP, 0);
}

static volatile struct message *slot(int cpu) {
    return (volatile struct message *)(pages[cpu][0] + SINT * SLOT);
}

static volatile uint64_t *event_word(int cpu) {
    return (volatile uint64_t *)(pages[cpu][1] + SINT * SLOT + EVENTS / 64 * 8);
}

static int interrupts(int cpu, uint32_t wanted) {
    for (int i = 0; i < PATIENCE && taken[cpu] < wanted; i++) {
        __asm__ volatile("sti; nop; pause; cli" : : : "memory");
    }
    for (int i = 0; i < 1000; i++) {
        __asm__ volatile("sti; nop; pause; cli" : : : "memory");
    }
    return taken[cpu] == wanted;
}

static uint64_t post(uint64_t first_word) {
    struct post *input = (struct post *)input_page;
    *input = (struct post){MESSAGES, 0, TYPE, PAYLOAD, {0}};
    for (int i = 0; i < PAYLOAD / 8; i++) {
        input->payload[i] = first_word + (uint64_t)i;
    }
    return hypercall(HV_POST_MESSAGE, input, 0);
}

static uint64_t signal(uint32_t flag) {
    return hypercall_fast(HV_SIGNAL_EVENT, EVENTS | (uint64_t)flag << 32, 0);
}

/* The slot is the target's, but memory: anybody may look, and here also empty it. */
static void end_message(void *p) {
    slot(*(const int *)p)->type = 0;
    wrmsr(HV_MSR_EOM, 0);
}

static void check_messages(int cpu) {
    uint32_t vp = machine.vps[cpu];
    taken[cpu] = 0;
    device(CONNECT_MESSAGES, vp, MESSAGES);
    check_status("a message", post(1000), HV_SUCCESS);
    check("comes with one interrupt", interrupts(cpu, 1));
    check_equal("its type", slot(cpu)->type, TYPE);
    check_equal("its size", slot(cpu)->size, PAYLOAD);
    check("its origin", slot(cpu)->origin != 0);
    uint64_t right = 0;
    for (int i = 0; i < PAYLOAD / 8; i++) {
        right += slot(cpu)->payload[i] == 1000 + (uint64_t)i;
    }
    check_equal("its payload", right, PAYLOAD / 8);
    unsigned queued = 0;
    uint64_t result = HV_SUCCESS;
    while (queued < 2 * BUFFERS && HV_STATUS(result = post(2000 + queued)) == HV_SUCCESS) {
        queued++;
    }
    check("more wait, up to what a port holds", queued >= BUFFERS - 1 && queued <= BUFFERS);
    check("then buffers are short", HV_STATUS(result) == INSUFFICIENT_BUFFERS || HV_STATUS(result) == INSUFFICIENT_BUFFERS_OLD);
    check("the slot says that more wait", slot(cpu)->flags & 1);
    check("without interrupts", interrupts(cpu, 1));
    uint64_t in_order = 0;
    for (unsigned i = 0; i < queued; i++) {
        run_on(cpu, end_message, &cpu);
        in_order += interrupts(cpu, 2 + i) && slot(cpu)->payload[0] == 2000 + i;
    }
    check_equal("they come in order, with an interrupt each", in_order, queued);
    run_on(cpu, end_message, &cpu);
    check_equal("then none is left", slot(cpu)->type, 0);
    check_status("a message when there is room again", post(1), HV_SUCCESS);
    run_on(cpu, end_message, &cpu);
    device(DISCONNECT_MESSAGES, vp, MESSAGES);
    check_status("a message after disconnecting", post(1), HV_INVALID_CONNECTION_ID);
}

static void check_events(int cpu) {
    uint32_t vp = machine.vps[cpu];
    uint64_t bit = 1ull << EVENTS % 64;
    interrupts(cpu, taken[cpu]);
    taken[cpu] = 0;
    device(CONNECT_EVENTS, vp, EVENTS);
    check_status("an event", signal(0), HV_SUCCESS);
    check("comes with one interrupt", interrupts(cpu, 1));
    check_equal("as a flag", *event_word(cpu), bit);
    check_status("again while its flag is set", signal(0), HV_SUCCESS);
    check("it brings no interrupt", interrupts(cpu, 1));
    __atomic_and_fetch((uint64_t *)event_word(cpu), ~bit, __ATOMIC_SEQ_CST);
    check_status("and when it has been cleared", signal(0), HV_SUCCESS);
    check("one more", interrupts(cpu, 2));
    __atomic_and_fetch((uint64_t *)event_word(cpu), ~bit, __ATOMIC_SEQ_CST);
    check_status("a flag that the port does not have", signal(0xffff), HV_INVALID_PARAMETER);
    device(DISCONNECT_EVENTS, vp, EVENTS);
    check_status("an event after disconnecting", signal(0), HV_INVALID_CONNECTION_ID);
}

static void check_disabled_target(int cpu) {
    device(CONNECT_MESSAGES, machine.vps[cpu], MESSAGES);
    device(CONNECT_EVENTS, machine.vps[cpu], EVENTS);
    run_on(cpu, disable, 0);
    check_status("a message for a disabled controller", post(1), HV_INVALID_SYNIC_STATE);
    check_status("an event for a disabled controller", signal(0), HV_INVALID_SYNIC_STATE);
    device(DISCONNECT_MESSAGES, machine.vps[cpu], MESSAGES);
    device(DISCONNECT_EVENTS, machine.vps[cpu], EVENTS);
}

void check_connections(void) {
    uint32_t present;
    __asm__ volatile("inl %1, %0" : "=a"(present) : "Nd"((uint16_t)DEVICE));
    if (present == 0xffffffff || !hv_may(HV_HAS_SYNIC) || !hv_may(HV_HAS_POST_MESSAGES) || !hv_may(HV_HAS_SIGNAL_EVENTS)) {
        skip("messages and events", "no device that connects, or no privilege");
        return;
    }
    interrupts_handle(VECTOR, came);
    for (int cpu = 0; cpu < machine.cpus && cpu < 3; cpu++) {
        static const char *const names[] = {"to processor 0", "to processor 1", "to processor 2"};
        topic(names[cpu]);
        run_on(cpu, enable, 0);
        check_messages(cpu);
        check_events(cpu);
        check_disabled_target(cpu);
    }
    topic("");
}
