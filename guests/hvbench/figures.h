/* Times by the TSC, at the frequency that the hypervisor tells, and how benchmarks say them. */
#pragma once

#include <stdint.h>

enum { SAMPLES = 101, LONGEST_NS = 1500000000 };

/* Asks for the frequency; hyperv_detect comes first. */
void figures_prepare(void);
uint64_t nanoseconds(uint64_t ticks);
/* A line "NAME: least ns, median ns (samples)" of `count` samples in nanoseconds, at most SAMPLES; where silent, none. */
void put_figure(const char *name, const uint64_t *samples, int count);
extern int silent;
