/* The last processor is started by hypercall, straight in 64-bit mode. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "workers.h"

enum { STACK = 16384, EFER = 0xc0000080, PAT = 0x277 };

struct segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector, attributes;
};

struct table {
    uint16_t padding[3], limit;
    uint64_t base;
};

struct start { /* TLFS, HV_INITIAL_VP_CONTEXT */
    uint64_t partition;
    uint32_t vp;
    uint8_t vtl, padding[3];
    uint64_t rip, rsp, rflags;
    struct segment cs, ds, es, fs, gs, ss, tr, ldtr;
    struct table idtr, gdtr;
    uint64_t efer, cr0, cr3, cr4, pat;
};
_Static_assert(sizeof(struct start) == 16 + 224, "the context has 224 bytes");

static uint8_t stack[STACK] __attribute__((aligned(16)));
static int index_of_last;

static void arrive(void) {
    interrupts_enable_here();
    worker_arrive(index_of_last);
}

static struct start *context_for(uint32_t vp) {
    struct start *start = (struct start *)input_page;
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt;
    uint64_t cr0;
    __asm__ volatile("sgdt %0; mov %%cr0, %1" : "=m"(gdt), "=r"(cr0));
    struct segment code = {0, 0xffffffff, KERNEL_CODE, 0xa09b}, data = {0, 0xffffffff, KERNEL_DATA, 0xc093};
    memset(start, 0, sizeof(*start));
    start->partition = HV_SELF_PARTITION;
    start->vp = vp;
    start->rip = (uint64_t)arrive;
    start->rsp = (uint64_t)stack + STACK - 8;
    start->rflags = 2;
    start->cs = code;
    start->ds = start->es = start->fs = start->gs = start->ss = data;
    start->tr = (struct segment){0, 0xffff, 0, 0x8b};
    start->ldtr = (struct segment){0, 0xffff, 0, 0x82};
    start->gdtr = (struct table){{0}, gdt.limit, gdt.base};
    start->efer = rdmsr(EFER);
    start->cr0 = cr0;
    start->cr3 = read_cr3();
    start->cr4 = read_cr4();
    start->pat = rdmsr(PAT);
    return start;
}

static uint32_t vp_of_apic_id(uint32_t id) {
    uint64_t *input = (uint64_t *)input_page;
    input[0] = HV_SELF_PARTITION;
    input[1] = 0;
    input[2] = id;
    check_status("VP index of the last processor", hypercall(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input_page, output_page), HV_SUCCESS);
    return *(volatile uint32_t *)output_page;
}

static uint64_t start_call(void) {
    return hypercall(HV_START_VP, input_page, 0);
}

static void check_refusals(uint32_t vp) {
    context_for(vp)->partition = 0x55555;
    check_status("in another partition", start_call(), HV_INVALID_PARTITION_ID);
    context_for(5000);
    check_status("a VP that is not there", start_call(), HV_INVALID_VP_INDEX);
    context_for(vp)->vtl = 1;
    check_refused("in a trust level that is not enabled", start_call());
    context_for(vp)->vtl = 77;
    check_refused("in a trust level that cannot be", start_call());
    context_for((uint32_t)rdmsr(HV_MSR_VP_INDEX));
    check_status("a VP that runs: the caller", start_call(), HV_INVALID_VP_STATE);
    context_for(vp)->cr0 &= ~1ull;
    check_status("with paging on in real mode", start_call(), HV_INVALID_REGISTER_VALUE);
    context_for(vp)->rip = 0x8000000000000000;
    check_status("at an address that is none", start_call(), HV_INVALID_REGISTER_VALUE);
    context_for(vp)->cr3 = ~0ull;
    check_status("with a CR3 beyond all memory", start_call(), HV_INVALID_REGISTER_VALUE);
    context_for(vp)->efer |= 1ull << 50;
    check_status("with a reserved bit in EFER", start_call(), HV_INVALID_REGISTER_VALUE);
    context_for(vp)->rflags |= 1 << 17;
    check_status("in virtual-8086 mode", start_call(), HV_INVALID_REGISTER_VALUE);
    check("none of which started it", !worker_await_arrival(index_of_last, 20));
}

void check_start(void) {
    group("start");
    if (!hv_may(HV_HAS_START_VP) || workers_present() == machine.cpus) {
        skip("starting a processor by hypercall", "not offered, or no other processor");
        return;
    }
    index_of_last = machine.cpus;
    uint32_t vp = vp_of_apic_id(worker_apic_id(index_of_last));
    check_refusals(vp);
    context_for(vp);
    check_status("the last processor", start_call(), HV_SUCCESS);
    int came = worker_await_arrival(index_of_last, 5000);
    check("it runs", came);
    machine.cpus += came;
    if (came) {
        context_for(vp);
        check_status("again, while it runs", start_call(), HV_INVALID_VP_STATE);
    }
}
