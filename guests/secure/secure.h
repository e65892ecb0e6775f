/*
 * The secure guest: what its two sides share. "Normal" is trust level 0, as the runtime boots it; "secure" is level 1, which has its
 * own stacks, page tables, interrupt table, hypercall page, assist page and SynIC on each processor (kernel.c, entry.S).
 */
#pragma once

#include <stdint.h>
#include "cpu.h"
#include "hyperv.h"
#include "paging.h"

enum { SECURE_CPUS = 16, SECURE_STACK = 16384 };

/* Call codes, statuses and registers of trust levels (TLFS vsm.md). */
enum {
    HV_MODIFY_PROTECTION = 0x000c,
    HV_ENABLE_PARTITION_VTL = 0x000d,
    HV_DISABLE_PARTITION_VTL = 0x000e, /* nobody documents them */
    HV_ENABLE_VP_VTL = 0x000f,
    HV_DISABLE_VP_VTL = 0x0010,
    HV_VTL_CALL = 0x0011,
    HV_VTL_RETURN = 0x0012,
};
enum { HV_INVALID_VTL_STATE = 0x51, HV_VTL_ALREADY_ENABLED = 0x86 };
enum {
    REG_INTERCEPT_SUSPEND = 0x1,
    REG_PENDING_EVENT0 = 0x10004,
    REG_RAX = 0x20000,
    REG_RIP = 0x20010,
    REG_RFLAGS = 0x20011,
    REG_CR3 = 0x40002,
    REG_KERNEL_GS_BASE = 0x80002,
    REG_LSTAR = 0x80009,
    REG_VSM_CODE_PAGE_OFFSETS = 0xd0002,
    REG_VSM_VP_STATUS = 0xd0003,
    REG_VSM_PARTITION_STATUS = 0xd0004,
    REG_VSM_VINA = 0xd0005,
    REG_VSM_CAPABILITIES = 0xd0006,
    REG_VSM_PARTITION_CONFIG = 0xd0007,
    REG_VSM_VP_SECURE_CONFIG_VTL0 = 0xd0010,
    REG_VSM_VP_WAIT_FOR_TLB_LOCK = 0xd0020,
    REG_CR_INTERCEPT_CONTROL = 0xe0000,
    REG_CR_INTERCEPT_CR0_MASK = 0xe0001,
    REG_CR_INTERCEPT_CR4_MASK = 0xe0002,
    REG_CR_INTERCEPT_MISC_ENABLE_MASK = 0xe0003,
};
enum { REASON_CALL = 1, REASON_INTERRUPT = 2, REASON_INTERCEPT = 3 };
enum { FAST_RETURN = 1 };
enum { TARGET_CALLER = 0, TARGET_VTL0 = 0x10, TARGET_VTL1 = 0x11, TARGET_VTL2 = 0x12 };
enum { ALLOW_NOTHING = 0, ALLOW_READ = 1, ALLOW_WRITE = 2, ALLOW_KERNEL_EXECUTE = 4, ALLOW_USER_EXECUTE = 8, ALLOW_ALL = 15 };
enum { CONFIG_PROTECT = 1, CONFIG_ALLOW_ALL = 0xf << 1, CONFIG_ZERO_MEMORY = 1 << 5 };
enum { CONFIG_DENY_STARTUP = 1 << 6, CONFIG_INTERCEPT_STARTUP = 1 << 9 };
enum { CONFIG_TLB_LOCKED = 2 };

/* HV_X64_MEMORY_INTERCEPT_MESSAGE in its slot. */
struct message {
    uint32_t type;
    uint8_t size, flags, reserved[2];
    uint64_t origin;
    uint32_t vp;
    uint8_t length, access;
    uint16_t state;
    uint64_t cs_base;
    uint32_t cs_limit;
    uint16_t cs_selector, cs_attributes;
    uint64_t rip, rflags;
    uint32_t cache;
    uint8_t bytes, info, priority, reserved2;
    uint64_t gva, gpa;
    uint8_t instruction[16];
    uint8_t rest[256 - 96];
};
_Static_assert(sizeof(struct message) == 256, "a slot");
enum { MESSAGE_GPA_INTERCEPT = 0x80000001, ACCESS_READ = 0, ACCESS_WRITE = 1, ACCESS_EXECUTE = 2 };

