/* What both sides call: whichever runs uses its own hypercall page and buffers. */
#include "secure.h"
#include "guest.h"

static uint8_t inputs[SECURE_CPUS][PAGE] __attribute__((aligned(PAGE))), outputs[SECURE_CPUS][PAGE] __attribute__((aligned(PAGE)));
uint64_t vtl_call_entry;

int is_secure(void) {
    struct cpu *cpu = this_cpu();
    return (uint64_t)cpu >= (uint64_t)secure_cpus && (uint64_t)cpu < (uint64_t)&secure_cpus[SECURE_CPUS];
}

uint64_t call_here(uint64_t control, const void *input, const void *output) {
    return is_secure() ? secure_call(control, input, output) : hypercall(control, input, output);
}

uint8_t *input_here(void) {
    return is_secure() ? secure_self()->input : inputs[this_cpu()->index];
}

uint8_t *output_here(void) {
    return is_secure() ? secure_self()->output : outputs[this_cpu()->index];
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

void in_secure(void (*job)(void *), void *argument) {
    struct mailbox *box = mailbox();
    box->job = job;
    box->argument = argument;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    vtl_call(0);
}
