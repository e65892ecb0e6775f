#include "hyperv.h"
#include "cpu.h"

enum { FEATURES_1 = 1, HYPERVISOR_PRESENT = 31, FIRST_LEAF = 0x40000000, INTERFACE = 0x31237648 /* Hv#1 */, NEEDED_LEAF = 0x40000005 };

struct hyperv hyperv;
uint64_t hypercall_entry;

static const struct {
    uint16_t status;
    const char *name;
} names[] = {
    {HV_SUCCESS, "SUCCESS"},
    {HV_INVALID_CODE, "INVALID_HYPERCALL_CODE"},
    {HV_INVALID_INPUT, "INVALID_HYPERCALL_INPUT"},
    {HV_INVALID_ALIGNMENT, "INVALID_ALIGNMENT"},
    {HV_INVALID_PARAMETER, "INVALID_PARAMETER"},
    {HV_ACCESS_DENIED, "ACCESS_DENIED"},
    {0x7, "INVALID_PARTITION_STATE"},
    {HV_OPERATION_DENIED, "OPERATION_DENIED"},
    {0x9, "UNKNOWN_PROPERTY"},
    {0xb, "INSUFFICIENT_MEMORY"},
    {HV_INVALID_PARTITION_ID, "INVALID_PARTITION_ID"},
    {HV_INVALID_VP_INDEX, "INVALID_VP_INDEX"},
    {HV_INVALID_PORT_ID, "INVALID_PORT_ID"},
    {HV_INVALID_CONNECTION_ID, "INVALID_CONNECTION_ID"},
    {0x13, "INSUFFICIENT_BUFFERS"},
    {HV_INVALID_VP_STATE, "INVALID_VP_STATE"},
    {HV_INVALID_SYNIC_STATE, "INVALID_SYNIC_STATE"},
    {0x1b, "NO_DATA"},
    {0x1c, "INACTIVE"},
    {0x1d, "NO_RESOURCES"},
    {0x1e, "FEATURE_UNAVAILABLE"},
    {HV_INVALID_REGISTER_VALUE, "INVALID_REGISTER_VALUE"},
    {0x51, "INVALID_VTL_STATE"},
    {0x71, "OPERATION_FAILED"},
};

const char *hv_status_name(uint16_t status) {
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].status == status) {
            return names[i].name;
        }
    }
    return "a status without a name here";
}

int hyperv_detect(void) {
    hyperv.present = cpuid(FEATURES_1).ecx >> HYPERVISOR_PRESENT && cpuid(FIRST_LEAF + 1).eax == INTERFACE;
    if (!hyperv.present) {
        return 0;
    }
    hyperv.last_leaf = cpuid(FIRST_LEAF).eax;
    if (hyperv.last_leaf < NEEDED_LEAF) {
        hyperv.present = 0;
        return 0;
    }
    struct cpuid leaf = cpuid(FIRST_LEAF + 3);
    hyperv.privileges = (uint64_t)leaf.ebx << 32 | leaf.eax;
    hyperv.features = leaf.edx;
    hyperv.recommendations = cpuid(FIRST_LEAF + 4).eax;
    return 1;
}

int hyperv_establish(void *page) {
    wrmsr(HV_MSR_GUEST_OS_ID, HV_OUR_OS_ID);
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)page | 1);
    hypercall_entry = (uint64_t)page;
    return rdmsr(HV_MSR_HYPERCALL) & 1;
}

int hv_vp_set(struct hv_vp_set *set, uint64_t mask) {
    set->format = 0;
    set->valid_banks = mask != 0;
    set->banks[0] = mask;
    return mask != 0;
}
