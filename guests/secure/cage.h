/*
 * The cage: an address space for one processor in which random code, the kernel's among it, can break nothing but itself. What is in
 * it: the way back out of it, read-only, this structure, half of it read-only too, and whatever the program's window shows. Every exception and interrupt comes
 * out of it, with all registers as they were; where none can, the secure side brings the processor out (random_secure.c).
 */
#pragma once

#include <stdint.h>
#include "cpu.h"
#include "paging.h"

enum { CAGES = 4, CAGE_REGISTERS = 15, XSAVE_WORDS = 104, CAGE_RESCUED = 0x100, CAGE_OTHER = 1 << 16 };
/* In the cage's own descriptor table, besides those of cpu.h. */
enum { CAGE_TASK = 0x30, LOST_TASK = 0x40, LOST_TABLE = 0x50, LOST_GATE = 0x60, LOST_CODE = 0x70, LOST_DATA = 0x78 };

struct cage_frame { /* what the way out leaves on its stack: struct interrupt_frame */
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct cage_table {
    uint16_t limit;
    uint64_t base;
    uint16_t unused[3];
} __attribute__((packed));

struct cage { /* cage.S knows it */
    uint8_t stack[PAGE - sizeof(struct cage_frame)];
    struct cage_frame out;
    uint64_t registers[CAGE_REGISTERS]; /* RAX, RCX, RDX, RBX, RBP, RSI, RDI, R8 to R15 */
    uint64_t cr2, seen_cr0, seen_cr4, seen_xcr0, seen_cr3; /* as random code left them */
    uint64_t in[5];                                        /* where it goes: RIP, CS, RFLAGS, RSP, SS */
    struct cage_table scratch;
    uint64_t vectors[XSAVE_WORDS] __attribute__((aligned(64)));
    uint64_t gdt[16];
    uint8_t scratch_stack[1024] __attribute__((aligned(64)));
    /* From here on nobody in the cage may write. */
    struct {
        uint32_t reserved;
        uint64_t stacks[3], unused, interrupt_stacks[7], unused2;
        uint16_t unused3, io_map;
    } __attribute__((packed)) task __attribute__((aligned(PAGE)));
    uint64_t kernel_rsp __attribute__((aligned(128)));
    uint64_t kernel_cr3, space, inside, cr0, cr4, steps, gs_base;
    struct cage_table idtr, gdtr;
} __attribute__((aligned(PAGE)));
_Static_assert(__builtin_offsetof(struct cage, registers) == 4096, "as cage.S has it");
_Static_assert(__builtin_offsetof(struct cage, cr2) == 4096 + 120, "as cage.S has it");
_Static_assert(__builtin_offsetof(struct cage, vectors) == 4096 + 256, "as cage.S has it");
_Static_assert(__builtin_offsetof(struct cage, task) == 2 * PAGE, "as cage.S has it");
_Static_assert(__builtin_offsetof(struct cage, gdtr) == 2 * PAGE + 128 + 80, "as cage.S has it");
extern struct cage cages[CAGES];

/* Has this processor use its cage's tables from now on. The window is mapped later. */
struct cage *cage_prepare(void);
/* Goes in as the cage says, and returns with what came of it in `out`, `registers` and so on. All that was changed is undone. */
void cage_run(struct cage *cage);
/* Puts the descriptors back; `where` is what the lost ones show. */
void cage_describe(struct cage *cage, const uint64_t where[4]);

/* cage.S */
void cage_enter(struct cage *cage);
extern const uint8_t cage_out[], cage_text[], cage_text_end[];
extern const uint64_t cage_snippets[], cage_snippets_end[];
/* RDX and R8 go up, RDX comes down. */
uint64_t call_service(uint64_t operation, uint64_t argument);
