/*
 * A stress of Linux's memory management and, through it, of TLB flushes on all processors: "stress [SECONDS]", 10 without. A thread a
 * processor maps, writes, protects, remaps and unmaps, verifies what it reads after each step, and watches the others:
 *
 *  - every thread has a page that all threads read, and replaces what is mapped there; its content grows with each replacement, and
 *    nobody may see less than what was there when the replacement was complete (a stale translation would);
 *  - every thread makes another page read-only now and then; while it is, nobody's system call may write it.
 *
 * Prints sums every 10 seconds, and PASS or FAIL at the end; the status is 0 or 1.
 */
#include "calls.h"

enum { THREADS = 64, PAGE = 4096, FRAMES = 16, STACK = 32768, AREA_PAGES = 64, SIBLING_ROUNDS = 8, REPORT_SECONDS = 10 };

struct thread {
    int index, cpu;
    volatile int alive; /* the kernel clears it when the thread is gone */
    uint64_t state;     /* of the random numbers */
    /* Published: */
    volatile uint64_t completed;  /* the generation that its page shows for sure */
    volatile uint64_t protection; /* odd while the other page is certainly read-only */
    /* Counted: */
    uint64_t areas, replacements, protections, unmaps, watched, refused, wrong;
} __attribute__((aligned(64)));

long spawn(void *stack_top, void (*run)(void *), void *argument, volatile int *gone);

static struct thread threads[THREADS];
static uint8_t stacks[THREADS][STACK] __attribute__((aligned(PAGE)));
static int count, file;
static volatile int stop;
static uint8_t *windows; /* a page a thread, replaced all the time */
static uint8_t *guarded; /* a page a thread, protected now and then */

static void put(const char *text) {
    uint64_t length = 0;
    while (text[length]) {
        length++;
    }
    call3(CALL_WRITE, 1, (long)text, (long)length);
}

/* A line is one write, so that the kernel's messages do not come between. */
struct line {
    char text[200];
    unsigned length;
};

static void add(struct line *line, const char *text) {
    while (*text && line->length < sizeof(line->text) - 1) {
        line->text[line->length++] = *text++;
    }
    line->text[line->length] = 0;
}

static void add_number(struct line *line, uint64_t value) {
    char digits[21], *at = digits + 20;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    add(line, at);
}

static void complain(struct thread *self, const char *what, uint64_t got, uint64_t wanted) {
    self->wrong++;
    if (self->wrong > 5) {
        return;
    }
    struct line line = {.length = 0};
    add(&line, "stress: thread ");
    add_number(&line, (uint64_t)self->index);
    add(&line, ": ");
    add(&line, what);
    add(&line, ": ");
    add_number(&line, got);
    add(&line, ", not ");
    add_number(&line, wanted);
    add(&line, "\n");
    put(line.text);
}

static uint64_t next_random(struct thread *self) {
    self->state ^= self->state << 13;
    self->state ^= self->state >> 7;
    return self->state ^= self->state << 17;
}

static uint64_t seconds(void) {
    int64_t time[2] = {0, 0};
    call3(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)time, 0);
    return (uint64_t)time[0];
}

static volatile uint64_t *word(uint8_t *base, uint64_t page) {
    return (volatile uint64_t *)(base + page * PAGE);
}

static uint64_t mark(const struct thread *self, uint64_t generation, uint64_t page) {
    return (uint64_t)self->index << 48 | (generation & 0xffffffff) << 16 | page;
}

static int all_are(struct thread *self, uint8_t *area, uint64_t from, uint64_t to, uint64_t generation, int zero) {
    for (uint64_t i = from; i < to; i++) {
        uint64_t wanted = zero ? 0 : mark(self, generation, i);
        if (*word(area, i) != wanted) {
            complain(self, zero ? "a fresh page is not zero" : "a page lost its content", *word(area, i), wanted);
            return 0;
        }
    }
    return 1;
}

