/* Application processors: how many there are, starting them, and what they use to keep out of each other's way. */
#pragma once

#include <stdint.h>

enum { MAX_CPUS = 64 };

/* How many processors, and where that number comes from. Fills in their APIC ids; the first is the one that runs. */
int smp_discover(uint32_t *apic_ids, const char **source);
/* Starts processors 1 to count-1; each calls smp_main(index) on a stack of its own. Returns the first that did not come up, or 0. */
int smp_start(const uint32_t *apic_ids, int count);
/* Starts one processor, or starts it again, by INIT and start-up. Returns whether it came up. */
int smp_start_one(uint32_t apic_id, int index);
void smp_main(int index);

struct lock {
    volatile uint32_t taken;
};

/* Unfair on purpose: with more processors than the host has, a ticket lock waits for whoever the host lets sleep. */
static inline void lock(struct lock *l) {
    while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE)) {
        while (l->taken) {
            __asm__ volatile("pause");
        }
    }
}

static inline void unlock(struct lock *l) {
    __atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}
