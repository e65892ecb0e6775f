/* Pages that the hypervisor lays over memory, and the pages of hypercalls, where the secure side refuses what is below or above. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

enum { MESSAGE_TIMER = 0x80000010, MASKED_VECTOR = 1 << 16 | 0x70, TO_SINT_4 = 4 << 16, AUTO_ENABLE = 8 };
static uint8_t lent[PAGE] __attribute__((aligned(PAGE))), given[PAGE] __attribute__((aligned(PAGE)));
static uint8_t copied[PAGE] __attribute__((aligned(PAGE)));

struct access {
    const void *page;
    uint32_t allowed;
};

static void set_access(void *p) {
    const struct access *access = p;
    protect(access->page, 1, access->allowed);
}

static void allow(const void *page, uint32_t allowed) {
    struct access access = {page, allowed};
    in_secure(set_access, &access);
}

static uint64_t result;

static void read_index(void *p) { /* a register of its own, by the pages given: input, output */
    uint8_t **pages = p;
    result = hypercall(HV_GET_VP_REGISTERS | HV_REPS(1), pages[0], pages[1]);
}

static void prepare(uint8_t *page) {
    uint64_t *input = (uint64_t *)page;
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = REG_LSTAR;
}

static int call_with(uint8_t *input, uint8_t *output) {
    uint8_t *pages[] = {input, output};
    result = 99;
    return attempt(0, read_index, pages);
}

static void check_hypercall_pages(void) {
    static const struct {
        const char *name;
        uint32_t input, output; /* what the normal side may do with them */
        int vector;
        uint8_t access;
    } rows[] = {
        {"an input page that may be read", ALLOW_READ, ALLOW_ALL, NO_FAULT, 0},
        {"an input page that may not", ALLOW_NOTHING, ALLOW_ALL, FAULT_GP, ACCESS_READ},
        {"an output page that may be written", ALLOW_ALL, ALLOW_READ | ALLOW_WRITE, NO_FAULT, 0},
        {"an output page that may be read", ALLOW_ALL, ALLOW_READ, FAULT_GP, ACCESS_WRITE},
        {"an output page that is hidden", ALLOW_ALL, ALLOW_NOTHING, FAULT_GP, ACCESS_WRITE},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        topic(rows[i].name);
        allow(lent, ALLOW_ALL);
        allow(given, ALLOW_ALL);
        prepare(lent);
        *(volatile uint64_t *)given = 0x7777;
        allow(lent, rows[i].input);
        allow(given, rows[i].output);
        uint64_t told = mailbox()->intercepts;
        check_fault("the call", call_with(lent, given), rows[i].vector);
        check_equal("intercepts", mailbox()->intercepts - told, rows[i].vector == FAULT_GP);
        if (rows[i].vector == FAULT_GP) {
            check_equal("the access", mailbox()->seen.access, rows[i].access);
            check_equal("the page", mailbox()->seen.gpa >> 12, (uint64_t)(rows[i].output == ALLOW_ALL ? lent : given) >> 12);
            check_equal("no result", result, 99);
        } else {
            check_status("its result", result, HV_SUCCESS);
        }
        allow(given, ALLOW_ALL);
        if (rows[i].vector == FAULT_GP) {
            check_equal("nothing is written", *(volatile uint64_t *)given, 0x7777);
        }
    }
    allow(lent, ALLOW_ALL);
}

static void call_nothing(void *unused) {
    (void)unused;
    result = hypercall(0x4444, 0, 0);
}

/* Protections go by address, whatever lies there. */
static void check_hypercall_overlay(void) {
    uint64_t entry = vtl_call_entry;
    topic("the hypercall page");
    memcpy(copied, hypercall_page, PAGE); /* the way up must not lie in the page itself */
    vtl_call_entry = (uint64_t)copied + (entry & 0xfff);
    allow(hypercall_page, ALLOW_READ);
    result = 99;
    check_fault("refused for execution", attempt(0, call_nothing, 0), FAULT_GP);
    check_equal("is an intercept of a fetch", mailbox()->seen.access, ACCESS_EXECUTE);
    check_equal("and no call", result, 99);
    allow(hypercall_page, ALLOW_ALL);
    vtl_call_entry = entry;
    check_fault("works again when it is permitted", attempt(0, call_nothing, 0), NO_FAULT);
    check_equal("with its answer", HV_STATUS(result), HV_INVALID_CODE);
}

/* The hypervisor's own writes to a message page are nobody's accesses. */
static void check_message_page(void) {
    uint64_t simp = rdmsr(HV_MSR_SIMP), control = rdmsr(HV_MSR_SCONTROL), sint = rdmsr(HV_MSR_SINT0 + 4), value = 0;
    topic("the normal side's message page");
    wrmsr(HV_MSR_SCONTROL, 1);
    wrmsr(HV_MSR_SIMP, (uint64_t)lent | 1);
    wrmsr(HV_MSR_SINT0 + 4, MASKED_VECTOR);
    allow(lent, ALLOW_NOTHING);
    uint64_t told = mailbox()->intercepts;
    wrmsr(HV_MSR_STIMER0_CONFIG, TO_SINT_4 | AUTO_ENABLE);
    wrmsr(HV_MSR_STIMER0_COUNT, rdmsr(HV_MSR_TIME_REF_COUNT) + 1);
    check_fault("cannot be read where it lies over a hidden page", try_read((uint64_t)lent + 4 * 256, &value), FAULT_GP);
    check_equal("for which there is one intercept", mailbox()->intercepts - told, 1);
    allow(lent, ALLOW_ALL);
    volatile uint32_t *type = (volatile uint32_t *)(lent + 4 * 256);
    uint64_t until = rdmsr(HV_MSR_TIME_REF_COUNT) + 100000000;
    while (!*type && rdmsr(HV_MSR_TIME_REF_COUNT) < until) {
        relax();
    }
    check_equal("has what came, when it is open", *type, MESSAGE_TIMER);
    wrmsr(HV_MSR_STIMER0_CONFIG, 0);
    wrmsr(HV_MSR_SIMP, simp);
    wrmsr(HV_MSR_SINT0 + 4, sint);
    wrmsr(HV_MSR_SCONTROL, control);
    check_equal("leaves the page below as it was", *(volatile uint64_t *)(lent + 4 * 256), 0);
}

