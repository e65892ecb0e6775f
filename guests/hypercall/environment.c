/* From where calls are allowed: user mode, 32-bit code, real mode; NPIEP, which is about user mode too. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "paging.h"
#include "smp.h"
#include "workers.h"

enum { USER_PAGES = 4, REAL_SEGMENT = 0x70000, REAL_CODE = REAL_SEGMENT + PAGE, REAL_RESULT = REAL_SEGMENT + 2 * PAGE };
enum { RAISED_UD = 1, CALL_RETURNED = 2 }; /* real_mode.S */
#define USER_CODE_AT (SPACE_OWN + 0x100000)
#define USER_CALL_PAGE (SPACE_OWN + 0x101000)
#define USER_STACK_PAGE (SPACE_OWN + 0x102000)

extern const uint8_t user_call[], user_call_end[], user_tables[], user_tables_end[], real_caller[], real_caller_end[];
static uint8_t user_code[PAGE] __attribute__((aligned(PAGE))), user_stack[PAGE] __attribute__((aligned(PAGE)));
static uint64_t *space;

static void copy(void *to, const uint8_t *from, const uint8_t *end) {
    memcpy(to, from, (unsigned long)(end - from));
}

static void map_user(void) {
    if (!space) {
        space = space_new();
    }
    set_entry(space_entry(space, USER_CODE_AT), (uint64_t)user_code | PAGE_PRESENT | PAGE_USER);
    set_entry(space_entry(space, USER_CALL_PAGE), (uint64_t)hypercall_page | PAGE_PRESENT | PAGE_USER);
    set_entry(space_entry(space, USER_STACK_PAGE), (uint64_t)user_stack | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
}

static void run_user(void *p) {
    uint64_t *arguments = p;
    enter_user(USER_CODE_AT, USER_STACK_PAGE + PAGE - 16, arguments[0], arguments[1], arguments[2]);
}

/* Runs code in user mode until it faults. */
static struct fault in_user_mode(const uint8_t *from, const uint8_t *end, uint64_t *arguments) {
    struct fault fault;
    uint64_t kernel = read_cr3();
    copy(user_code, from, end);
    write_cr3((uint64_t)space);
    attempt(&fault, run_user, arguments);
    write_cr3(kernel);
    return fault;
}

static void check_user_mode(void) {
    uint64_t known[] = {HV_SEND_IPI | HV_FAST, 0x50, 0}, unknown[] = {0x3fff | HV_FAST, 0, 0};
    struct fault fault = in_user_mode(user_call, user_call_end, known);
    check_fault("a call from user mode", fault.vector, FAULT_UD);
    check_equal("which faults on the call's instruction", fault.rip & ~0xfffull, USER_CALL_PAGE);
    fault = in_user_mode(user_call, user_call_end, unknown);
    check_fault("an unknown call from user mode", fault.vector, FAULT_UD);
    check_status("the same call from kernel mode", hypercall_fast(HV_SEND_IPI, 0x50, 0), HV_SUCCESS);
}

/* The user code stores one of the table registers, then raises #UD. */
static void check_npiep(void) {
    static const char *const names[] = {"SGDT", "SIDT", "SLDT", "STR"};
    if (!hv_has(HV_FEATURE_NPIEP)) {
        skip("NPIEP", "not offered");
        return;
    }
    if (read_cr4() & 1 << 11) {
        skip("NPIEP", "UMIP is on");
        return;
    }
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t which[] = {0, i, 0};
        topic(names[i]);
        check_fault("user code may", in_user_mode(user_tables, user_tables_end, which).vector, FAULT_UD);
        wrmsr(HV_MSR_NPIEP_CONFIG, 1ull << i);
        check_fault("user code may not when it is prevented", in_user_mode(user_tables, user_tables_end, which).vector, FAULT_GP);
        wrmsr(HV_MSR_NPIEP_CONFIG, 0xf & ~(1ull << i));
        check_fault("user code may when the others are prevented", in_user_mode(user_tables, user_tables_end, which).vector, FAULT_UD);
        wrmsr(HV_MSR_NPIEP_CONFIG, 0);
    }
    topic("");
}

static void check_32_bit(void) {
    struct hv_flush *input = (struct hv_flush *)input_page;
    *input = (struct hv_flush){0, HV_ALL_SPACES, 0};
    check_status("in memory", hypercall_32(HV_FLUSH_SPACE, (uint64_t)input, 0), HV_SUCCESS);
    check_status("misaligned input", hypercall_32(HV_FLUSH_SPACE, (uint64_t)input + 4, 0), HV_INVALID_ALIGNMENT);
    check_status("input above 4 GiB is looked at", hypercall_32(HV_FLUSH_SPACE, 1ull << 60, 0), HV_INVALID_ALIGNMENT);
    check_status("reserved bit in the upper half", hypercall_32(HV_FLUSH_SPACE | 1ull << 60, (uint64_t)input, 0), HV_INVALID_INPUT);
    check_status("unknown code", hypercall_32(0x3fff | HV_FAST, 0, 0), HV_INVALID_CODE);
    check_status("fast", hypercall_32(HV_SEND_IPI | HV_FAST, 0x50, 0), HV_SUCCESS);
    check_status("fast, bad vector", hypercall_32(HV_SEND_IPI | HV_FAST, 0x5, 0), HV_INVALID_PARAMETER);
    *(uint64_t *)(input + 1) = 0;
    check_reps("one rep", hypercall_32(HV_FLUSH_LIST | HV_REPS(1), (uint64_t)input, 0), HV_SUCCESS, 1);
}

/* The last processor leaves its work, is sent to real-mode code by INIT and start-up, makes a call from there and halts. */
static void check_real_mode(void) {
    if (machine.cpus < 2) {
        skip("a call from real mode", "it takes a second processor");
        return;
    }
    int last = machine.cpus - 1;
    volatile uint8_t *result = (volatile uint8_t *)REAL_RESULT;
    volatile uint32_t *table = 0; /* of real mode's interrupts */
    __asm__("" : "+r"(table));
    uint32_t vector_6 = table[6];
    copy((void *)REAL_CODE, real_caller, real_caller_end);
    *result = 0;
    wrmsr(HV_MSR_HYPERCALL, REAL_SEGMENT | 1);
    apic_send(worker_apic_id(last), APIC_INIT);
    for (int i = 0; i < 100; i++) {
        inb(0x80);
    }
    apic_send(worker_apic_id(last), APIC_STARTUP | REAL_CODE >> 12);
    AWAIT(*result);
    wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | 1);
    table[6] = vector_6;
    check_equal("a call from real mode raises #UD", *result, RAISED_UD);
    check("the processor starts again", smp_start_one(worker_apic_id(last), last));
}

void check_environment(void) {
    map_user();
    check_user_mode();
    check_npiep();
    topic("32-bit");
    check_32_bit();
    topic("");
    check_real_mode();
}
