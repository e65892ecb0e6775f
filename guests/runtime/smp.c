#include "smp.h"
#include "acpi.h"
#include "guest.h"
#include "interrupts.h"

enum { TRAMPOLINE = 0x8000, FW_CFG_SELECTOR = 0x510, FW_CFG_DATA = 0x511, FW_CFG_CPU_COUNT = 5 };

extern const uint8_t smp_trampoline[], smp_trampoline_end[];
volatile uint64_t smp_stack;  /* the next processor's stack, for the trampoline */
volatile uint64_t smp_index;
static volatile int arrived;
static uint8_t stacks[MAX_CPUS][16384] __attribute__((aligned(16)));

static int firmware_count(void) {
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0), "Nd"((uint16_t)FW_CFG_SELECTOR));
    const char *signature = "QEMU";
    for (int i = 0; i < 4; i++) {
        if (inb(FW_CFG_DATA) != (uint8_t)signature[i]) {
            return 0;
        }
    }
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)FW_CFG_CPU_COUNT), "Nd"((uint16_t)FW_CFG_SELECTOR));
    int low = inb(FW_CFG_DATA);
    return low | inb(FW_CFG_DATA) << 8;
}

int smp_discover(uint32_t *apic_ids, const char **source) {
    int count = acpi_processors(apic_ids, MAX_CPUS);
    *source = "ACPI MADT";
    if (count == 0) {
        count = firmware_count();
        *source = "fw_cfg";
        if (count < 1 || count > MAX_CPUS) {
            count = 1;
            *source = "neither ACPI nor fw_cfg: just this one";
        }
        for (int i = 0; i < count; i++) {
            apic_ids[i] = (uint32_t)i;
        }
    }
    for (int i = 1; i < count; i++) {
        if (apic_ids[i] == apic_id()) {
            apic_ids[i] = apic_ids[0];
            apic_ids[0] = apic_id();
        }
    }
    return count;
}

void smp_arrive(uint64_t index) {
    interrupts_enable_here();
    __atomic_store_n(&arrived, (int)index, __ATOMIC_RELEASE);
    smp_main((int)index);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

static int wait_for(int index) {
    /* Bounded by device reads, which take about a microsecond on hardware and not much less here: seconds, for a busy host. */
    for (int i = 0; i < 5000000; i++) {
        if (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) == index) {
            return 1;
        }
        inb(0x80);
    }
    return 0;
}

int smp_start_one(uint32_t apic_id, int index) {
    const uint8_t *from = smp_trampoline;
    for (uint8_t *to = (uint8_t *)TRAMPOLINE; from < smp_trampoline_end;) {
        *to++ = *from++;
    }
    arrived = 0;
    smp_index = (uint64_t)index;
    smp_stack = (uint64_t)(stacks[index] + sizeof(stacks[index]));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    apic_send(apic_id, APIC_INIT);
    for (int i = 0; i < 100; i++) {
        inb(0x80);
    }
    apic_send(apic_id, APIC_STARTUP | TRAMPOLINE >> 12);
    return wait_for(index);
}

int smp_start(const uint32_t *apic_ids, int count) {
    for (int index = 1; index < count; index++) {
        if (!smp_start_one(apic_ids[index], index)) {
            return index;
        }
    }
    return 0;
}
