/* Processors that do what the host tells them to, for benchmarks of what one does to another: see board.h. */
#include "board.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "workers.h"

enum { NO_VECTOR_OF_OURS = 0x49, DEBUG_PORT = 0xe9 };
#define VALIDATE_READ 1ull
#define FLUSHED_ADDRESS (SPACE_OWN + 0x200000)

static struct board *const board = (struct board *)BOARD_ADDRESS;
static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t inputs[BOARD_PROCESSORS][PAGE] __attribute__((aligned(PAGE))), outputs[BOARD_PROCESSORS][PAGE] __attribute__((aligned(PAGE)));

static uint64_t load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void nothing(void) {
}

static uint64_t translate(int cpu) {
    uint64_t *words = (uint64_t *)inputs[cpu];
    words[0] = HV_SELF_PARTITION;
    words[1] = HV_SELF_VP;
    words[2] = VALIDATE_READ;
    words[3] = BOARD_ADDRESS / PAGE;
    return hypercall(HV_TRANSLATE, words, outputs[cpu]);
}

static uint64_t flush(int cpu) {
    uint64_t *words = (uint64_t *)inputs[cpu];
    words[0] = read_cr3();
    words[1] = 0;
    words[2] = board->processor[cpu].targets;
    words[3] = FLUSHED_ADDRESS;
    return hypercall(HV_FLUSH_LIST | HV_REPS(1), words, 0);
}

static void count(int cpu, uint64_t now) {
    uint64_t begin = load(&board->begin);
    if (begin && now >= begin) {
        uint64_t bucket = (now - begin) / board->bucket_ticks;
        if (bucket < BOARD_BUCKETS) {
            board->bucket[cpu][bucket]++;
        }
    }
}

static void act(int cpu, uint64_t job) {
    struct board_processor *self = &board->processor[cpu];
    uint64_t result = HV_SUCCESS;
    switch (job) {
    case JOB_SLEEP:
        wait_for_interrupt();
        break;
    case JOB_HYPERCALL:
        result = hypercall_fast(HV_SEND_IPI, NO_VECTOR_OF_OURS, 0);
        break;
    case JOB_TRANSLATE:
        result = translate(cpu);
        break;
    case JOB_DEVICE:
        outb(DEBUG_PORT, '.');
        break;
    case JOB_FLUSH:
        result = flush(cpu);
        break;
    }
    uint64_t now = rdtsc();
    if (job == JOB_FLUSH) {
        count(cpu, now);
    }
    if (HV_STATUS(result) != HV_SUCCESS) {
        self->failed++;
    }
    self->stamp = now;
    store(&self->done, self->done + 1);
}

static void take_jobs(void *unused) {
    (void)unused;
    int cpu = this_cpu()->index;
    struct board_processor *self = &board->processor[cpu];
    __atomic_add_fetch(&board->processors, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        uint64_t job = load(&self->job);
        if (self->doing != job) {
            store(&self->doing, job);
        }
        act(cpu, job);
    }
}

int guest_main(const char *command_line) {
    (void)command_line;
    interrupts_prepare();
    interrupts_enable_here();
    interrupts_handle(BOARD_WAKE_VECTOR, nothing);
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page)) {
        put("gatebench: no hypervisor with the interface Hv#1 here; start it with --hyperv on\n");
        return 2;
    }
    memset(board, 0, sizeof(*board));
    int cpus = workers_start(0);
    for (int i = 1; i < cpus; i++) {
        worker_begin(i, take_jobs, 0);
    }
    store(&board->magic, BOARD_MAGIC);
    take_jobs(0);
    return 0;
}
