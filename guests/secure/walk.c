/*
 * Accesses that no instruction names: the processor's own to page tables, for their accessed and dirty bits, and to the stack when it
 * takes an exception or an interrupt. They are intercepted like others, leave nothing half done, and happen once they are permitted.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"

#define WALK_AT (SPACE_OWN + 0x50000000ull)
#define ACCESSED 0x20ull
#define DIRTY 0x40ull
enum { VALIDATE_READ = 1, SET_BITS = 16, STATE_KERNEL = 0x14, STATE_PENDING = 0x54, STACK = 2 * PAGE };

static uint8_t target[PAGE] __attribute__((aligned(PAGE))), stack[STACK] __attribute__((aligned(PAGE)));
static uint64_t *space, *table;

struct opening {
    const void *page;
    uint64_t pages;
    uint32_t allowed;
};

static void open_job(void *p) {
    const struct opening *opening = p;
    protect(opening->page, opening->pages, opening->allowed);
}

static void allow(const void *page, uint64_t pages, uint32_t allowed) {
    struct opening opening = {page, pages, allowed};
    in_secure(open_job, &opening);
}

static void load(void *p) {
    (void)*(volatile uint64_t *)p;
}

static void store(void *p) {
    *(volatile uint64_t *)p = 0x5555;
}

static void jump(void *p) {
    __asm__ volatile("call *%0" : : "r"(p) : "memory");
}

/* An attempt in the space whose table the secure side watches. */
static int attempt_there(struct fault *fault, void (*body)(void *), int page) {
    uint64_t kernel = read_cr3();
    write_cr3((uint64_t)space);
    int vector = attempt(fault, body, (void *)(WALK_AT + (uint64_t)page * PAGE));
    write_cr3(kernel);
    return vector;
}

static const struct {
    const char *name;
    void (*body)(void *);
    uint64_t bits; /* that the entry has */
    int vector;
} rows[] = {
    {"a load that sets the accessed bit", load, 0, FAULT_GP},
    {"a load that sets nothing", load, ACCESSED, NO_FAULT},
    {"a store that sets both bits", store, 0, FAULT_GP},
    {"a store that sets the dirty bit", store, ACCESSED, FAULT_GP},
    {"a store that sets nothing", store, ACCESSED | DIRTY, NO_FAULT},
    {"a fetch that sets the accessed bit", jump, 0, FAULT_GP},
    {"a fetch that sets nothing", jump, ACCESSED, NO_FAULT},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void make_table(void) {
    space = space_new();
    table = space_entry(space, WALK_AT);
    for (int i = 0; i < ROWS; i++) {
        set_entry(&table[i], (uint64_t)target | PAGE_PRESENT | PAGE_WRITE | rows[i].bits);
    }
    target[0] = 0xc3; /* ret */
}

static void check_bits(void) {
    const struct message *seen = &mailbox()->seen;
    make_table();
    in_secure(secure_set_policy, (void *)REFUSE);
    allow(table, 1, ALLOW_READ);
    for (int i = 0; i < ROWS; i++) {
        struct fault fault;
        uint64_t told = mailbox()->intercepts, entry = table[i];
        topic(rows[i].name);
        *(volatile uint64_t *)target = 0xc3;
        check_fault("by a table that may be read", attempt_there(&fault, rows[i].body, i), rows[i].vector);
        check_equal("leaves the entry as it is", table[i], entry);
        check_equal("intercepts", mailbox()->intercepts - told, rows[i].vector == FAULT_GP);
        if (rows[i].vector == FAULT_GP) {
            check_equal("as a write", seen->access, ACCESS_WRITE);
            check_equal("of the entry", seen->gpa, (uint64_t)&table[i]);
            check_equal("by the instruction there", seen->rip, fault.rip);
            check_equal("in its mode", seen->state, STATE_KERNEL);
            check_equal("and nothing has happened", *(volatile uint64_t *)target, 0xc3);
        }
    }
    topic("a translation that is to set the accessed bit");
    struct translation wanted = {TARGET_CALLER, HV_SELF_VP, WALK_AT, VALIDATE_READ | SET_BITS, 0, 0, 0};
    uint64_t kernel = read_cr3();
    write_cr3((uint64_t)space);
    translate(&wanted);
    write_cr3(kernel);
    check_status("by a table that may be read", wanted.result, HV_SUCCESS);
    check_equal("says where it is", wanted.page, (uint64_t)target >> 12);
    check_equal("and leaves the entry as it is", table[0] & (ACCESSED | DIRTY), 0);
    topic("a store that sets both bits, permitted");
    in_secure(secure_set_policy, (void *)PERMIT);
    uint64_t told = mailbox()->intercepts;
    check_fault("is done", attempt_there(0, store, 2), NO_FAULT);
    check_equal("after one intercept", mailbox()->intercepts - told, 1);
    check_equal("with its bits", table[2] & (ACCESSED | DIRTY), ACCESSED | DIRTY);
    check_equal("and its value", *(volatile uint64_t *)target, 0x5555);
}

static uint64_t fault_at;

static void fault_there(void *top) {
    __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %1; mov %0, %%rsp; 1: ud2" : : "r"(top), "m"(fault_at) : "rax", "memory");
}

static volatile int taken;

static void take(void) {
    taken++;
}

static void check_stack(void) {
    const struct message *seen = &mailbox()->seen;
    struct fault fault;
    topic("an exception whose frame goes to a hidden stack");
    allow(stack, STACK / PAGE, ALLOW_NOTHING);
    uint64_t told = mailbox()->intercepts;
    check_fault("is raised once that is permitted", attempt(&fault, fault_there, stack + STACK), FAULT_UD);
    check_equal("after one intercept", mailbox()->intercepts - told, 1);
    check_equal("as a write", seen->access, ACCESS_WRITE);
    check_equal("of the stack", seen->gpa >> 12, (uint64_t)(stack + STACK - 8) >> 12);
    check_equal("by the instruction that raises it", seen->rip, fault_at);
    check_equal("which will raise it again", seen->state, STATE_KERNEL);
    check_equal("there", fault.rip, fault_at);
    topic("an interrupt whose frame goes to a hidden stack");
    interrupts_handle(NORMAL_VECTOR + 5, take);
    allow(stack, STACK / PAGE, ALLOW_NOTHING);
    told = mailbox()->intercepts;
    taken = 0;
    send_interrupt(NORMAL_VECTOR + 5, TARGET_VTL0, 1ull << machine.vps[0]);
    __asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; sti; nop; nop; cli; mov %%rbx, %%rsp"
                     :
                     : "r"(stack + STACK)
                     : "rbx", "memory");
    check_equal("is taken, once", (uint64_t)taken, 1);
    check_equal("after one intercept", mailbox()->intercepts - told, 1);
    check_equal("as a write", seen->access, ACCESS_WRITE);
    check_equal("of the stack", seen->gpa >> 12, (uint64_t)(stack + STACK - 8) >> 12);
    check_equal("with an event that waits", seen->state, STATE_PENDING);
    allow(stack, STACK / PAGE, ALLOW_ALL);
    allow(table, 1, ALLOW_ALL);
    in_secure(secure_set_policy, (void *)REFUSE);
}

void check_walks(void) {
    check_bits();
    check_stack();
    topic("");
}
