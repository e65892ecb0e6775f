/*
 * What the benchmark guest shares with the host: at guest physical address 0x1000000 (16 MiB), little endian. The host gives every
 * processor a job and, where that sleeps, wakes it by interrupt 0x48; the processor says what it does and how often it has done it.
 */
#pragma once

#include <stdint.h>

#define BOARD_ADDRESS 0x1000000ull
#define BOARD_MAGIC 0x44524f4f42434c50ull /* "PLCBOORD" */

enum { BOARD_PROCESSORS = 64, BOARD_BUCKETS = 4096, BOARD_WAKE_VECTOR = 0x48 };

/* Jobs: what a processor does again and again until it is given another. */
enum {
    JOB_SLEEP = 0,     /* HLT */
    JOB_COMPUTE = 1,   /* nothing that anybody outside sees */
    JOB_HYPERCALL = 2, /* an IPI to nobody, fast */
    JOB_TRANSLATE = 3, /* HvCallTranslateVirtualAddress: the hypervisor walks the page tables */
    JOB_DEVICE = 4,    /* a byte to port 0xe9 */
    JOB_FLUSH = 5,     /* one page of `targets`, by HvCallFlushVirtualAddressList */
};

struct board_processor { /* 128 bytes, one a processor */
    uint64_t job;     /* 0x00, host: */
    uint64_t targets; /* 0x08, host: VPs, a bit each */
    uint64_t doing;   /* 0x10 */
    uint64_t done;    /* 0x18: how often, of all jobs since the start */
    uint64_t stamp;   /* 0x20: the time-stamp counter behind the last */
    uint64_t failed;  /* 0x28: hypercalls that did not return success */
    uint64_t reserved[10];
};

struct board {
    uint64_t magic;        /* 0x00 */
    uint64_t processors;   /* 0x08: how many run */
    uint64_t begin;        /* 0x10, host: time-stamp counter where bucket 0 begins; 0: count in no bucket */
    uint64_t bucket_ticks; /* 0x18, host: */
    uint64_t reserved[12];
    struct board_processor processor[BOARD_PROCESSORS];        /* 0x80 */
    uint32_t bucket[BOARD_PROCESSORS][BOARD_BUCKETS]           /* 0x4000: flushes that returned in each span of time */
        __attribute__((aligned(0x4000)));
};
