/*
 * From where the secure side is called: 32-bit code of the kernel may call, inside long mode and outside it; code with fewer rights,
 * virtual 8086 and real mode raise #UD, and nothing has happened. Returns by level 0 are #UD from everywhere.
 */
#include "caller.h"
#include "checks.h"
#include "guest.h"

enum { PE = 4, LMA = 0x10, CODE_ATTRIBUTES = 0xc09b };

static const struct kind kinds[] = {
    {"compatibility mode", COMPATIBILITY, 0, 0},
    {"compatibility mode at level 1", COMPATIBILITY, 1, 0},
    {"protected mode", FLAT, 0, 0},
    {"protected mode with paging", PAGED, 0, 0},
    {"protected mode with PAE", PAE, 0, 0},
    {"protected mode at level 1", FLAT, 1, 0},
    {"protected mode at level 2", FLAT, 2, 0},
    {"protected mode at level 3", FLAT, 3, 0},
    {"user code with paging", PAGED, 3, 0},
    {"virtual 8086 mode", FLAT, 3, 1},
    {"virtual 8086 mode with paging", PAGED, 3, 1},
    {"real mode", REAL, 0, 0},
};

static int may_call(const struct kind *kind) {
    return kind->mode != REAL && !kind->ring;
}

/* The sequences for 32-bit code, and where in one the hypercall is. */
static uint64_t call_entry, return_entry;

static void find_entries(const struct kind *kind) {
    const uint64_t offsets = caller_offsets(kind);
    check_equal("a hypercall comes back", caller.vector, RETURNED);
    check_status("and succeeds", caller.back[EAX], HV_SUCCESS);
    check_equal("with the register done", caller.back[EDX], 1);
    call_entry = (uint64_t)hypercall_page + (offsets & 0xfff);
    return_entry = (uint64_t)hypercall_page + (offsets >> 12 & 0xfff);
    check("it has sequences of its own", call_entry != vtl_call_entry && return_entry != call_entry);
}

static uint32_t hypercall_of(uint64_t sequence) {
    for (const uint8_t *at = (const uint8_t *)sequence;; at++) {
        if (at[0] == hypercall_page[0] && at[1] == hypercall_page[1] && at[2] == hypercall_page[2]) {
            return (uint32_t)(uint64_t)at;
        }
    }
}

/* Registers but the first three have a pattern. */
static void call_with(const struct kind *kind, uint64_t entry, uint32_t eax, uint32_t ecx, uint32_t edx) {
    const uint32_t given[REGISTERS] = {eax, ecx, edx, 0x11111111, 0x22222222, 0x33333333, 0x44444444};
    memcpy(caller.given, given, sizeof(given));
    call_from(kind, entry);
}

/* Calls that are heard. */

struct seen {
    struct shared shared;
    uint64_t rip, rax, rcx;
};

static void look(void *p) {
    struct seen *seen = p;
    const struct vtl_control *control = (const struct vtl_control *)(secure_self()->assist + 8);
    seen->shared = secure_self()->shared;
    seen->rax = control->rax;
    seen->rcx = control->rcx;
    get_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, &seen->rip);
}

static void answer(void *unused) {
    (void)unused;
    uint64_t *words = (uint64_t *)&secure_self()->shared;
    for (uint64_t i = EDX; i < REGISTERS; i++) {
        words[i] = 0x2222222200000000 + 0x3333 * i;
    }
}

static void restore(void *unused) {
    (void)unused;
    struct vtl_control *control = (struct vtl_control *)(secure_self()->assist + 8);
    control->rax = 0xaaaa5555;
    control->rcx = 0x12345678;
    secure_leave(&secure_self()->shared, 0);
}

static void have_done(void (*job)(void *), void *argument) {
    mailbox()->job = job;
    mailbox()->argument = argument;
}

static void nothing(void *unused) {
    (void)unused;
}

static const char *const names[REGISTERS] = {"EAX", "ECX", "EDX", "EBX", "EBP", "ESI", "EDI"};

static void check_heard(const struct kind *kind) {
    struct seen seen = {0};
    const uint64_t calls = mailbox()->calls;
    have_done(look, &seen);
    call_with(kind, call_entry, 0, 0x7777, 0x8888);
    check_equal("a call comes back", caller.vector, RETURNED);
    check_equal("the secure side has heard it", mailbox()->calls - calls, 1);
    check_equal("as a call", mailbox()->last_reason, REASON_CALL);
    check_equal("from behind its instruction", seen.rip, hypercall_of(call_entry) + 3);
    check_equal("the page has EAX", seen.rax & 0xffffffff, HV_VTL_CALL);
    check_equal("and ECX", seen.rcx & 0xffffffff, 0);
    for (int i = EBX; i < REGISTERS; i++) {
        check_equal(names[i], (uint32_t)((uint64_t *)&seen.shared)[i], caller.given[i]);
        check_equal("stays when nobody changes it", caller.back[i], caller.given[i]);
    }
    have_done(answer, 0);
    call_with(kind, call_entry, 0, 0, 0);
    for (int i = EDX; i < REGISTERS; i++) {
        check_equal_at("what the secure side changes comes down, register", (uint64_t)i, caller.back[i], (uint32_t)(0x3333 * i));
    }
    have_done(restore, 0);
    call_with(kind, call_entry, 0, 0, 0);
    check_equal("a restoring return gives EAX from the page", caller.back[EAX], 0xaaaa5555);
    check_equal("and ECX", caller.back[ECX], 0x12345678);
    have_done(nothing, 0);
    vtl_call(0); /* the job above goes on behind its return */
}

