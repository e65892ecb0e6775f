/*
 * Processors on strings: each does what the host writes into its slot at guest physical address 0x1000000 (16 MiB), so that a test
 * decides who does what when. Between two orders a processor counts its turns and reads the page that it is told to watch. All is
 * little endian, 8 bytes; only the host writes sequence, command, argument and watched.
 */
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "smp.h"
#include "workers.h"

#define PUPPETS_ADDRESS 0x1000000ull
#define PUPPETS_MAGIC 0x5354455050555050ull /* "PPUPPETS" */
#define WINDOW (SPACE_OWN + 0x200000)
#define FRAMES_ADDRESS (PUPPETS_ADDRESS + 0x100000)

enum { PAGES = 16, FRAMES = 64, FRAME_VALUE = 1000, VECTOR = 0x46, DEBUG_CONSOLE = 0xe9, KINDS = 6 };

enum command {
    NOTHING,
    MAP,        /* page, frame: one store into the page-table entry */
    READ,       /* page: the result is what is read through its translation */
    INVALIDATE, /* page: here */
    FLUSH,      /* mask of VPs, kind, page: by hypercall; the result is the status */
    SEND,       /* processor: an interrupt */
    INIT,       /* processor */
    START,      /* processor, after INIT: it carries out its orders anew; the result is whether it came up */
    HALT,       /* until an interrupt comes */
    SAY,        /* byte: to the debug console */
    END,        /* status */
};

struct puppet {
    uint64_t sequence, command, argument[4];
    uint64_t done; /* the sequence of the last order that was carried out */
    uint64_t result;
    uint64_t turns;
    uint64_t interrupts;
    uint64_t watched; /* page + 1, or 0 */
    uint64_t seen;    /* its value */
    uint64_t changes; /* how often that was another than before */
    uint64_t vp;
    uint64_t reserved[2];
};

struct puppets {
    uint64_t magic, processors, reserved[14];
    struct puppet puppet[MAX_CPUS];
};

static struct puppets *const puppets = (struct puppets *)PUPPETS_ADDRESS;
static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE))), inputs[MAX_CPUS][PAGE] __attribute__((aligned(PAGE)));
static uint64_t *space;

static uint64_t load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static uint64_t page(uint64_t number) {
    return WINDOW + number % PAGES * PAGE;
}

static uint64_t frame(uint64_t number) {
    return FRAMES_ADDRESS + number % FRAMES * PAGE;
}

static uint64_t read_page(uint64_t number) {
    return *(volatile uint64_t *)page(number);
}

/* A kind after another: list and space, each plain, with a set, and for all processors. */
static uint64_t flush(int cpu, uint64_t targets, uint64_t kind, uint64_t number) {
    uint64_t *words = (uint64_t *)inputs[cpu], n = 0;
    int list = kind % 2 == 0, set = kind % KINDS / 2 == 1;
    uint64_t control = set ? list ? HV_FLUSH_LIST_EX : HV_FLUSH_SPACE_EX : list ? HV_FLUSH_LIST : HV_FLUSH_SPACE;
    words[n++] = (uint64_t)space;
    words[n++] = kind % KINDS / 2 == 2 ? HV_ALL_PROCESSORS : 0;
    if (set) {
        words[n++] = 0;
        words[n++] = 1;
        control |= HV_HEADER(1);
    }
    words[n++] = targets;
    if (list) {
        words[n++] = page(number);
        control |= HV_REPS(1);
    }
    return HV_STATUS(hypercall(control, words, 0));
}

static uint64_t carry_out(int cpu, const struct puppet *self) {
    uint64_t a = self->argument[0], b = self->argument[1], c = self->argument[2];
    switch (self->command) {
    case MAP:
        set_entry(space_entry(space, page(a)), frame(b) | PAGE_PRESENT);
        return 0;
    case READ:
        return read_page(a);
    case INVALIDATE:
        __asm__ volatile("invlpg (%0)" : : "r"(page(a)) : "memory");
        return 0;
    case FLUSH:
        return flush(cpu, a, b, c);
    case SEND:
        apic_send(worker_apic_id((int)a), APIC_FIXED | VECTOR);
        return 0;
    case INIT:
        apic_send(worker_apic_id((int)a), APIC_INIT);
        return 0;
    case START:
        return (uint64_t)smp_start_one(worker_apic_id((int)a), (int)a);
    case HALT:
        __asm__ volatile("hlt" : : : "memory");
        return 0;
    case SAY:
        outb(DEBUG_CONSOLE, (uint8_t)a);
        return 0;
    case END:
        exit_vm((int)a);
    default:
        return 0;
    }
}

static void interrupted(void) {
    struct puppet *self = &puppets->puppet[this_cpu()->index];
    store(&self->interrupts, self->interrupts + 1);
}

static void perform(void *unused) {
    (void)unused;
    int cpu = this_cpu()->index;
    struct puppet *self = &puppets->puppet[cpu];
    write_cr3((uint64_t)space);
    self->vp = rdmsr(HV_MSR_VP_INDEX);
    __asm__ volatile("sti");
    for (;;) {
        uint64_t watched = load(&self->watched), sequence = load(&self->sequence);
        if (watched) {
            uint64_t value = read_page(watched - 1);
            if (value != self->seen) {
                self->changes++;
                store(&self->seen, value);
            }
        }
        if (sequence != self->done) {
            self->result = carry_out(cpu, self);
            store(&self->done, sequence);
        }
        store(&self->turns, self->turns + 1);
        relax();
    }
}

int guest_main(const char *command_line) {
    (void)command_line;
    interrupts_prepare();
    interrupts_enable_here();
    interrupts_handle(VECTOR, interrupted);
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page)) {
        put("puppet: no hypervisor with the interface Hv#1 here; start it with --hyperv on\n");
        return 2;
    }
    int cpus = workers_start(0);
    memset(puppets, 0, sizeof(*puppets));
    space = space_new();
    for (uint64_t i = 0; i < FRAMES; i++) {
        *(volatile uint64_t *)frame(i) = FRAME_VALUE + i;
    }
    for (uint64_t i = 0; i < PAGES; i++) {
        set_entry(space_entry(space, page(i)), frame(i) | PAGE_PRESENT);
    }
    for (int i = 1; i < cpus; i++) {
        worker_begin(i, perform, 0);
    }
    puppets->processors = (uint64_t)cpus;
    store(&puppets->magic, PUPPETS_MAGIC);
    perform(0);
    return 0;
}
