/*
 * A storm of flushes. Processor 0 changes a page-table entry and has the others' translations of it flushed by hypercall, again and
 * again; the others read through the entry and check that they never see a page from before a flush that has returned. With the word
 * "cross" on the command line every processor changes an entry of its own and reads all others'. With "paced" instead processor 0
 * lets all others read through its entry before it changes it, so that there are old translations to be flushed. The last word is the
 * number of flushes (20000 without); 0 means until the host says stop. Status 0 << 1 | 1 where nobody saw a stale page.
 */
#include "storm.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "workers.h"

enum { FRAMES = 16, FLUSHES = 20000, KINDS = 6 };
#define WINDOW (SPACE_OWN + 0x200000)
#define FRAME_AREA (STORM_ADDRESS + 0x100000)

static struct storm *const storm = (struct storm *)STORM_ADDRESS;
static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE))), inputs[STORM_PROCESSORS][PAGE] __attribute__((aligned(PAGE)));
static uint64_t *space;
static uint64_t everybody; /* VP indices */
static int ready;
static int paced;
static int changers;       /* processors 0 to changers - 1 change entries */

static volatile uint64_t *frame(int cpu, uint64_t generation) {
    return (volatile uint64_t *)(FRAME_AREA + ((uint64_t)cpu * FRAMES + generation % FRAMES) * PAGE);
}

static uint64_t window(int cpu) {
    return WINDOW + (uint64_t)cpu * PAGE;
}

static uint64_t load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* A kind after another: list and space, each plain, with a set, and for all processors. */
static uint64_t flush(int cpu, uint64_t generation, uint64_t targets) {
    uint64_t *words = (uint64_t *)inputs[cpu], kind = generation % KINDS;
    int list = kind % 2 == 0, set = kind / 2 == 1 && hyperv.recommendations >> HV_RECOMMENDS_SETS & 1, n = 0;
    uint64_t control = set ? list ? HV_FLUSH_LIST_EX : HV_FLUSH_SPACE_EX : list ? HV_FLUSH_LIST : HV_FLUSH_SPACE;
    words[n++] = (uint64_t)space;
    words[n++] = kind / 2 == 2 ? HV_ALL_PROCESSORS : 0;
    if (set) {
        words[n++] = 0;
        words[n++] = 1;
        control |= HV_HEADER(1);
    }
    words[n++] = targets;
    if (list) {
        words[n++] = window(cpu);
        control |= HV_REPS(1);
    }
    return hypercall(control, words, 0);
}

static void change(int cpu, uint64_t targets) {
    struct storm_processor *self = &storm->processor[cpu];
    uint64_t generation = self->changed + 1;
    *frame(cpu, generation) = generation;
    set_entry(space_entry(space, window(cpu)), (uint64_t)frame(cpu, generation) | PAGE_PRESENT);
    store(&self->changed, generation);
    if (HV_STATUS(flush(cpu, generation, targets)) != HV_SUCCESS) {
        store(&self->refused, self->refused + 1);
    }
    store(&self->completed, generation);
}

static void look(struct storm_processor *self, int at) {
    const struct storm_processor *other = &storm->processor[at];
    uint64_t least = load(&other->completed);
    uint64_t seen = *(volatile uint64_t *)window(at);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    self->stale += seen < least;
    self->behind += seen < load(&other->changed);
    self->reads++;
}

static int ended(void) {
    if (load(&storm->stop)) {
        return 1;
    }
    for (int i = 0; i < changers; i++) {
        if (!storm->wanted || load(&storm->processor[i].completed) < storm->wanted) {
            return 0;
        }
    }
    return 1;
}

/* Each other processor makes two reads: the second began after this was called. */
static void let_others_read(int cpu) {
    for (int i = 0; i < (int)storm->processors; i++) {
        uint64_t before = load(&storm->processor[i].reads);
        while (i != cpu && load(&storm->processor[i].reads) - before < 2 && !load(&storm->stop)) {
            relax();
        }
    }
}

static void take_part(void *unused) {
    (void)unused;
    int cpu = this_cpu()->index;
    struct storm_processor *self = &storm->processor[cpu];
    write_cr3((uint64_t)space);
    self->vp = rdmsr(HV_MSR_VP_INDEX);
    __atomic_or_fetch(&everybody, 1ull << self->vp, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    if (cpu == 0) {
        AWAIT(__atomic_load_n(&ready, __ATOMIC_ACQUIRE) == (int)storm->processors);
        storm->magic = STORM_MAGIC;
        store(&storm->state, STORM_RUNNING);
    } else {
        AWAIT(load(&storm->state) == STORM_RUNNING);
    }
    uint64_t alone = storm->processors == 1, targets = changers == 1 && !alone ? everybody & ~(1ull << self->vp) : everybody;
    while (!ended()) {
        if (cpu < changers && (!storm->wanted || self->changed < storm->wanted)) {
            if (paced) {
                let_others_read(cpu);
            }
            change(cpu, targets);
        }
        for (int i = 0; i < changers; i++) {
            if (i != cpu || changers > 1 || alone) {
                look(self, i);
            }
        }
        relax(); /* on a host with fewer cores than this has processors, whoever is waited for gets his turn sooner */
    }
}

static void prepare(int cpus) {
    memset(storm, 0, sizeof(*storm));
    storm->processors = (uint64_t)cpus;
    space = space_new();
    for (int i = 0; i < changers; i++) {
        *frame(i, 0) = 0;
        set_entry(space_entry(space, window(i)), (uint64_t)frame(i, 0) | PAGE_PRESENT);
    }
}

static void put_sum(const char *before, uint64_t value, const char *after) {
    put(before);
    put_decimal(value);
    put(after);
}

static int report(int cpus) {
    uint64_t flushes = 0, reads = 0, wrong = 0;
    for (int i = 0; i < cpus; i++) {
        const struct storm_processor *p = &storm->processor[i];
        put_sum("vp ", p->vp, ": ");
        put_sum("", p->completed, " flushes, ");
        put_sum("", p->reads, " reads, ");
        put_sum("", p->behind, " of them of a page whose flush had not returned yet, ");
        put_sum("", p->stale, " stale\n");
        flushes += p->completed;
        reads += p->reads;
        wrong += p->stale + p->refused;
    }
    put_sum("flushstorm: ", flushes, " flushes, ");
    put_sum("", reads, wrong ? " reads: WRONG\n" : " reads: nobody saw a page after its flush had returned\n");
    return wrong != 0;
}

static int contains(const char *line, const char *word) {
    for (; *line; line++) {
        int i = 0;
        while (word[i] && line[i] == word[i]) {
            i++;
        }
        if (!word[i]) {
            return 1;
        }
    }
    return 0;
}

int guest_main(const char *command_line) {
    interrupts_prepare();
    interrupts_enable_here();
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page)) {
        put("flushstorm: no hypervisor with the interface Hv#1 here; start it with --hyperv on\n");
        return 2;
    }
    int cpus = workers_start(0);
    changers = contains(command_line, "cross") ? cpus : 1;
    paced = changers == 1 && contains(command_line, "paced");
    prepare(cpus);
    storm->wanted = contains(command_line, " 0") ? 0 : count_argument(command_line, FLUSHES);
    for (int i = 1; i < cpus; i++) {
        worker_begin(i, take_part, 0);
    }
    take_part(0);
    for (int i = 1; i < cpus; i++) {
        worker_wait(i);
    }
    store(&storm->state, STORM_ENDED);
    return report(cpus);
}
