/* Calls and returns: reasons, registers, what is #UD. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

#define USER_CALLS (SPACE_OWN + 0x201000)
#define USER_STACK (SPACE_OWN + 0x202000)
static uint8_t user_stack[PAGE] __attribute__((aligned(PAGE)));
static uint64_t *user_space;

static void call_up(void *control) {
    vtl_call((uint64_t)control);
}

static void nothing(void *unused) {
    (void)unused;
}

static void return_with(void *control) {
    struct shared shared = {0};
    secure_leave(&shared, (uint64_t)control);
}

static void call_from_secure(void *unused) {
    (void)unused;
    uint64_t control = HV_VTL_CALL;
    __asm__ volatile("vmcall" : "+c"(control) : "a"(0ull) : "memory");
}

static void try_bad_returns(void *p) {
    int *vectors = p;
    static const uint64_t controls[] = {2, 3, 1ull << 32, 1ull << 63};
    for (int i = 0; i < 4; i++) {
        vectors[i] = attempt(0, return_with, (void *)controls[i]);
    }
    vectors[4] = attempt(0, call_from_secure, 0);
}

static void call_from_user(void *unused) {
    (void)unused;
    enter_user(USER_CALLS + (vtl_call_entry & 0xfff), USER_STACK + PAGE - 16, 0, 0, 0);
}

static int called_from_user(void) {
    if (!user_space) {
        user_space = space_new();
        set_entry(space_entry(user_space, USER_CALLS), (uint64_t)(vtl_call_entry & ~0xfffull) | PAGE_PRESENT | PAGE_USER);
        set_entry(space_entry(user_space, USER_STACK), (uint64_t)user_stack | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    }
    struct fault fault;
    uint64_t kernel = read_cr3();
    write_cr3((uint64_t)user_space);
    attempt(&fault, call_from_user, 0);
    write_cr3(kernel);
    return fault.vector;
}

static void fill(struct hv_registers *registers) {
    uint64_t *words = (uint64_t *)registers;
    for (unsigned i = 0; i < sizeof(*registers) / 8; i++) {
        words[i] = CALL_PATTERN * (i + 1);
    }
    registers->flags = 2;
    registers->rcx = 0;
}

static const char *const names[] = {"RAX", "RCX", "RDX", "RBX", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};

static void copy_shared(void *p) {
    memcpy(p, &secure_self()->shared, sizeof(struct shared));
}

static void set_shared(void *p) {
    (void)p;
    uint64_t *words = (uint64_t *)&secure_self()->shared;
    for (unsigned i = 2; i < 15; i++) {
        words[i] = 0x1111111111ull * i;
    }
}

struct hv_registers call_with_registers(void (*job)(void *), void *argument) {
    struct hv_registers registers;
    uint64_t entry = hypercall_entry;
    fill(&registers);
    mailbox()->job = job;
    mailbox()->argument = argument;
    hypercall_entry = vtl_call_entry;
    hypercall_raw(&registers);
    hypercall_entry = entry;
    return registers;
}

static void check_general_registers(void) {
    struct hv_registers given, back;
    struct shared seen;
    fill(&given);
    back = call_with_registers(copy_shared, &seen);
    for (unsigned i = 2; i < 15; i++) {
        topic(names[i]);
        check_equal("comes up", ((uint64_t *)&seen)[i], ((uint64_t *)&given)[i]);
        check_equal("stays when nobody changes it", ((uint64_t *)&back)[i], ((uint64_t *)&given)[i]);
    }
    back = call_with_registers(set_shared, 0);
    for (unsigned i = 2; i < 15; i++) {
        topic(names[i]);
        check_equal("comes down", ((uint64_t *)&back)[i], 0x1111111111ull * i);
    }
    topic("XMM");
    for (unsigned i = 0; i < 12; i++) {
        check_equal_at("half", i, back.xmm[i], given.xmm[i]);
    }
    topic("");
}

static void check_restoring(void *p) {
    struct secure_cpu *self = secure_self();
    struct vtl_control *control = (struct vtl_control *)(self->assist + 8);
    uint64_t *seen = p;
    seen[0] = control->rax;
    seen[1] = control->rcx;
    control->rax = 0xaaaa5555;
    control->rcx = 0x12345678;
    self->shared.rdx = 0xdddd;
    secure_leave(&self->shared, 0);
    seen[2] = control->reason; /* the next call comes back here, in the middle of the job */
}

void check_switch(void) {
    check_fault("a call with control 1", attempt(0, call_up, (void *)1), FAULT_UD);
    check_fault("a call with the highest bit", attempt(0, call_up, (void *)(1ull << 63)), FAULT_UD);
    check_fault("a call from user mode", called_from_user(), FAULT_UD);
    uint64_t calls = mailbox()->calls;
    in_secure(nothing, 0);
    check_equal("a call is the reason", mailbox()->last_reason, REASON_CALL);
    check_equal("it comes once", mailbox()->calls - calls, 1);
    int vectors[5] = {NO_FAULT, NO_FAULT, NO_FAULT, NO_FAULT, NO_FAULT};
    in_secure(try_bad_returns, vectors);
    for (uint64_t i = 0; i < 4; i++) {
        check_fault_at("a return with reserved bits", i, vectors[i], FAULT_UD);
    }
    check_fault("a call from the highest level", vectors[4], FAULT_UD);
    check_general_registers();
    uint64_t seen[3] = {0, 0, 0};
    struct hv_registers back = call_with_registers(check_restoring, seen);
    check_equal("a restoring return gives RAX from the page", back.rax, 0xaaaa5555);
    check_equal("and RCX", back.rcx, 0x12345678);
    check_equal("and the others as they are", back.rdx, 0xdddd);
    check_equal("the entry put RAX into the page", seen[0], 0);
    check_equal("and RCX", seen[1], HV_VTL_CALL);
    vtl_call(0);
    check_equal("the next call goes on behind the return", seen[2], REASON_CALL);
    uint64_t began = rdtsc();
    for (int i = 0; i < 1000; i++) {
        vtl_call(0);
    }
    note("cycles of a call and return", (rdtsc() - began) / 1000);
}
