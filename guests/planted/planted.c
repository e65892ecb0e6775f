/*
 * A guest with a planted bug, for those who look for bugs by exploring interleavings. Processor 0 changes a page-table entry and flushes
 * the translation on the processors that use the address space, as their bits in `users` say; processor 1 comes to use it. Its bug: it
 * uses the page first and says so then. Where the change falls in between it keeps the old translation, and reads a page that is gone.
 *
 * That takes processor 1 to stop between two neighbouring instructions for as long as processor 0's preparations last, which are few
 * instructions but many accesses to a device: on processors of their own, one run in some ten thousand. Before it, there are some rounds
 * in which processor 1 is known as a user, so that nothing is done for the first time when it matters. The run that hits ends with
 * 42 << 1 | 1 = 85, others with 1. The last word of the command line is the number of rounds that may hit (1 without). Flushes by
 * hypercall where there is Hyper-V's interface, else by interrupt.
 */
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "workers.h"

enum { FLUSH_VECTOR = 0x45, PREPARATIONS = 60, REHEARSALS = 20, SCRATCH_PORT = 0x80, CAUGHT = 42, OLD = 0x01d, NEW = 0x2e4 };
#define WINDOW (SPACE_OWN + 0x200000)

static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t old_frame[PAGE / 8] __attribute__((aligned(PAGE))), new_frame[PAGE / 8] __attribute__((aligned(PAGE)));
static struct hv_flush input __attribute__((aligned(64)));
static uint64_t *space;
static volatile uint64_t users, met, changed, seen, flushed, statistics[2];
static uint64_t vp_of_user;

static void flush_here(void) {
    __asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
    flushed = flushed + 1;
}

static void flush_users(uint64_t mask) {
    if (!mask) {
        return;
    }
    if (hyperv.present) {
        input = (struct hv_flush){(uint64_t)space, 0, mask};
        hypercall(HV_FLUSH_SPACE, &input, 0);
    } else {
        uint64_t before = flushed;
        apic_send(worker_apic_id(1), APIC_FIXED | FLUSH_VECTOR);
        AWAIT(flushed != before);
    }
}

static void meet(uint64_t round) {
    __atomic_add_fetch(&met, 1, __ATOMIC_SEQ_CST);
    AWAIT(met >= 2 * round);
}

static inline uint64_t mix(uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccd;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53;
    return value ^ value >> 33;
}

/* Processor 1: comes to use the space. */
static void use(void *p) {
    uint64_t round = *(const uint64_t *)p;
    write_cr3((uint64_t)space);
    __asm__ volatile("sti");
    meet(round);
    statistics[0] = mix(mix(mix(mix(mix(mix(round))))));
    if (*(volatile uint64_t *)WINDOW != OLD) { /* the bug: `users` should come before this */
        statistics[1]++;
    }
    __atomic_or_fetch(&users, vp_of_user, __ATOMIC_SEQ_CST);
    AWAIT(changed == round);
    seen = *(volatile uint64_t *)WINDOW;
    __asm__ volatile("cli");
}

/* Processor 0: changes the page, flushes those who use it. */
static void change(uint64_t round) {
    meet(round);
    for (int i = 0; i < PREPARATIONS; i++) {
        inb(SCRATCH_PORT);
    }
    set_entry(space_entry(space, WINDOW), (uint64_t)new_frame | PAGE_PRESENT);
    flush_users(__atomic_load_n(&users, __ATOMIC_SEQ_CST));
    changed = round;
}

static void tell_vp(void *unused) {
    (void)unused;
    vp_of_user = hyperv.present ? 1ull << rdmsr(HV_MSR_VP_INDEX) : 1;
}

int guest_main(const char *command_line) {
    uint64_t rounds = count_argument(command_line, 1);
    interrupts_prepare();
    interrupts_enable_here();
    interrupts_handle(FLUSH_VECTOR, flush_here);
    cpu_prepare_here(0);
    if (hyperv_detect() && !hyperv_establish(hypercall_page)) {
        put("planted: the hypercall page cannot be enabled\n");
        return 2;
    }
    if (workers_start(0) < 2) {
        put("planted: takes two processors\n");
        return 2;
    }
    run_on(1, tell_vp, 0);
    space = space_new();
    old_frame[0] = OLD;
    new_frame[0] = NEW;
    for (uint64_t round = 1; round <= rounds + REHEARSALS; round++) {
        users = round <= REHEARSALS ? vp_of_user : 0;
        set_entry(space_entry(space, WINDOW), (uint64_t)old_frame | PAGE_PRESENT);
        worker_begin(1, use, &round);
        change(round);
        worker_wait(1);
        if (seen != NEW) {
            put("planted: processor 1 read a page that was gone, in round ");
            put_decimal(round - REHEARSALS);
            put("\n");
            return CAUGHT;
        }
    }
    return 0;
}
