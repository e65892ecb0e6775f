/* Before there is a second level, enabling it, and what registers then say. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

static int maximum;

static void call_up(void *control) {
    vtl_call((uint64_t)control);
}


static uint64_t entry_of_return;

static void find_entries(void) {
    uint64_t offsets = 0;
    check_status("code page offsets", get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets), HV_SUCCESS);
    check("which lie in the page, behind the call", (offsets & 0xfff) != 0 && (offsets >> 12 & 0xfff) != 0 && !(offsets >> 24));
    vtl_call_entry = (uint64_t)hypercall_page + (offsets & 0xfff);
    entry_of_return = (uint64_t)hypercall_page + (offsets >> 12 & 0xfff);
}

static int return_from_normal(uint64_t control) {
    uint64_t call = vtl_call_entry;
    struct fault fault;
    vtl_call_entry = entry_of_return;
    attempt(&fault, call_up, (void *)control);
    vtl_call_entry = call;
    return fault.vector;
}

static void check_status_registers(uint64_t partition, uint64_t vp) {
    uint64_t value = 0;
    check_status("partition status", get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value), HV_SUCCESS);
    check_equal("its levels", value & 0xffff, partition);
    maximum = (int)(value >> 16 & 0xf);
    check("its maximum", maximum == 1 || maximum == 2);
    check_status("processor status", get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &value), HV_SUCCESS);
    check_equal("its value", value, vp);
    check_refused("neither can be written", set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, 1));
    check_refused("neither can be written", set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, 1));
}

uint64_t enable_partition(uint64_t partition, uint8_t level, uint8_t flags) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = partition;
    input[1] = level | (uint64_t)flags << 8;
    return call_here(HV_ENABLE_PARTITION_VTL, input, 0);
}

static uint64_t enable_vp(int index) {
    return call_here(HV_ENABLE_VP_VTL, secure_context(index, input_here()), 0);
}

void check_before(void) {
    uint64_t value;
    find_entries();
    check_status_registers(1, 1 << 16);
    check_status("capabilities", get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CAPABILITIES, &value), HV_SUCCESS);
    check_fault("a call of a level that nobody has enabled", attempt(0, call_up, 0), FAULT_UD);
    check_fault("a return from level 0", return_from_normal(0), FAULT_UD);
    check_fault("a fast return from level 0", return_from_normal(FAST_RETURN), FAULT_UD);
    check_refused("level 0 has no configuration to write", set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, 1));
    check_refused("nor to read", get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, &value));
    check_refused("nor interrupt notification", set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, 0x150));
    check_refused("level 0 protects nothing", protect(secret_page, 1, ALLOW_NOTHING));
    check_status("a processor's level before the partition's", enable_vp(0), HV_INVALID_VTL_STATE);
}

/* Once there is a secure side, the normal one cannot reach what contexts are made from. */
static uint64_t context_made[30];

static uint64_t enable_vp_from_below(int index) {
    uint64_t *input = (uint64_t *)input_here();
    memcpy(input, context_made, sizeof(context_made));
    *(uint32_t *)(input + 1) = (uint32_t)index;
    return call_here(HV_ENABLE_VP_VTL, input, 0);
}

struct other {
    int index;
    uint64_t result, again, level_0, level_3, nobody, disable_partition, disable_vp;
};

static void enable_others(void *p) {
    struct other *other = p;
    other->result = enable_vp(other->index);
    other->again = enable_vp(other->index);
    uint32_t *input = secure_context(other->index, input_here());
    input[3] = 0;
    other->level_0 = call_here(HV_ENABLE_VP_VTL, input, 0);
    input[3] = 3;
    other->level_3 = call_here(HV_ENABLE_VP_VTL, input, 0);
    input[3] = 1;
    input[2] = 4000;
    other->nobody = call_here(HV_ENABLE_VP_VTL, input, 0);
    other->disable_partition = call_here(HV_DISABLE_PARTITION_VTL, input, 0);
    other->disable_vp = call_here(HV_DISABLE_VP_VTL, input, 0);
}

static void first_call(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, REFUSE);
}

struct looked {
    uint64_t partition, vp, os, from_above;
};

static void look(void *p) {
    struct looked *looked = p;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &looked->partition);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &looked->vp);
    get_register(HV_SELF_VP, TARGET_VTL0, REG_VSM_VP_STATUS, &looked->from_above);
    looked->os = rdmsr(HV_MSR_GUEST_OS_ID);
}

void check_enable(void) {
    check_status("another partition", enable_partition(5, 1, 0), HV_INVALID_PARTITION_ID);
    check_status("level 0", enable_partition(HV_SELF_PARTITION, 0, 0), HV_INVALID_PARAMETER);
    check_status("a level above the maximum", enable_partition(HV_SELF_PARTITION, (uint8_t)(maximum + 1), 0), HV_INVALID_PARAMETER);
    check_status("level 15", enable_partition(HV_SELF_PARTITION, 15, 0), HV_INVALID_PARAMETER);
    check_status("with reserved flags", enable_partition(HV_SELF_PARTITION, 1, 0x80), HV_INVALID_PARAMETER);
    check_status("level 1", enable_partition(HV_SELF_PARTITION, 1, (uint8_t)mbec_wanted), HV_SUCCESS);
    check_status("level 1 again", enable_partition(HV_SELF_PARTITION, 1, 0), HV_VTL_ALREADY_ENABLED);
    check_fault("a call before the processor has it", attempt(0, call_up, 0), FAULT_UD);
    check_bad_contexts();
    check_status("it on processor 0", enable_vp(0), HV_SUCCESS);
    memcpy(context_made, input_here(), sizeof(context_made));
    check_refused("it there again, from below", enable_vp_from_below(0));
    check_status_registers(3, 3 << 16);
    in_secure(secure_set_policy, REFUSE);
    check_equal("the first call comes there", mailbox()->calls, 1);
    for (int i = 1; i < machine.cpus; i++) {
        check_status_at("from below on processor", (uint64_t)i, enable_vp_from_below(i), HV_ACCESS_DENIED);
        struct other other = {.index = i};
        in_secure(enable_others, &other);
        check_status_at("from above on processor", (uint64_t)i, other.result, HV_SUCCESS);
        check_status_at("again on processor", (uint64_t)i, other.again, HV_VTL_ALREADY_ENABLED);
        run_on(i, first_call, 0);
        check_equal_at("which can be called on processor", (uint64_t)i, mailboxes[i].calls, 1);
    }
    struct other other = {.index = 0};
    in_secure(enable_others, &other);
    check_status("on processor 0 again, from above", other.again, HV_VTL_ALREADY_ENABLED);
    check_status("level 0 of a processor", other.level_0, HV_INVALID_PARAMETER);
    check_status("taking a level from the partition", other.disable_partition, HV_INVALID_CODE);
    check_status("or from a processor", other.disable_vp, HV_INVALID_CODE);
    check_status("level 3 of a processor", other.level_3, HV_INVALID_PARAMETER);
    check_status("on a processor that is not there", other.nobody, HV_INVALID_VP_INDEX);
    struct looked looked;
    in_secure(look, &looked);
    check_equal("levels as the secure side sees them", looked.partition & 0xffff, 3);
    check_equal("the active one", looked.vp & 0xf, 1);
    check_equal("the same by a look at level 0", looked.from_above & 0xf, 1);
    check("each side has its own OS id", looked.os != rdmsr(HV_MSR_GUEST_OS_ID) && looked.os);
}
