/* Flushes and what processors cache besides plain pages: global pages, process context identifiers, large pages, rights. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "window.h"
#include "workers.h"

enum { CR0_WP = 1 << 16, CR4_PGE = 1 << 7, CR4_PCIDE = 1 << 17, CPUID_PCID = 17, PCID_ONE = 1, PCID_TWO = 2 };
#define KEEP (1ull << 63) /* in CR3: drop nothing */
#define SECOND_WINDOW (WINDOW + 64 * PAGE)
#define LARGE_WINDOW (SPACE_OWN + 0x80000000ull)
enum { LARGE_SIZE = 2 << 20, LARGE_OLD = 32 << 20, LARGE_NEW = 34 << 20 };

static struct window global_window, first, second;

static void pge_on(void *unused) {
    (void)unused;
    write_cr4(read_cr4() | CR4_PGE);
}

static void pge_off(void *unused) {
    (void)unused;
    write_cr4(read_cr4() & ~(uint64_t)CR4_PGE);
}

static void each(job work, void *argument) {
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, work, argument);
    }
}

/* What each processor sees after a flush of all; all must agree. */
static unsigned after_flush(struct window *window, const struct flush *flush, unsigned *least) {
    unsigned most = 0;
    *least = ALL_PAGES;
    window_show_old(window, ALL_PAGES);
    window_enter(window);
    window_show_new(window, ALL_PAGES);
    check_status("a flush of all processors", flush_call(IN_MEMORY, flush), HV_SUCCESS);
    for (int i = 0; i < machine.cpus; i++) {
        unsigned seen = window_look(i);
        most |= seen;
        *least &= seen;
    }
    return most;
}

static void check_global(void) {
    static const uint64_t page = WINDOW_PAGE(2);
    unsigned least, most;
    window_make(&global_window, WINDOW, PAGE_GLOBAL);
    each(pge_on, 0);
    struct flush flush = {(uint64_t)global_window.space, 0, 0, 0, 0, 0};
    flush.flags = HV_ALL_PROCESSORS;
    after_flush(&global_window, &flush, &least);
    check_equal("a space's flush drops global pages", least, ALL_PAGES);
    flush.flags = HV_ALL_PROCESSORS | HV_ALL_SPACES;
    after_flush(&global_window, &flush, &least);
    check_equal("a flush of all spaces drops global pages", least, ALL_PAGES);
    flush.flags = HV_ALL_PROCESSORS | HV_NON_GLOBAL_ONLY;
    most = after_flush(&global_window, &flush, &least);
    check_equal("a flush of what is not global leaves them, exactly", most, 0);
    flush.flags = HV_ALL_PROCESSORS | HV_NON_GLOBAL_ONLY | HV_ALL_SPACES;
    most = after_flush(&global_window, &flush, &least);
    check_equal("in all spaces too, exactly", most, 0);
    flush.flags = HV_ALL_PROCESSORS;
    flush.list = &page;
    flush.count = 1;
    most = after_flush(&global_window, &flush, &least);
    check_equal("a list's flush drops a global page", least & 1 << 2, 1 << 2);
    check_equal("and only that, exactly", most, 1 << 2);
    window_leave();
    each(pge_off, 0);
}

/* What a processor with two spaces sees in each; flags: which window is flushed. */
struct two_spaces {
    const struct flush *flush;
    unsigned seen_first, seen_second;
    int phase;
};

static void know_both(void *p) {
    (void)p;
    write_cr3(read_cr3() & ~0xfffull);
    write_cr4(read_cr4() | CR4_PCIDE);
    write_cr3((uint64_t)first.space | PCID_ONE);
    window_look_here(&first);
    write_cr3((uint64_t)second.space | PCID_TWO);
    window_look_here(&second);
}

static void look_at_both(void *p) {
    struct two_spaces *both = p;
    both->seen_second = window_look_here(&second);
    write_cr3((uint64_t)first.space | PCID_ONE | KEEP);
    both->seen_first = window_look_here(&first);
    write_cr3((uint64_t)first.space);
    write_cr4(read_cr4() & ~(uint64_t)CR4_PCIDE);
    drop_all_here();
}

static struct two_spaces flush_with_both(int cpu, const struct flush *flush) {
    struct two_spaces both = {0};
    window_show_old(&first, ALL_PAGES);
    window_show_old(&second, ALL_PAGES);
    run_on(cpu, know_both, 0);
    window_show_new(&first, ALL_PAGES);
    window_show_new(&second, ALL_PAGES);
    uint64_t result = flush ? flush_call(IN_MEMORY, flush) : HV_SUCCESS;
    run_on(cpu, look_at_both, &both);
    check_status("with process context identifiers", result, HV_SUCCESS);
    return both;
}

