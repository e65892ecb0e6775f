/* Each synthetic MSR: whether it is there where CPUID says so, reads, writes, reserved bits, what it is at first. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "workers.h"

enum { READ = 1, WRITE = 2, ALWAYS = -1, BITS = 64 };
#define FROM(bit) (~0ull << (bit))
#define RANGE(high, low) (FROM(low) & ((2ull << (high)) - 1))

struct msr {
    const char *name;
    uint32_t number;
    int privilege, feature; /* what offers it; ALWAYS where nothing more is needed */
    int access;
    uint64_t must_be_zero; /* "RsvdZ" */
    uint64_t at_first; /* ANY where that depends */
};
#define ANY (~0ull)

#define TIMER_RESERVED (FROM(20) | RANGE(15, 13))

static const struct msr msrs[] = {
    {"GUEST_OS_ID", HV_MSR_GUEST_OS_ID, HV_HAS_HYPERCALL_MSRS, ALWAYS, READ | WRITE, 0, HV_OUR_OS_ID},
    {"VP_INDEX", HV_MSR_VP_INDEX, HV_HAS_VP_INDEX, ALWAYS, READ, 0, ANY},
    {"RESET", HV_MSR_RESET, HV_HAS_RESET, ALWAYS, READ | WRITE, 0, 0},
    {"VP_RUNTIME", HV_MSR_VP_RUNTIME, HV_HAS_VP_RUNTIME, ALWAYS, READ, 0, ANY},
    {"TIME_REF_COUNT", HV_MSR_TIME_REF_COUNT, HV_HAS_REFERENCE_COUNTER, ALWAYS, READ, 0, ANY},
    {"REFERENCE_TSC", HV_MSR_REFERENCE_TSC, HV_HAS_REFERENCE_TSC, ALWAYS, READ | WRITE, 0, 0},
    {"TSC_FREQUENCY", HV_MSR_TSC_FREQUENCY, HV_HAS_FREQUENCIES, ALWAYS, READ, 0, ANY},
    {"APIC_FREQUENCY", HV_MSR_APIC_FREQUENCY, HV_HAS_FREQUENCIES, ALWAYS, READ, 0, ANY},
    {"NPIEP_CONFIG", HV_MSR_NPIEP_CONFIG, ALWAYS, HV_FEATURE_NPIEP, READ | WRITE, FROM(4), 0},
    {"EOI", HV_MSR_EOI, HV_HAS_APIC_MSRS, ALWAYS, WRITE, FROM(32), 0},
    {"ICR", HV_MSR_ICR, HV_HAS_APIC_MSRS, ALWAYS, READ, 0, ANY},
    {"TPR", HV_MSR_TPR, HV_HAS_APIC_MSRS, ALWAYS, READ | WRITE, FROM(8), 0},
    {"VP_ASSIST_PAGE", HV_MSR_VP_ASSIST_PAGE, HV_HAS_APIC_MSRS, ALWAYS, READ | WRITE, 0, 0},
    {"SCONTROL", HV_MSR_SCONTROL, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0},
    {"SVERSION", HV_MSR_SVERSION, HV_HAS_SYNIC, ALWAYS, READ, 0, 1},
    {"SIEFP", HV_MSR_SIEFP, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0},
    {"SIMP", HV_MSR_SIMP, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0},
    {"EOM", HV_MSR_EOM, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0},
    {"SINT0", HV_MSR_SINT0, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0x10000},
    {"SINT7", HV_MSR_SINT0 + 7, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0x10000},
    {"SINT15", HV_MSR_SINT0 + 15, HV_HAS_SYNIC, ALWAYS, READ | WRITE, 0, 0x10000},
    {"STIMER0_CONFIG", HV_MSR_STIMER0_CONFIG, HV_HAS_TIMERS, ALWAYS, READ | WRITE, TIMER_RESERVED, 0},
    {"STIMER0_COUNT", HV_MSR_STIMER0_COUNT, HV_HAS_TIMERS, ALWAYS, READ | WRITE, 0, 0},
    {"STIMER3_CONFIG", HV_MSR_STIMER0_CONFIG + 6, HV_HAS_TIMERS, ALWAYS, READ | WRITE, TIMER_RESERVED, 0},
    {"STIMER3_COUNT", HV_MSR_STIMER0_COUNT + 6, HV_HAS_TIMERS, ALWAYS, READ | WRITE, 0, 0},
    {"GUEST_IDLE", HV_MSR_GUEST_IDLE, HV_HAS_GUEST_IDLE, ALWAYS, 0, 0, 0}, /* reading it idles */
    {"CRASH_P0", HV_MSR_CRASH_P0, ALWAYS, HV_FEATURE_CRASH, READ | WRITE, 0, 0},
    {"CRASH_P4", HV_MSR_CRASH_P0 + 4, ALWAYS, HV_FEATURE_CRASH, READ | WRITE, 0, 0},
    {"CRASH_CTL", HV_MSR_CRASH_CTL, ALWAYS, HV_FEATURE_CRASH, READ, 0, ANY},
    {"REENLIGHTENMENT_CONTROL", HV_MSR_REENLIGHTENMENT_CONTROL, HV_HAS_REENLIGHTENMENT, ALWAYS, READ | WRITE,
     RANGE(15, 8) | RANGE(31, 17), 0},
    {"TSC_EMULATION_CONTROL", HV_MSR_TSC_EMULATION_CONTROL, HV_HAS_REENLIGHTENMENT, ALWAYS, READ | WRITE, FROM(1), 0},
    {"TSC_EMULATION_STATUS", HV_MSR_TSC_EMULATION_STATUS, HV_HAS_REENLIGHTENMENT, ALWAYS, READ | WRITE, 0, 0},
    {"STIME_UNHALTED_CONFIG", HV_MSR_STIME_UNHALTED_CONFIG, HV_HAS_TIMERS, HV_FEATURE_UNHALTED_TIMER, READ | WRITE, FROM(9), 0},
    {"STIME_UNHALTED_COUNT", HV_MSR_STIME_UNHALTED_COUNT, HV_HAS_TIMERS, HV_FEATURE_UNHALTED_TIMER, READ | WRITE, 0, 0},
};
enum { MSRS = sizeof(msrs) / sizeof(msrs[0]) };

