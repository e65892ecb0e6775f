/* A secure side that runs 32-bit code, with and without paging: its initial context, its ways in and out, what it is told. */
#include "caller.h"
#include "checks.h"
#include "guest.h"

enum { PE = 1, ET = 1 << 4, NE = 1 << 5, PG = 1u << 31, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5, ENTRIES_32 = 1024, STACK = 4096, CALLS = 4 };
enum { RIP = 2, RSP = 3, CS = 5, SS = 15, EFER = 25, CR0 = 26, CR3 = 27, CR4 = 28 };

/* narrow.S knows the order. */
struct narrow {
    volatile uint32_t begun, entries, reason, control, seen[7], given[4], call_entry, return_entry;
    volatile uint32_t result;
    volatile uint64_t calls[CALLS], config[CALLS];
} narrow __attribute__((aligned(16)));
_Static_assert(__builtin_offsetof(struct narrow, calls) == 72 && __builtin_offsetof(struct narrow, config) == 104, "as narrow.S has it");
uint8_t narrow_pages[4][PAGE] __attribute__((aligned(PAGE))); /* hypercalls, assist, messages, output */
uint8_t narrow_inputs[CALLS][0x100] __attribute__((aligned(PAGE)));
static uint32_t directory[ENTRIES_32] __attribute__((aligned(PAGE)));
static uint64_t pointers[4] __attribute__((aligned(PAGE))), directories[4][512] __attribute__((aligned(PAGE)));
static uint8_t narrow_stack[STACK] __attribute__((aligned(PAGE))), letter[PAGE] __attribute__((aligned(PAGE)));
void narrow_start(void);

static const struct paging {
    const char *word;
    uint32_t cr0, cr4;
    const void *cr3;
} pagings[] = {{"narrow", 0, 0, 0}, {"narrow-paged", PG, CR4_PSE, directory}, {"narrow-pae", PG, CR4_PAE, pointers}};

static uint64_t *input_of(int call, uint64_t first, uint64_t second, uint64_t third) {
    uint64_t *input = (uint64_t *)narrow_inputs[call];
    memset(input, 0, sizeof(narrow_inputs[0]));
    input[0] = HV_SELF_PARTITION;
    input[1] = first;
    input[2] = second;
    input[3] = third;
    return input;
}

static void have_protect(int call, uint32_t allowed) {
    narrow.calls[call] = HV_MODIFY_PROTECTION | HV_REPS(1);
    narrow.calls[call + 1] = 0;
    input_of(call, allowed | (uint64_t)TARGET_VTL0 << 32, (uint64_t)letter >> 12, 0);
}

/* What it does first: may protect, and asks for the ways in its hypercall page. */
static void prepare(void) {
    for (uint32_t i = 0; i < ENTRIES_32; i++) {
        directory[i] = i << 22 | (uint32_t)(PAGE_LARGE | PAGE_WRITE | PAGE_PRESENT);
    }
    for (uint64_t i = 0; i < 4 * 512; i++) {
        directories[i / 512][i % 512] = i << 21 | PAGE_LARGE | PAGE_WRITE | PAGE_PRESENT;
    }
    for (int i = 0; i < 4; i++) {
        pointers[i] = (uint64_t)directories[i] | PAGE_PRESENT;
    }
    narrow.config[0] = HV_SET_VP_REGISTERS | HV_REPS(1);
    input_of(0, HV_SELF_VP, REG_VSM_PARTITION_CONFIG, 0)[4] = CONFIG_PROTECT | CONFIG_ALLOW_ALL;
    narrow.config[1] = HV_GET_VP_REGISTERS | HV_REPS(1);
    input_of(1, HV_SELF_VP, REG_VSM_CODE_PAGE_OFFSETS, 0);
    narrow.control = FAST_RETURN;
    for (uint32_t i = 0; i < 4; i++) {
        narrow.given[i] = 0x1010101 * (i + 1);
    }
}

static uint64_t *context(const struct paging *paging) {
    uint64_t *input = secure_context(0, input_here());
    const uint64_t wide = 1ull << (48 + 13), narrow_code = 1ull << (48 + 14);
    input[RIP] = (uint64_t)narrow_start;
    input[RSP] = (uint64_t)narrow_stack + STACK;
    input[CS + 1] = (input[CS + 1] & ~wide) | narrow_code;
    input[EFER] = 0;
    input[CR0] = PE | ET | NE | paging->cr0;
    input[CR3] = (uint64_t)paging->cr3;
    input[CR4] = paging->cr4;
    return input;
}

static void check_refused_contexts(const struct paging *paging) {
    uint64_t *input = context(paging);
    input[RIP] |= 1ull << 32;
    check_status("at an address beyond 32 bits", call_here(HV_ENABLE_VP_VTL, input, 0), HV_INVALID_REGISTER_VALUE);
    input = context(paging);
    input[CR4] |= 1 << 17;
    check_status("with PCIDs", call_here(HV_ENABLE_VP_VTL, input, 0), HV_INVALID_REGISTER_VALUE);
    if (paging->cr4 & CR4_PAE) {
        pointers[2] |= PAGE_WRITE;
        check_status("with a reserved bit in its page directory pointers", call_here(HV_ENABLE_VP_VTL, context(paging), 0), HV_INVALID_REGISTER_VALUE);
        pointers[2] &= ~PAGE_WRITE;
        input = context(paging);
        input[CR3] = 0xffffffe0;
        check_status("with pointers that are not in memory", call_here(HV_ENABLE_VP_VTL, input, 0), HV_INVALID_REGISTER_VALUE);
    }
}

