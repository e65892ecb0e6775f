/* The third side, where the partition may have one: trust level 2, above the secure one. It does what it is asked to. */
#include "secure.h"
#include "guest.h"

enum { GS_BASE = 0xc0000101, MASKED = 1 << 16, THIRD_OS_ID = 0x3344 };

struct secure_cpu third_cpus[SECURE_CPUS] __attribute__((aligned(PAGE)));
struct mailbox third_boxes[SECURE_CPUS];
struct third_globals third;
static uint8_t third_hypercall_page[PAGE] __attribute__((aligned(PAGE)));

static void prepare(struct secure_cpu *self, int index) {
    self->cpu.self = &self->cpu;
    self->cpu.index = index;
    self->policy = REFUSE;
    wrmsr(GS_BASE, (uint64_t)self);
    int first = !third.call_entry;
    if (first) {
        wrmsr(HV_MSR_GUEST_OS_ID, HV_OUR_OS_ID + THIRD_OS_ID);
        wrmsr(HV_MSR_HYPERCALL, (uint64_t)third_hypercall_page | 1);
        third.call_entry = (uint64_t)third_hypercall_page;
    }
    wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)self->assist | 1);
    wrmsr(HV_MSR_SCONTROL, 1);
    wrmsr(HV_MSR_SIMP, (uint64_t)self->messages | 1);
    wrmsr(HV_MSR_SINT0, MASKED | 0x50);
    if (first) {
        uint64_t offsets = 0;
        get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets);
        third.return_entry = (uint64_t)third_hypercall_page + (offsets >> 12 & 0xfff);
        set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, CONFIG_PROTECT | CONFIG_ALLOW_ALL);
    }
}

void third_main(int index) {
    prepare(&third_cpus[index], index);
    run_side(&third_cpus[index], &third_boxes[index], third_leave);
}
