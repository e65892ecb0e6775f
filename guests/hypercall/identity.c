/* Who is there: CPUID leaves, the guest's identity, the hypercall page as an overlay. Leaves the interface established. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "workers.h"

enum { LEAF = 0x40000000, PATTERN = 0x5a, BEYOND = 60 };

struct leaves {
    struct cpuid leaf[7];
};

static void read_leaves(void *p) {
    struct leaves *leaves = p;
    for (uint32_t i = 0; i < 7; i++) {
        leaves->leaf[i] = cpuid(LEAF + i);
    }
}

static int same(const void *a, const void *b, unsigned long length) {
    for (unsigned long i = 0; i < length; i++) {
        if (((const volatile uint8_t *)a)[i] != ((const volatile uint8_t *)b)[i]) {
            return 0;
        }
    }
    return 1;
}

static int all(const uint8_t *page, uint8_t value) {
    for (int i = 0; i < 4096; i++) {
        if (((const volatile uint8_t *)page)[i] != value) {
            return 0;
        }
    }
    return 1;
}

/* VMCALL; the second form is other vendors'. */
static int begins_with_call(const uint8_t *page) {
    const volatile uint8_t *code = page;
    return code[0] == 0x0f && code[1] == 0x01 && (code[2] == 0xc1 || code[2] == 0xd9);
}

static void check_leaves(void) {
    struct leaves here, there;
    read_leaves(&here);
    check("a hypervisor is present", cpuid(1).ecx >> 31);
    check("leaves reach 0x40000005 at least", here.leaf[0].eax >= LEAF + 5 && here.leaf[0].eax <= LEAF + 0xff);
    check_equal("interface signature", here.leaf[1].eax, 0x31237648);
    check("the hypercall MSRs' privilege", hv_may(HV_HAS_HYPERCALL_MSRS));
    check("the VP index's privilege", hv_may(HV_HAS_VP_INDEX));
    check("limit of processors", here.leaf[5].eax == 0 || here.leaf[5].eax >= (uint32_t)workers_present());
    uint32_t bits = here.leaf[4].ecx & 0x7f;
    check("physical address bits as the processor says", bits == 0 || bits == (cpuid(0x80000008).eax & 0xff));
    for (int i = 1; i < machine.cpus; i++) {
        run_on(i, read_leaves, &there);
        check_equal_at("the same leaves on processor", (uint64_t)i, (uint64_t)same(&here, &there, sizeof(here)), 1);
    }
}

static void read_os_id(void *p) {
    *(uint64_t *)p = rdmsr(HV_MSR_GUEST_OS_ID);
}

static void read_page_msr(void *p) {
    *(uint64_t *)p = rdmsr(HV_MSR_HYPERCALL);
}

static void read_first(void *p) {
    *(uint64_t *)p = *(volatile uint64_t *)hypercall_page;
}

static void check_identity_first(void) {
    check_equal("guest OS id is zero at first", rdmsr(HV_MSR_GUEST_OS_ID), 0);
    check_equal("hypercall MSR is zero at first", rdmsr(HV_MSR_HYPERCALL), 0);
    memset(hypercall_page, PATTERN, 4096);
    int vector = try_wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    check_fault("enabling the page before an OS id raises nothing", vector, NO_FAULT);
    check_equal("nor enables it", rdmsr(HV_MSR_HYPERCALL) & 1, 0);
    check("nor shows it", all(hypercall_page, PATTERN));
    wrmsr(HV_MSR_GUEST_OS_ID, HV_OUR_OS_ID);
    check_equal("guest OS id reads back", rdmsr(HV_MSR_GUEST_OS_ID), HV_OUR_OS_ID);
    check_equal("an OS id alone enables nothing", rdmsr(HV_MSR_HYPERCALL) & 1, 0);
    for (int i = 1; i < machine.cpus; i++) {
        uint64_t there = 0;
        run_on(i, read_os_id, &there);
        check_equal_at("the same OS id on processor", (uint64_t)i, there, HV_OUR_OS_ID);
    }
}

