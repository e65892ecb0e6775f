/*
 * Test guest for the hypervisor's interface: discovery, hypercalls, synthetic MSRs, flushes, IPIs, time. Prints a line a check
 * (checks.h) and ends with status 0 << 1 | 1 where all hold. Words on the command line name the groups to run; without any, all run.
 */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "workers.h"

struct machine machine;
uint8_t hypercall_page[4096] __attribute__((aligned(4096))), input_page[4096] __attribute__((aligned(4096)));
uint8_t output_page[4096] __attribute__((aligned(4096))), spare_page[4096] __attribute__((aligned(4096)));

enum { FLUSH = 1, IPI = 2 }; /* calls that a group cannot do without */

static const struct {
    const char *word;
    void (*run)(void);
    int needs;
} groups[] = {
    {"msr", check_registers_of_msr, 0},
    {"call", check_convention, FLUSH | IPI},
    {"mode", check_environment, FLUSH | IPI},
    {"flush", check_flush, FLUSH},
    {"space", check_flush_spaces, FLUSH},
    {"ipi", check_ipi, IPI},
    {"time", check_time, 0},
    {"synic", check_synic, 0},
    {"connection", check_connections, 0},
    {"registers", check_vp_registers, 0},
    {"hostile", check_hostile, 0},
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* Whether `word` is one of the line's words. */
static int has_word(const char *line, const char *word) {
    while (*line) {
        while (*line == ' ') {
            line++;
        }
        const char *w = word;
        while (*line && *line != ' ' && *w == *line) {
            line++;
            w++;
        }
        if (!*w && (!*line || *line == ' ')) {
            return 1;
        }
        while (*line && *line != ' ') {
            line++;
        }
    }
    return 0;
}

static int offered(int calls) {
    return (!(calls & FLUSH) || hyperv.recommendations >> HV_RECOMMENDS_FLUSHES & 1) &&
           (!(calls & IPI) || hyperv.recommendations >> HV_RECOMMENDS_IPIS & 1);
}

static void ask_index(void *unused) {
    (void)unused;
    machine.vps[this_cpu()->index] = (uint32_t)rdmsr(HV_MSR_VP_INDEX);
}

int guest_main(const char *command_line) {
    interrupts_prepare();
    interrupts_enable_here();
    cpu_prepare_here(0);
    if (!hyperv_detect()) {
        put("Bail out! no hypervisor with the interface Hv#1 here\n");
        return 2;
    }
    machine.cpus = workers_start(hv_may(HV_HAS_START_VP));
    check_identity();
    check_start();
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, ask_index, 0);
    }
    int chosen = 0;
    for (int i = 0; i < GROUPS; i++) {
        chosen |= has_word(command_line, groups[i].word);
    }
    for (int i = 0; i < GROUPS; i++) {
        if (!chosen || has_word(command_line, groups[i].word)) {
            group(groups[i].word);
            if (offered(groups[i].needs)) {
                groups[i].run();
            } else {
                skip("all of it", "flushes or IPIs by hypercall are not offered");
            }
        }
    }
    return checks_end() != 0;
}
