/*
 * Resets of the partition with its levels enabled. What stage the guest is in lives through them in the clock's memory; each boot
 * goes through the groups "before" and "enable", which say that levels are gone.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { CLOCK_INDEX = 0x70, CLOCK_DATA = 0x71, STAGE_AT = 0x60, AGAIN = 0xa0, MARK_AT = 24 << 20, RESET_NOW = 1, ALL_WATCHED = 0x1ffffff };
enum stage { FIRST = 0, ZEROED = AGAIN + 1, KEPT = AGAIN + 2 };
#define MARK ((volatile uint64_t *)(uint64_t)MARK_AT)

static uint8_t stage(void) {
    outb(CLOCK_INDEX, STAGE_AT);
    return inb(CLOCK_DATA);
}

static void set_stage(uint8_t stage) {
    outb(CLOCK_INDEX, STAGE_AT);
    outb(CLOCK_DATA, stage);
}

struct config {
    uint64_t zeroes, result;
};

static void hold_and_hide(void *p) {
    struct config *config = p;
    protect((const void *)MARK, 1, ALLOW_NOTHING);
    protect(near_secret(0), 1, ALLOW_NOTHING);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, CONFIG_TLB_LOCKED);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 8);
    uint64_t bits = CONFIG_PROTECT | CONFIG_ALLOW_ALL | CONFIG_DENY_STARTUP | CONFIG_INTERCEPT_STARTUP | config->zeroes;
    config->result = set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, bits);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CR0_MASK, 8);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, ALL_WATCHED);
}

static void read_watched(void *p) {
    uint64_t *values = p;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, &values[0]);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CR0_MASK, &values[1]);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, &values[2]);
}

/* The boot has written control registers and started processors: it would not have come here. */
static void check_nothing_watched(void) {
    uint64_t values[3] = {1, 0, ~0ull}, before = mailbox()->intercepts;
    in_secure(read_watched, values);
    check_equal("no register is watched", values[0], 0);
    check_equal("whose masks are as at first", values[1], ~0ull);
    check_equal("nor the start of processors", values[2] & (CONFIG_DENY_STARTUP | CONFIG_INTERCEPT_STARTUP), 0);
    write_cr4(read_cr4());
    check_equal("and nobody is told", mailbox()->intercepts - before, 0);
}

/* With the other processors in their secure sides. */
static volatile int there;

static void stay(void *unused) {
    (void)unused;
    __atomic_add_fetch(&there, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        relax();
    }
}

static void stay_in_secure(void *unused) {
    in_secure(stay, unused);
}

static void reset_here(void *unused) {
    (void)unused;
    wrmsr(HV_MSR_RESET, RESET_NOW);
    for (;;) {
        relax();
    }
}

static void reset_with(uint64_t zeroes, enum stage next, int from_secure) {
    struct config config = {zeroes, 99};
    *MARK = 0x6d61726b;
    for (int i = 1; i < machine.cpus; i++) {
        worker_begin(i, stay_in_secure, 0);
    }
    AWAIT(there == machine.cpus - 1);
    in_secure(hold_and_hide, &config);
    check_status("what a reset does with memory is set", config.result, HV_SUCCESS);
    set_stage((uint8_t)next);
    if (from_secure) {
        in_secure(reset_here, 0);
    }
    reset_here(0);
}

void check_reset(void) {
    uint64_t value;
    switch (stage()) {
    case ZEROED:
        check_fault("what was hidden is open behind a reset", try_read(MARK_AT, &value), NO_FAULT);
        check_equal("and empty", value, 0);
        check_nothing_watched();
        check_fault("so is the secret's page", try_read((uint64_t)near_secret(0), &value), NO_FAULT);
        reset_with(0, KEPT, 1);
        break;
    case KEPT:
        check_fault("what was hidden is open behind the other reset", try_read(MARK_AT, &value), NO_FAULT);
        check_equal("and as it was, as that was wanted", value, 0x6d61726b);
        check_nothing_watched();
        set_stage(FIRST);
        break;
    default:
        reset_with(CONFIG_ZERO_MEMORY, ZEROED, 0);
        break;
    }
}