/* A private area through its whole life. */
static void use_area(struct thread *self) {
    uint64_t r = next_random(self), pages = 2 + r % (AREA_PAGES - 1), half = pages / 2, generation = ++self->areas;
    uint8_t *area = map(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (failed((long)area)) {
        complain(self, "mmap failed", (uint64_t) - (long)area, 0);
        return;
    }
    all_are(self, area, 0, pages, 0, 1);
    for (uint64_t i = 0; i < pages; i++) {
        *word(area, i) = mark(self, generation, i);
    }
    all_are(self, area, 0, pages, generation, 0);
    switch (r >> 32 & 3) {
        case 0: /* other pages in place of the first half */
            map(area, half * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            all_are(self, area, 0, half, 0, 1);
            all_are(self, area, half, pages, generation, 0);
            break;
        case 1: /* the first half given back */
            call3(CALL_MADVISE, (long)area, (long)(half * PAGE), MADV_DONTNEED);
            all_are(self, area, 0, half, 0, 1);
            break;
        case 2: { /* moved elsewhere, content and all */
            uint8_t *moved = (uint8_t *)call6(CALL_MREMAP, (long)area, (long)(pages * PAGE), (long)((pages + 8) * PAGE), MREMAP_MAYMOVE, 0, 0);
            if (failed((long)moved)) {
                complain(self, "mremap failed", (uint64_t) - (long)moved, 0);
                break;
            }
            area = moved;
            all_are(self, area, 0, pages, generation, 0);
            pages += 8;
            break;
        }
        default: /* read-only, and the kernel may not write it */
            call3(CALL_MPROTECT, (long)area, (long)(pages * PAGE), PROT_READ);
            if (call3(CALL_GETRANDOM, (long)(area + half * PAGE), 8, 0) != ERROR_FAULT) {
                complain(self, "a read-only page was written", half, 0);
            }
            all_are(self, area, 0, pages, generation, 0);
            self->protections++;
    }
    call3(CALL_MUNMAP, (long)area, (long)(pages * PAGE), 0);
    self->unmaps++;
}

/* Puts the next frame of the file in place of the last one. */
static void replace_window(struct thread *self) {
    uint64_t generation = self->completed + 1, frame = (uint64_t)self->index * FRAMES + generation % FRAMES;
    uint8_t *window = windows + (uint64_t)self->index * PAGE;
    uint8_t *side = map(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, frame * PAGE);
    if (failed((long)side)) {
        complain(self, "mmap of the file failed", (uint64_t) - (long)side, 0);
        return;
    }
    *word(side, 0) = generation;
    call3(CALL_MUNMAP, (long)side, PAGE, 0);
    if (failed((long)map(window, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, frame * PAGE))) {
        complain(self, "mmap in place failed", generation, 0);
        return;
    }
    __atomic_store_n(&self->completed, generation, __ATOMIC_SEQ_CST);
    self->replacements++;
}

/* Closes its guarded page to writers for a while, or opens it. */
static void turn_guard(struct thread *self) {
    uint8_t *page = guarded + (uint64_t)self->index * PAGE;
    if (self->protection % 2) {
        __atomic_store_n(&self->protection, self->protection + 1, __ATOMIC_SEQ_CST);
        call3(CALL_MPROTECT, (long)page, PAGE, PROT_READ | PROT_WRITE);
    } else {
        call3(CALL_MPROTECT, (long)page, PAGE, PROT_READ);
        __atomic_store_n(&self->protection, self->protection + 1, __ATOMIC_SEQ_CST);
        self->protections++;
    }
}

static void watch(struct thread *self, struct thread *other) {
    uint64_t least = __atomic_load_n(&other->completed, __ATOMIC_ACQUIRE);
    uint64_t got = *word(windows, (uint64_t)other->index);
    if (got < least) {
        complain(self, "an old page after its replacement", got, least);
    }
    uint64_t before = __atomic_load_n(&other->protection, __ATOMIC_SEQ_CST);
    long written = call3(CALL_GETRANDOM, (long)(guarded + (uint64_t)other->index * PAGE + 64), 8, 0);
    uint64_t after = __atomic_load_n(&other->protection, __ATOMIC_SEQ_CST);
    if (before % 2 && before == after) {
        self->refused += written == ERROR_FAULT;
        if (written != ERROR_FAULT && written != ERROR_INTERRUPTED) {
            complain(self, "another's read-only page was written", (uint64_t)written, 0);
        }
    }
    self->watched++;
}

static void run(void *p) {
    struct thread *self = p;
    uint64_t mask[16] = {0};
    mask[self->cpu / 64] = 1ull << self->cpu % 64;
    call3(CALL_SCHED_SETAFFINITY, 0, sizeof(mask), (long)mask);
    while (!stop) {
        replace_window(self);
        for (int i = 0; i < SIBLING_ROUNDS; i++) {
            watch(self, &threads[next_random(self) % (uint64_t)count]);
        }
        turn_guard(self);
        use_area(self);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint64_t report(uint64_t second) {
    struct thread sum = {0};
    struct line line = {.length = 0};
    for (int i = 0; i < count; i++) {
        sum.areas += threads[i].areas;
        sum.replacements += threads[i].replacements;
        sum.protections += threads[i].protections;
        sum.unmaps += threads[i].unmaps;
        sum.watched += threads[i].watched;
        sum.refused += threads[i].refused;
        sum.wrong += threads[i].wrong;
    }
    add(&line, "stress: ");
    add_number(&line, second);
    add(&line, " s, areas ");
    add_number(&line, sum.areas);
    add(&line, ", replaced ");
    add_number(&line, sum.replacements);
    add(&line, ", protected ");
    add_number(&line, sum.protections);
    add(&line, ", watched ");
    add_number(&line, sum.watched);
    add(&line, ", refused ");
    add_number(&line, sum.refused);
    add(&line, ", wrong ");
    add_number(&line, sum.wrong);
    add(&line, "\n");
    put(line.text);
    return sum.wrong;
}

static int prepare(void) {
    uint64_t mask[16] = {0};
    long bytes = call3(CALL_SCHED_GETAFFINITY, 0, sizeof(mask), (long)mask);
    for (int cpu = 0; !failed(bytes) && cpu < bytes * 8 && count < THREADS; cpu++) {
        if (mask[cpu / 64] >> cpu % 64 & 1) {
            threads[count] = (struct thread){.index = count, .cpu = cpu, .alive = 1, .state = 0x9e3779b97f4a7c15u * (uint64_t)(count + 1)};
            count++;
        }
    }
    file = (int)call3(CALL_MEMFD_CREATE, (long)"stress", 0, 0);
    if (!count || failed(file) || failed(call3(CALL_FTRUNCATE, file, (long)count * FRAMES * PAGE, 0))) {
        return 0;
    }
    windows = map(0, (uint64_t)count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guarded = map(0, (uint64_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return !failed((long)windows) && !failed((long)guarded);
}

static void sleep_a_while(void) {
    static const int64_t tenth[2] = {0, 100000000};
    static uint32_t nobody_wakes;
    call6(CALL_FUTEX, (long)&nobody_wakes, 0 /* wait */, 0, (long)tenth, 0, 0);
}

int process(long *stack) {
    const char *argument = stack[0] > 1 ? (const char *)stack[2] : "10";
    uint64_t wanted = 0, begin = seconds(), reported = 0;
    for (; *argument >= '0' && *argument <= '9'; argument++) {
        wanted = wanted * 10 + (uint64_t)(*argument - '0');
    }
    if (*argument || !prepare()) {
        put("usage: stress [SECONDS]\n");
        return 2;
    }
    struct line line = {.length = 0};
    add(&line, "stress: threads ");
    add_number(&line, (uint64_t)count);
    add(&line, ", seconds ");
    add_number(&line, wanted);
    add(&line, "\n");
    put(line.text);
    for (int i = 0; i < count; i++) {
        if (failed(spawn(stacks[i] + STACK, run, &threads[i], &threads[i].alive))) {
            put("stress: no thread\n");
            return 2;
        }
    }
    uint64_t now;
    while ((now = seconds() - begin) < wanted) {
        sleep_a_while();
        if (now >= reported + REPORT_SECONDS) {
            reported = now;
            report(now);
        }
    }
    stop = 1;
    for (int i = 0; i < count; i++) {
        while (threads[i].alive) {
            sleep_a_while();
        }
    }
    uint64_t wrong = report(seconds() - begin);
    put(wrong ? "stress: FAIL\n" : "stress: PASS\n");
    return wrong != 0;
}
