/* Registers of virtual processors by name, VP indices by APIC id, translation of addresses. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "paging.h"
#include "workers.h"

enum {
    NAME_CR0 = 0x40000,
    NAME_CR3 = 0x40002,
    NAME_EFER = 0x80001,
    NAME_KERNEL_GS_BASE = 0x80002,
    NAME_GUEST_OS_ID = 0x90002,
    NAME_VP_INDEX = 0x90003,
    NAME_TIME_REF_COUNT = 0x90004,
    NAME_RSP = 0x20004,
    NAME_GS = 0x60005,
    NAME_NOTHING = 0x0fffffff,
    MSR_KERNEL_GS_BASE = 0xc0000102,
    MSR_GS_BASE = 0xc0000101,
    MSR_EFER = 0xc0000080,
};

struct get {
    uint64_t partition;
    uint32_t vp;
    uint8_t vtl, padding[3];
    uint32_t names[];
};

struct set {
    uint64_t partition;
    uint32_t vp;
    uint8_t vtl, padding[3];
    struct {
        uint32_t name, padding[3];
        uint64_t low, high;
    } registers[];
};

struct value {
    uint64_t low, high;
};

static struct get *const get = (struct get *)input_page;
static struct set *const set = (struct set *)input_page;
static const volatile struct value *const values = (const volatile struct value *)output_page;

static uint64_t get_one(uint64_t partition, uint32_t vp, uint32_t name) {
    *get = (struct get){partition, vp, 0, {0}};
    get->names[0] = name;
    return hypercall(HV_GET_VP_REGISTERS | HV_REPS(1), input_page, output_page);
}

static uint64_t set_one(uint32_t vp, uint32_t name, uint64_t value) {
    memset(input_page, 0, 64);
    *set = (struct set){HV_SELF_PARTITION, vp, 0, {0}};
    set->registers[0].name = name;
    set->registers[0].low = value;
    return hypercall(HV_SET_VP_REGISTERS | HV_REPS(1), input_page, 0);
}

static void check_get(void) {
    check_status("own index", get_one(HV_SELF_PARTITION, HV_SELF_VP, NAME_VP_INDEX), HV_SUCCESS);
    check_equal("which is right", values[0].low, machine.vps[0]);
    for (int i = 0; i < machine.cpus; i++) {
        check_status_at("index of VP", machine.vps[i], get_one(HV_SELF_PARTITION, machine.vps[i], NAME_VP_INDEX), HV_SUCCESS);
        check_equal_at("which is right of", machine.vps[i], values[0].low, machine.vps[i]);
        check_status_at("CR0 of VP", machine.vps[i], get_one(HV_SELF_PARTITION, machine.vps[i], NAME_CR0), HV_SUCCESS);
        check_equal_at("which has paging on, of", machine.vps[i], values[0].low >> 31, 1);
    }
    *get = (struct get){HV_SELF_PARTITION, HV_SELF_VP, 0, {0}};
    int counter = hv_may(HV_HAS_REFERENCE_COUNTER);
    uint32_t names[] = {NAME_GUEST_OS_ID, NAME_CR3, NAME_EFER, NAME_GS, counter ? NAME_TIME_REF_COUNT : NAME_CR0};
    memcpy(get->names, names, sizeof(names));
    check_reps("five at once", hypercall(HV_GET_VP_REGISTERS | HV_REPS(5), input_page, output_page), HV_SUCCESS, 5);
    check_equal("guest OS id", values[0].low, HV_OUR_OS_ID);
    check_equal("CR3", values[1].low, read_cr3());
    check_equal("EFER", values[2].low, rdmsr(MSR_EFER));
    check_equal("GS base", values[3].low, rdmsr(MSR_GS_BASE));
    if (counter) {
        check("reference time", values[4].low && values[4].low <= rdmsr(HV_MSR_TIME_REF_COUNT));
    }
    get->names[3] = NAME_NOTHING;
    check_reps("the fourth of five is unknown", hypercall(HV_GET_VP_REGISTERS | HV_REPS(5), input_page, output_page), HV_INVALID_PARAMETER, 3);
    check_status("unknown partition", get_one(0x1234567, HV_SELF_VP, NAME_VP_INDEX), HV_INVALID_PARTITION_ID);
    check_status("unknown VP", get_one(HV_SELF_PARTITION, 4000, NAME_VP_INDEX), HV_INVALID_VP_INDEX);
    *get = (struct get){HV_SELF_PARTITION, HV_SELF_VP, 0x1f, {0}};
    get->names[0] = NAME_VP_INDEX;
    check_refused("a trust level that is not there", hypercall(HV_GET_VP_REGISTERS | HV_REPS(1), input_page, output_page));
    if (hv_has(HV_FEATURE_XMM_INPUT) && hv_has(HV_FEATURE_XMM_OUTPUT)) {
        uint64_t block[14] = {HV_SELF_PARTITION, HV_SELF_VP, NAME_VP_INDEX, 0, 99, 99};
        check_status("in and out in registers", hypercall_xmm(HV_GET_VP_REGISTERS | HV_REPS(1), block), HV_SUCCESS);
        check_equal("the value follows the input", block[4], machine.vps[0]);
    }
}

static void read_kernel_gs(void *p) {
    *(uint64_t *)p = rdmsr(MSR_KERNEL_GS_BASE);
}

static void check_set(void) {
    for (int i = 0; i < machine.cpus; i++) {
        uint64_t there = 0, wanted = 0x123450000 + (uint64_t)i;
        check_status_at("set a register of VP", machine.vps[i], set_one(machine.vps[i], NAME_KERNEL_GS_BASE, wanted), HV_SUCCESS);
        run_on(i, read_kernel_gs, &there);
        check_equal_at("which it sees, VP", machine.vps[i], there, wanted);
    }
    check_refused("set a read-only register", set_one(HV_SELF_VP, NAME_VP_INDEX, 3));
    check_refused("set an unknown register", set_one(HV_SELF_VP, NAME_NOTHING, 3));
    check_refused("set a register to what it cannot hold", set_one(HV_SELF_VP, NAME_EFER, 1ull << 60));
    check_refused("set an address that is none", set_one(HV_SELF_VP, NAME_KERNEL_GS_BASE, 0x8000000000000000));
}

static void check_apic_ids(void) {
    for (int i = 0; i < machine.cpus; i++) {
        uint64_t *input = (uint64_t *)input_page;
        input[0] = HV_SELF_PARTITION;
        input[1] = 0;
        input[2] = worker_apic_id(i);
        uint64_t result = hypercall(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input_page, output_page);
        check_status_at("VP index of APIC id", worker_apic_id(i), result, HV_SUCCESS);
        check_equal_at("which is right of", worker_apic_id(i), *(volatile uint32_t *)output_page, machine.vps[i]);
    }
    ((uint64_t *)input_page)[2] = 0xfffffff0;
    check_refused("VP index of an APIC id that nobody has", hypercall(HV_VP_INDEX_FROM_APIC_ID | HV_REPS(1), input_page, output_page));
}

/* Control flags of translations. */
enum { VALIDATE_READ = 1, VALIDATE_WRITE = 2, VALIDATE_EXECUTE = 4, PRIVILEGE_EXEMPT = 8, SET_BITS = 16 };
enum { NOT_PRESENT = 1, PRIVILEGE = 2, ILLEGAL_OVERLAY = 7, OVERLAY = 1 << 8 };
#define ADDRESS (SPACE_OWN + 0x5000)

