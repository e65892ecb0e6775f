/* Control words, parameters and registers of hypercalls. What is called is mostly a flush of nobody, which does nothing. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"

enum { LIST_HEADER = 24, FULL_PAGE = (4096 - LIST_HEADER) / 8, XMM_BLOCK = 112 };

static struct hv_flush *flush_at(uint64_t offset) {
    struct hv_flush *input = (struct hv_flush *)(input_page + offset);
    *input = (struct hv_flush){0, HV_ALL_SPACES, 0};
    return input;
}

/* A list of `count` pages at the start of the input page, for nobody. */
static struct hv_flush *list_of(int count) {
    struct hv_flush *input = flush_at(0);
    uint64_t *pages = (uint64_t *)(input + 1);
    for (int i = 0; i < count; i++) {
        pages[i] = 0x7000000000 + (uint64_t)i * 4096;
    }
    return input;
}

static void check_codes(void) {
    static const uint16_t unknown[] = {0x0000, 0x0006, 0x0007, 0x00fe, 0x0100, 0x1234, 0x3fff, 0x7fff, 0x8000, 0x8fff, 0xffff};
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        check_status_at("unknown code, in memory", unknown[i], hypercall(unknown[i], input_page, output_page), HV_INVALID_CODE);
        check_status_at("unknown code, fast", unknown[i], hypercall_fast(unknown[i], 0, 0), HV_INVALID_CODE);
    }
}

static void check_reserved(void) {
    static const uint8_t reserved[] = {27, 28, 29, 30, 44, 45, 46, 47, 60, 61, 62, 63};
    check_status("nothing to flush", hypercall(HV_FLUSH_SPACE, flush_at(0), 0), HV_SUCCESS);
    for (unsigned i = 0; i < sizeof(reserved); i++) {
        uint64_t control = HV_FLUSH_SPACE | 1ull << reserved[i];
        check_status_at("reserved control bit", reserved[i], hypercall(control, flush_at(0), 0), HV_INVALID_INPUT);
    }
    check_refused("nested bit without a nested hypervisor", hypercall(HV_FLUSH_SPACE | 1ull << 31, flush_at(0), 0));
}

static void check_reps_rules(void) {
    check_status("simple call with a rep count", hypercall(HV_FLUSH_SPACE | HV_REPS(1), flush_at(0), 0), HV_INVALID_INPUT);
    check_status("simple call with a rep start", hypercall(HV_FLUSH_SPACE | HV_START(1), flush_at(0), 0), HV_INVALID_INPUT);
    check_status("rep call without a rep count", hypercall(HV_FLUSH_LIST, list_of(1), 0), HV_INVALID_INPUT);
    check_status("rep start equal to the count", hypercall(HV_FLUSH_LIST | HV_REPS(2) | HV_START(2), list_of(4), 0), HV_INVALID_INPUT);
    check_status("rep start above the count", hypercall(HV_FLUSH_LIST | HV_REPS(2) | HV_START(3), list_of(4), 0), HV_INVALID_INPUT);
    check_reps("one rep", hypercall(HV_FLUSH_LIST | HV_REPS(1), list_of(1), 0), HV_SUCCESS, 1);
    check_reps("reps from the start", hypercall(HV_FLUSH_LIST | HV_REPS(10), list_of(10), 0), HV_SUCCESS, 10);
    check_reps("reps from the middle: all are counted", hypercall(HV_FLUSH_LIST | HV_REPS(10) | HV_START(5), list_of(10), 0), HV_SUCCESS, 10);
    check_reps("as many reps as fill the page", hypercall(HV_FLUSH_LIST | HV_REPS(FULL_PAGE), list_of(FULL_PAGE), 0), HV_SUCCESS, FULL_PAGE);
    check_status("one rep more than the page holds", hypercall(HV_FLUSH_LIST | HV_REPS(FULL_PAGE + 1), list_of(FULL_PAGE), 0), HV_INVALID_ALIGNMENT);
    check_status("variable header on a call without one", hypercall(HV_FLUSH_SPACE | HV_HEADER(1), flush_at(0), 0), HV_INVALID_INPUT);
}

