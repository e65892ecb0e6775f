/*
 * Microsoft's hypervisor interface as a guest sees it: numbers of the Hypervisor Top Level Functional Specification, discovery, the
 * hypercall page and calls through it.
 */
#pragma once

#include <stdint.h>

/* Synthetic MSRs (TLFS 6.0b, appendix C). */
enum {
    HV_MSR_GUEST_OS_ID = 0x40000000,
    HV_MSR_HYPERCALL = 0x40000001,
    HV_MSR_VP_INDEX = 0x40000002,
    HV_MSR_RESET = 0x40000003,
    HV_MSR_VP_RUNTIME = 0x40000010,
    HV_MSR_TIME_REF_COUNT = 0x40000020,
    HV_MSR_REFERENCE_TSC = 0x40000021,
    HV_MSR_TSC_FREQUENCY = 0x40000022,
    HV_MSR_APIC_FREQUENCY = 0x40000023,
    HV_MSR_NPIEP_CONFIG = 0x40000040,
    HV_MSR_EOI = 0x40000070,
    HV_MSR_ICR = 0x40000071,
    HV_MSR_TPR = 0x40000072,
    HV_MSR_VP_ASSIST_PAGE = 0x40000073,
    HV_MSR_SCONTROL = 0x40000080,
    HV_MSR_SVERSION = 0x40000081,
    HV_MSR_SIEFP = 0x40000082,
    HV_MSR_SIMP = 0x40000083,
    HV_MSR_EOM = 0x40000084,
    HV_MSR_SINT0 = 0x40000090,
    HV_MSR_STIMER0_CONFIG = 0x400000b0,
    HV_MSR_STIMER0_COUNT = 0x400000b1,
    HV_MSR_GUEST_IDLE = 0x400000f0,
    HV_MSR_SYNDBG_OPTIONS = 0x400000ff,
    HV_MSR_CRASH_P0 = 0x40000100,
    HV_MSR_CRASH_CTL = 0x40000105,
    HV_MSR_REENLIGHTENMENT_CONTROL = 0x40000106,
    HV_MSR_TSC_EMULATION_CONTROL = 0x40000107,
    HV_MSR_TSC_EMULATION_STATUS = 0x40000108,
    HV_MSR_STIME_UNHALTED_CONFIG = 0x40000114,
    HV_MSR_STIME_UNHALTED_COUNT = 0x40000115,
};

/* Call codes (TLFS, "Hypercall Reference"). */
enum {
    HV_FLUSH_SPACE = 0x0002,
    HV_FLUSH_LIST = 0x0003,
    HV_LONG_SPIN_WAIT = 0x0008,
    HV_SEND_IPI = 0x000b,
    HV_FLUSH_SPACE_EX = 0x0013,
    HV_FLUSH_LIST_EX = 0x0014,
    HV_SEND_IPI_EX = 0x0015,
    HV_GET_VP_REGISTERS = 0x0050,
    HV_SET_VP_REGISTERS = 0x0051,
    HV_TRANSLATE = 0x0052,
    HV_POST_MESSAGE = 0x005c,
    HV_SIGNAL_EVENT = 0x005d,
    HV_POST_DEBUG_DATA = 0x0069,
    HV_RETRIEVE_DEBUG_DATA = 0x006a,
    HV_RESET_DEBUG_SESSION = 0x006b,
    HV_START_VP = 0x0099,
    HV_VP_INDEX_FROM_APIC_ID = 0x009a,
    HV_TRANSLATE_EX = 0x00ac,
    HV_EXT_QUERY_CAPABILITIES = 0x8001,
    HV_EXT_BOOT_ZEROED_MEMORY = 0x8002,
};

/* HV_STATUS (TLFS 6.0b, appendix B). */
enum {
    HV_SUCCESS = 0x0,
    HV_INVALID_CODE = 0x2,
    HV_INVALID_INPUT = 0x3,
    HV_INVALID_ALIGNMENT = 0x4,
    HV_INVALID_PARAMETER = 0x5,
    HV_ACCESS_DENIED = 0x6,
    HV_OPERATION_DENIED = 0x8,
    HV_INVALID_PARTITION_ID = 0xd,
    HV_INVALID_VP_INDEX = 0xe,
    HV_INVALID_PORT_ID = 0x11,
    HV_INVALID_CONNECTION_ID = 0x12,
    HV_INVALID_VP_STATE = 0x15,
    HV_INVALID_SYNIC_STATE = 0x18,
    HV_INVALID_REGISTER_VALUE = 0x50,
};
const char *hv_status_name(uint16_t status);

/* The hypercall input value (TLFS, "Hypercall Inputs"); variable headers are counted in eight bytes. */
#define HV_FAST (1ull << 16)
#define HV_HEADER(qwords) ((uint64_t)(qwords) << 17)
#define HV_REPS(count) ((uint64_t)(count) << 32)
#define HV_START(index) ((uint64_t)(index) << 48)
#define HV_STATUS(result) ((uint16_t)(result))
#define HV_REPS_DONE(result) ((result) >> 32 & 0xfff)

