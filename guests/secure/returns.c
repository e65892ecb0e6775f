/* Returns by 32-bit code of the secure side, in compatibility mode: what they restore, and what is there on the next entry. */
#include "caller.h"
#include "checks.h"
#include "guest.h"

void narrow_leave(uint32_t control, uint32_t entry); /* entry.S */

struct narrow {
    uint64_t offsets;
    int vectors[2];
    uint32_t reason, eax, ecx, edx;
};

struct leaving {
    uint32_t control, entry;
};

static void leave_by(void *p) {
    const struct leaving *leaving = p;
    narrow_leave(leaving->control, leaving->entry);
}

static uint32_t *saved_32(void) {
    return (uint32_t *)(secure_self()->assist + 8 + 8); /* VtlReturnX86Eax, Ecx, Edx */
}

static void prepare_narrow(void *p) {
    struct narrow *narrow = p;
    const uint64_t entry = hypercall_entry;
    uint64_t *input = (uint64_t *)input_here();
    secure_self()->gdt[3] = NARROW_DESCRIPTOR;
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = REG_VSM_CODE_PAGE_OFFSETS;
    hypercall_entry = secure.ways.call;
    hypercall_32(HV_GET_VP_REGISTERS | HV_REPS(1), (uint64_t)input, (uint64_t)output_here());
    hypercall_entry = entry;
    narrow->offsets = *(volatile uint64_t *)output_here();
}

static void return_badly(void *p) {
    struct narrow *narrow = p;
    const uint32_t entry = (uint32_t)(secure.ways.call + (narrow->offsets >> 12 & 0xfff));
    for (int i = 0; i < 2; i++) {
        struct leaving leaving = {i ? 1u << 31 : 2, entry};
        narrow->vectors[i] = attempt(0, leave_by, &leaving);
    }
}

/* Leaves in 32-bit code by a restoring return, and is entered there again. */
static void return_narrow(void *p) {
    struct narrow *narrow = p;
    uint32_t *saved = saved_32();
    saved[EAX] = 0xaaaa5555;
    saved[ECX] = 0x12345678;
    saved[EDX] = 0x9abcdef0;
    narrow_leave(0, (uint32_t)(secure.ways.call + (narrow->offsets >> 12 & 0xfff)));
    narrow->reason = *(volatile uint32_t *)(secure_self()->assist + 8);
    narrow->eax = saved[EAX];
    narrow->ecx = saved[ECX];
    narrow->edx = saved[EDX];
}

void check_narrow_returns(void) {
    struct narrow narrow = {.vectors = {NO_FAULT, NO_FAULT}};
    topic("32-bit code of the secure side");
    in_secure(prepare_narrow, &narrow);
    in_secure(return_badly, &narrow);
    check_fault("a return with reserved bits", narrow.vectors[0], FAULT_UD);
    check_fault("or the highest", narrow.vectors[1], FAULT_UD);
    const struct hv_registers back = call_with_registers(return_narrow, &narrow);
    check_equal("a restoring return gives RAX from the page", back.rax, 0xaaaa5555);
    check_equal("and RCX", back.rcx, 0x12345678);
    check_equal("and RDX", back.rdx, 0x9abcdef0);
    call_with_registers(return_narrow, &narrow); /* which is there already */
    check_equal("the next call goes on behind the return", narrow.reason, REASON_CALL);
    check_equal("the entry has put EAX into the page", narrow.eax, 0);
    check_equal("and ECX", narrow.ecx, HV_VTL_CALL);
    check_equal("and EDX", narrow.edx, (uint32_t)(3 * CALL_PATTERN));
}