static void check_pcid(void) {
    static const uint64_t page = WINDOW_PAGE(5), second_page = SECOND_WINDOW + 5 * PAGE;
    if (!(cpuid(1).ecx >> CPUID_PCID & 1)) {
        skip("process context identifiers", "the processor has none");
        return;
    }
    window_make(&first, WINDOW, 0);
    window_make(&second, SECOND_WINDOW, 0);
    window_enter(&first);
    int cpu = machine.cpus - 1;
    struct two_spaces both = flush_with_both(cpu, 0);
    check("without a flush both spaces keep their translations, exactly", both.seen_first == 0 && both.seen_second == 0);
    struct flush flush = {(uint64_t)first.space, 0, vp_of(cpu), 0, 0, 0};
    both = flush_with_both(cpu, &flush);
    check_equal("a flush of a space that is not current", both.seen_first, ALL_PAGES);
    check_equal("leaves the current one, exactly", both.seen_second, 0);
    flush.space = (uint64_t)second.space | PCID_TWO;
    both = flush_with_both(cpu, &flush);
    check_equal("a flush of the current space by its CR3", both.seen_second, ALL_PAGES);
    check_equal("leaves the other one, exactly", both.seen_first, 0);
    flush.flags = HV_ALL_SPACES;
    both = flush_with_both(cpu, &flush);
    check_equal("a flush of all spaces", both.seen_first & both.seen_second, ALL_PAGES);
    flush = (struct flush){(uint64_t)first.space, 0, vp_of(cpu), &page, 1, 0};
    both = flush_with_both(cpu, &flush);
    check_equal("a page of a space that is not current", both.seen_first & 1 << 5, 1 << 5);
    check("and only that, exactly", both.seen_first == 1 << 5 && both.seen_second == 0);
    flush.flags = HV_ALL_SPACES;
    flush.list = &second_page;
    both = flush_with_both(cpu, &flush);
    check_equal("a page of all spaces", both.seen_second & 1 << 5, 1 << 5);
    window_leave();
}

static void touch_large(void *p) {
    *(uint64_t *)p = *(volatile uint64_t *)(LARGE_WINDOW + 0x1000) + *(volatile uint64_t *)(LARGE_WINDOW + 0x1ff000);
}

/* The frames lie above all else that this guest uses. */
static void check_large(void) {
    static const uint64_t page = LARGE_WINDOW + 0x7000;
    *(volatile uint64_t *)(LARGE_OLD + 0x1000) = *(volatile uint64_t *)(LARGE_OLD + 0x1ff000) = 1;
    *(volatile uint64_t *)(LARGE_NEW + 0x1000) = *(volatile uint64_t *)(LARGE_NEW + 0x1ff000) = 2;
    uint64_t *entry = space_large_entry(first.space, LARGE_WINDOW);
    set_entry(entry, LARGE_OLD | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE);
    window_enter(&first);
    uint64_t seen = 0;
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, touch_large, &seen);
    }
    set_entry(entry, LARGE_NEW | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE);
    struct flush flush = {(uint64_t)first.space, HV_ALL_PROCESSORS, 0, &page, 1, 0};
    check_status("a page within a large one", flush_call(IN_MEMORY, &flush), HV_SUCCESS);
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, touch_large, &seen);
        check_equal_at("drops the whole large page on processor", (uint64_t)i, seen, 4);
    }
    window_leave();
}

struct extended {
    const char *name;
    uint64_t range;
    unsigned pages;
};

/* Bits 10:0 how many pages more, bit 11 whether they are large; with it, bit 12 whether of 1 GiB, and the number from bit 21. */
static void check_extended(void) {
    static const struct extended ranges[] = {
        {"one small page", WINDOW_PAGE(3), 1 << 3},
        {"three small pages", WINDOW_PAGE(3) | 2, 7 << 3},
        {"a large page", WINDOW | 1 << 11, ALL_PAGES},
        {"the large page below, and one more", (WINDOW - LARGE_SIZE) | 1 << 11 | 1, ALL_PAGES},
        {"a page of 1 GiB", WINDOW | 1 << 12 | 1 << 11, ALL_PAGES},
    };
    if (!hv_has(HV_FEATURE_EXTENDED_RANGES)) {
        skip("extended ranges", "not offered");
        return;
    }
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        unsigned least;
        struct flush flush = {(uint64_t)first.space, HV_ALL_PROCESSORS | HV_EXTENDED_RANGES, 0, &ranges[i].range, 1, 0};
        unsigned most = after_flush(&first, &flush, &least);
        check_equal(ranges[i].name, least & ranges[i].pages, ranges[i].pages);
        check_equal("and only that, exactly", most & ~ranges[i].pages, 0);
    }
    window_leave();
}

struct probe {
    int read, write;
};

static void probe_page(void *p) {
    struct probe *probe = p;
    uint64_t ignored, cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_WP));
    probe->read = try_read(WINDOW_PAGE(1), &ignored);
    probe->write = try_write(WINDOW_PAGE(1) + 8, 0);
}

static void check_rights(void) {
    static const uint64_t page = WINDOW_PAGE(1);
    struct flush flush = {(uint64_t)first.space, HV_ALL_PROCESSORS, 0, &page, 1, 0};
    uint64_t *entry = space_entry(first.space, page);
    window_show_old(&first, ALL_PAGES);
    window_enter(&first);
    uint64_t full = *entry;
    struct probe probe;
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, probe_page, &probe);
    }
    set_entry(entry, full & ~PAGE_WRITE);
    flush_call(IN_MEMORY, &flush);
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, probe_page, &probe);
        check_fault_at("a page made read-only is read on processor", (uint64_t)i, probe.read, NO_FAULT);
        check_fault_at("and not written on processor", (uint64_t)i, probe.write, FAULT_PF);
    }
    set_entry(entry, full & ~PAGE_PRESENT);
    flush_call(IN_MEMORY, &flush);
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, probe_page, &probe);
        check_fault_at("a page that is gone raises #PF on processor", (uint64_t)i, probe.read, FAULT_PF);
    }
    set_entry(entry, full);
    window_leave();
}

void check_flush_spaces(void) {
    check_global();
    check_pcid();
    if (!first.space) {
        window_make(&first, WINDOW, 0);
    }
    check_large();
    check_extended();
    check_rights();
}
