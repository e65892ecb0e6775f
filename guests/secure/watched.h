/* Registers that the secure side watches: accesses to them, their messages, and how they come to be watched. */
#pragma once

#include "secure.h"

enum { MISC_ENABLE = 0x1a0, APIC_BASE = 0x1b, EFER = 0xc0000080, SGX_HASH = 0x8c };
enum { REG_CR0 = 0x40000, REG_CR4 = 0x40003, REG_XCR0 = 0x40005, REG_LDTR = 0x60006, REG_TR, REG_IDTR = 0x70000, REG_GDTR };
enum { MESSAGE_MSR = 0x80010001, MESSAGE_REGISTER = 0x80010006, STATE_KERNEL = 0x14, STATE_OF_1 = 0x94 };
enum { CR0_MP = 2, CR0_TS = 8, CR4_TSD = 4, CR4_OSXSAVE = 1 << 18 };
enum { CR0_WRITE = 1, CR4_WRITE = 2, GDTR_WRITE = 1 << 15, LSTAR_WRITE = 1 << 6 };

/* Behind the header of a message, from its 56th byte. */
struct watched {
    uint8_t flags, reserved[3];
    uint32_t name; /* of a register; nothing of an MSR's */
    uint64_t value, more;
};
struct watched_msr {
    uint32_t number, reserved;
    uint64_t rdx, rax;
};

static inline const void *behind_header(const struct message *seen) {
    return (const uint8_t *)seen + 56;
}

/* One access: what is to be written, and, filled in by it, where its instruction is. */
struct access { /* the macro in accesses.c knows the first two */
    uint64_t rip, length;
    uint64_t value;
    uint32_t msr;
    void *memory;
};

/* The accesses. WRMSR has rubbish in the upper halves of RAX and RDX, RDMSR finds it there. */
#define RUBBISH (0xabcd0123ull << 32)
void move_cr0(void *access);
void load_status(void *access);
void clear_ts(void *access);
void move_cr4(void *access);
void set_xcr0(void *access);
void load_gdt(void *access);
void load_idt(void *access);
void load_ldt(void *access);
void load_ldt_from(void *access);
void load_task(void *access);
void write_msr(void *access);
void read_msr(void *access);

uint64_t read_cr0(void);
/* What a register of this side holds: by name, or an MSR. */
uint64_t register_now(uint32_t name, uint32_t msr);

/* Jobs of the higher sides. */
struct setting {
    uint32_t vp, name;
    uint8_t target;
    uint64_t value, result, read;
};
void set_there(void *setting);
/* Has a side of this processor watch what the control register says. Statuses. */
uint64_t watch_by(void (*side)(void (*)(void *), void *), uint64_t control);
uint64_t watch(uint64_t control);
uint64_t watch_bits(uint32_t name, uint64_t bits); /* a mask */
/* Writes CR0: how often the secure side is told. */
uint64_t told_of_cr0(uint64_t value);

/* A message's header, of kernel code that was at the access. */
void check_header(const struct message *seen, const struct access *access, uint8_t how, uint16_t state, int vp, uint8_t priority);
void check_kinds(void);