/* Numbers that nobody defines, and those of interfaces that are not offered: statistics pages, nested hypervisors. */
static const uint32_t unknown[] = {
    0x40000004, 0x4000000f, 0x40000011, 0x4000001f, 0x40000024, 0x4000003f, 0x40000041, 0x4000006f, 0x40000074, 0x4000007f,
    0x40000085, 0x4000008f, 0x400000a0, 0x400000af, 0x400000b8, 0x400000e8, 0x40000109, 0x40000113, 0x40000116, 0x400001ff,
    0x40000fff, 0x40001002, 0x40001080, 0x40001090,
};

static void check_one(const struct msr *msr) {
    uint64_t value = 0, ignored;
    int offered = (msr->privilege == ALWAYS || hv_may(msr->privilege)) && (msr->feature == ALWAYS || hv_has(msr->feature));
    topic(msr->name);
    if (!offered) {
        check_fault("not offered: read", try_rdmsr(msr->number, &value), FAULT_GP);
        check_fault("not offered: write", try_wrmsr(msr->number, 0), FAULT_GP);
        return;
    }
    if (msr->access & READ) {
        check_fault("read", try_rdmsr(msr->number, &value), NO_FAULT);
        if (msr->at_first != ANY) {
            check_equal("value at first", value, msr->at_first);
        }
    } else if (msr->access) {
        check_fault("write-only: read", try_rdmsr(msr->number, &ignored), FAULT_GP);
    }
    if (msr->access & WRITE) {
        check_fault("write", try_wrmsr(msr->number, value), NO_FAULT);
    } else if (msr->number != HV_MSR_ICR && msr->number != HV_MSR_CRASH_CTL) {
        check_fault("read-only: write", try_wrmsr(msr->number, value), FAULT_GP);
    }
    uint64_t taken = 0;
    for (int bit = 0; bit < BITS; bit++) {
        if (msr->must_be_zero >> bit & 1 && try_wrmsr(msr->number, value | 1ull << bit) != FAULT_GP) {
            taken |= 1ull << bit;
        }
    }
    if (msr->must_be_zero) {
        check_equal("reserved bits that are taken", taken, 0);
        if (msr->access & READ) {
            check_equal("value after they are refused", rdmsr(msr->number), value);
        }
    }
}

