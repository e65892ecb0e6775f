#include "caller.h"
#include "checks.h"
#include "guest.h"

enum { PG_BIT = 31, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5, FLAGS = 2, STACK = 4096 };
enum { REAL_CODE = 0x71000, REAL_DATA = 0x72000, REAL_VECTORS = 0x73000, REAL_STACK = 0x1000 };

struct caller caller;
void call_as_caller(void);
extern const uint8_t caller_code[], real_code[], real_code_end[], real_instruction[];
extern const uint8_t ended_64_3[], ended_64_6[], ended_64_13[], ended_32_3[], ended_32_6[], ended_32_13[];
extern const uint8_t real_ended_3[], real_ended_6[], real_ended_13[];

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static uint64_t gdt[] = {
    0,
    0x00af9b000000ffff, /* these as the runtime has them */
    0x00cf93000000ffff,
    NARROW_DESCRIPTOR,
    0x00009b071000ffff, /* 16-bit code at REAL_CODE, and data */
    0x000093000000ffff,
    0, /* the 32-bit task */
    0x00cfbb000000ffff, /* code and data of levels 1 to 3 */
    0x00cfb3000000ffff,
    0x00cfdb000000ffff,
    0x00cfd3000000ffff,
    0x00cffb000000ffff,
    0x00cff3000000ffff,
};
enum { TASK = 6 };
static uint32_t task[26];
static struct gate_64 gates_64[FAULT_GP + 1];
static uint64_t gates_32[FAULT_GP + 1];
const struct pointer caller_gdt_pointer = {sizeof(gdt) - 1, (uint64_t)gdt};
const struct pointer caller_idt_64_pointer = {sizeof(gates_64) - 1, (uint64_t)gates_64};
const struct pointer caller_idt_32_pointer = {sizeof(gates_32) - 1, (uint64_t)gates_32};
const struct pointer real_idt_pointer = {0x3ff, REAL_VECTORS};
static uint8_t stack[STACK] __attribute__((aligned(16)));
uint8_t caller_stack[STACK] __attribute__((aligned(16)));
uint8_t caller_letter[PAGE] __attribute__((aligned(PAGE)));
static uint32_t directory[1024] __attribute__((aligned(PAGE)));
static uint64_t pointers[4] __attribute__((aligned(PAGE))), directories[4][512] __attribute__((aligned(PAGE)));

static void set_gates(int vector, const uint8_t *wide, const uint8_t *narrow, const uint8_t *real) {
    uint8_t attributes = vector == RETURNED ? 0xee : 0x8e; /* INT3 is user code's, too */
    uint64_t at = (uint64_t)wide;
    gates_64[vector] = (struct gate_64){(uint16_t)at, KERNEL_CODE, 0, attributes, (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0};
    at = (uint64_t)narrow;
    gates_32[vector] = (at & 0xffff) | (uint64_t)KERNEL_CODE_32 << 16 | (uint64_t)attributes << 40 | at >> 16 << 48;
    ((volatile uint32_t *)REAL_VECTORS)[vector] = REAL_CODE >> 4 << 16 | (uint32_t)(real - real_code);
}

static void prepare_tables(void) {
    uint64_t base = (uint64_t)task;
    task[1] = (uint32_t)(uint64_t)(caller_stack + STACK);
    task[2] = KERNEL_DATA;
    gdt[TASK] = (base & 0xffffff) << 16 | (base & 0xff000000) << 32 | (uint64_t)0x89 << 40 | (sizeof(task) - 1); /* not busy */
    set_gates(RETURNED, ended_64_3, ended_32_3, real_ended_3);
    set_gates(FAULT_UD, ended_64_6, ended_32_6, real_ended_6);
    set_gates(FAULT_GP, ended_64_13, ended_32_13, real_ended_13);
    memcpy((void *)REAL_CODE, real_code, (unsigned long)(real_code_end - real_code));
    memcpy((void *)(REAL_CODE + (real_instruction - real_code)), hypercall_page, 3);
    for (uint32_t i = 0; i < 1024; i++) {
        directory[i] = i << 22 | (uint32_t)(PAGE_LARGE | PAGE_USER | PAGE_WRITE | PAGE_PRESENT);
    }
    for (uint64_t i = 0; i < 4 * 512; i++) {
        directories[i / 512][i % 512] = i << 21 | PAGE_LARGE | PAGE_USER | PAGE_WRITE | PAGE_PRESENT;
    }
    for (int i = 0; i < 4; i++) {
        pointers[i] = (uint64_t)directories[i] | PAGE_PRESENT;
    }
}

uint16_t caller_selector(const struct kind *kind) {
    return (uint16_t)(kind->ring ? (RING_CODE + (kind->ring - 1) * RING_SIZE) | kind->ring : NARROW_CODE);
}

uint32_t caller_instruction_16(void) {
    return (uint32_t)(real_instruction - real_code);
}

static void place(const struct kind *kind) {
    const uint32_t other_cr4 = (uint32_t)read_cr4() & ~(uint32_t)(CR4_PSE | CR4_PAE);
    uint32_t ring = (uint32_t)kind->ring, selector = RING_CODE + (ring - 1) * RING_SIZE;
    caller.legacy = kind->mode != COMPATIBILITY;
    caller.real = kind->mode == REAL;
    caller.cr0_bits = kind->mode == PAGED || kind->mode == PAE ? 1u << PG_BIT : 0;
    caller.cr3 = (uint32_t)(uint64_t)(kind->mode == PAGED ? (void *)directory : (void *)pointers);
    caller.cr4 = other_cr4 | (kind->mode == PAGED ? CR4_PSE : 0) | (kind->mode == PAE ? CR4_PAE : 0);
    if (kind->virtual_8086) {
        const uint32_t data = REAL_DATA >> 4;
        const uint32_t frame[] = {caller_instruction_16(), REAL_CODE >> 4, FLAGS | CALLER_VM, REAL_STACK, data, data, data, data, data};
        memcpy(caller.frame, frame, sizeof(frame));
        caller.frame_size = sizeof(frame);
    } else {
        const uint32_t code = (uint32_t)(uint64_t)caller_code, top = (uint32_t)(uint64_t)(stack + STACK);
        const uint32_t frame[] = {code, caller_selector(kind), FLAGS, top, (selector + 8) | ring};
        memcpy(caller.frame, frame, sizeof(frame));
        caller.frame_size = ring ? sizeof(frame) : 12;
    }
}

void call_from(const struct kind *kind, uint64_t entry) {
    prepare_tables();
    place(kind);
    caller.entry = (uint32_t)entry;
    caller.vector = caller.ip = caller.cs = caller.flags = 0;
    memcpy((void *)REAL_DATA, &caller, sizeof(caller));
    call_as_caller();
    cpu_prepare_here(0); /* GS and TR are lost outside long mode */
    if (kind->mode == REAL) {
        memcpy(&caller, (void *)REAL_DATA, sizeof(caller));
    }
}

uint64_t caller_offsets(const struct kind *kind) {
    uint64_t *input = (uint64_t *)input_here();
    volatile uint64_t *output = (volatile uint64_t *)output_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = REG_VSM_CODE_PAGE_OFFSETS;
    *output = 0;
    memset(caller.given, 0, sizeof(caller.given));
    caller.given[EAX] = HV_GET_VP_REGISTERS;
    caller.given[EDX] = 1;
    caller.given[ECX] = (uint32_t)(uint64_t)input;
    caller.given[ESI] = (uint32_t)(uint64_t)output;
    call_from(kind, (uint64_t)hypercall_page);
    return *output;
}
