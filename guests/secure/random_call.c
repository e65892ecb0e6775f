/* The random normal side's hypercalls: any code, any input, and pages that are hidden from it. */
#include "random.h"
#include "checks.h"

enum { WORDS = 16, XMM_WORDS = 14 };

static const struct {
    uint16_t code;
    uint8_t reps, header; /* whether it takes repetitions, a variable header */
} calls[] = {
    {HV_FLUSH_SPACE, 0, 0}, {HV_FLUSH_LIST, 1, 0}, {HV_FLUSH_SPACE_EX, 0, 1}, {HV_FLUSH_LIST_EX, 1, 1}, {HV_LONG_SPIN_WAIT, 0, 0}, {HV_SEND_IPI, 0, 0},
    {HV_SEND_IPI_EX, 0, 1}, {HV_GET_VP_REGISTERS, 1, 0}, {HV_GET_VP_REGISTERS, 1, 0}, {HV_SET_VP_REGISTERS, 1, 0}, {HV_TRANSLATE, 0, 0}, {HV_TRANSLATE_EX, 0, 0},
    {HV_MODIFY_PROTECTION, 1, 0}, {HV_ENABLE_PARTITION_VTL, 0, 0}, {HV_ENABLE_VP_VTL, 0, 0}, {HV_START_VP, 0, 0}, {HV_VP_INDEX_FROM_APIC_ID, 1, 0},
    {HV_POST_MESSAGE, 0, 0}, {HV_SIGNAL_EVENT, 0, 0}, {HV_EXT_QUERY_CAPABILITIES, 0, 0}, {HV_EXT_BOOT_ZEROED_MEMORY, 0, 0}, {HV_POST_DEBUG_DATA, 0, 0}, {0x4444, 0, 0},
};

struct call {
    uint64_t control, input, output;
    uint64_t *block; /* where it is made with all registers */
};

static void do_call(void *p) {
    struct call *call = p;
    see(call->block ? hypercall_xmm(call->control, call->block) : hypercall(call->control, (void *)call->input, (void *)call->output));
}

static void draw_input(uint64_t *input, uint16_t code) {
    static const uint32_t names[] = {REG_RAX, REG_RIP, REG_LSTAR, REG_CR3, REG_KERNEL_GS_BASE, REG_VSM_VP_STATUS, REG_VSM_PARTITION_CONFIG, REG_PENDING_EVENT0};
    for (int i = 0; i < WORDS; i++) {
        input[i] = draw() % 4 ? draw() % 5 : draw();
    }
    int flush = code == HV_FLUSH_SPACE || code == HV_FLUSH_LIST || code == HV_FLUSH_SPACE_EX || code == HV_FLUSH_LIST_EX;
    if (flush && draw() % 4) {
        input[0] = draw() % 2 ? read_cr3() : 0;
        input[1] = draw() % 8;
        input[2] = code == HV_FLUSH_SPACE || code == HV_FLUSH_LIST ? draw() % 8 : 0;
    } else if (draw() % 4) {
        input[0] = HV_SELF_PARTITION;
        input[1] = (draw() % 2 ? HV_SELF_VP : machine.vps[draw() % (uint64_t)machine.cpus]) | (draw() % 2 ? (0x10ull | draw() % 3) << 32 : 0);
        input[2] = code == HV_TRANSLATE || code == HV_TRANSLATE_EX ? draw() % 8 : names[draw() % 8];
        input[3] = some_hidden_page() >> 12;
    }
    /* Others' registers, and its own that its way depends on, it may not write; from a hidden page it tries. */
    if (code == HV_SET_VP_REGISTERS) {
        input[1] = HV_SELF_VP | (draw() % 2 ? (0x11ull + draw() % 2) << 32 : 0);
        input[2] = draw() % 2 ? REG_LSTAR : REG_KERNEL_GS_BASE;
        input[5] = REG_KERNEL_GS_BASE;
    }
}

void random_call(void) {
    struct program *p = own();
    unsigned which = (unsigned)(draw() % (sizeof(calls) / sizeof(calls[0])));
    uint16_t code = calls[which].code;
    uint64_t *input = (uint64_t *)p->buffers[0], block[XMM_WORDS];
    draw_input(input, code);
    uint64_t reps = code == HV_SET_VP_REGISTERS ? 1 : 1 + draw() % 3;
    struct call call = {
        code | HV_REPS(calls[which].reps ? reps : 0) | HV_HEADER(calls[which].header ? draw() % 3 : 0),
        draw() % 4 ? (uint64_t)input : some_address() & ~7ull,
        draw() % 4 ? (uint64_t)p->buffers[1] : some_address() & ~7ull,
        0,
    };
    if (draw() % 8 == 0) { /* a fast one: what it leaves in registers is seen */
        for (int i = 0; i < XMM_WORDS; i++) {
            block[i] = input[i];
        }
        call.block = block;
    }
    struct fault fault;
    see((uint64_t)attempt(&fault, do_call, &call));
    see(fault.error);
    for (int i = 0; call.block && i < XMM_WORDS; i++) {
        see(block[i]);
    }
}
