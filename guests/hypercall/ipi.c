/* Interrupts by hypercall and by the APIC's MSRs: every target gets each exactly once, asleep or running, and nobody else any. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "smp.h"
#include "window.h"
#include "workers.h"

enum { VECTOR = 0x50, MSR_VECTOR = 0x51, ASSIST_VECTOR = 0x52, PATIENCE = 3000000, SETTLE = 2000, BURST = 20 };
enum { ICR_SELF = 0x40000, ICR_FIXED = 0x4000 };

static volatile uint32_t taken[MAX_CPUS];
static volatile uint32_t ends_written, ends_spared;
static volatile uint32_t *assist; /* word 0 of the VP assist page */
static volatile int stop;

static void count_it(void) {
    __atomic_add_fetch(&taken[this_cpu()->index], 1, __ATOMIC_SEQ_CST);
}

static void count_and_end_by_msr(void) {
    count_it();
    wrmsr(HV_MSR_EOI, 0);
}

/* TLFS, "EOI Assist": the end need not be written where the bit was set. */
static void count_and_end_lazily(void) {
    uint8_t spared;
    count_it();
    __asm__ volatile("lock btrl $0, %0; setc %1" : "+m"(*assist), "=q"(spared) : : "memory", "cc");
    if (spared) {
        ends_spared++;
    } else {
        ends_written++;
        wrmsr(HV_MSR_EOI, 0);
    }
}

static void take_interrupts(void) {
    __asm__ volatile("sti; nop; pause; cli" : : : "memory");
}

static uint64_t send(enum form form, uint32_t vector, uint8_t vtl, uint64_t vps) {
    static struct hv_ipi_ex sets __attribute__((aligned(4096)));
    struct hv_ipi *plain = (struct hv_ipi *)input_page;
    uint64_t block[14] = {(uint64_t)vector | (uint64_t)vtl << 32};
    switch (form) {
        case IN_MEMORY: *plain = (struct hv_ipi){vector, vtl, {0}, vps}; return hypercall(HV_SEND_IPI, plain, 0);
        case IN_XMM: return hypercall_fast(HV_SEND_IPI, block[0], vps);
        case WITH_SET:
            sets = (struct hv_ipi_ex){.vector = vector, .vtl = vtl};
            return hypercall(HV_SEND_IPI_EX | HV_HEADER(hv_vp_set(&sets.set, vps)), &sets, 0);
        default:
            block[2] = vps != 0;
            block[3] = vps;
            return hypercall_xmm(HV_SEND_IPI_EX | HV_HEADER(vps != 0), block);
    }
}

/* Waits until all that are due have come, and a little for those that are not. Returns whether it came out right. */
static int arrived(uint64_t vps) {
    int right = 0;
    for (int i = 0; i < PATIENCE && !right; i++) {
        take_interrupts();
        right = 1;
        for (int cpu = 0; cpu < machine.cpus; cpu++) {
            right &= taken[cpu] >= (uint32_t)((vps & vp_of(cpu)) != 0);
        }
    }
    for (int i = 0; i < SETTLE; i++) {
        take_interrupts();
    }
    for (int cpu = 0; cpu < machine.cpus; cpu++) {
        right &= taken[cpu] == (uint32_t)((vps & vp_of(cpu)) != 0);
        taken[cpu] = 0;
    }
    return right;
}

static int delivered(enum form form, uint64_t vps) {
    uint64_t result = send(form, VECTOR, 0, vps);
    if (HV_STATUS(result) != HV_SUCCESS) {
        put("# result ");
        put_hex(result);
        put("\n");
        return 0;
    }
    return arrived(vps);
}

static void run_with_interrupts(void *p) {
    (void)p;
    __asm__ volatile("sti");
    while (!stop) {
        relax();
    }
    __asm__ volatile("cli");
}

static void check_form(enum form form) {
    int right = 1;
    for (int cpu = 0; cpu < machine.cpus; cpu++) {
        right &= delivered(form, vp_of(cpu));
    }
    check("to one at a time, asleep", right);
    check("to all at once, asleep", delivered(form, all_vps()));
    check("to nobody", delivered(form, 0));
    stop = 0;
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        worker_begin(cpu, run_with_interrupts, 0);
    }
    right = 1;
    for (int i = 0; i < BURST; i++) {
        right &= delivered(form, all_vps() & ~(i % 2 ? vp_of(0) : 0));
    }
    check("to all at once, running", right);
    stop = 1;
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        worker_wait(cpu);
    }
    static const uint32_t bad[] = {0, 1, 2, 15, 256, 0x1050, 0xffffffff};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_status_at("vector", bad[i], send(form, bad[i], 0, vp_of(0)), HV_INVALID_PARAMETER);
    }
    check("none of which has come", arrived(0));
    check("to the caller's own trust level, by name", HV_STATUS(send(form, VECTOR, 0x10, vp_of(0))) == HV_SUCCESS && arrived(vp_of(0)));
    check_refused("to a trust level that is not there", send(form, VECTOR, 0x1f, vp_of(0)));
    check("which has not come", arrived(0));
}

