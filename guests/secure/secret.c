/* The secure side hides a page with a secret; the normal side tries to get at it in every way it can think of. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

static uint8_t copy[PAGE] __attribute__((aligned(PAGE)));
#define WINDOW_AT (SPACE_OWN + 0x40000000ull)

static void hide(void *unused) {
    (void)unused;
    secure.secret[0] = SECRET_WORDS[0];
    secure.secret[1] = SECRET_WORDS[1];
    protect(secret_page, 1, ALLOW_NOTHING);
}

static uint64_t leaked; /* a word that an attack got hold of */

static void load(void *unused) {
    (void)unused;
    leaked = SECRET_WORDS[0];
}

static void load_byte_across(void *unused) {
    (void)unused;
    leaked = *(volatile uint64_t *)near_secret(-7);
}

static void store(void *unused) {
    (void)unused;
    SECRET_WORDS[1] = 0;
}

static void add(void *unused) {
    (void)unused;
    __asm__ volatile("lock addq $1, %0" : "+m"(*(uint64_t *)secret_page));
}

static void exchange(void *unused) {
    (void)unused;
    __asm__ volatile("xchg %0, %1" : "+r"(leaked), "+m"(*(uint64_t *)secret_page));
}

static void copy_string(void *unused) {
    (void)unused;
    memcpy(copy, near_secret(0), 16);
    leaked = *(volatile uint64_t *)copy;
}

static void copy_into(void *unused) {
    (void)unused;
    memcpy(near_secret(0), copy, 16);
}

static void copy_over_edge(void *unused) {
    (void)unused;
    memcpy(near_secret(-64), copy, 128);
}

static void load_sse(void *unused) {
    (void)unused;
    __asm__ volatile(".byte 0xf3, 0x0f, 0x6f, 0x00" : : "a"(secret_page)); /* movdqu (%rax), %xmm0 */
}

static void jump(void *unused) {
    (void)unused;
    __asm__ volatile("call *%0" : : "r"(secret_page) : "memory");
}

static void as_input(void *unused) {
    (void)unused;
    leaked = hypercall(HV_FLUSH_SPACE, secret_page, 0);
}

static void as_registers(void *unused) {
    (void)unused;
    leaked = hypercall(HV_SET_VP_REGISTERS | HV_REPS(1), secret_page, 0);
}

static void as_output(void *unused) {
    (void)unused;
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = REG_LSTAR;
    hypercall(HV_GET_VP_REGISTERS | HV_REPS(1), input, secret_page);
}


static uint64_t *space;

static void as_table(void *unused) { /* the page of entries of the lowest level */
    (void)unused;
    leaked = *(volatile uint64_t *)WINDOW_AT;
}

static void as_stack(void *unused) {
    (void)unused;
    __asm__ volatile("mov %%rsp, %%rbx; mov %1, %%rsp; pop %0; mov %%rbx, %%rsp" : "=r"(leaked) : "r"(secret_page) : "rbx", "memory");
}


static const struct {
    const char *name;
    void (*run)(void *);
    uint8_t access;
} attacks[] = {
    {"a load", load, ACCESS_READ},
    {"a load across its edge", load_byte_across, ACCESS_READ},
    {"a store", store, ACCESS_WRITE},
    {"a locked addition", add, 0xff},
    {"an exchange", exchange, 0xff},
    {"a string copied from it", copy_string, ACCESS_READ},
    {"a string copied into it", copy_into, ACCESS_WRITE},
    {"a string copied over its edge", copy_over_edge, ACCESS_WRITE},
    {"a vector load", load_sse, ACCESS_READ},
    {"a jump into it", jump, ACCESS_EXECUTE},
    {"as a hypercall's input", as_input, ACCESS_READ},
    {"as a list of registers", as_registers, ACCESS_READ},
    {"as a hypercall's output", as_output, ACCESS_WRITE},
    {"as a page table", as_table, ACCESS_READ},
    {"as a stack", as_stack, ACCESS_READ},
};

