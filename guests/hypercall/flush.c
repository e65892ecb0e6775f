/*
 * The flush calls: what they must drop is dropped on every target when they return. Where the line says "exactly", also what they
 * need not drop is still there, on targets and on others: the software engine's translation caches keep what nobody asks to drop.
 */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "smp.h"
#include "window.h"
#include "workers.h"

enum { LIST = 4, ROUNDS = 500 };

struct flush_case {
    const char *name;
    enum { OWN, OTHER, NONSENSE } space;
    uint64_t flags;
    int count, start; /* of the list; a count of 0 is a whole space */
    uint64_t list[LIST];
    unsigned pages;   /* that must go */
};

static const struct flush_case cases[] = {
    {"a space", OWN, 0, 0, 0, {0}, ALL_PAGES},
    {"another space", OTHER, 0, 0, 0, {0}, 0},
    {"all spaces", NONSENSE, HV_ALL_SPACES, 0, 0, {0}, ALL_PAGES},
    {"a space, pages that are not global", OWN, HV_NON_GLOBAL_ONLY, 0, 0, {0}, ALL_PAGES},
    {"one page of a list", OWN, 0, 1, 0, {WINDOW_PAGE(3)}, 1 << 3},
    {"one page of another space", OTHER, 0, 1, 0, {WINDOW_PAGE(3)}, 0},
    {"one page of all spaces", NONSENSE, HV_ALL_SPACES, 1, 0, {WINDOW_PAGE(3)}, 1 << 3},
    {"a range of three pages", OWN, 0, 1, 0, {WINDOW_PAGE(2) | 2}, 7 << 2},
    {"two ranges", OWN, 0, 2, 0, {WINDOW_PAGE(0) | 1, WINDOW_PAGE(6)}, 3 | 1 << 6},
    {"a list from its second element", OWN, 0, 2, 1, {WINDOW_PAGE(0), WINDOW_PAGE(5)}, 1 << 5},
    {"a range that reaches the window from below", OWN, 0, 1, 0, {(WINDOW - 5 * PAGE) | 6}, 3},
    {"the longest range", OWN, 0, 1, 0, {WINDOW_PAGE(4) | 0xfff}, 0xf0},
    {"a list with an address that cannot be", OWN, 0, 2, 0, {0x8000000000000000ull, WINDOW_PAGE(1)}, 1 << 1},
    {"a range that ends above all addresses", OWN, 0, 2, 0, {0xfffffffffffff000ull | 0xfff, WINDOW_PAGE(7)}, 1 << 7},
    {"a list with the same page twice", OWN, 0, 2, 0, {WINDOW_PAGE(2), WINDOW_PAGE(2)}, 1 << 2},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static struct window window;
static uint64_t *other_space;

static uint64_t space_of(const struct flush_case *c) {
    return c->space == OWN ? (uint64_t)window.space : c->space == OTHER ? (uint64_t)other_space : 0xdead000;
}

static void print_seen(const char *what, int cpu, unsigned seen, unsigned wanted) {
    put("# processor ");
    put_decimal((uint64_t)cpu);
    put(" sees pages new: ");
    put_hex(seen);
    put(what);
    put_hex(wanted);
    put("\n");
}

struct found {
    int status_right, dropped, exact;
};

/* One flush of the processors in `targets` (a mask of VPs), and what each processor sees then. */
static void try_case(const struct flush_case *c, enum form form, uint64_t targets, uint64_t extra_flags, struct found *found) {
    struct flush flush = {space_of(c), c->flags | extra_flags, targets, c->count ? c->list : 0, (unsigned)c->count, (unsigned)c->start};
    window_show_old(&window, ALL_PAGES);
    window_enter(&window);
    window_show_new(&window, ALL_PAGES);
    uint64_t result = flush_call(form, &flush);
    int done = HV_REPS_DONE(result) == (uint64_t)c->count;
    if (HV_STATUS(result) != HV_SUCCESS || !done) {
        put("# result ");
        put_hex(result);
        put("\n");
        found->status_right = 0;
    }
    for (int i = 0; i < machine.cpus; i++) {
        unsigned wanted = targets & vp_of(i) || extra_flags & HV_ALL_PROCESSORS ? c->pages : 0;
        unsigned seen = window_look(i);
        if ((seen & wanted) != wanted) {
            print_seen(", at least ", i, seen, wanted);
            found->dropped = 0;
        } else if (seen != wanted) {
            print_seen(", exactly ", i, seen, wanted);
            found->exact = 0;
        }
    }
}

static void check_case(const struct flush_case *c, enum form form) {
    struct found found = {1, 1, 1};
    for (int i = 0; i < machine.cpus; i++) {
        try_case(c, form, vp_of(i), 0, &found);
    }
    if (machine.cpus > 1) {
        try_case(c, form, all_vps(), 0, &found);
    }
    try_case(c, form, 0, 0, &found);
    try_case(c, form, 0, HV_ALL_PROCESSORS, &found);
    check(c->name, found.status_right && found.dropped);
    check_exactly(c->name, found.exact);
}

static void check_stale(void) {
    window_show_old(&window, ALL_PAGES);
    window_enter(&window);
    window_show_new(&window, ALL_PAGES);
    for (int i = 0; i < machine.cpus; i++) {
        check_equal_at("an old translation stays until it is flushed, on processor", (uint64_t)i, window_look(i), 0);
    }
    write_cr3(read_cr3());
    check_equal("loading CR3 drops it", window_look(0), ALL_PAGES);
}

static void check_refusals(void) {
    static const uint64_t page = WINDOW_PAGE(0);
    for (int form = 0; form < FORMS; form++) {
        if (!form_offered(form)) {
            continue;
        }
        topic(form_names[form]);
        struct flush flush = {(uint64_t)window.space, 0, all_vps(), 0, 0, 0};
        unsigned taken = 0;
        for (int bit = 4; bit < 64; bit++) {
            flush.flags = 1ull << bit;
            taken += HV_STATUS(flush_call(form, &flush)) != HV_INVALID_PARAMETER;
        }
        check_equal("reserved flags of a space's flush that are taken", taken, 0);
        flush.flags = HV_EXTENDED_RANGES;
        check_status("extended ranges of a space, which has none", flush_call(form, &flush), HV_INVALID_PARAMETER);
        flush.list = &page;
        flush.count = 1;
        taken = 0;
        for (int bit = 4; bit < 64; bit++) {
            flush.flags = 1ull << bit;
            taken += HV_STATUS(flush_call(form, &flush)) != HV_INVALID_PARAMETER;
        }
        check_equal("reserved flags of a list's flush that are taken", taken, 0);
        if (!hv_has(HV_FEATURE_EXTENDED_RANGES)) {
            flush.flags = HV_EXTENDED_RANGES;
            check_status("extended ranges, which are not offered", flush_call(form, &flush), HV_INVALID_PARAMETER);
        }
        flush.flags = HV_NON_GLOBAL_ONLY;
        check_status("a list of pages that are not global", flush_call(form, &flush), HV_INVALID_PARAMETER);
    }
}

static void check_sets(void) {
    struct hv_flush_ex *input = (struct hv_flush_ex *)input_page;
    *input = (struct hv_flush_ex){0, HV_ALL_SPACES, {0, 0, {0}}};
    check_status("an empty set", hypercall(HV_FLUSH_SPACE_EX, input, 0), HV_SUCCESS);
    input->set.format = 1;
    check_status("the set of all", hypercall(HV_FLUSH_SPACE_EX, input, 0), HV_SUCCESS);
    input->set.format = 2;
    check_status("a set of unknown format", hypercall(HV_FLUSH_SPACE_EX, input, 0), HV_INVALID_PARAMETER);
    input->set.format = 0;
    input->set.valid_banks = 5;
    check_status("a bank that holds nobody", hypercall(HV_FLUSH_SPACE_EX | HV_HEADER(2), input, 0), HV_SUCCESS);
    check_status("more banks than the header holds", hypercall(HV_FLUSH_SPACE_EX | HV_HEADER(1), input, 0), HV_INVALID_INPUT);
    input->set.valid_banks = ~0ull;
    check_status("all banks", hypercall(HV_FLUSH_SPACE_EX | HV_HEADER(64), input, 0), HV_SUCCESS);
    check_refused("a header beyond the page", hypercall(HV_FLUSH_SPACE_EX | HV_HEADER(509), input, 0));
}

struct runner {
    volatile uint64_t flushed, wrong, reads;
    volatile int stop;
} __attribute__((aligned(64)));
static struct runner runners[MAX_CPUS];
static volatile uint64_t generation_frames[64][PAGE / 8] __attribute__((aligned(PAGE)));

/* Reads a page whose content grows with every flush: never less than what was flushed before the read. */
static void run_reader(void *p) {
    struct runner *runner = p;
    while (!runner->stop) {
        uint64_t least = runner->flushed;
        uint64_t seen = *(volatile uint64_t *)WINDOW;
        runner->wrong += seen < least;
        runner->reads++;
        relax();
    }
}

static void check_running(enum form form) {
    static const uint64_t page = WINDOW_PAGE(0);
    struct flush flush = {(uint64_t)window.space, 0, all_vps() & ~vp_of(0), &page, 1, 0};
    uint64_t wrong = 0, idle = 0;
    generation_frames[0][0] = 0;
    set_entry(space_entry(window.space, WINDOW), (uint64_t)generation_frames[0] | PAGE_PRESENT);
    window_enter(&window);
    for (int i = 1; i < machine.cpus; i++) {
        runners[i] = (struct runner){0};
        worker_begin(i, run_reader, &runners[i]);
        AWAIT(runners[i].reads);
    }
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        volatile uint64_t *frame = generation_frames[round % 64];
        *frame = round;
        set_entry(space_entry(window.space, WINDOW), (uint64_t)frame | PAGE_PRESENT);
        flush.list = round % 2 ? &page : 0;
        flush_call(form, &flush);
        for (int i = 1; i < machine.cpus; i++) {
            __atomic_store_n(&runners[i].flushed, round, __ATOMIC_SEQ_CST);
        }
    }
    for (int i = 1; i < machine.cpus; i++) {
        runners[i].stop = 1;
        worker_wait(i);
        wrong += runners[i].wrong;
        idle += !runners[i].reads;
    }
    check_equal("running processors never see the page before a flush", wrong + idle, 0);
}

void check_flush(void) {
    window_make(&window, WINDOW, 0);
    other_space = space_new();
    check_stale();
    for (int form = 0; form < FORMS; form++) {
        topic(form_names[form]);
        if (!form_offered(form)) {
            skip("all of it", "not offered");
            continue;
        }
        for (int i = 0; i < CASES; i++) {
            check_case(&cases[i], form);
        }
        if (machine.cpus > 1) {
            check_running(form);
        }
    }
    check_refusals();
    topic("with a set");
    check_sets();
    topic("");
    window_leave();
}
