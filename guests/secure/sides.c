/* What both sides call: whichever runs uses its own hypercall page and buffers. */
#include "secure.h"
#include "guest.h"

static uint8_t inputs[SECURE_CPUS][PAGE] __attribute__((aligned(PAGE))), outputs[SECURE_CPUS][PAGE] __attribute__((aligned(PAGE)));
uint64_t vtl_call_entry;

static int among(const struct secure_cpu *first) {
    uint64_t cpu = (uint64_t)this_cpu();
    return cpu >= (uint64_t)first && cpu < (uint64_t)(first + SECURE_CPUS);
}

int is_secure(void) {
    return among(secure_cpus);
}

int is_third(void) {
    return among(third_cpus);
}

static int is_normal(void) {
    return !is_secure() && !is_third();
}

static uint64_t call_by(const struct ways *ways, uint64_t control, const void *input, const void *output) {
    register const void *r8 __asm__("r8") = output;
    uint64_t result;
    __asm__ volatile("call *%4" : "=a"(result), "+c"(control) : "d"(input), "r"(r8), "m"(ways->call) : "memory", "cc");
    return result;
}

uint64_t call_here(uint64_t control, const void *input, const void *output) {
    if (is_normal()) {
        return hypercall(control, input, output);
    }
    return call_by(is_third() ? &third_ways : &secure.ways, control, input, output);
}

uint8_t *input_here(void) {
    return is_normal() ? inputs[this_cpu()->index] : secure_self()->input;
}

uint8_t *output_here(void) {
    return is_normal() ? outputs[this_cpu()->index] : secure_self()->output;
}

uint64_t get_register(uint32_t vp, uint8_t target, uint32_t name, uint64_t *value) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = vp | (uint64_t)target << 32;
    input[2] = name;
    uint64_t result = call_here(HV_GET_VP_REGISTERS | HV_REPS(1), input, output_here());
    *value = *(volatile uint64_t *)output_here();
    return result;
}

uint64_t set_register(uint32_t vp, uint8_t target, uint32_t name, uint64_t value) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = vp | (uint64_t)target << 32;
    input[2] = name;
    input[3] = 0;
    input[4] = value;
    input[5] = 0;
    return call_here(HV_SET_VP_REGISTERS | HV_REPS(1), input, 0);
}

void translate(void *p) {
    struct translation *wanted = p;
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = wanted->vp;
    input[2] = wanted->flags | (uint64_t)wanted->target << 56;
    input[3] = wanted->address >> 12;
    wanted->result = call_here(HV_TRANSLATE, input, output_here());
    wanted->code = *(volatile uint32_t *)output_here();
    wanted->page = *(volatile uint64_t *)(output_here() + 8);
}

uint64_t send_interrupt(uint32_t vector, uint8_t target, uint64_t processors) {
    struct hv_ipi *ipi = (struct hv_ipi *)input_here();
    *ipi = (struct hv_ipi){vector, target, {0}, processors};
    return call_here(HV_SEND_IPI, ipi, 0);
}

void in_secure(void (*job)(void *), void *argument) {
    struct mailbox *box = mailbox();
    box->job = job;
    box->argument = argument;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    vtl_call(0);
}

struct order {
    void (*job)(void *);
    void *argument;
};

static void pass_on(void *p) {
    struct order *order = p;
    struct mailbox *box = &third_boxes[this_cpu()->index];
    box->job = order->job;
    box->argument = order->argument;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    third_enter();
}

void in_third(void (*job)(void *), void *argument) {
    struct order order = {job, argument};
    if (is_secure()) {
        pass_on(&order);
    } else {
        in_secure(pass_on, &order);
    }
}
