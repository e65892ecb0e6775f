/*
 * What the hypervisor's interface costs, as a guest sees it: a line a figure, "NAME: least ns, median ns (samples)". Times are by the
 * TSC and its frequency as the hypervisor tells it. Figures for more targets than there are processors are left out. The last word of
 * the command line is how many rounds are thrown away first (1).
 */
#include "figures.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "smp.h"
#include "workers.h"

enum { BATCH = 50, WARM_UP = 2000, VECTOR = 0x48 };
#define WINDOW (SPACE_OWN + 0x200000)

static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE))), page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t vps[MAX_CPUS];
static int cpus;
static volatile int stop, running;
static volatile uint32_t arrivals;

typedef uint64_t (*action)(uint64_t argument);

/* Runs an action `batch` times a sample, for LONGEST_NS at most; before that, to warm up what is measured. */
static void measure(const char *name, action act, uint64_t argument, int batch) {
    uint64_t samples[SAMPLES], begin = rdtsc();
    int count = 0;
    for (int i = 0; i < WARM_UP && nanoseconds(rdtsc() - begin) < LONGEST_NS / 3; i++) {
        act(argument);
    }
    begin = rdtsc();
    while (count < SAMPLES && (count == 0 || nanoseconds(rdtsc() - begin) < LONGEST_NS)) {
        uint64_t start = rdtsc();
        for (int i = 0; i < batch; i++) {
            act(argument);
        }
        samples[count++] = nanoseconds(rdtsc() - start) / (uint64_t)batch;
    }
    put_figure(name, samples, count);
}

static uint64_t read_msr(uint64_t msr) {
    return rdmsr((uint32_t)msr);
}

static uint64_t unknown(uint64_t ignored) {
    return hypercall_fast(0x3fff, ignored, 0);
}

static uint64_t in_memory(uint64_t ignored) {
    (void)ignored;
    *(struct hv_ipi *)page = (struct hv_ipi){.vector = VECTOR};
    return hypercall(HV_SEND_IPI, page, 0); /* to nobody */
}

static uint64_t flush_nobody(uint64_t ignored) {
    (void)ignored;
    *(struct hv_flush *)page = (struct hv_flush){0, HV_ALL_SPACES, 0};
    return hypercall(HV_FLUSH_SPACE, page, 0);
}

static uint64_t fast(uint64_t ignored) {
    (void)ignored;
    return hypercall_fast(HV_SEND_IPI, VECTOR, 0); /* to nobody */
}

static uint64_t in_xmm(uint64_t ignored) {
    (void)ignored;
    uint64_t block[14] = {0, HV_ALL_SPACES, 0};
    return hypercall_xmm(HV_FLUSH_SPACE, block);
}

static uint64_t flush_list(uint64_t targets) {
    uint64_t *words = (uint64_t *)page;
    words[0] = read_cr3();
    words[1] = 0;
    words[2] = targets;
    words[3] = WINDOW;
    return hypercall(HV_FLUSH_LIST | HV_REPS(1), page, 0);
}

static void arrived(void) {
    __atomic_add_fetch(&arrivals, 1, __ATOMIC_SEQ_CST);
}

/* To the handler's first instructions on the target, and the news of it back through memory. */
static uint64_t send_and_wait(uint64_t target) {
    uint32_t before = arrivals;
    hypercall_fast(HV_SEND_IPI, VECTOR, target);
    AWAIT(arrivals != before);
    return 0;
}

static void run_freely(void *unused) {
    (void)unused;
    __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    __asm__ volatile("sti");
    while (!stop) {
        for (volatile int i = 0; i < 100; i++) {
        }
    }
    __asm__ volatile("cli");
}

static void start_runners(int count) {
    stop = running = 0;
    for (int i = 1; i <= count; i++) {
        worker_begin(i, run_freely, 0);
    }
    AWAIT(running == count);
}

static void stop_runners(int count) {
    stop = 1;
    for (int i = 1; i <= count; i++) {
        worker_wait(i);
    }
}

static void tell_vp(void *unused) {
    (void)unused;
    vps[this_cpu()->index] = 1ull << rdmsr(HV_MSR_VP_INDEX);
}

static void measure_flushes(int count, const char *idle, const char *busy) {
    int others = count < cpus ? count : cpus - 1;
    uint64_t targets = count == cpus ? vps[0] : 0;
    if (count > cpus || (count == cpus && count < MAX_CPUS)) {
        return;
    }
    for (int i = 1; i <= others; i++) {
        targets |= vps[i];
    }
    measure(idle, flush_list, targets, BATCH);
    start_runners(others);
    measure(busy, flush_list, targets, 1);
    stop_runners(others);
}

static void measure_calls(void) {
    measure("read of the VP index MSR", read_msr, HV_MSR_VP_INDEX, BATCH);
    measure("read of the reference counter MSR", read_msr, HV_MSR_TIME_REF_COUNT, BATCH);
    measure("hypercall that does not exist, fast", unknown, 0, BATCH);
    measure("null hypercall, in memory", in_memory, 0, BATCH);
    measure("null hypercall, fast", fast, 0, BATCH);
    measure("flush of nobody, in memory", flush_nobody, 0, BATCH);
    if (hv_has(HV_FEATURE_XMM_INPUT)) {
        measure("flush of nobody, in XMM", in_xmm, 0, BATCH);
    }
    measure("flush of the caller", flush_list, vps[0], BATCH);
}

int guest_main(const char *command_line) {
    interrupts_prepare();
    interrupts_enable_here();
    interrupts_handle(VECTOR, arrived);
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page) || !hv_may(HV_HAS_FREQUENCIES)) {
        put("hvbench: no hypervisor with the interface Hv#1 and frequencies here; start it with --hyperv on\n");
        return 2;
    }
    figures_prepare();
    cpus = workers_start(0);
    for (int i = 0; i < cpus; i++) {
        run_on(i, tell_vp, 0);
    }
    memset(page, 0, PAGE);
    /* The first rounds are for translators that take their time: their figures are not printed. */
    for (silent = (int)count_argument(command_line, 1); silent >= 0; silent--) {
        measure_calls();
    }
    silent = 0;
    measure_flushes(1, "flush of 1, idle", "flush of 1, running");
    measure_flushes(2, "flush of 2, idle", "flush of 2, running");
    measure_flushes(8, "flush of 8, idle", "flush of 8, running");
    measure_flushes(64, "flush of 64, idle", "flush of 64, running");
    if (cpus > 1) {
        measure("IPI by hypercall to an idle processor and back", send_and_wait, vps[1], 1);
        start_runners(1);
        measure("IPI by hypercall to a running processor and back", send_and_wait, vps[1], 1);
        stop_runners(1);
    }
    return 0;
}
