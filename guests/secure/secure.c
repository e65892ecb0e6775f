/*
 * Test guest for trust levels: its normal side enables a secure one, which hides a secret; then the two go through what the
 * specification says about both. Prints a line a check (hypercall/checks.h) and ends with status 0 << 1 | 1 where all hold.
 * Words on the command line name the groups to run after the first ones; without any, all run. "random N" runs a random normal
 * side, "open random N" with nothing hidden from it. "startup" and "third-startup" are about starting the last processor, and nothing else.
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
    int startup = has_word(command_line, "startup"), third_startup = has_word(command_line, "third-startup");
    int above = has_word(command_line, "above");
    machine.cpus = workers_start(startup || third_startup || above);
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
    if (startup || third_startup) {
        group(startup ? "startup" : "third-startup");
        (startup ? check_startup : check_third_startup)();
        return checks_end() != 0;
    }
    const char *last = command_line;
    for (const char *c = command_line; *c; c++) {
        last = *c == ' ' ? c + 1 : last;
    }
    if (check_narrow(last)) {
        return checks_end() != 0;
    }
    mbec_wanted = has_word(command_line, "mbec");
    group("enable");
    check_enable();
    if (above) {
        group("above");
        check_start_above();
        return checks_end() != 0;
    }
    if (has_word(command_line, "random")) {
        run_random(count_argument(command_line, 1), !has_word(command_line, "open"));
        return 0;
    }
    if (has_word(command_line, "reset")) {
        group("reset");
        check_reset();
        return checks_end() != 0;
    }
    int chosen = 0;
    for (int i = 0; i < GROUPS; i++) {
        chosen |= has_word(command_line, groups[i].word);
    }
    for (int i = 0; i < GROUPS; i++) {
        if (!chosen || has_word(command_line, groups[i].word)) {
            group(groups[i].word);
            groups[i].run();
        }
    }
    return checks_end() != 0;
}