static void check_all_format(void) {
    struct hv_ipi_ex *input = (struct hv_ipi_ex *)input_page;
    *input = (struct hv_ipi_ex){.vector = VECTOR, .set = {.format = 1}};
    check("to the set of all", HV_STATUS(hypercall(HV_SEND_IPI_EX, input, 0)) == HV_SUCCESS && arrived(all_vps()));
    input->set.format = 3;
    check_status("to a set of unknown format", hypercall(HV_SEND_IPI_EX, input, 0), HV_INVALID_PARAMETER);
    input->set.format = 0;
    input->set.valid_banks = 1;
    check_status("to a set with fewer banks than it says", hypercall(HV_SEND_IPI_EX, input, 0), HV_INVALID_INPUT);
}

static void check_apic_msrs(void) {
    if (!hv_may(HV_HAS_APIC_MSRS)) {
        skip("the APIC's MSRs", "not offered");
        return;
    }
    interrupts_handle_without_end(MSR_VECTOR, count_and_end_by_msr);
    int right = 1;
    for (int i = 0; i < BURST; i++) {
        wrmsr(HV_MSR_ICR, ICR_SELF | ICR_FIXED | MSR_VECTOR);
        right &= arrived(vp_of(0));
    }
    check("ICR sends, EOI ends, many times", right);
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        wrmsr(HV_MSR_ICR, (uint64_t)worker_apic_id(cpu) << 56 | ICR_FIXED | MSR_VECTOR);
        check_equal_at("ICR sends to processor", (uint64_t)cpu, (uint64_t)arrived(vp_of(cpu)), 1);
    }
    memset(spare_page, 0x44, 4096);
    wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)spare_page | 1);
    assist = (volatile uint32_t *)spare_page;
    check_equal("VP assist page is zero at first", *assist, 0);
    interrupts_handle_without_end(ASSIST_VECTOR, count_and_end_lazily);
    right = 1;
    for (int i = 0; i < BURST; i++) {
        wrmsr(HV_MSR_ICR, ICR_SELF | ICR_FIXED | ASSIST_VECTOR);
        right &= arrived(vp_of(0));
    }
    check("ends spared by the assist page lose nothing", right);
    note("ends spared", ends_spared);
    note("ends written", ends_written);
    wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
    check_equal("memory comes back below the assist page", *assist, 0x44444444);
    wrmsr(HV_MSR_ICR, ICR_SELF | ICR_FIXED | MSR_VECTOR);
    check("and interrupts still come", arrived(vp_of(0)));
}

static volatile int idling;

static void idle_with_interrupts_off(void *p) {
    idling = 1;
    *(uint64_t *)p = rdmsr(HV_MSR_GUEST_IDLE);
    idling = 2;
}

static void check_idle(void) {
    uint64_t ignored;
    if (!hv_may(HV_HAS_GUEST_IDLE) || machine.cpus < 2) {
        skip("guest idle", "not offered, or nobody to wake it");
        return;
    }
    idling = 0;
    worker_begin(1, idle_with_interrupts_off, &ignored);
    AWAIT(idling);
    uint64_t result = send(IN_MEMORY, VECTOR, 0, vp_of(1));
    for (int i = 0; i < PATIENCE && idling == 1; i++) {
        relax();
    }
    check_equal("an interrupt wakes from guest idle although it is masked", (uint64_t)idling, 2);
    check_status("which a call sent", result, HV_SUCCESS);
    if (idling == 2) {
        worker_wait(1);
        check("and is taken later", arrived(vp_of(1)));
    }
}

void check_ipi(void) {
    interrupts_handle(VECTOR, count_it);
    for (int form = 0; form < FORMS; form++) {
        topic(form == IN_XMM ? "fast" : form_names[form]);
        if (form == IN_XMM || form_offered(form)) {
            check_form(form);
        } else {
            skip("all of it", "not offered");
        }
    }
    topic("");
    if (form_offered(WITH_SET)) {
        check_all_format();
    }
    check_apic_msrs();
    check_idle();
}