static void check_addresses(void) {
    for (uint64_t off = 1; off < 8; off++) {
        check_status_at("misaligned input by", off, hypercall(HV_FLUSH_SPACE, (uint8_t *)flush_at(off & 0) + off, 0), HV_INVALID_ALIGNMENT);
    }
    check_status("input up to the page's end", hypercall(HV_FLUSH_SPACE, flush_at(4096 - 24), 0), HV_SUCCESS);
    for (uint64_t left = 8; left < 24; left += 8) {
        check_status_at("input across a page's end, which leaves", left, hypercall(HV_FLUSH_SPACE, input_page + 4096 - left, 0), HV_INVALID_ALIGNMENT);
    }
    check_status("list across a page's end", hypercall(HV_FLUSH_LIST | HV_REPS(2), flush_at(4096 - 32), 0), HV_INVALID_ALIGNMENT);
    uint64_t beyond = 1ull << (cpuid(0x80000008).eax & 0xff);
    check_status("input beyond the address space", hypercall(HV_FLUSH_SPACE, (void *)beyond, 0), HV_INVALID_ALIGNMENT);
    check_status("input at the top of 64 bits", hypercall(HV_FLUSH_SPACE, (void *)~0xfffull, 0), HV_INVALID_ALIGNMENT);
    check_refused("input where there is no memory", hypercall(HV_FLUSH_SPACE, (void *)0xfed00000, 0));
    check_status("a call without output ignores where it would go", hypercall(HV_FLUSH_SPACE, flush_at(0), (void *)3), HV_SUCCESS);
}

static void check_output_addresses(void) {
    uint64_t *input = (uint64_t *)input_page;
    input[0] = HV_SELF_PARTITION;
    input[1] = 0;
    ((uint32_t *)input_page)[4] = 0; /* an APIC id that exists: the first processor's is not sure to be 0, but it is with 1 too */
    uint64_t control = HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1);
    if (!hv_may(HV_HAS_START_VP) || HV_STATUS(hypercall(control, input_page, output_page)) != HV_SUCCESS) {
        skip("output addresses", "no call with output that takes APIC id 0");
        return;
    }
    for (uint64_t off = 1; off < 8; off++) {
        check_status_at("misaligned output by", off, hypercall(control, input_page, output_page + off), HV_INVALID_ALIGNMENT);
    }
    uint64_t beyond = 1ull << (cpuid(0x80000008).eax & 0xff);
    check_status("output beyond the address space", hypercall(control, input_page, (void *)beyond), HV_INVALID_ALIGNMENT);
    check_refused("output where there is no memory", hypercall(control, input_page, (void *)0xfed00000));
    check_refused("output into the hypercall page", hypercall(control, input_page, hypercall_page + 2048));
    check_status("which still works", hypercall_fast(0x3fff, 0, 0), HV_INVALID_CODE);
}

static void flush_in_xmm(void *unused) {
    uint64_t block[14] = {0, HV_ALL_SPACES, 0};
    (void)unused;
    hypercall_xmm(HV_FLUSH_SPACE, block);
}

static void check_fast(void) {
    struct hv_ipi nobody = {.vector = 0x50};
    const uint64_t *words = (const uint64_t *)&nobody;
    check_status("fast call", hypercall_fast(HV_SEND_IPI, words[0], words[1]), HV_SUCCESS);
    check_status("fast call with a bad parameter", hypercall_fast(HV_SEND_IPI, 0, 0), HV_INVALID_PARAMETER);
    check_status("fast call with a reserved bit", hypercall_fast(HV_SEND_IPI | 1ull << 30, words[0], words[1]), HV_INVALID_INPUT);
    check_status("fast call with a rep count", hypercall_fast(HV_SEND_IPI | HV_REPS(1), words[0], words[1]), HV_INVALID_INPUT);
    if (!hv_has(HV_FEATURE_XMM_INPUT)) {
        check_fault("XMM registers as input, which are not offered", attempt(0, flush_in_xmm, 0), FAULT_UD);
        return;
    }
    uint64_t block[14] = {0, HV_ALL_SPACES, 0};
    check_status("input in XMM registers", hypercall_xmm(HV_FLUSH_SPACE, block), HV_SUCCESS);
    block[1] = 0x80;
    check_status("its flags are looked at", hypercall_xmm(HV_FLUSH_SPACE, block), HV_INVALID_PARAMETER);
    block[1] = HV_ALL_SPACES;
    check_reps("a list that fills the registers", hypercall_xmm(HV_FLUSH_LIST | HV_REPS(11), block), HV_SUCCESS, 11);
    check_status("a list that they do not hold", hypercall_xmm(HV_FLUSH_LIST | HV_REPS(12), block), HV_INVALID_INPUT);
}

