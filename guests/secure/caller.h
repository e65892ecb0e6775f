/* Calls from other code than 64-bit code of the kernel: 32-bit code in and outside long mode, with fewer rights, virtual 8086, real. */
#pragma once

#include "secure.h"

enum { REGISTERS = 7, EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESI = 5, WORDS_OF_IRET = 9 };
enum { RETURNED = 3, CALLER_VM = 1 << 17, NARROW_CODE = 0x18, RING_CODE = 0x38, RING_SIZE = 0x10 };
#define NARROW_DESCRIPTOR 0x00cf9b000000ffffull

/* caller.S knows the order. */
struct caller {
    uint32_t given[REGISTERS], back[REGISTERS]; /* EAX, ECX, EDX, EBX, EBP, ESI, EDI */
    uint32_t vector, ip, cs, flags;             /* of the exception that ended it; RETURNED where the call came back */
    uint32_t entry;                             /* what is called */
    uint32_t legacy, real;                      /* outside long mode; in real mode */
    uint32_t cr0_bits, cr3, cr4;                /* outside long mode */
    uint32_t frame_size, frame[WORDS_OF_IRET];  /* what IRET takes: EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS */
};
extern struct caller caller;
_Static_assert(__builtin_offsetof(struct caller, frame) == 100, "as caller.S has it");

/* Where calls come from. */
struct kind {
    const char *name;
    enum { COMPATIBILITY, FLAT, PAGED, PAE, REAL } mode;
    int ring, virtual_8086;
};

/* Code that the sequences of the hypercall page are not made for: it calls by the instruction alone. */
static inline int is_16_bit(const struct kind *kind) {
    return kind->mode == REAL || kind->virtual_8086;
}

/* What CS is, but in 16-bit code. */
uint16_t caller_selector(const struct kind *kind);
/* Where 16-bit code has its instruction, by IP. */
uint32_t caller_instruction_16(void);
/* Has caller.given called from there, on the first processor. */
void call_from(const struct kind *kind, uint64_t entry);
/* Asks there for HvRegisterVsmCodePageOffsets. */
uint64_t caller_offsets(const struct kind *kind);

/* Something else to be called than the hypercall page: a load from caller_letter. */
enum { READS_LENGTH = 7 };
extern const uint8_t caller_reads[];
extern uint8_t caller_letter[PAGE];
