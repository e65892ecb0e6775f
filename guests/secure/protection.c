/* What the secure side may restrict, by which rules, and that it holds. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

static uint8_t tried[PAGE] __attribute__((aligned(PAGE)));

struct modify {
    uint64_t partition;
    uint32_t allowed;
    uint8_t target;
    uint64_t pages[3], result;
    uint64_t reps;
};

static void modify(void *p) {
    struct modify *modify = p;
    uint64_t *input = (uint64_t *)input_here();
    input[0] = modify->partition;
    input[1] = modify->allowed | (uint64_t)modify->target << 32;
    memcpy(input + 2, modify->pages, sizeof(modify->pages));
    modify->result = call_here(HV_MODIFY_PROTECTION | HV_REPS(modify->reps), input, 0);
}

static void check_rules(void) {
    uint64_t page = (uint64_t)tried >> 12;
    const struct {
        const char *name;
        struct modify modify;
        uint16_t status;
        unsigned done;
    } cases[] = {
        {"another partition", {3, 15, TARGET_VTL0, {page}, 0, 1}, HV_INVALID_PARTITION_ID, 0},
        {"unknown access bits", {HV_SELF_PARTITION, 1 << 7, TARGET_VTL0, {page}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"writing without reading", {HV_SELF_PARTITION, ALLOW_WRITE, TARGET_VTL0, {page}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"executing without reading", {HV_SELF_PARTITION, ALLOW_KERNEL_EXECUTE | ALLOW_USER_EXECUTE, TARGET_VTL0, {page}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"the caller's own level", {HV_SELF_PARTITION, 15, TARGET_VTL1, {page}, 0, 1}, HV_ACCESS_DENIED, 0},
        {"no level named, which is the caller's", {HV_SELF_PARTITION, 15, TARGET_CALLER, {page}, 0, 1}, HV_ACCESS_DENIED, 0},
        {"reserved bits of the level", {HV_SELF_PARTITION, 15, 0xf0, {page}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"a page beyond all memory", {HV_SELF_PARTITION, 15, TARGET_VTL0, {1ull << 40}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"a page of devices", {HV_SELF_PARTITION, 15, TARGET_VTL0, {0xfee00}, 0, 1}, HV_INVALID_PARAMETER, 0},
        {"the second of three pages is none", {HV_SELF_PARTITION, 15, TARGET_VTL0, {page, 1ull << 51, page}, 0, 3}, HV_INVALID_PARAMETER, 1},
        {"three good pages", {HV_SELF_PARTITION, 15, TARGET_VTL0, {page, page, page}, 0, 3}, HV_SUCCESS, 3},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct modify copy = cases[i].modify;
        in_secure(modify, &copy);
        check_reps(cases[i].name, copy.result, cases[i].status, cases[i].done);
    }
    struct modify below = {HV_SELF_PARTITION, 15, TARGET_VTL0, {page}, 0, 1};
    modify(&below);
    check_status("by the normal side", below.result, HV_ACCESS_DENIED);
    below.target = TARGET_VTL1;
    modify(&below);
    check_refused("of the secure side, by the normal side", below.result);
}

struct set {
    uint32_t name;
    uint64_t value, result, read;
};

static void set_and_get(void *p) {
    struct set *set = p;
    set->result = set_register(HV_SELF_VP, TARGET_CALLER, set->name, set->value);
    get_register(HV_SELF_VP, TARGET_CALLER, set->name, &set->read);
}

static void check_configuration(void) {
    struct set reserved = {REG_VSM_PARTITION_CONFIG, 1ull << 40, 0, 0};
    in_secure(set_and_get, &reserved);
    check_status("a reserved bit of the configuration", reserved.result, HV_INVALID_REGISTER_VALUE);
    struct set off = {REG_VSM_PARTITION_CONFIG, CONFIG_ZERO_MEMORY, 0, 0};
    in_secure(set_and_get, &off);
    check_status("protection cannot be taken back", off.result, HV_SUCCESS);
    check_equal("nor the default", off.read, CONFIG_PROTECT | CONFIG_ALLOW_ALL | CONFIG_ZERO_MEMORY);
    struct set intercepts = {REG_CR_INTERCEPT_CONTROL, 1ull << 60, 0, 0};
    in_secure(set_and_get, &intercepts);
    check_status("a reserved bit of register intercepts", intercepts.result, HV_INVALID_REGISTER_VALUE);
    struct set lock = {REG_VSM_VP_SECURE_CONFIG_VTL0, 1 << 5, 0, 0};
    in_secure(set_and_get, &lock);
    check_status("a reserved bit of the secure configuration", lock.result, HV_INVALID_REGISTER_VALUE);
    struct set mbec = {REG_VSM_VP_SECURE_CONFIG_VTL0, 1, 0, 0};
    in_secure(set_and_get, &mbec);
    check_status("mode based execute control that was not enabled", mbec.result, HV_INVALID_REGISTER_VALUE);
    struct set own = {REG_VSM_VP_SECURE_CONFIG_VTL0 + 1, 2, 0, 0};
    in_secure(set_and_get, &own);
    check_refused("the secure configuration of the caller's own level", own.result);
    struct set vina = {REG_VSM_VINA, 0x105, 0, 0};
    in_secure(set_and_get, &vina);
    check_status("notification by a vector that cannot be", vina.result, HV_INVALID_REGISTER_VALUE);
}

struct protect {
    const void *page;
    uint32_t allowed;
};

static void protect_job(void *p) {
    const struct protect *wanted = p;
    protect(wanted->page, 1, wanted->allowed);
}

static void execute(void *p) {
    void (*code)(void);
    memcpy(&code, &p, sizeof(code));
    code();
}

static void check_accesses(void) {
    static const struct {
        const char *name;
        uint32_t allowed;
        int read, write, execute;
    } rows[] = {
        {"everything", ALLOW_ALL, NO_FAULT, NO_FAULT, NO_FAULT},
        {"nothing", ALLOW_NOTHING, FAULT_GP, FAULT_GP, FAULT_GP},
        {"reading", ALLOW_READ, NO_FAULT, FAULT_GP, FAULT_GP},
        {"reading and writing", ALLOW_READ | ALLOW_WRITE, NO_FAULT, NO_FAULT, FAULT_GP},
        {"reading and executing", ALLOW_READ | ALLOW_KERNEL_EXECUTE | ALLOW_USER_EXECUTE, NO_FAULT, FAULT_GP, NO_FAULT},
        {"everything again", ALLOW_ALL, NO_FAULT, NO_FAULT, NO_FAULT},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct protect wanted = {tried, rows[i].allowed};
        struct protect all = {tried, ALLOW_ALL};
        uint64_t value;
        in_secure(protect_job, &all);
        tried[0] = 0xc3; /* ret */
        in_secure(protect_job, &wanted);
        topic(rows[i].name);
        check_fault("a load", try_read((uint64_t)tried + 8, &value), rows[i].read);
        check_fault("a store", try_write((uint64_t)tried + 16, 1), rows[i].write);
        check_fault("a jump", attempt(0, execute, tried), rows[i].execute);
    }
    topic("");
}

void check_protection(void) {
    check_rules();
    check_configuration();
    check_accesses();
}