static void fill(struct hv_registers *r) {
    uint64_t *words = &r->rax;
    for (unsigned i = 0; i < sizeof(*r) / 8; i++) {
        words[i] = 0x0101010101010101 * (i + 1);
    }
    r->flags = 2;
}

/* Registers that differ where they must not; `changed` is a bit a word of struct hv_registers. */
static uint64_t differences(const struct hv_registers *a, const struct hv_registers *b) {
    uint64_t changed = 0;
    for (unsigned i = 0; i < sizeof(*a) / 8; i++) {
        changed |= (uint64_t)((&a->rax)[i] != (&b->rax)[i]) << i;
    }
    return changed;
}

enum { WORD_RAX = 1, WORD_RCX = 2, WORD_FLAGS = 1 << 15 };

static void check_preserved(void) {
    struct hv_registers before, after;
    fill(&before);
    before.rcx = HV_FLUSH_SPACE;
    before.rdx = (uint64_t)flush_at(0);
    after = before;
    hypercall_raw(&after);
    check_status("a call with all registers filled", after.rax, HV_SUCCESS);
    check_equal("a simple call changes RAX alone", differences(&before, &after), WORD_RAX);
    fill(&before);
    before.rcx = HV_SEND_IPI | HV_FAST;
    before.rdx = 0x50;
    before.r8 = 0;
    after = before;
    hypercall_raw(&after);
    check_equal("a fast call too", differences(&before, &after), WORD_RAX);
    fill(&before);
    before.rcx = HV_FLUSH_LIST | HV_REPS(3);
    before.rdx = (uint64_t)list_of(3);
    after = before;
    hypercall_raw(&after);
    check_reps("a rep call with all registers filled", after.rax, HV_SUCCESS, 3);
    check_equal("a rep call may change RCX as well", differences(&before, &after) & ~(uint64_t)WORD_RCX, WORD_RAX);
    if (hv_has(HV_FEATURE_XMM_INPUT)) {
        fill(&before);
        before.rcx = HV_FLUSH_SPACE | HV_FAST;
        before.rdx = 0;
        before.r8 = HV_ALL_SPACES;
        before.xmm[0] = 0;
        after = before;
        hypercall_raw(&after);
        check_status("a call with XMM input", after.rax, HV_SUCCESS);
        check_equal("leaves XMM registers", differences(&before, &after), WORD_RAX);
    }
}

static void check_advice(void) {
    check_status("long spin wait, in memory", (*(uint64_t *)input_page = 1000, hypercall(HV_LONG_SPIN_WAIT, input_page, 0)), HV_SUCCESS);
    check_status("long spin wait, fast", hypercall_fast(HV_LONG_SPIN_WAIT, 1000, 0), HV_SUCCESS);
}

/* Calls that hang on a privilege: refused without. */
/* Which of the ranges in the answer has this page: its number, or -1. */
static int zeroed_range_of(uint64_t address) {
    const volatile uint64_t *answer = (const volatile uint64_t *)output_page;
    for (uint64_t i = 0; i < answer[0]; i++) {
        if (address >> 12 >= answer[1 + 2 * i] && address >> 12 < answer[1 + 2 * i] + answer[2 + 2 * i]) {
            return (int)i;
        }
    }
    return -1;
}

