#include "workers.h"
#include "cpu.h"
#include "guest.h"
#include "interrupts.h"
#include "smp.h"

enum { WAKE_VECTOR = 0xf0, PATIENCE = 30000000 };

struct worker {
    job volatile work;
    void *volatile argument;
    volatile int here;
} __attribute__((aligned(64)));

static struct worker workers[MAX_CPUS];
static uint32_t apic_ids[MAX_CPUS];
static int present;

static void woken(void) {
}

int workers_start(int keep) {
    const char *source;
    present = smp_discover(apic_ids, &source);
    interrupts_handle(WAKE_VECTOR, woken);
    int count = present > keep ? present - keep : 1;
    int missing = smp_start(apic_ids, count);
    if (missing) {
        put("a processor did not start: ");
        put_decimal((uint64_t)missing);
        put("\n");
        exit_vm(123);
    }
    return count;
}

uint32_t worker_apic_id(int index) {
    return apic_ids[index];
}

int workers_present(void) {
    return present;
}

void smp_main(int index) {
    worker_arrive(index);
}

_Noreturn void worker_arrive(int index) {
    struct worker *self = &workers[index];
    cpu_prepare_here(index);
    __atomic_store_n(&self->here, 1, __ATOMIC_RELEASE);
    for (;;) {
        job work = __atomic_load_n(&self->work, __ATOMIC_ACQUIRE);
        if (work) {
            work(self->argument);
            __atomic_store_n(&self->work, (job)0, __ATOMIC_RELEASE);
        } else {
            wait_for_interrupt();
        }
    }
}

int worker_await_arrival(int index, int milliseconds) {
    for (int i = 0; i < milliseconds * 1000; i++) {
        if (__atomic_load_n(&workers[index].here, __ATOMIC_ACQUIRE)) {
            return 1;
        }
        inb(0x80);
    }
    return 0;
}

void worker_begin(int index, job work, void *argument) {
    workers[index].argument = argument;
    __atomic_store_n(&workers[index].work, work, __ATOMIC_SEQ_CST);
    apic_send(apic_ids[index], APIC_FIXED | WAKE_VECTOR);
}

int worker_done(int index) {
    return !__atomic_load_n(&workers[index].work, __ATOMIC_ACQUIRE);
}

void worker_wait(int index) {
    AWAIT(worker_done(index));
}

void run_on(int index, job work, void *argument) {
    if (index == 0) {
        work(argument);
    } else {
        worker_begin(index, work, argument);
        worker_wait(index);
    }
}

void await_round(uint64_t *rounds, const char *what) {
    relax();
    if (++*rounds == PATIENCE) {
        put("Bail out! waited in vain for ");
        put(what);
        put("\n");
        exit_vm(125);
    }
}