/* What the normal side writes itself is no code that the secure side has let it have, wherever it lies. */
#define HOLE 0x90000000ull /* neither memory nor a device */

static void execute(void *code) {
    __asm__ volatile("call *%0" : : "r"(code) : "memory");
}

static void check_code_on_overlays(void) {
    static const struct {
        const char *name;
        uint32_t msr;
    } pages[] = {
        {"code in the message page", HV_MSR_SIMP},
        {"code in the event page", HV_MSR_SIEFP},
        {"code in the assist page", HV_MSR_VP_ASSIST_PAGE},
    };
    for (unsigned i = 0; i < 2 * sizeof(pages) / sizeof(pages[0]); i++) {
        uint64_t at = i & 1 ? HOLE : (uint64_t)lent, before = rdmsr(pages[i / 2].msr), told = mailbox()->intercepts;
        topic(pages[i / 2].name);
        allow(lent, ALLOW_ALL);
        lent[0x800] = 0xc3;
        check_fault_at("over a page that may be executed", i, attempt(0, execute, lent + 0x800), NO_FAULT);
        check_fault_at("is laid over a page or a hole", at, try_wrmsr(pages[i / 2].msr, at | 1), NO_FAULT);
        check_fault_at("is written", at, try_write(at + 0x800, 0xc3), NO_FAULT);
        check_fault_at("is not executed", at, attempt(0, execute, (void *)(at + 0x800)), FAULT_GP);
        check_equal_at("but intercepted", at, mailbox()->intercepts - told, 1);
        check_equal_at("as a fetch", at, mailbox()->seen.access, ACCESS_EXECUTE);
        check_equal_at("from there", at, mailbox()->seen.gpa, at + 0x800);
        wrmsr(pages[i / 2].msr, before);
        check_fault_at("and what it covered is what it was", i, attempt(0, execute, lent + 0x800), NO_FAULT);
    }
}

/* What the secure side keeps from being written is what the normal side sees there, and not what it lays over it. */
static void check_covering(void) {
    uint64_t before = rdmsr(HV_MSR_SIMP), value = 0;
    topic("the message page over a page that may be read");
    allow(lent, ALLOW_ALL);
    allow(given, ALLOW_ALL);
    *(volatile uint64_t *)lent = 0x1111;
    wrmsr(HV_MSR_SIMP, (uint64_t)given | 1);
    *(volatile uint64_t *)given = 0x2222;
    allow(lent, ALLOW_READ);
    try_wrmsr(HV_MSR_SIMP, (uint64_t)lent | 1);
    check_fault("it is read", try_read((uint64_t)lent, &value), NO_FAULT);
    check_equal("as it is below", value, 0x1111);
    allow(lent, ALLOW_ALL);
    wrmsr(HV_MSR_SIMP, (uint64_t)lent | 1);
    check_equal("which cannot be seen where it may be written", *(volatile uint64_t *)lent, 0x2222);
    allow(lent, ALLOW_READ);
    check_equal("but again when it may not", *(volatile uint64_t *)lent, 0x1111);
    allow(lent, ALLOW_ALL);
    wrmsr(HV_MSR_SIMP, before);
    check_equal("nothing of it is left", *(volatile uint64_t *)lent, 0x1111);
    *(volatile uint64_t *)lent = 0;
}

static void compare_with_code(void *same) {
    /* The secure side's own hypercall page lies at this address in its own view alone. */
    *(int *)same = secure_hypercall_page[0] == 0x0f && secure_hypercall_page[1] == 0x01;
}

static void check_over_secure_overlay(void) {
    uint64_t assist = rdmsr(HV_MSR_VP_ASSIST_PAGE), value;
    int same = 0;
    topic("the normal side's assist page over the secure side's hypercall page");
    int vector = try_wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)secure_hypercall_page | 1);
    check("is placed or refused", vector == NO_FAULT || vector == FAULT_GP);
    vector = try_write((uint64_t)secure_hypercall_page, 0xcccccccccccccccc);
    check("the normal side cannot write there or writes its own", vector == FAULT_GP || try_read((uint64_t)secure_hypercall_page, &value) == NO_FAULT);
    in_secure(compare_with_code, &same);
    check("the secure side's is as it was", same);
    try_wrmsr(HV_MSR_VP_ASSIST_PAGE, assist);
}

void check_overlays_and_pages(void) {
    in_secure(secure_set_policy, (void *)REFUSE);
    check_hypercall_pages();
    check_hypercall_overlay();
    check_message_page();
    check_over_secure_overlay();
    check_code_on_overlays();
    check_covering();
    topic("");
}
