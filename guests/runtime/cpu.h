/* What each processor has of its own: a block behind GS, descriptor tables with user segments, and a net under faults. */
#pragma once

#include <stdint.h>

enum { KERNEL_CODE = 0x08, KERNEL_DATA = 0x10, KERNEL_CODE_32 = 0x18, USER_DATA = 0x23, USER_CODE = 0x2b };
enum { NO_FAULT = -1, FAULT_UD = 6, FAULT_GP = 13, FAULT_PF = 14 };

struct fault {
    int vector; /* NO_FAULT where there was none */
    uint64_t error, rip, address;
};

struct attempt; /* an open one, innermost first (cpu.c) */

struct cpu {
    struct cpu *self; /* at offset 0: gs:0 */
    int index;
    struct attempt *attempt;
};

static inline struct cpu *this_cpu(void) {
    struct cpu *cpu;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* Gives processor `index`, the one that runs, its block and tables. Interrupts must have been prepared. */
void cpu_prepare_here(int index);

/* Runs body(argument). Where that raises an exception, gives up on it: returns the vector, and more in *fault unless it is null. */
int attempt(struct fault *fault, void (*body)(void *), void *argument);

/* Leaves for user code, not to return: an exception brings the processor back to the attempt around this. */
_Noreturn void enter_user(uint64_t rip, uint64_t rsp, uint64_t rcx, uint64_t rdx, uint64_t r8);

/* These return the vector of the fault that they ran into, or NO_FAULT. */
int try_rdmsr(uint32_t msr, uint64_t *value);
int try_wrmsr(uint32_t msr, uint64_t value);
int try_read(uint64_t address, uint64_t *value);
int try_write(uint64_t address, uint64_t value);

static inline uint64_t rdmsr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
}

static inline uint64_t rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
    return r;
}

static inline uint64_t read_cr3(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(uint64_t value) {
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t read_cr4(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void write_cr4(uint64_t value) {
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline void relax(void) {
    __asm__ volatile("pause" : : : "memory");
}