static void check_unknown(void) {
    uint64_t value;
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        check_fault_at("read of an unknown one", unknown[i], try_rdmsr(unknown[i], &value), FAULT_GP);
        check_fault_at("write of an unknown one", unknown[i], try_wrmsr(unknown[i], 0), FAULT_GP);
    }
}

struct reading {
    uint32_t msr;
    uint64_t value;
};

static void read_msr(void *p) {
    struct reading *reading = p;
    reading->value = rdmsr(reading->msr);
}

static void check_indices(void) {
    uint64_t seen = 0;
    int distinct = 1;
    for (int i = 0; i < machine.cpus; i++) {
        struct reading index = {HV_MSR_VP_INDEX, 0};
        run_on(i, read_msr, &index);
        distinct &= index.value < 64 && !(seen >> index.value & 1);
        seen |= 1ull << (index.value & 63);
    }
    check("VP indices are distinct", distinct);
}

static void check_values(void) {
    struct reading there = {HV_MSR_SINT0 + 5, 0};
    if (hv_may(HV_HAS_SYNIC)) {
        check_fault("a SINT with a vector below 16", try_wrmsr(HV_MSR_SINT0 + 5, 0x0f), FAULT_GP);
        check_fault("unless it is masked", try_wrmsr(HV_MSR_SINT0 + 5, 0x1000f), NO_FAULT);
        wrmsr(HV_MSR_SINT0 + 5, 0x30055);
        check_equal("a SINT keeps vector, mask and auto-EOI", rdmsr(HV_MSR_SINT0 + 5), 0x30055);
        if (machine.cpus > 1) {
            run_on(1, read_msr, &there);
            check_equal("each processor has its own SINTs", there.value, 0x10000);
        }
        wrmsr(HV_MSR_SINT0 + 5, 0x10000);
    }
    if (hv_may(HV_HAS_APIC_MSRS)) {
        uint64_t cr8;
        wrmsr(HV_MSR_TPR, 0x57);
        __asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
        check_equal("the TPR's upper half is CR8", cr8, 5);
        check_equal("the TPR reads back", rdmsr(HV_MSR_TPR), 0x57);
        wrmsr(HV_MSR_TPR, 0);
    }
    if (hv_has(HV_FEATURE_CRASH)) {
        for (uint32_t i = 0; i < 5; i++) {
            wrmsr(HV_MSR_CRASH_P0 + i, 0x1122334455667788ull + i);
        }
        uint64_t right = 0;
        for (uint32_t i = 0; i < 5; i++) {
            right += rdmsr(HV_MSR_CRASH_P0 + i) == 0x1122334455667788ull + i;
        }
        check_equal("crash parameters kept", right, 5);
        check("crash notification is offered", rdmsr(HV_MSR_CRASH_CTL) >> 63);
    }
    if (hv_may(HV_HAS_VP_RUNTIME)) {
        uint64_t before = rdmsr(HV_MSR_VP_RUNTIME), after = before;
        for (int i = 0; i < 10000000 && after == before; i++) {
            after = rdmsr(HV_MSR_VP_RUNTIME);
        }
        check("run time grows", after > before);
    }
    if (hv_may(HV_HAS_FREQUENCIES)) {
        check("TSC frequency is plausible", rdmsr(HV_MSR_TSC_FREQUENCY) >= 1000000);
        check("APIC frequency is plausible", rdmsr(HV_MSR_APIC_FREQUENCY) >= 1000000);
    }
}

void check_registers_of_msr(void) {
    for (int i = 0; i < MSRS; i++) {
        check_one(&msrs[i]);
    }
    topic("");
    check_unknown();
    check_indices();
    check_values();
}
