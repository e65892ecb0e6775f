/* Translations of the other side, and flushes that are held up while the secure side relies on one. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { VALIDATE_READ = 1, VALIDATE_WRITE = 2, INHIBIT = 32, NO_ACCESS = 5, NOT_PRESENT = 1, PATIENCE = 2000, LONGEST = 20000 /* 100 ns */, ROUNDS = 64 };
static uint8_t hidden[PAGE] __attribute__((aligned(PAGE))), open[PAGE] __attribute__((aligned(PAGE)));
#define NOWHERE (SPACE_OWN + 0x7000)

static void hide(void *page) {
    protect(page, 1, ALLOW_NOTHING);
}

static void check_translations(void) {
    struct translation own = {TARGET_CALLER, HV_SELF_VP, (uint64_t)hidden, VALIDATE_READ, 0, 0, 0};
    translate(&own);
    check_status("of a hidden page, by the normal side", own.result, HV_SUCCESS);
    check_equal("says that it may not be read", own.code, NO_ACCESS);
    check_equal("and which page that is", own.page, (uint64_t)hidden >> 12);
    struct translation upward = {TARGET_VTL1, HV_SELF_VP, (uint64_t)open, VALIDATE_READ, 0, 0, 0};
    translate(&upward);
    check_status("of the secure side, by the normal one", upward.result, HV_ACCESS_DENIED);
    struct translation downward = {TARGET_VTL0, HV_SELF_VP, (uint64_t)open, VALIDATE_READ | VALIDATE_WRITE, 0, 0, 0};
    in_secure(translate, &downward);
    check_status("of the normal side, by the secure one", downward.result, HV_SUCCESS);
    check_equal("its code", downward.code, 0);
    check_equal("its page", downward.page, (uint64_t)open >> 12);
    struct translation nowhere = {TARGET_VTL0, HV_SELF_VP, NOWHERE, VALIDATE_READ, 0, 0, 0};
    in_secure(translate, &nowhere);
    check_equal("of nothing", nowhere.code, NOT_PRESENT);
    struct translation bad = {TARGET_VTL0, HV_SELF_VP, (uint64_t)open, 1ull << 40, 0, 0, 0};
    in_secure(translate, &bad);
    check_status("with reserved flags", bad.result, HV_INVALID_PARAMETER);
    struct translation self = {TARGET_CALLER, HV_SELF_VP, (uint64_t)open, VALIDATE_READ | INHIBIT, 0, 0, 0};
    translate(&self);
    check_status("with its own flushes inhibited", self.result, HV_INVALID_PARAMETER);
}

/* Processor 1 flushes processor 0's translations, when it is told to. */
enum how { BY_TRANSLATION, BY_LOCK };
static struct {
    volatile int go, calling, done;
    volatile uint64_t result;
} flusher;

static uint64_t flush(uint64_t processors) {
    struct hv_flush *input = (struct hv_flush *)input_here();
    *input = (struct hv_flush){0, HV_ALL_SPACES, processors};
    return call_here(HV_FLUSH_SPACE, input, 0);
}

static void flush_once(void *unused) {
    (void)unused;
    AWAIT(flusher.go);
    flusher.calling = 1;
    flusher.result = flush(1ull << machine.vps[0]);
    flusher.done = 1;
}

struct holding {
    enum how how;
    int release; /* by the register, before the return */
    uint64_t result, read_back, cleared;
    int passed_early, passed_after;
};

/* Others get their turn by PAUSE; on a busy host each may take long, so not for ever. */
void wait_some(void) {
    uint64_t until = rdmsr(HV_MSR_TIME_REF_COUNT) + LONGEST;
    for (int i = 0; i < PATIENCE && rdmsr(HV_MSR_TIME_REF_COUNT) < until; i++) {
        relax();
    }
}

static void hold(void *p) {
    struct holding *holding = p;
    uint32_t name = holding->how == BY_LOCK ? REG_VSM_VP_SECURE_CONFIG_VTL0 : REG_INTERCEPT_SUSPEND;
    uint8_t target = holding->how == BY_LOCK ? TARGET_CALLER : TARGET_VTL0;
    if (holding->how == BY_LOCK) {
        holding->result = set_register(HV_SELF_VP, target, name, CONFIG_TLB_LOCKED);
    } else {
        struct translation wanted = {TARGET_VTL0, HV_SELF_VP, (uint64_t)open, VALIDATE_READ | INHIBIT, 0, 0, 0};
        translate(&wanted);
        holding->result = wanted.result;
    }
    get_register(HV_SELF_VP, target, name, &holding->read_back);
    flusher.go = 1;
    AWAIT(flusher.calling);
    wait_some();
    holding->passed_early = flusher.done;
    if (holding->release) {
        holding->cleared = set_register(HV_SELF_VP, target, name, 0);
        AWAIT(flusher.done);
        holding->passed_after = flusher.done;
    }
}

