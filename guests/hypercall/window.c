#include "window.h"
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "smp.h"
#include "workers.h"

enum { CR4_PGE = 1 << 7, BLOCK = 14 };

static volatile uint64_t frames[2][WINDOW_PAGES][PAGE / 8] __attribute__((aligned(PAGE)));
static uint64_t home[MAX_CPUS];
static const struct window *entered;

const char *const form_names[FORMS] = {"in memory", "in memory, with a set", "in XMM", "in XMM, with a set"};

int form_offered(enum form form) {
    return (form == IN_MEMORY || form == WITH_SET || hv_has(HV_FEATURE_XMM_INPUT)) &&
           (form == IN_MEMORY || form == IN_XMM || hyperv.recommendations >> HV_RECOMMENDS_SETS & 1);
}

static void show(struct window *window, unsigned pages, int which) {
    for (int i = 0; i < WINDOW_PAGES; i++) {
        frames[which][i][0] = (uint64_t)which;
        if (pages >> i & 1) {
            set_entry(space_entry(window->space, window->base + (uint64_t)i * PAGE), (uint64_t)frames[which][i] | window->flags | PAGE_PRESENT | PAGE_WRITE);
        }
    }
}

void window_show_old(struct window *window, unsigned pages) {
    show(window, pages, 0);
}

void window_show_new(struct window *window, unsigned pages) {
    show(window, pages, 1);
}

void window_make(struct window *window, uint64_t base, uint64_t flags) {
    window->space = space_new();
    window->base = base;
    window->flags = flags;
    window_show_old(window, ALL_PAGES);
}

unsigned window_look_here(const struct window *window) {
    unsigned fresh = 0;
    for (int i = 0; i < WINDOW_PAGES; i++) {
        fresh |= (unsigned)*(volatile uint64_t *)(window->base + (uint64_t)i * PAGE) << i;
    }
    return fresh;
}

void drop_all_here(void) {
    write_cr4(read_cr4() ^ CR4_PGE);
    write_cr4(read_cr4() ^ CR4_PGE);
}

static void enter(void *p) {
    struct window *window = p;
    int index = this_cpu()->index;
    if (!home[index]) {
        home[index] = read_cr3();
    }
    write_cr3((uint64_t)window->space);
    drop_all_here();
    window_look_here(window);
}

static void leave(void *unused) {
    (void)unused;
    int index = this_cpu()->index;
    write_cr3(home[index]);
    drop_all_here();
}

static void look(void *p) {
    *(unsigned *)p = window_look_here(entered);
}

void window_enter(struct window *window) {
    entered = window;
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, enter, window);
    }
}

void window_leave(void) {
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, leave, 0);
    }
}

unsigned window_look(int cpu) {
    unsigned fresh = 0;
    run_on(cpu, look, &fresh);
    return fresh;
}

uint64_t vp_of(int cpu) {
    return 1ull << machine.vps[cpu];
}

uint64_t all_vps(void) {
    uint64_t mask = 0;
    for (int i = 0; i < machine.cpus; i++) {
        mask |= vp_of(i);
    }
    return mask;
}

uint64_t flush_call(enum form form, const struct flush *flush) {
    static uint64_t words[512] __attribute__((aligned(PAGE)));
    int set = form == WITH_SET || form == WITH_SET_IN_XMM;
    unsigned n = 0;
    uint64_t control = set ? flush->list ? HV_FLUSH_LIST_EX : HV_FLUSH_SPACE_EX : flush->list ? HV_FLUSH_LIST : HV_FLUSH_SPACE;
    memset(words, 0, BLOCK * 8);
    words[n++] = flush->space;
    words[n++] = flush->flags;
    if (set) {
        words[n++] = 0;
        words[n++] = flush->processors != 0;
        if (flush->processors) {
            words[n++] = flush->processors;
            control |= HV_HEADER(1);
        }
    } else {
        words[n++] = flush->processors;
    }
    if (flush->list) {
        for (unsigned i = 0; i < flush->count; i++) {
            words[n++] = flush->list[i];
        }
        control |= HV_REPS(flush->count) | HV_START(flush->start);
    }
    return form == IN_MEMORY || form == WITH_SET ? hypercall(control, words, 0) : hypercall_xmm(control, words);
}
