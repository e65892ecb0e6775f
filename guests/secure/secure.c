/*
 * Test guest for trust levels: its normal side enables a secure one, which hides a secret; then the two go through what the
 * specification says about both. Prints a line a check (hypercall/checks.h) and ends with status 0 << 1 | 1 where all hold.
 * Words on the command line name the groups to run after the first ones; without any, all run. "random N" runs a random normal
 * side, "open random N" with nothing hidden from it. Some groups run alone.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

struct machine machine;
uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));

static const struct {
    const char *word;
    void (*run)(void);
} groups[] = {
    {"switch", check_switch},
    {"caller", check_callers},
    {"state", check_state},
    {"names", check_names},
    {"protection", check_protection},
    {"secret", check_secret},
    {"overlay", check_overlays_and_pages},
    {"message", check_messages},
    {"walk", check_walks},
    {"lock", check_lock},
    {"interrupt", check_interrupts},
    {"wake", check_wake},
    {"busy", check_busy},
    {"mbec", check_mbec},
    {"dma", check_dma},
    {"register", check_registers},
    {"third", check_third},
    {"third-register", check_third_registers},
    {"other", check_other_processors},
    {"service", check_service},
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* Groups that run by their words, and then nothing else does. */
struct alone {
    const char *word;
    void (*run)(void);
    int keeps_last; /* the last processor waits to be started */
    int enabled;    /* runs with the levels that check_enable enables */
};
static const struct alone alone[] = {
    {"startup", check_startup, 1, 0},
    {"third-startup", check_third_startup, 1, 0},
    {"above", check_start_above, 1, 1},
    {"reset", check_reset, 0, 1},
    {"meddle", check_meddling, 0, 1},
};
static const struct alone nothing_alone;

static int has_word(const char *line, const char *word) {
    while (*line) {
        const char *w = word;
        while (*line && *line == *w) {
            line++;
            w++;
        }
        if (!*w && (!*line || *line == ' ')) {
            return 1;
        }
        while (*line && *line++ != ' ') {
        }
    }
    return 0;
}

static const struct alone *alone_of(const char *line) {
    for (unsigned i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        if (has_word(line, alone[i].word)) {
            return &alone[i];
        }
    }
    return &nothing_alone;
}

static const char *last_word(const char *line) {
    const char *last = line;
    for (const char *c = line; *c; c++) {
        last = *c == ' ' ? c + 1 : last;
    }
    return last;
}

static int run_alone(const struct alone *chosen) {
    group(chosen->word);
    chosen->run();
    return checks_end() != 0;
}

static int run_groups(const char *line) {
    int chosen = 0;
    for (int i = 0; i < GROUPS; i++) {
        chosen |= has_word(line, groups[i].word);
    }
    for (int i = 0; i < GROUPS; i++) {
        if (!chosen || has_word(line, groups[i].word)) {
            group(groups[i].word);
            groups[i].run();
        }
    }
    return checks_end() != 0;
}

static void ask_index(void *unused) {
    (void)unused;
    machine.vps[this_cpu()->index] = (uint32_t)rdmsr(HV_MSR_VP_INDEX);
}

int guest_main(const char *command_line) {
    interrupts_prepare();
    interrupts_enable_here();
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hv_may(HV_HAS_VSM)) {
        put("Bail out! no hypervisor with trust levels here\n");
        return 2;
    }
    const struct alone *by_itself = alone_of(command_line);
    machine.cpus = workers_start(by_itself->keeps_last);
    if (machine.cpus > SECURE_CPUS) {
        put("Bail out! more processors than this guest has stacks for\n");
        return 2;
    }
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, ask_index, 0);
    }
    hyperv_establish(hypercall_page);
    group("before");
    check_before();
    if (by_itself->run && !by_itself->enabled) {
        return run_alone(by_itself);
    }
    if (check_narrow(last_word(command_line))) {
        return checks_end() != 0;
    }
    mbec_wanted = has_word(command_line, "mbec");
    group("enable");
    check_enable();
    if (by_itself->run) {
        return run_alone(by_itself);
    }
    if (has_word(command_line, "random")) {
        run_random(count_argument(command_line, 1), !has_word(command_line, "open"));
        return 0;
    }
    return run_groups(command_line);
}