/* Memory that nobody has written to is told, and is zero; what is written to then is not told any more. */
static void check_zeroed_memory(void) {
    const volatile uint64_t *answer = (const volatile uint64_t *)output_page;
    check_status("zeroed memory", hypercall(HV_EXT_BOOT_ZEROED_MEMORY, 0, output_page), HV_SUCCESS);
    check_equal("zeroed memory is in 1 to 255 ranges", answer[0] >= 1 && answer[0] <= 255, 1);
    check_equal("the output page is not zeroed memory", (uint64_t)zeroed_range_of((uint64_t)output_page), (uint64_t)-1);
    check_equal("this code is not zeroed memory", (uint64_t)zeroed_range_of((uint64_t)check_zeroed_memory), (uint64_t)-1);
    uint64_t first = answer[1] << 12, pages = answer[2], seen = 0;
    check_equal("the largest range is as large as that", pages >= 8, 1);
    for (uint64_t page = 0; page < pages && page < 64; page++) {
        seen |= *(volatile uint64_t *)(first + page * 4096) | *(volatile uint64_t *)(first + page * 4096 + 4088);
    }
    check_equal("zeroed memory is zero", seen, 0);
    check_status("zeroed memory that was read", hypercall(HV_EXT_BOOT_ZEROED_MEMORY, 0, output_page), HV_SUCCESS);
    check_equal("zeroed memory that was read is told", (uint64_t)zeroed_range_of(first), 0);
    if (hv_may(HV_HAS_APIC_MSRS)) {
        wrmsr(HV_MSR_VP_ASSIST_PAGE, first | 1);
        *(volatile uint64_t *)(first + 2048) = 1;
        check_status("zeroed memory below an overlay", hypercall(HV_EXT_BOOT_ZEROED_MEMORY, 0, output_page), HV_SUCCESS);
        check_equal("zeroed memory below an overlay is not told", (uint64_t)zeroed_range_of(first), (uint64_t)-1);
        wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
        check_status("zeroed memory without it", hypercall(HV_EXT_BOOT_ZEROED_MEMORY, 0, output_page), HV_SUCCESS);
        check_equal("zeroed memory without it is told again", (uint64_t)zeroed_range_of(first), 0);
    }
    for (uint64_t page = 1; page < pages && page < 1024; page += 2) {
        *(volatile uint64_t *)(first + page * 4096) = page;
    }
    check_status("zeroed memory in many ranges", hypercall(HV_EXT_BOOT_ZEROED_MEMORY, 0, output_page), HV_SUCCESS);
    check_equal("many ranges are the 255 largest", pages < 1024 || answer[0] == 255, 1);
    check_equal("written memory is not told", (uint64_t)zeroed_range_of(first + 4096), (uint64_t)-1);
}

static void check_privileges(void) {
    if (!hv_may(HV_HAS_DEBUGGING)) {
        check_denied("debug data posted without debugging", hypercall(HV_POST_DEBUG_DATA, input_page, output_page));
        check_denied("debug data retrieved without debugging", hypercall(HV_RETRIEVE_DEBUG_DATA, input_page, output_page));
        check_denied("debug session reset without debugging", hypercall(HV_RESET_DEBUG_SESSION, input_page, output_page));
    }
    if (hv_may(HV_HAS_EXTENDED_CALLS)) {
        check_status("extended capabilities", hypercall(HV_EXT_QUERY_CAPABILITIES, 0, output_page), HV_SUCCESS);
        uint64_t capabilities = *(volatile uint64_t *)output_page;
        note("extended capabilities", capabilities);
        if (capabilities & 1) {
            check_zeroed_memory();
        }
    } else {
        check_denied("extended capabilities without the privilege", hypercall(HV_EXT_QUERY_CAPABILITIES, 0, output_page));
    }
    /* A partition without children, ports or a memory pool. */
    static const uint16_t privileged[] = {0x0040, 0x0041, 0x0042, 0x0043, 0x0048, 0x0049, 0x004a, 0x004b, 0x004e, 0x0057, 0x0058, 0x005b};
    for (unsigned i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
        memset(input_page, 0, 256);
        uint64_t result = hypercall(privileged[i], input_page, output_page);
        uint64_t status = HV_STATUS(result) == HV_INVALID_CODE || HV_STATUS(result) == HV_INVALID_INPUT ? HV_ACCESS_DENIED : HV_STATUS(result);
        check_status_at("a parent's call", privileged[i], status, HV_ACCESS_DENIED);
    }
}

void check_convention(void) {
    check_codes();
    check_reserved();
    check_reps_rules();
    check_addresses();
    check_output_addresses();
    check_fast();
    check_preserved();
    check_advice();
    check_privileges();
}
