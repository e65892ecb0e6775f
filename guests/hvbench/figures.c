#include "figures.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"

enum { NANOSECONDS = 1000000000 };

int silent;
static uint64_t frequency;

void figures_prepare(void) {
    frequency = rdmsr(HV_MSR_TSC_FREQUENCY);
}

uint64_t nanoseconds(uint64_t ticks) {
    uint64_t high, low; /* the quotient fits for 500 years */
    __asm__("mul %3" : "=a"(low), "=d"(high) : "a"(ticks), "r"((uint64_t)NANOSECONDS) : "cc");
    __asm__("div %2" : "+a"(low), "+d"(high) : "r"(frequency) : "cc");
    return low;
}

void put_figure(const char *name, const uint64_t *samples, int count) {
    uint64_t sorted[SAMPLES];
    if (silent) {
        return;
    }
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && sorted[at - 1] > samples[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = samples[i];
    }
    put(name);
    put(": least ");
    put_decimal(sorted[0]);
    put(" ns, median ");
    put_decimal(sorted[count / 2]);
    put(" ns (");
    put_decimal((uint64_t)count);
    put(" samples)\n");
}