static uint64_t translate(uint64_t flags, uint64_t address) {
    uint64_t *input = (uint64_t *)input_page;
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = flags;
    input[3] = address >> 12;
    ((volatile uint64_t *)output_page)[0] = ((volatile uint64_t *)output_page)[1] = 0x7777;
    return hypercall(HV_TRANSLATE, input_page, output_page);
}

static void check_translation(void) {
    const volatile uint32_t *code = (const volatile uint32_t *)output_page, *overlay = code + 1;
    const volatile uint64_t *page = (const volatile uint64_t *)output_page + 1;
    if (HV_STATUS(translate(VALIDATE_READ, (uint64_t)spare_page)) == HV_INVALID_CODE) {
        skip("translation", "not offered");
        return;
    }
    check_status("an address that is mapped", translate(VALIDATE_READ | VALIDATE_WRITE, (uint64_t)spare_page), HV_SUCCESS);
    check_equal("its code", *code, 0);
    check_equal("its page", *page, (uint64_t)spare_page >> 12);
    check_equal("no overlay", *overlay & OVERLAY, 0);
    check_status("an address that is not", translate(VALIDATE_READ, ADDRESS), HV_SUCCESS);
    check_equal("its code", *code, NOT_PRESENT);
    uint64_t kernel = read_cr3(), *space = space_new(), *entry = space_entry(space, ADDRESS);
    write_cr3((uint64_t)space);
    set_entry(entry, (uint64_t)spare_page | PAGE_PRESENT | PAGE_USER);
    check_status("a page that is read-only, to read", translate(VALIDATE_READ, ADDRESS), HV_SUCCESS);
    check_equal("its code", *code, 0);
    check_equal("bits are left alone", *entry, (uint64_t)spare_page | PAGE_PRESENT | PAGE_USER);
    check_status("with its bits set", translate(VALIDATE_READ | SET_BITS, ADDRESS), HV_SUCCESS);
    check_equal("it has been accessed", *entry >> 5 & 3, 1);
    check_status("the hypercall page", translate(VALIDATE_READ, (uint64_t)hypercall_page), HV_SUCCESS);
    check_equal("is an overlay", *overlay & OVERLAY, OVERLAY);
    check_status("to write there", translate(VALIDATE_READ | VALIDATE_WRITE, (uint64_t)hypercall_page), HV_SUCCESS);
    check_equal("its code", *code, ILLEGAL_OVERLAY);
    check_equal("its page", *page, (uint64_t)hypercall_page >> 12);
    check_status("what is no address", translate(VALIDATE_READ, 1ull << 60), HV_SUCCESS);
    check_equal("its code", *code, NOT_PRESENT);
    write_cr3(kernel);
}

void check_vp_registers(void) {
    if (!hv_may(HV_HAS_VP_REGISTERS)) {
        check_denied("registers without the privilege", get_one(HV_SELF_PARTITION, HV_SELF_VP, NAME_VP_INDEX));
        check_denied("setting them", set_one(HV_SELF_VP, NAME_CR3, 0));
    } else {
        check_get();
        check_set();
    }
    if (hv_may(HV_HAS_START_VP)) {
        check_apic_ids();
    }
    check_translation();
}