/* Flags of the flush calls. */
#define HV_ALL_PROCESSORS 1ull
#define HV_ALL_SPACES 2ull
#define HV_NON_GLOBAL_ONLY 4ull
#define HV_EXTENDED_RANGES 8ull

#define HV_SELF_PARTITION (~0ull)
#define HV_SELF_VP 0xfffffffeu

struct hv_flush {
    uint64_t space, flags, processors;
};
/* A sparse set of VPs (TLFS, HV_VP_SET). Format 1 means all. */
struct hv_vp_set {
    uint64_t format, valid_banks, banks[64];
};
struct hv_flush_ex {
    uint64_t space, flags;
    struct hv_vp_set set;
};
struct hv_ipi {
    uint32_t vector;
    uint8_t vtl, padding[3];
    uint64_t processors;
};
struct hv_ipi_ex {
    uint32_t vector;
    uint8_t vtl, padding[3];
    struct hv_vp_set set;
};

/* Everything that a call can see or change. */
struct hv_registers { /* hypercall.S knows the order */
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, flags;
    uint64_t xmm[12];
};

struct hyperv {
    int present; /* speaks "Hv#1" */
    uint32_t last_leaf;
    uint64_t privileges;              /* leaf 3, EBX:EAX */
    uint32_t features;                /* leaf 3, EDX */
    uint32_t recommendations;         /* leaf 4, EAX */
};
extern struct hyperv hyperv;

/* Bits of hyperv.privileges and hyperv.features. */
enum {
    HV_HAS_VP_RUNTIME = 0,
    HV_HAS_REFERENCE_COUNTER = 1,
    HV_HAS_SYNIC = 2,
    HV_HAS_TIMERS = 3,
    HV_HAS_APIC_MSRS = 4,
    HV_HAS_HYPERCALL_MSRS = 5,
    HV_HAS_VP_INDEX = 6,
    HV_HAS_RESET = 7,
    HV_HAS_REFERENCE_TSC = 9,
    HV_HAS_GUEST_IDLE = 10,
    HV_HAS_FREQUENCIES = 11,
    HV_HAS_REENLIGHTENMENT = 13,
    HV_HAS_POST_MESSAGES = 36,
    HV_HAS_SIGNAL_EVENTS = 37,
    HV_HAS_DEBUGGING = 43,
    HV_HAS_VSM = 48,
    HV_HAS_VP_REGISTERS = 49,
    HV_HAS_EXTENDED_CALLS = 52,
    HV_HAS_START_VP = 53,
};
enum {
    HV_FEATURE_XMM_INPUT = 4,
    HV_FEATURE_FREQUENCIES = 8,
    HV_FEATURE_CRASH = 10,
    HV_FEATURE_DEBUG_MSRS = 11,
    HV_FEATURE_NPIEP = 12,
    HV_FEATURE_EXTENDED_RANGES = 14,
    HV_FEATURE_XMM_OUTPUT = 15,
    HV_FEATURE_POLLING = 17,
    HV_FEATURE_MSR_LOCK = 18,
    HV_FEATURE_DIRECT_TIMERS = 19,
    HV_FEATURE_UNHALTED_TIMER = 23,
};
/* Of hyperv.recommendations. */
enum { HV_RECOMMENDS_FLUSHES = 2, HV_RECOMMENDS_IPIS = 10, HV_RECOMMENDS_SETS = 11 };

static inline int hv_may(int privilege) {
    return hyperv.privileges >> privilege & 1;
}

static inline int hv_has(int feature) {
    return hyperv.features >> feature & 1;
}

/* Reads the leaves. Returns whether there is such a hypervisor. */
int hyperv_detect(void);
/* Names this guest's system and puts the hypercall page over `page`, 4 KiB aligned. Returns whether it is enabled. */
int hyperv_establish(void *page);
#define HV_OUR_OS_ID 0x8000504f52540001ull /* an open source system without a registered type */

/* Where calls go: hyperv_establish sets it. */
extern uint64_t hypercall_entry;

/* Input and output are addresses, identity mapped; 0 where there is none. Returns the result value. */
static inline uint64_t hypercall(uint64_t control, const void *input, const void *output) {
    register const void *r8 __asm__("r8") = output;
    uint64_t result;
    __asm__ volatile("call *%4"
                     : "=a"(result), "+c"(control)
                     : "d"(input), "r"(r8), "m"(hypercall_entry)
                     : "memory", "cc");
    return result;
}

static inline uint64_t hypercall_fast(uint64_t control, uint64_t first, uint64_t second) {
    return hypercall(control | HV_FAST, (const void *)first, (const void *)second);
}

/* A call with all registers as given, and as it leaves them. */
void hypercall_raw(struct hv_registers *registers);
/* A fast call with an input block of up to 112 bytes in RDX, R8 and XMM0 to 5; output, if there is any, is left in *block. */
uint64_t hypercall_xmm(uint64_t control, uint64_t block[14]);
/* A call from 32-bit code: EDX:EAX, EBX:ECX, EDI:ESI. */
uint64_t hypercall_32(uint64_t control, uint64_t input, uint64_t output);

/* Fills in a set of the VPs below 64 in `mask`; returns the size of its variable part, in eight bytes. */
int hv_vp_set(struct hv_vp_set *set, uint64_t mask);
