/*
 * What trust levels cost, as the two sides of a guest see it: a line a figure, as hvbench's. Needs trust level 1. The last word of
 * the command line is how many rounds are thrown away first (1).
 */
#include "secure.h"
#include "figures.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { BATCH = 50, WARM_UP = 500 };
enum order { NOTHING, CHANGE_PROTECTION, PROTECT_TARGET, WATCH_REGISTER, WATCH_NOTHING };

uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t target[PAGE] __attribute__((aligned(PAGE)));
static volatile enum order order;
static volatile uint64_t entered, took;
static volatile int stop, running;

static void end(const char *what) {
    put("vsmbench: ");
    put(what);
    put("\n");
    exit_vm(2);
}

/* The secure side, from now on: instead of the one in kernel.c, which does more than is to be measured. */
static void serve(void *unused) {
    (void)unused;
    struct secure_cpu *self = secure_self();
    volatile struct vtl_control *control = (struct vtl_control *)(self->assist + 8);
    volatile struct message *message = (volatile struct message *)self->messages;
    uint64_t how = FAST_RETURN;
    uint32_t allowed = ALLOW_ALL;
    for (;;) {
        secure_leave(&self->shared, how);
        uint64_t now = rdtsc();
        if (control->reason == REASON_INTERCEPT) {
            entered = now;
            set_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, message->rip + (message->length & 0xf));
            message->type = 0;
            how = 0;
            continue;
        }
        how = FAST_RETURN;
        if (order == PROTECT_TARGET) {
            protect(target, 1, ALLOW_NOTHING);
        } else if (order == WATCH_REGISTER || order == WATCH_NOTHING) {
            set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, order == WATCH_REGISTER);
        } else if (order == CHANGE_PROTECTION) {
            allowed ^= ALLOW_WRITE;
            uint64_t begin = rdtsc();
            uint64_t result = protect(target, 1, allowed);
            took = rdtsc() - begin;
            if (HV_STATUS(result) != HV_SUCCESS) {
                end("a protection was refused");
            }
        }
    }
}

static void measure_switch(void) {
    uint64_t samples[SAMPLES];
    order = NOTHING;
    for (int i = -WARM_UP / BATCH; i < SAMPLES; i++) {
        uint64_t begin = rdtsc();
        for (int j = 0; j < BATCH; j++) {
            vtl_call(0);
        }
        if (i >= 0) {
            samples[i] = nanoseconds(rdtsc() - begin) / BATCH;
        }
    }
    put_figure("VTL call and return", samples, SAMPLES);
}

static void measure_change(const char *name) {
    uint64_t samples[SAMPLES], begin = rdtsc();
    int count = 0;
    order = CHANGE_PROTECTION;
    for (int i = -WARM_UP; count < SAMPLES && (count == 0 || nanoseconds(rdtsc() - begin) < LONGEST_NS); i++) {
        vtl_call(0);
        if (i >= 0 || nanoseconds(rdtsc() - begin) > LONGEST_NS / 2) {
            samples[count++] = nanoseconds(took);
        }
    }
    put_figure(name, samples, count);
}

static void measure_intercept(void) {
    uint64_t in[SAMPLES], back[SAMPLES];
    order = PROTECT_TARGET;
    vtl_call(0);
    order = NOTHING;
    for (int i = -WARM_UP; i < SAMPLES; i++) {
        uint64_t value, begin = rdtsc();
        entered = 0;
        __asm__ volatile("mov (%1), %0" : "=a"(value) : "r"(target) : "memory", "rcx");
        uint64_t now = rdtsc();
        if (!entered) {
            end("the access was not intercepted");
        }
        if (i >= 0) {
            in[i] = nanoseconds(entered - begin);
            back[i] = nanoseconds(now - begin);
        }
    }
    put_figure("memory intercept, to the secure side", in, SAMPLES);
    put_figure("memory intercept, there and back", back, SAMPLES);
}

/* A write of CR0 as it is: not watched, and watched. */
static void write_cr0(uint64_t value) {
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static void measure_register(void) {
    uint64_t free[SAMPLES], back[SAMPLES], cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    for (int i = -WARM_UP / BATCH; i < SAMPLES; i++) {
        uint64_t begin = rdtsc();
        for (int j = 0; j < BATCH; j++) {
            write_cr0(cr0);
        }
        if (i >= 0) {
            free[i] = nanoseconds(rdtsc() - begin) / BATCH;
        }
    }
    order = WATCH_REGISTER;
    vtl_call(0);
    for (int i = -WARM_UP; i < SAMPLES; i++) {
        uint64_t begin = rdtsc();
        entered = 0;
        write_cr0(cr0);
        uint64_t now = rdtsc();
        if (!entered) {
            end("the write was not intercepted");
        }
        if (i >= 0) {
            back[i] = nanoseconds(now - begin);
        }
    }
    order = WATCH_NOTHING;
    vtl_call(0);
    put_figure("write of CR0", free, SAMPLES);
    put_figure("register intercept, there and back", back, SAMPLES);
}

static void run_freely(void *unused) {
    (void)unused;
    __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        for (volatile int i = 0; i < 100; i++) {
        }
    }
}

static void enable(void) {
    uint64_t offsets = 0;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets);
    vtl_call_entry = (uint64_t)hypercall_page + (offsets & 0xfff);
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = 1;
    if (HV_STATUS(call_here(HV_ENABLE_PARTITION_VTL, input, 0)) != HV_SUCCESS
        || HV_STATUS(call_here(HV_ENABLE_VP_VTL, secure_context(0, input_here()), 0)) != HV_SUCCESS) {
        end("level 1 could not be enabled");
    }
    in_secure(serve, 0);
}

int guest_main(const char *command_line) {
    interrupts_prepare();
    interrupts_enable_here();
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page) || !hv_may(HV_HAS_VSM) || !hv_may(HV_HAS_FREQUENCIES)) {
        put("vsmbench: no trust levels here; start it with --hyperv vsm\n");
        return 2;
    }
    figures_prepare();
    int cpus = workers_start(0);
    enable();
    for (silent = (int)count_argument(command_line, 1); silent >= 0; silent--) {
        measure_switch();
        measure_change("protection change of one page, other processors idle");
        measure_intercept();
        measure_register();
    }
    silent = 0;
    if (cpus > 1) {
        for (int i = 1; i < cpus; i++) {
            worker_begin(i, run_freely, 0);
        }
        AWAIT(running == cpus - 1);
        measure_change("protection change of one page, all processors running");
        stop = 1;
        for (int i = 1; i < cpus; i++) {
            worker_wait(i);
        }
    }
    return 0;
}