/* Calls something that does not exist: the shortest round trip. */
static uint64_t unknown_call(void) {
    return hypercall_fast(0x3fff, 0, 0);
}

static void check_page(void) {
    uint64_t there = 0;
    for (int i = 1; i < machine.cpus; i++) {
        run_on(i, read_first, &there); /* so that it knows the page's translation */
    }
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    hypercall_entry = (uint64_t)hypercall_page;
    check_equal("hypercall MSR reads back", rdmsr(HV_MSR_HYPERCALL), (uint64_t)hypercall_page | 1);
    check("the page shows code", begins_with_call(hypercall_page));
    uint64_t first = *(volatile uint64_t *)hypercall_page;
    for (int i = 1; i < machine.cpus; i++) {
        run_on(i, read_first, &there);
        check_equal_at("the page's code on processor", (uint64_t)i, there, first);
        run_on(i, read_page_msr, &there);
        check_equal_at("hypercall MSR on processor", (uint64_t)i, there, (uint64_t)hypercall_page | 1);
    }
    check_status("a call through the page", unknown_call(), HV_INVALID_CODE);
    check_fault("writing the page", try_write((uint64_t)hypercall_page + 64, 0), FAULT_GP);
    check_equal("which changes nothing", *(volatile uint64_t *)hypercall_page, first);
}

static void check_overlay(void) {
    memset(spare_page, 0x77, 4096);
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)spare_page | 1);
    hypercall_entry = (uint64_t)spare_page;
    check("old contents come back where the page was", all(hypercall_page, PATTERN));
    check("the page shows where it has moved to", begins_with_call(spare_page));
    check_status("a call through the moved page", unknown_call(), HV_INVALID_CODE);
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)spare_page);
    check("old contents come back when it is disabled", all(spare_page, 0x77));
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    hypercall_entry = (uint64_t)hypercall_page;
    wrmsr(HV_MSR_GUEST_OS_ID, 0);
    check_equal("clearing the OS id disables the page", rdmsr(HV_MSR_HYPERCALL) & 1, 0);
    check("and uncovers what was below", all(hypercall_page, PATTERN));
    wrmsr(HV_MSR_GUEST_OS_ID, HV_OUR_OS_ID);
    uint64_t before = rdmsr(HV_MSR_HYPERCALL);
    uint64_t beyond = 1ull << (cpuid(0x80000008).eax & 0xff);
    if (beyond < 1ull << BEYOND) {
        check_fault("a page beyond the address space", try_wrmsr(HV_MSR_HYPERCALL, beyond | 1), FAULT_GP);
        check_equal("which changes nothing", rdmsr(HV_MSR_HYPERCALL), before);
    }
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    check("the page can be enabled again", begins_with_call(hypercall_page));
}

/* Two overlays over one page: one of them shows, then the other, then what is below. */
static void check_two_overlays(void) {
    if (!hv_may(HV_HAS_APIC_MSRS)) {
        skip("two overlays over one page", "no VP assist page");
        return;
    }
    memset(spare_page, 0x33, 4096);
    wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)spare_page | 1);
    *(volatile uint64_t *)(spare_page + 2048) = 0x1234567887654321;
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)spare_page | 1);
    int code = begins_with_call(spare_page);
    int assist = *(volatile uint64_t *)(spare_page + 2048) == 0x1234567887654321;
    check("two overlays over one page: one shows", code != assist);
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    check_equal("taking one away leaves the other", *(volatile uint64_t *)(spare_page + 2048), 0x1234567887654321);
    wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
    check("taking both away leaves memory", all(spare_page, 0x33));
}

void check_identity(void) {
    group("identity");
    check_leaves();
    check_identity_first();
    check_page();
    check_overlay();
    check_two_overlays();
}
