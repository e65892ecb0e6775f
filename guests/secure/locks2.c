/* Locks of two higher levels: each ends with the level that holds it, and not before. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { VALIDATE_READ = 1, INHIBIT = 32 };

/* Processor 1 flushes this one's translations, of its own level; from the secure side where that is asked for. */
static struct {
    volatile int from_secure;
    volatile int go, calling, done;
    volatile uint64_t result;
} flusher;

static void flush(void *unused) {
    (void)unused;
    struct hv_flush *input = (struct hv_flush *)input_here();
    *input = (struct hv_flush){0, HV_ALL_SPACES, 1ull << machine.vps[0]};
    flusher.calling = 1;
    flusher.result = call_here(HV_FLUSH_SPACE, input, 0);
    flusher.done = 1;
}

static void flush_on_1(void *unused) {
    AWAIT(flusher.go);
    if (flusher.from_secure) {
        in_secure(flush, unused);
    } else {
        flush(unused);
    }
}

/* The flush has been asked for a while ago: whether it has passed. */
static int passed(void) {
    AWAIT(flusher.calling);
    wait_some();
    return flusher.done;
}

static void begin_flush(int from_secure) {
    flusher.from_secure = from_secure;
    flusher.go = 1;
}

struct story {
    uint64_t own, other;      /* what reading the locks said */
    uint64_t status;
    int inside, after_third;  /* whether the flush had passed by then */
};

static uint64_t set_lock(uint8_t target, uint32_t below, uint64_t value) {
    return set_register(HV_SELF_VP, target, REG_VSM_VP_SECURE_CONFIG_VTL0 + below, value);
}

static uint64_t lock_of(uint8_t target, uint32_t below) {
    uint64_t value = 99;
    get_register(HV_SELF_VP, target, REG_VSM_VP_SECURE_CONFIG_VTL0 + below, &value);
    return value;
}

static void inhibit(void) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = VALIDATE_READ | INHIBIT | (uint64_t)TARGET_VTL0 << 56;
    input[3] = (uint64_t)&flusher >> 12; /* open to all */
    call_here(HV_TRANSLATE, input, output_here());
}

static void nothing(void *unused) {
    (void)unused;
}

static void lock_normal(void *p) {
    struct story *story = p;
    story->status = set_lock(TARGET_CALLER, 0, CONFIG_TLB_LOCKED);
    story->other = lock_of(TARGET_CALLER, 0);
    begin_flush(0);
    story->inside = passed();
}

/* The secure side locks, the third comes and goes. */
static void lock_below(void *p) {
    struct story *story = p;
    story->status = set_lock(TARGET_CALLER, 0, CONFIG_TLB_LOCKED);
    in_third(nothing, 0);
    story->own = lock_of(TARGET_CALLER, 0);
    begin_flush(0);
    story->after_third = passed();
}

/* The third locks and goes: over, although the secure side still runs. */
static void lock_above(void *p) {
    struct story *story = p;
    in_third(lock_normal, p);
    AWAIT(flusher.done);
    story->after_third = flusher.done;
}

static void lock_both(void *p) {
    struct story *story = p;
    set_lock(TARGET_CALLER, 0, CONFIG_TLB_LOCKED);
    in_third(lock_normal, p);
    story->own = lock_of(TARGET_CALLER, 0);
    story->after_third = passed();
}

static void inhibit_in_third(void *unused) {
    (void)unused;
    inhibit();
}

static void inhibit_both(void *p) {
    struct story *story = p;
    inhibit();
    in_third(inhibit_in_third, 0);
    begin_flush(0);
    story->after_third = passed();
}

static void inhibit_above(void *p) {
    struct story *story = p;
    in_third(inhibit_in_third, 0);
    begin_flush(0);
    AWAIT(flusher.done);
    story->after_third = 1;
}

/* The third sets the secure side's lock: that one holds it. */
static void lock_for_secure(void *p) {
    struct story *story = p;
    story->status = set_lock(TARGET_VTL1, 0, CONFIG_TLB_LOCKED);
}

static void have_lock_set(void *p) {
    struct story *story = p;
    in_third(lock_for_secure, p);
    story->own = lock_of(TARGET_CALLER, 0);
    begin_flush(0);
    story->after_third = passed();
}

static void lock_secure(void *p) {
    struct story *story = p;
    story->status = set_lock(TARGET_CALLER, 1, CONFIG_TLB_LOCKED);
    begin_flush(1);
    story->inside = passed();
}

static void have_secure_locked(void *p) {
    struct story *story = p;
    in_third(lock_secure, p);
    AWAIT(flusher.done);
    story->after_third = 1;
}

static struct story play(void (*tale)(void *)) {
    struct story story = {0};
    flusher.go = flusher.calling = flusher.done = 0;
    worker_begin(1, flush_on_1, 0);
    in_secure(tale, &story);
    return story;
}

static void end_flush(void) {
    worker_wait(1);
    check_status("the flush succeeds in the end", flusher.result, HV_SUCCESS);
}

void check_third_locks(void) {
    if (machine.cpus < 2) {
        topic("locks");
        skip("end with the level that holds them", "it takes a second processor");
        return;
    }
    struct story story;
    topic("a lock of the secure side");
    story = play(lock_below);
    check_status("is set", story.status, HV_SUCCESS);
    check_equal("reads as set when the third has come and gone", story.own, CONFIG_TLB_LOCKED);
    check("and holds", !story.after_third);
    end_flush();
    topic("a lock of the third side");
    story = play(lock_above);
    check_status("is set", story.status, HV_SUCCESS);
    check_equal("reads as set", story.other, CONFIG_TLB_LOCKED);
    check("holds while it runs", !story.inside);
    check("ends when it is left, with the secure side running on", story.after_third);
    end_flush();
    topic("a lock of each");
    story = play(lock_both);
    check("holds while the third runs", !story.inside);
    check_equal("the secure side's is still there when it is left", story.own, CONFIG_TLB_LOCKED);
    check("and holds", !story.after_third);
    end_flush();
    topic("an inhibit by translation of each");
    story = play(inhibit_both);
    check("holds when the third is left", !story.after_third);
    end_flush();
    topic("one of the third alone");
    story = play(inhibit_above);
    check("ends when it is left", story.after_third);
    end_flush();
    topic("the secure side's lock set by the third");
    story = play(have_lock_set);
    check_status("is set", story.status, HV_SUCCESS);
    check_equal("is the secure side's", story.own, CONFIG_TLB_LOCKED);
    check("and holds", !story.after_third);
    end_flush();
    topic("the secure side locked by the third");
    story = play(have_secure_locked);
    check_status("is set", story.status, HV_SUCCESS);
    check("its flush waits", !story.inside);
    check("until the third is left", story.after_third);
    end_flush();
    topic("");
}
