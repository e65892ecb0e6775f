/* The other processors as workers: each sleeps until it is given a job. */
#pragma once

#include <stdint.h>

typedef void (*job)(void *argument);

/* Starts all processors but this one (or all but the last `keep` too) and returns how many run, this one included. */
int workers_start(int keep);
/* The APIC id of a processor: of all that there are, also of those that were kept. */
uint32_t worker_apic_id(int index);
/* All processors that there are. */
int workers_present(void);
/* A processor that was kept and has come up otherwise calls this, on a stack of its own, and stays. */
_Noreturn void worker_arrive(int index);
/* Waits until it has. Returns whether it did within so many milliseconds, about. */
int worker_await_arrival(int index, int milliseconds);

/* Gives worker `index` a job; it has none. */
void worker_begin(int index, job work, void *argument);
/* Waits until it is done. */
void worker_wait(int index);
int worker_done(int index);
/* Runs a job on a processor, this one (0) included, and waits. */
void run_on(int index, job work, void *argument);

/* Waits for a condition that another processor makes true; ends the machine where it never comes. */
#define AWAIT(condition)                        \
    do {                                        \
        uint64_t rounds_ = 0;                   \
        while (!(condition)) {                  \
            await_round(&rounds_, #condition);  \
        }                                       \
    } while (0)
void await_round(uint64_t *rounds, const char *what);