static void check_attack(const char *name, void (*run)(void *), uint8_t access) {
    struct mailbox *box = mailbox();
    uint64_t before = box->intercepts;
    struct fault fault;
    topic(name);
    leaked = 0;
    attempt(&fault, run, 0);
    check_fault("is stopped", fault.vector, FAULT_GP);
    check("the secure side is told", box->intercepts > before);
    check_equal("of the page", box->seen.gpa >> 12, (uint64_t)secret_page >> 12);
    if (access != 0xff) {
        check_equal("of the access", box->seen.access, access);
    }
    check_equal("it finds nothing", leaked, 0);
}

/* The secure side knows what to look for: everything that the normal side can read. */
static void search(void *p) {
    uint64_t *found = p;
    uint64_t first = SECRET_WORDS[0], second = SECRET_WORDS[1];
    for (uint64_t at = 0x1000; at < 0x800000; at += 8) {
        volatile uint64_t *word = (volatile uint64_t *)at;
        if (at >= (uint64_t)secret_page && at < (uint64_t)secret_page + PAGE) {
            continue;
        }
        if (at >= (uint64_t)secure_cpus && at < (uint64_t)&secure_cpus[SECURE_CPUS]) {
            continue;
        }
        if (at >= (uint64_t)&secure && at < (uint64_t)(&secure + 1)) {
            continue;
        }
        if (*word == first || *word == second) {
            *found = at;
        }
    }
}

static void unchanged(void *p) {
    *(int *)p = SECRET_WORDS[0] == secure.secret[0] && SECRET_WORDS[1] == secure.secret[1];
}

static void check_overlays(void) {
    uint64_t value, before = mailbox()->intercepts;
    topic("moved over it");
    uint64_t hypercall_msr = rdmsr(HV_MSR_HYPERCALL);
    /* An overlay hides what is below it: it shows its own contents there and nothing of the page. */
    int vector = try_wrmsr(HV_MSR_HYPERCALL, (uint64_t)secret_page | 1);
    if (vector == NO_FAULT) {
        vector = try_read((uint64_t)secret_page + 0x800, &value);
        check("the hypercall page shows itself or nothing", vector == FAULT_GP || value == 0);
        check_fault("it cannot be written there", try_write((uint64_t)secret_page, 0), FAULT_GP);
    } else {
        check_fault("the hypercall page", vector, FAULT_GP);
    }
    wrmsr(HV_MSR_HYPERCALL, hypercall_msr);
    static const struct {
        const char *name;
        uint32_t msr;
    } pages[] = {{"the message page", HV_MSR_SIMP}, {"the event page", HV_MSR_SIEFP}, {"the assist page", HV_MSR_VP_ASSIST_PAGE}};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t old = rdmsr(pages[i].msr);
        topic(pages[i].name);
        if (try_wrmsr(pages[i].msr, (uint64_t)secret_page | 1) == NO_FAULT) {
            vector = try_read((uint64_t)secret_page, &value);
            check("over it shows nothing of it", vector == FAULT_GP || value == 0);
            try_write((uint64_t)secret_page, 0x5555);
            wrmsr(pages[i].msr, old);
        } else {
            check("over it is refused", 1);
        }
        check_fault("and it is closed again", try_read((uint64_t)secret_page, &value), FAULT_GP);
    }
    check("the secure side has been told", mailbox()->intercepts > before);
    topic("");
}

void check_secret(void) {
    uint64_t value = 0;
    in_secure(hide, 0);
    space = space_new();
    uint64_t *entry = space_entry(space, WINDOW_AT);
    uint64_t kernel = read_cr3();
    for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        if (attacks[i].run == as_table) {
            /* The directory's entry: the table would be the secret page. */
            uint64_t *directory = (uint64_t *)(space[1] & ~0xfffull);
            directory = (uint64_t *)(directory[1] & ~0xfffull);
            directory[0] = (uint64_t)secret_page | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
            write_cr3((uint64_t)space);
        }
        check_attack(attacks[i].name, attacks[i].run, attacks[i].access);
        write_cr3(kernel);
    }
    (void)entry;
    (void)value;
    check_overlays();
    topic("");
    uint64_t found = 0;
    in_secure(search, &found);
    check_equal("it is nowhere in the normal side's memory", found, 0);
    int same = 0;
    in_secure(unchanged, &same);
    check("nobody has changed it", same);
}
