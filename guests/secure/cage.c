/* The cage around random code: its tables, and what has to be put right behind a run. */
#include "cage.h"
#include "interrupts.h"
#include "memory.h"
#include "secure.h"

enum { GS_BASE = 0xc0000101, EFER = 0xc0000080, INTERRUPT_STACK = 1, INTERRUPTS = 32, GATES = 256, DEBUG_OFF = 0x400 };
enum { STAR = 0xc0000081, FMASK = 0xc0000084, SYSENTER = 0x174, FS_BASE = 0xc0000100, KERNEL_GS_BASE = 0xc0000102 };
#define CR0_WRITE_PROTECT (1ull << 16)
#define BUSY_TASK ((uint64_t)0x8b << 40)
#define TASK_IS_BUSY ((uint64_t)2 << 40)
#define CR4_XSAVE (1ull << 18)

struct cage cages[CAGES];
static struct gate_64 gates[GATES] __attribute__((aligned(PAGE)));
extern const uint8_t cage_entries[]; /* 16 bytes each */
static uint64_t efer;

static void build_gates(void) {
    for (int vector = 0; vector < GATES; vector++) {
        uint64_t entry = (uint64_t)&cage_entries[16 * vector];
        gates[vector] = (struct gate_64){
            .low = (uint16_t)entry,
            .selector = KERNEL_CODE,
            .stack_table = INTERRUPT_STACK,
            .attributes = 0x8e,
            .middle = (uint16_t)(entry >> 16),
            .high = (uint32_t)(entry >> 32),
        };
    }
}

static void show(uint64_t *space, const void *from, const void *to, uint64_t rights) {
    for (uint64_t at = (uint64_t)from; at < (uint64_t)to; at += PAGE) {
        set_entry(space_entry(space, at), at | PAGE_PRESENT | rights);
    }
}

static void put_base(uint64_t *descriptor, uint64_t base, uint64_t rights) {
    descriptor[0] = (base & 0xffffff) << 16 | (base & 0xff000000) << 32 | rights;
    descriptor[1] = base >> 32;
}

void cage_describe(struct cage *cage, const uint64_t where[4]) {
    uint64_t *table = cage->gdt;
    table[0] = 0;
    table[1] = 0x00af9b000000ffff;
    table[2] = 0x00cf93000000ffff;
    table[3] = 0x00cf9b000000ffff;
    table[4] = 0x00cff3000000ffff;
    table[5] = 0x00affb000000ffff;
    put_base(&table[CAGE_TASK / 8], (uint64_t)&cage->task, BUSY_TASK | (sizeof(cage->task) - 1));
    put_base(&table[LOST_TASK / 8], where[0], (uint64_t)0x89 << 40 | 0xfff);
    put_base(&table[LOST_TABLE / 8], where[1], (uint64_t)0x82 << 40 | 0xfff);
    table[LOST_GATE / 8] = (where[2] & 0xffff) | (uint64_t)KERNEL_CODE << 16 | (uint64_t)0x8c << 40 | (where[2] >> 16 & 0xffff) << 48;
    table[LOST_GATE / 8 + 1] = where[2] >> 32;
    table[LOST_CODE / 8] = 0x00af9b000000ffff;
    table[LOST_DATA / 8] = 0x00cf93000000ffff | (where[3] & 0xffffff) << 16; /* a base for FS and GS */
}

struct cage *cage_prepare(void) {
    struct cage *cage = &cages[this_cpu()->index];
    static const uint64_t nothing[4];
    uint64_t cr0;
    if (!gates[0].attributes) {
        build_gates();
        efer = rdmsr(EFER);
    }
    cage->space = (uint64_t)space_new();
    ((uint64_t *)cage->space)[0] = 0;
    show((uint64_t *)cage->space, cage_text, cage_text_end, 0);
    show((uint64_t *)cage->space, gates, gates + GATES, 0);
    show((uint64_t *)cage->space, cage, &cage->task, PAGE_WRITE);
    show((uint64_t *)cage->space, &cage->task, cage + 1, 0);
    cage_describe(cage, nothing);
    cage->gdt[CAGE_TASK / 8] &= ~TASK_IS_BUSY;
    cage->task.interrupt_stacks[INTERRUPT_STACK - 1] = (uint64_t)cage->registers;
    cage->task.stacks[0] = (uint64_t)cage->scratch_stack;
    cage->task.io_map = sizeof(cage->task);
    cage->gdtr = (struct cage_table){sizeof(cage->gdt) - 1, (uint64_t)cage->gdt, {0}};
    cage->idtr = (struct cage_table){sizeof(gates) - 1, (uint64_t)gates, {0}};
    __asm__ volatile("lgdt %0; lidt %1; ltr %2" : : "m"(cage->gdtr), "m"(cage->idtr), "r"((uint16_t)CAGE_TASK) : "memory");
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    cage->cr0 = cr0 | CR0_WRITE_PROTECT;
    cage->cr4 = read_cr4() | CR4_XSAVE;
    __asm__ volatile("mov %0, %%cr0" : : "r"(cage->cr0) : "memory");
    write_cr4(cage->cr4);
    __asm__ volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
    cage->kernel_cr3 = read_cr3();
    cage->gs_base = rdmsr(GS_BASE);
    return cage;
}

static void load_task(void *cage) {
    struct cage *own = cage;
    own->gdt[CAGE_TASK / 8] &= ~TASK_IS_BUSY;
    __asm__ volatile("ltr %0" : : "r"((uint16_t)CAGE_TASK) : "memory");
}

static void load_no_table(void *unused) {
    (void)unused;
    __asm__ volatile("lldt %0" : : "r"((uint16_t)0));
}

/* What has been changed could be, so it can be put back; what the secure side refuses has not been. */
static void put_right(uint32_t msr, uint64_t value) {
    uint64_t now;
    if (try_rdmsr(msr, &now) != NO_FAULT || now != value) {
        try_wrmsr(msr, value);
    }
}

void cage_run(struct cage *cage) {
    uint16_t task, table;
    uint64_t debug;
    cage_enter(cage);
    __asm__ volatile("str %0; sldt %1; mov %%dr7, %2" : "=r"(task), "=r"(table), "=r"(debug));
    if (task != CAGE_TASK) {
        attempt(0, load_task, cage);
    }
    if (table) {
        attempt(0, load_no_table, 0);
    }
    if (debug != DEBUG_OFF) {
        __asm__ volatile("mov %0, %%dr7" : : "r"((uint64_t)DEBUG_OFF));
    }
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
    put_right(EFER, efer);
    if (cage->out.vector >= INTERRUPTS && cage->out.vector < GATES) {
        apic_end_of_interrupt();
    }
}
