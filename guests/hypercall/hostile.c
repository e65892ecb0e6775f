/* Calls with random words and with input that other processors change meanwhile: a known status comes back, and the guest lives. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "workers.h"

enum { CALLS = 20000, LARGEST_STATUS = 0x100 };

static uint64_t state = 0x853c49e6748fea9b;
static volatile int stop;

static uint64_t next_random(uint64_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

static void scribble(void *unused) {
    (void)unused;
    uint64_t own = 0x2545f4914f6cdd1d;
    while (!stop) {
        uint64_t r = next_random(&own);
        ((volatile uint64_t *)input_page)[r % 16] = r >> 60 ? r & 0xff : r;
        relax();
    }
}

struct call {
    uint64_t control, input, output, result;
};

static void do_call(void *p) {
    struct call *call = p;
    uint64_t block[14] = {call->input, call->output};
    call->result = call->control & HV_FAST ? hypercall_xmm(call->control, block)
                                           : hypercall(call->control, (void *)call->input, (void *)call->output);
}

/* Calls that can do no harm to this guest's own state, and codes that nobody has. */
static uint64_t random_control(uint64_t r) {
    static const uint16_t codes[] = {
        HV_FLUSH_SPACE, HV_FLUSH_LIST, HV_FLUSH_SPACE_EX, HV_FLUSH_LIST_EX, HV_LONG_SPIN_WAIT, HV_GET_VP_REGISTERS,
        HV_TRANSLATE, HV_TRANSLATE_EX, HV_VP_INDEX_FROM_APIC_ID, HV_EXT_QUERY_CAPABILITIES, HV_EXT_BOOT_ZEROED_MEMORY, 0x1f00,
    };
    uint64_t control = codes[r % (sizeof(codes) / sizeof(codes[0]))];
    control |= r >> 8 & 1 ? HV_FAST : 0;
    control |= r >> 9 & 3 ? 0 : HV_HEADER(r >> 12 & 0x3ff);
    control |= r >> 11 & 1 ? HV_REPS(r >> 24 & 0x1f) : HV_REPS(r >> 24 & 0xfff);
    control |= r >> 36 & 1 ? 0 : HV_START(r >> 37 & 0xf);
    control |= r >> 44 & 15 ? 0 : 1ull << (16 + (r >> 48) % 48); /* not the code: others could do harm */
    return control;
}

static uint64_t random_input(uint64_t r) {
    switch (r & 7) {
        case 0: return r;
        case 1: return (uint64_t)input_page + (r >> 8 & 0xfff);
        case 2: return (uint64_t)input_page + 4096 - (r >> 8 & 0x3f);
        case 3: return 0xfee00000 + (r >> 8 & 0xff8);
        case 4: return (uint64_t)hypercall_page + (r >> 8 & 0xff8);
        default: return (uint64_t)input_page + (r >> 8 & 0xf8);
    }
}

static uint64_t random_output(uint64_t r) {
    return r & 7 ? (uint64_t)output_page + (r >> 8 & 0xf8) : r & 8 ? (uint64_t)output_page + (r >> 8 & 0xfff) : ~0ull << 30;
}

void check_hostile(void) {
    uint64_t unknown = 0, faults = 0, good = 0;
    stop = 0;
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        worker_begin(cpu, scribble, 0);
    }
    for (int i = 0; i < CALLS; i++) {
        if (machine.cpus == 1 || i % 4 == 0) {
            for (int word = 0; word < 16; word++) {
                uint64_t r = next_random(&state);
                ((volatile uint64_t *)input_page)[word] = r >> 62 ? r >> 32 & 0xf : r;
            }
        }
        struct call call = {random_control(next_random(&state)), random_input(next_random(&state)), random_output(next_random(&state)), 0};
        struct fault fault;
        int refused = attempt(&fault, do_call, &call);
        if (refused == FAULT_UD && call.control & HV_FAST && !(hv_has(HV_FEATURE_XMM_INPUT) && hv_has(HV_FEATURE_XMM_OUTPUT))) {
            continue; /* as registers that are not offered are */
        }
        if (refused != NO_FAULT) {
            faults++;
            put("# control ");
            put_hex(call.control);
            put(": vector ");
            put_decimal((uint64_t)fault.vector);
            put("\n");
        } else if (HV_STATUS(call.result) >= LARGEST_STATUS) {
            unknown++;
            put("# control ");
            put_hex(call.control);
            put(": result ");
            put_hex(call.result);
            put("\n");
        } else {
            good += HV_STATUS(call.result) == HV_SUCCESS;
        }
    }
    stop = 1;
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        worker_wait(cpu);
    }
    check_equal("random calls with a status that nobody knows", unknown, 0);
    check_equal("random calls that fault", faults, 0);
    note("random calls that succeed", good);
    check_status("and the interface still works", hypercall_fast(0x3fff, 0, 0), HV_INVALID_CODE);
}
