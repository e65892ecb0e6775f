/*
 * What the flush storm shares with the host: at guest physical address 0x1000000 (16 MiB), little endian, for whoever watches, at any
 * time, without stopping the guest. All counters only grow.
 */
#pragma once

#include <stdint.h>

#define STORM_ADDRESS 0x1000000ull
#define STORM_MAGIC 0x4d524f5453434c50ull /* "PLCSTORM" */

enum { STORM_STARTING = 0, STORM_RUNNING = 1, STORM_ENDED = 2, STORM_PROCESSORS = 64 };

struct storm_processor { /* 64 bytes, one a processor */
    uint64_t changed;   /* generation that its page's entry shows; 0 where it changes none */
    uint64_t completed; /* generation whose flush has returned */
    uint64_t reads;     /* of others' pages */
    uint64_t behind;    /* reads that saw a page from before the last change, as they may until its flush returns */
    uint64_t stale;     /* reads that saw a page from before a flush that had returned: must stay 0 */
    uint64_t refused;   /* flushes that returned another status than success: must stay 0 */
    uint64_t vp;        /* index of the virtual processor */
    uint64_t reserved;
};

struct storm {
    uint64_t magic;      /* offset 0x00 */
    uint64_t state;      /* 0x08 */
    uint64_t processors; /* 0x10: how many run */
    uint64_t wanted;     /* 0x18: flushes that each changing processor makes */
    uint64_t stop;       /* 0x20: the host writes 1 to end the storm early */
    uint64_t reserved[3];
    struct storm_processor processor[STORM_PROCESSORS]; /* 0x40 */
};