static struct hv_registers call_up(void) {
    struct hv_registers registers;
    uint64_t *words = (uint64_t *)&registers, entry = hypercall_entry;
    for (unsigned i = 0; i < sizeof(registers) / 8; i++) {
        words[i] = 0x1122334455667788ull * (i + 1);
    }
    registers.flags = 2;
    registers.rcx = 0;
    hypercall_entry = vtl_call_entry;
    hypercall_raw(&registers);
    hypercall_entry = entry;
    return registers;
}

static void check_calls(void) {
    struct hv_registers back = call_up();
    check_equal("the first call begins it", narrow.begun, 1);
    check_equal("its hypercalls succeed", narrow.result & 0xffff, HV_SUCCESS);
    uint64_t offsets = 0;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets);
    check("its ways out are others than 64-bit code's", narrow.return_entry - narrow.call_entry != (offsets >> 12 & 0xfff));
    check_equal("EBX comes up", narrow.seen[3], (uint32_t)(0x1122334455667788ull * 4));
    check_equal("R12 stays", back.r12, 0x1122334455667788ull * 12);
    check_equal("XMM0 stays", back.xmm[0], 0x1122334455667788ull * 17);
    back = call_up();
    check_equal("the second comes behind its return", narrow.entries, 2);
    check_equal("by a call", narrow.reason, REASON_CALL);
    check_equal("EDI comes down", back.rdi & 0xffffffff, 0x4040404);
    check_equal("EDI comes up", narrow.seen[6], (uint32_t)(0x1122334455667788ull * 7));
}

static void check_return(void) {
    topic("a restoring return");
    narrow.control = 0;
    struct hv_registers back = call_up();
    check_equal("gives EDX back as it was", back.rdx & 0xffffffff, (uint32_t)(0x1122334455667788ull * 3));
    check_equal("and ECX", back.rcx & 0xffffffff, HV_VTL_CALL);
    narrow.control = FAST_RETURN;
}

/* Both sides in 32-bit code. */
static void check_narrow_callers(void) {
    static const struct kind kinds[] = {{"compatibility mode", COMPATIBILITY, 0, 0}, {"protected mode", FLAT, 0, 0}};
    for (int i = 0; i < 2; i++) {
        topic(kinds[i].name);
        const uint64_t entry = (uint64_t)hypercall_page + (caller_offsets(&kinds[i]) & 0xfff);
        const uint32_t given[REGISTERS] = {0, 0x7777, 0x8888, 0x11111111, 0x22222222, 0x33333333, 0x44444444}, entries = narrow.entries;
        memcpy(caller.given, given, sizeof(given));
        call_from(&kinds[i], entry);
        check_equal("a call comes back", caller.vector, RETURNED);
        check_equal("and has been heard", narrow.entries - entries, 1);
        check_equal("EBX comes up", narrow.seen[EBX], given[EBX]);
        check_equal("EDI comes up", narrow.seen[REGISTERS - 1], given[REGISTERS - 1]);
        check_equal("EBX comes down", caller.back[EBX], narrow.given[0]);
        check_equal("EDI comes down", caller.back[REGISTERS - 1], narrow.given[3]);
        narrow.control = 0;
        memcpy(caller.given, given, sizeof(given));
        call_from(&kinds[i], entry);
        check_equal("a restoring return gives EAX back as it was", caller.back[EAX], HV_VTL_CALL);
        check_equal("and ECX, the control input", caller.back[ECX], 0);
        check_equal("and EDX, which the sequence has cleared", caller.back[EDX], 0);
        narrow.control = FAST_RETURN;
    }
    topic("");
}

static void check_intercept(void) {
    topic("an intercept");
    have_protect(0, ALLOW_NOTHING);
    call_up();
    check_equal("a page is hidden by a 32-bit call", narrow.result & 0xffff, HV_SUCCESS);
    have_protect(0, ALLOW_ALL); /* what it does when it is told */
    narrow.control = 0;
    uint32_t entries = narrow.entries;
    letter[0x10] = 1;
    uint64_t value = 0, rcx = 0x1234567890, rdx = 0x9876543210;
    __asm__ volatile("mov 0x10(%%rax), %%rax" : "=a"(value), "+c"(rcx), "+d"(rdx) : "a"(letter) : "memory");
    check_equal("enters it", narrow.entries - entries, 1);
    check_equal("by that reason", narrow.reason, REASON_INTERCEPT);
    check_equal("the access is tried again", value & 0xff, 1);
    check_equal("with ECX as it was", rcx & 0xffffffff, 0x34567890);
    check_equal("and EDX", rdx & 0xffffffff, 0x76543210);
}

int check_narrow(const char *word) {
    const struct paging *paging = 0;
    for (unsigned i = 0; i < sizeof(pagings) / sizeof(pagings[0]); i++) {
        const char *a = word, *b = pagings[i].word;
        while (*a && *a == *b) {
            a++;
            b++;
        }
        if (!*b && (!*a || *a == ' ')) {
            paging = &pagings[i];
        }
    }
    if (!paging) {
        return 0;
    }
    group("narrow");
    prepare();
    check_status("the partition's level", enable_partition(HV_SELF_PARTITION, 1, 0), HV_SUCCESS);
    topic("a context");
    check_refused_contexts(paging);
    topic("");
    check_status("a context of 32-bit code", call_here(HV_ENABLE_VP_VTL, context(paging), 0), HV_SUCCESS);
    check_calls();
    check_return();
    check_narrow_callers();
    check_intercept();
    topic("");
    return 1;
}