static void check_hold(const char *name, enum how how, int release) {
    struct holding holding = {how, release, 99, 0, 0, 0, 0};
    topic(name);
    flusher.go = flusher.calling = flusher.done = 0;
    worker_begin(1, flush_once, 0);
    in_secure(hold, &holding);
    check_status("is set", holding.result, HV_SUCCESS);
    check_equal("it can be read", holding.read_back, 2);
    check("a flush waits for it", !holding.passed_early);
    if (release) {
        check_status("it can be cleared", holding.cleared, HV_SUCCESS);
        check("which lets the flush pass", holding.passed_after);
    }
    worker_wait(1);
    check_status("the flush succeeds in the end", flusher.result, HV_SUCCESS);
}


static struct {
    volatile int stop;
    volatile uint64_t flushes[SECURE_CPUS];
} storm;

static void flush_on(void *unused) {
    (void)unused;
    int self = this_cpu()->index;
    while (!storm.stop) {
        if (HV_STATUS(flush(1ull << machine.vps[0])) == HV_SUCCESS) {
            storm.flushes[self]++;
        }
    }
}

struct round {
    enum how how;
    int too_many;
};

static void hold_in_storm(void *p) {
    struct round *round = p;
    uint64_t before[SECURE_CPUS];
    if (round->how == BY_LOCK) {
        set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, CONFIG_TLB_LOCKED);
    } else {
        struct translation wanted = {TARGET_VTL0, HV_SELF_VP, (uint64_t)open, VALIDATE_READ | INHIBIT, 0, 0, 0};
        translate(&wanted);
    }
    for (int i = 1; i < machine.cpus; i++) {
        before[i] = storm.flushes[i];
    }
    wait_some();
    for (int i = 1; i < machine.cpus; i++) {
        round->too_many += storm.flushes[i] > before[i] + 1; /* one may have passed and not been counted yet */
    }
}

static void check_storm(void) {
    struct round round = {BY_TRANSLATION, 0};
    topic("");
    storm.stop = 0;
    for (int i = 1; i < machine.cpus; i++) {
        worker_begin(i, flush_on, 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        round.how = i & 1 ? BY_LOCK : BY_TRANSLATION;
        in_secure(hold_in_storm, &round);
        relax();
    }
    storm.stop = 1;
    uint64_t flushes = 0;
    for (int i = 1; i < machine.cpus; i++) {
        worker_wait(i);
        flushes += storm.flushes[i];
    }
    check_equal("no flush passes in 64 rounds", (uint64_t)round.too_many, 0);
    check("and all go on in between", flushes > 0);
}

/* Processor 1's secure side holds a lock; processor 0's has its normal side wait for that. */
static struct {
    volatile int held, waiting, back, early;
    volatile uint64_t result, read_back, reserved;
} wait;

static void hold_for_wait(void *unused) {
    (void)unused;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, CONFIG_TLB_LOCKED);
    wait.held = 1;
    AWAIT(wait.waiting);
    wait_some();
    wait.early = wait.back;
}

static void hold_on_1(void *unused) {
    (void)unused;
    in_secure(hold_for_wait, 0);
}

static void have_wait(void *unused) {
    (void)unused;
    wait.reserved = set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_WAIT_FOR_TLB_LOCK, 2);
    wait.result = set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_WAIT_FOR_TLB_LOCK, 1);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_WAIT_FOR_TLB_LOCK, (uint64_t *)&wait.read_back);
    wait.waiting = 1;
}

static void check_wait(void) {
    topic("waiting for locks");
    worker_begin(1, hold_on_1, 0);
    AWAIT(wait.held);
    wait.read_back = 99;
    in_secure(have_wait, 0);
    wait.back = 1;
    worker_wait(1);
    check_status("with a reserved bit", wait.reserved, HV_INVALID_REGISTER_VALUE);
    check_status("is asked for", wait.result, HV_SUCCESS);
    check_equal("reads as zero", wait.read_back, 0);
    check("keeps the normal side out until the lock is gone", !wait.early);
    topic("");
}

void check_lock(void) {
    topic("a translation");
    in_secure(hide, hidden);
    check_translations();
    topic("");
    if (machine.cpus < 2) {
        skip("flushes that wait", "it takes a second processor");
        return;
    }
    check_hold("an inhibit by translation", BY_TRANSLATION, 0);
    check_hold("an inhibit by translation, cleared", BY_TRANSLATION, 1);
    check_hold("a lock", BY_LOCK, 0);
    check_hold("a lock again", BY_LOCK, 0);
    check_hold("a lock, cleared", BY_LOCK, 1);
    check_storm();
    check_wait();
}