/* Calls that are not. */

static void check_undefined(const char *name, const struct kind *kind, uint32_t at, const uint32_t *expected, uint64_t calls) {
    int same = 1;
    check_fault(name, (int)caller.vector, FAULT_UD);
    check_equal("at its instruction", caller.ip, at);
    for (int i = 0; i < REGISTERS; i++) {
        same &= caller.back[i] == expected[i];
    }
    check("with the registers as they were", same);
    check_equal("in the mode that it was", caller.flags & CALLER_VM, kind->virtual_8086 ? CALLER_VM : 0);
    check_equal("and nobody hears it", mailbox()->calls - calls, 0);
}

/* By a sequence, which puts its control input into ECX; 16-bit code can only do what a sequence does. */
static void check_sequence(const char *name, const struct kind *kind, uint64_t sequence, uint32_t code, uint32_t control) {
    const uint64_t calls = mailbox()->calls;
    uint32_t expected[REGISTERS];
    if (is_16_bit(kind)) {
        call_with(kind, 0, code, control, 0);
    } else {
        call_with(kind, sequence, control, 0x7777, 0x8888);
    }
    memcpy(expected, caller.given, sizeof(expected));
    expected[EAX] = code;
    expected[ECX] = control;
    expected[EDX] = 0;
    check_undefined(name, kind, is_16_bit(kind) ? caller_instruction_16() : hypercall_of(sequence), expected, calls);
}

/* A call by the bare instruction. */
static void check_control_word(const char *name, const struct kind *kind, uint32_t eax, uint32_t edx) {
    const uint64_t calls = mailbox()->calls;
    call_with(kind, (uint64_t)hypercall_page, eax, 0, edx);
    check_undefined(name, kind, (uint32_t)(uint64_t)hypercall_page, caller.given, calls);
}

static void check_not_heard(const struct kind *kind) {
    if (may_call(kind)) {
        check_sequence("a call with control 1", kind, call_entry, HV_VTL_CALL, 1);
        check_sequence("a call with the highest bit", kind, call_entry, HV_VTL_CALL, 1u << 31);
        check_control_word("a call with a rep count", kind, HV_VTL_CALL, 1);
        check_control_word("a fast call", kind, HV_VTL_CALL | (uint32_t)HV_FAST, 0);
    } else {
        check_sequence("a call", kind, call_entry, HV_VTL_CALL, 0);
    }
    check_sequence("a return", kind, return_entry, HV_VTL_RETURN, 0);
    check_sequence("a fast return", kind, return_entry, HV_VTL_RETURN, FAST_RETURN);
}

/* A load that the secure side refuses: what it is told of 32-bit code. */

static void hide_letter(void *allowed) {
    protect(caller_letter, 1, (uint32_t)(uint64_t)allowed);
}

static void check_told(const struct kind *kind) {
    const struct message *seen = &mailbox()->seen;
    const uint32_t ring = (uint32_t)kind->ring;
    const uint64_t before = mailbox()->intercepts;
    in_secure(hide_letter, (void *)ALLOW_NOTHING);
    call_with(kind, (uint64_t)caller_reads, 0, 0, 0);
    check_equal("a load is told", mailbox()->intercepts - before, 1);
    check_fault("and refused", (int)caller.vector, FAULT_GP);
    check_equal("where it is", caller.ip, (uint64_t)caller_reads);
    check_equal("its length", seen->length, READS_LENGTH);
    check_equal("its bytes", seen->bytes, READS_LENGTH);
    int same = 1;
    for (int i = 0; i < READS_LENGTH; i++) {
        same &= seen->instruction[i] == caller_reads[i];
    }
    check("which are the instruction's", same);
    check_equal("execution state", seen->state, ring | PE | (kind->mode == COMPATIBILITY ? LMA : 0));
    check_equal("CS", seen->cs_selector, caller_selector(kind));
    check_equal("CS attributes", seen->cs_attributes, CODE_ATTRIBUTES | ring << 5);
    check_equal("RIP", seen->rip, (uint64_t)caller_reads);
    check_equal("physical address", seen->gpa, (uint64_t)caller_letter);
    in_secure(hide_letter, (void *)ALLOW_ALL);
}

void check_callers(void) {
    in_secure(secure_set_policy, (void *)REFUSE);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct kind *kind = &kinds[i];
        topic(kind->name);
        if (may_call(kind)) {
            find_entries(kind);
            check_heard(kind);
        }
        check_not_heard(kind);
        if (!is_16_bit(kind)) {
            check_told(kind);
        }
    }
    check_narrow_returns();
    topic("");
}
