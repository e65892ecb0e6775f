/* What an intercept's message says, field by field, and what the secure side can do about it. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

#define USER_CODE_AT (SPACE_OWN + 0x301000)
#define USER_STACK_AT (SPACE_OWN + 0x302000)
#define USER_HIDDEN_AT (SPACE_OWN + 0x303000)
static uint8_t letter[PAGE] __attribute__((aligned(PAGE))); /* hidden, too, but no secret */
static uint8_t user_code[PAGE] __attribute__((aligned(PAGE))), user_stack[PAGE] __attribute__((aligned(PAGE)));
enum { RESUME_FLAG = 1 << 16, FIXED_FLAGS = 2, STATE_KERNEL = 0x14, STATE_USER = 0x17, WRITE_BACK = 6 };

static void hide(void *page) {
    protect(page, 1, ALLOW_NOTHING);
}

struct expected {
    uint8_t access, length, bytes;
    uint16_t state;
    uint64_t rip, gpa;
    const uint8_t *instruction;
    uint16_t selector, attributes;
};

static void check_message(const struct expected *expected, uint8_t priority) {
    const struct message *seen = &mailbox()->seen;
    check_equal("type", seen->type, MESSAGE_GPA_INTERCEPT);
    check_equal("size", seen->size, 80);
    check_equal("flags", seen->flags, 0);
    check_equal("origin", seen->origin, 0);
    check_equal("VP", seen->vp, machine.vps[0]);
    check_equal("instruction length", seen->length & 0xf, expected->length);
    check_equal("CR8", seen->length >> 4, priority);
    check_equal("access", seen->access, expected->access);
    check_equal("execution state", seen->state, expected->state);
    check_equal("CS base", seen->cs_base, 0);
    check_equal("CS limit", seen->cs_limit, 0xffffffff);
    check_equal("CS", seen->cs_selector, expected->selector);
    check_equal("CS attributes", seen->cs_attributes, expected->attributes);
    check_equal("RIP", seen->rip, expected->rip);
    check("RFLAGS with RF", (seen->rflags & (RESUME_FLAG | FIXED_FLAGS)) == (RESUME_FLAG | FIXED_FLAGS));
    check_equal("cache type", seen->cache, WRITE_BACK);
    check_equal("instruction bytes", seen->bytes, expected->bytes);
    int same = 1;
    for (int i = 0; i < expected->bytes; i++) {
        same &= seen->instruction[i] == expected->instruction[i];
    }
    check("which are the instruction's", same);
    check_equal("access information", seen->info, 0);
    check_equal("task priority", seen->priority, priority);
    check_equal("virtual address", seen->gva, 0);
    check_equal("physical address", seen->gpa, expected->gpa);
}

static void check_kinds(void) {
    static const uint8_t load[] = {0x48, 0x8b, 0x08}, store[] = {0x48, 0x89, 0x48, 0x18};
    struct expected expected = {ACCESS_READ, 3, 3, STATE_KERNEL, 0, (uint64_t)letter, load, KERNEL_CODE, 0xa09b};
    topic("of a load");
    __asm__ volatile("lea 1f(%%rip), %0\n1: .byte 0x48, 0x8b, 0x08" : "=&r"(expected.rip) : "a"(letter) : "rcx", "memory");
    check_message(&expected, 0);
    topic("of a store, at a higher priority");
    expected = (struct expected){ACCESS_WRITE, 4, 4, STATE_KERNEL, 0, (uint64_t)letter + 0x18, store, KERNEL_CODE, 0xa09b};
    __asm__ volatile("mov %0, %%cr8" : : "r"(5ull));
    __asm__ volatile("lea 1f(%%rip), %0\n1: .byte 0x48, 0x89, 0x48, 0x18" : "=&r"(expected.rip) : "a"(letter) : "rcx", "memory");
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
    check_message(&expected, 5);
}

static void jump(void *unused) {
    (void)unused;
    __asm__ volatile("call *%0" : : "a"(letter) : "memory"); /* ff d0 */
}

static void run_user(void *unused) {
    (void)unused;
    enter_user(USER_CODE_AT, USER_STACK_AT + PAGE - 16, USER_HIDDEN_AT + 8, 0, 0);
}

static void check_others(void) {
    topic("of a call");
    in_secure(secure_set_policy, (void *)REFUSE);
    struct fault fault;
    attempt(&fault, jump, 0);
    check_fault("which the secure side answers with an exception", fault.vector, FAULT_GP);
    check_equal("where it was", fault.rip, (uint64_t)letter);
    check_equal("with its error code", fault.error, 0);
    struct expected expected = {ACCESS_EXECUTE, 2, 0, STATE_KERNEL, (uint64_t)letter, (uint64_t)letter, 0, KERNEL_CODE, 0xa09b};
    check_message(&expected, 0);
    topic("of user code");
    in_secure(secure_set_policy, (void *)SKIP);
    static const uint8_t code[] = {0x48, 0x8b, 0x01, 0x0f, 0x0b}; /* mov (%rcx), %rax; ud2 */
    memcpy(user_code, code, sizeof(code));
    uint64_t *space = space_new(), kernel = read_cr3();
    set_entry(space_entry(space, USER_CODE_AT), (uint64_t)user_code | PAGE_PRESENT | PAGE_USER);
    set_entry(space_entry(space, USER_STACK_AT), (uint64_t)user_stack | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    set_entry(space_entry(space, USER_HIDDEN_AT), (uint64_t)letter | PAGE_PRESENT | PAGE_USER);
    write_cr3((uint64_t)space);
    attempt(&fault, run_user, 0);
    write_cr3(kernel);
    check_fault("it goes on behind the instruction", fault.vector, FAULT_UD);
    expected = (struct expected){ACCESS_READ, 3, 3, STATE_USER, USER_CODE_AT, (uint64_t)letter + 8, code, USER_CODE, 0xa0fb};
    check_message(&expected, 0);
}

static void write_letter(void *unused) {
    (void)unused;
    *(volatile uint64_t *)(letter + 0x20) = 0x1e77e2;
}

static void check_answers(void) {
    uint64_t value = 0x5555, before = mailbox()->intercepts;
    topic("answered");
    in_secure(write_letter, 0);
    __asm__ volatile("mov (%1), %%rax" : "+a"(value) : "r"(letter + 0x20) : "memory");
    check_equal("by skipping it: nothing is read", value, 0x5555);
    in_secure(secure_set_policy, (void *)EMULATE);
    __asm__ volatile("mov (%1), %%rax" : "+a"(value) : "r"(letter + 0x20) : "memory");
    check_equal("by doing it for the normal side", value, 0x1e77e2);
    check_equal("each is one intercept", mailbox()->intercepts - before, 2);
    check_equal("which is the reason of the entry", mailbox()->last_reason, REASON_INTERCEPT);
    in_secure(secure_set_policy, (void *)PERMIT);
    value = *(volatile uint64_t *)(letter + 0x20);
    check_equal("by permitting it: it is tried again", value, 0x1e77e2);
    check_equal("once", mailbox()->intercepts - before, 3);
    value = *(volatile uint64_t *)(letter + 0x20);
    check_equal("and not intercepted any more", mailbox()->intercepts - before, 3);
    in_secure(secure_set_policy, (void *)REFUSE);
}

void check_messages(void) {
    in_secure(secure_set_policy, (void *)SKIP);
    in_secure(hide, letter);
    check_kinds();
    check_others();
    check_answers();
    topic("");
}
