#include "cpu.h"
#include "interrupts.h"
#include "smp.h"

enum { GS_BASE = 0xc0000101, DESCRIPTORS = 8, TASK = 0x30, INTERRUPT_STACK = 8192, INTERRUPT_FLAG = 0x200 };

struct attempt { /* attempt.S knows the first field */
    uint64_t rsp;
    struct attempt *outer;
    struct fault fault;
};

struct task { /* SDM 8.7, figure 8-11 */
    uint32_t reserved;
    uint64_t stack[3], unused, table[7];
    uint64_t unused2;
    uint16_t unused3, io_map;
} __attribute__((packed));

static struct cpu cpus[MAX_CPUS];
static uint64_t descriptors[MAX_CPUS][DESCRIPTORS];
static struct task tasks[MAX_CPUS];
/* Where interrupts of user code go: one at a time, and user code is left for good. */
static uint8_t stacks[MAX_CPUS][INTERRUPT_STACK] __attribute__((aligned(16)));

int attempt_run(struct attempt *slot, void (*body)(void *), void *argument);
extern const uint8_t attempt_landing[];

static int fault_hook(struct interrupt_frame *frame) {
    if (!rdmsr(GS_BASE)) {
        return 0; /* it has not been prepared yet */
    }
    struct attempt *open = this_cpu()->attempt;
    if (!open) {
        return 0;
    }
    __asm__ volatile("mov %%cr2, %0" : "=r"(open->fault.address));
    open->fault.vector = (int)frame->vector;
    open->fault.error = frame->error;
    open->fault.rip = frame->rip;
    frame->rip = (uint64_t)attempt_landing;
    frame->rsp = open->rsp;
    frame->cs = KERNEL_CODE;
    frame->ss = KERNEL_DATA;
    frame->rflags = 2 | (frame->rflags & INTERRUPT_FLAG);
    return 1;
}

void cpu_prepare_here(int index) {
    uint64_t *table = descriptors[index];
    struct task *task = &tasks[index];
    uint64_t base = (uint64_t)task;
    task->stack[0] = (uint64_t)(stacks[index] + INTERRUPT_STACK);
    task->io_map = sizeof(*task);
    table[1] = 0x00af9b000000ffff; /* as boot.S has them */
    table[2] = 0x00cf93000000ffff;
    table[3] = 0x00cf9b000000ffff;
    table[4] = 0x00cff3000000ffff; /* user data */
    table[5] = 0x00affb000000ffff; /* 64-bit user code */
    table[6] = (base & 0xffffff) << 16 | (base & 0xff000000) << 32 | (uint64_t)0x89 << 40 | (sizeof(*task) - 1);
    table[7] = base >> 32;
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof(descriptors[0]) - 1, (uint64_t)table};
    __asm__ volatile("lgdt %0; ltr %1" : : "m"(pointer), "r"((uint16_t)TASK) : "memory");
    cpus[index].self = &cpus[index];
    cpus[index].index = index;
    wrmsr(GS_BASE, (uint64_t)&cpus[index]);
    interrupts_hook(fault_hook);
}

int attempt(struct fault *fault, void (*body)(void *), void *argument) {
    struct cpu *cpu = this_cpu();
    struct attempt slot = {.outer = cpu->attempt, .fault = {.vector = NO_FAULT}};
    cpu->attempt = &slot;
    attempt_run(&slot, body, argument);
    cpu->attempt = slot.outer;
    if (fault) {
        *fault = slot.fault;
    }
    return slot.fault.vector;
}

struct access {
    uint64_t where, value;
};

static void do_rdmsr(void *p) {
    struct access *access = p;
    access->value = rdmsr((uint32_t)access->where);
}

static void do_wrmsr(void *p) {
    struct access *access = p;
    wrmsr((uint32_t)access->where, access->value);
}

static void do_read(void *p) {
    struct access *access = p;
    access->value = *(volatile uint64_t *)access->where;
}

static void do_write(void *p) {
    struct access *access = p;
    *(volatile uint64_t *)access->where = access->value;
}

int try_rdmsr(uint32_t msr, uint64_t *value) {
    struct access access = {msr, 0};
    int vector = attempt(0, do_rdmsr, &access);
    *value = access.value;
    return vector;
}

int try_wrmsr(uint32_t msr, uint64_t value) {
    struct access access = {msr, value};
    return attempt(0, do_wrmsr, &access);
}

int try_read(uint64_t address, uint64_t *value) {
    struct access access = {address, 0};
    int vector = attempt(0, do_read, &access);
    *value = access.value;
    return vector;
}

int try_write(uint64_t address, uint64_t value) {
    struct access access = {address, value};
    return attempt(0, do_write, &access);
}