/* HV_VP_VTL_CONTROL in the assist page. */
struct vtl_control {
    volatile uint32_t reason;
    volatile uint32_t vina; /* bit 0: asserted */
    volatile uint64_t rax, rcx;
};

/* What the two sides tell each other, one a processor, in memory of the normal side. */
struct mailbox {
    void (*job)(void *);
    void *argument;
    volatile uint64_t refused;  /* jobs that the secure side would not do */
    volatile uint64_t calls, interrupts, intercepts; /* entries by reason */
    volatile uint64_t timer_ticks, ipis, vinas;      /* interrupts that the secure side took */
    volatile uint64_t when;                          /* the last of them: a number that grows with each on any side */
    volatile uint32_t last_reason;
    struct message seen;        /* a copy of the last intercept's */
} __attribute__((aligned(64)));
extern struct mailbox mailboxes[SECURE_CPUS];

static inline struct mailbox *mailbox(void) {
    return &mailboxes[this_cpu()->index];
}

/* GPRs of the normal side as the secure side found them: entry.S knows the order, that of struct hv_registers. */
struct shared {
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* What it does once it is sealed: in RDX, which comes back with the result. */
enum { SERVICE_SIGN = 1 }; /* the challenge in R8 */
#define SERVICE_REFUSED (~0ull)

/* What the secure side does about an intercept. */
enum policy { REFUSE, SKIP, EMULATE, PERMIT, ANSWER /* as secure_answer does */, LEAVE /* the message where it is: accesses of three bytes are skipped */ };

struct secure_cpu { /* the secure side's own */
    struct cpu cpu; /* behind GS */
    struct shared shared;
    enum policy policy;
    uint64_t gdt[4];
    uint8_t stack[SECURE_STACK] __attribute__((aligned(PAGE)));
    uint8_t assist[PAGE], messages[PAGE], input[PAGE], output[PAGE];
};
extern struct secure_cpu secure_cpus[SECURE_CPUS];
/* What policy ANSWER does with a copy of the message; `target` is the level that was intercepted. */
extern void (*secure_answer)(const struct message *seen, uint8_t target);
/* Called at each interrupt of TIMER_VECTOR, and for requests that a sealed secure side does not know; or null. */
extern void (*secure_alarm)(void);
extern void (*secure_work)(struct shared *shared);

/* Where a higher side's hypercall page is called: entry.S knows the order. */
struct ways {
    uint64_t down, call, up;
};
struct secure_globals { /* entry.S knows the first field */
    struct ways ways;
    int sealed;
    uint64_t secret[2]; /* as it was when it was hidden */
    struct gate_64 {
        uint16_t low, selector;
        uint8_t stack_table, attributes;
        uint16_t middle;
        uint32_t high, reserved;
    } gates[256];
} __attribute__((aligned(PAGE)));
extern struct secure_globals secure;
extern uint8_t secure_hypercall_page[PAGE];
/* The secret is the first 16 bytes of the middle page. The host may have put another one into the image. */
extern struct secret_area {
    uint8_t before[PAGE], secret[PAGE], after[PAGE];
} secret_area;
#define secret_page secret_area.secret
/* An address near it, as compilers need not understand it. */
static inline uint8_t *near_secret(long offset) {
    uint8_t *address = secret_page;
    __asm__("" : "+r"(address));
    return address + offset;
}
#define SECRET_WORDS ((volatile uint64_t *)secret_page)

static inline struct secure_cpu *secure_self(void) {
    return (struct secure_cpu *)this_cpu();
}

/* The third side: trust level 2, where there is one (third.c). Its processors have what the secure side's have. */
extern struct secure_cpu third_cpus[SECURE_CPUS];
extern struct mailbox third_boxes[SECURE_CPUS];
extern struct ways third_ways; /* entry.S knows it, too */
void third_start(void);
void third_leave(struct shared *registers, uint64_t control);
void third_enter(void);
/* Has the third side of this processor do a job; by the secure side, or by the normal one by way of the secure one. */
void in_third(void (*job)(void *), void *argument);
int is_third(void);

/*
 * The beginning of a higher side on this processor: its block, pages and message source; where it is the side's first processor,
 * its hypercall page and its right to protect, too. Returns whether it is.
 */
int side_prepare(struct secure_cpu *self, int index, struct ways *ways, uint8_t *page, uint64_t os_id);
/* What a side does for ever: says what it is asked to by calls, interrupts and intercepts. */
_Noreturn void run_side(struct secure_cpu *self, struct mailbox *box, void (*leave)(struct shared *, uint64_t));

/* Normal side. */
extern uint64_t vtl_call_entry;
void vtl_call(uint64_t control);
/* Lets others run for a while. */
void wait_some(void);
/* Has the secure side of this processor do a job. */
void in_secure(void (*job)(void *), void *argument);
/* The same with a pattern in all registers, and what it leaves in them; the nth of struct hv_registers has n times the pattern. */
#define CALL_PATTERN 0x123456789abcd1ull
struct hv_registers call_with_registers(void (*job)(void *), void *argument);
/* Fills in HvCallEnableVpVtl's input: the secure side's initial context for the VP of processor `index`. */
void *secure_context(int index, void *input);
/* The same for the third side. */
void *third_context(int index, void *input);
uint64_t enable_partition(uint64_t partition, uint8_t level, uint8_t flags);
/* Registers, on any side, through its own hypercall page and the buffers it gives. */
uint64_t get_register(uint32_t vp, uint8_t target, uint32_t name, uint64_t *value);
uint64_t set_register(uint32_t vp, uint8_t target, uint32_t name, uint64_t value);
/* HvCallTranslateVirtualAddress, in and out. A job. */
struct translation {
    uint8_t target;
    uint32_t vp;
    uint64_t address, flags, result, page;
    uint32_t code;
};
void translate(void *translation);
/* A hypercall of the side that runs. */
uint64_t call_here(uint64_t control, const void *input, const void *output);
/* Input and output pages of the side and processor that run. */
uint8_t *input_here(void);
uint8_t *output_here(void);
int is_secure(void);
/* Sends interrupts by hypercall; a set of VPs. */
uint64_t send_interrupt(uint32_t vector, uint8_t target, uint64_t processors);
/* Protects pages of 4 KiB from level 0; the higher sides only. */
uint64_t protect(const void *from, uint64_t pages, uint32_t allowed);
/* From another level. */
uint64_t protect_from(uint8_t target, const void *from, uint64_t pages, uint32_t allowed);

/* Secure side. */
void secure_start(void);
void secure_leave(struct shared *registers, uint64_t control);
void secure_main(int index);
struct interrupt_frame;
void interrupt_taken(struct interrupt_frame *frame); /* runtime/interrupts.c */
extern uint8_t secure_entries[]; /* 16 bytes each */
void secure_set_policy(void *policy); /* jobs */
void secure_seal(void *unused);

enum { TIMER_VECTOR = 0x60, IPI_VECTOR = 0x61, VINA_VECTOR = 0x62, NORMAL_VECTOR = 0x70 };

/* A program by seed instead of groups; where nothing is hidden from it, it must find the secret. */
void run_random(uint64_t seed, int hidden);

/* Groups. */
void check_before(void);
void check_bad_contexts(void); /* a part of the next */
void check_enable(void);
void check_switch(void);
void check_callers(void);
void check_narrow_returns(void); /* a part of it */
void check_state(void);
void check_names(void);
void check_protection(void);
void check_secret(void);
void check_overlays_and_pages(void);
void check_messages(void);
void check_walks(void);
void check_lock(void);
void check_interrupts(void);
void check_wake(void);
void check_busy(void);
void check_mbec(void);
extern int mbec_wanted; /* level 1 is enabled with it */
void check_dma(void);
void check_reset(void); /* by its word alone: the machine starts again */
int check_narrow(const char *word); /* likewise, with the secure side in 32-bit code; whether the word is one of its own */
void check_registers(void);
void check_startup(void); /* instead of all others but the first */
void check_third_startup(void); /* likewise */
void check_third_registers(void); /* behind the third level's own group */
void check_start_above(void); /* likewise, with the last processor waiting */
void check_third(void);
void check_third_locks(void);
void check_meddling(void); /* alone */
void check_other_processors(void); /* behind the third level's, which may be there or not */
void check_service(void);
