/* What the parts of the random normal side share. */
#pragma once

#include <stdint.h>
#include "device.h"
#include "paging.h"
#include "secure.h"

enum { RANDOM_BUFFERS = 4, RANDOM_CPUS = 4, SERVICE_WORK = 2, SERVICE_HIDE = 3, SERVICE_OPEN = 4, SERVICE_CHECK = 5 };

/* What a processor's program has for itself. */
struct program {
    /* Its pages: 0 and 1 are its calls' input and output. */
    uint8_t buffers[RANDOM_BUFFERS][PAGE] __attribute__((aligned(PAGE)));
    uint8_t code[2][PAGE];
    /* The secure side hides it, puts the secret there, takes that away and opens it again. */
    uint8_t victim[PAGE];
    struct ring ring __attribute__((aligned(PAGE)));
    struct {
        uint32_t type, reserved;
        uint64_t sector;
        volatile uint8_t status;
    } request;
    struct {
        uint32_t control, length;
        uint64_t address;
    } order __attribute__((aligned(16)));
    struct device entropy, disk;
    uint64_t state, sum; /* of its numbers; of all that it has seen */
    uint64_t *walk;      /* the root of a space for random_walk */
    uint64_t *game[4];   /* the tables of a part of the cage's space, the root first */
    uint64_t rescues, runs; /* of the cage */
} __attribute__((aligned(PAGE)));
extern struct program programs[RANDOM_CPUS];

static inline struct program *own(void) {
    return &programs[this_cpu()->index];
}

uint64_t draw(void);
/* Whatever the program sees goes into a sum. */
void see(uint64_t value);
/* One that it may look at: the secret's, the secure side's, its own. */
uint64_t some_address(void);
/* One that it may write, or cover with other pages, without breaking itself. */
uint64_t some_target(void);
/* A page that may be hidden, or closed to writes, and one of its own. */
uint64_t some_hidden_page(void);
uint64_t some_own_page(void);

/* Prepares this processor's cage, by what the secure side watches. */
void random_prepare(void);
/* An instruction of any bytes, in user mode or the kernel's, or a piece of kernel code, with any registers. */
void random_code(void);
void random_call(void);
/* Something of a device: its registers, or its reach into memory. */
void random_device(void);

/* Secure side. The word of the hidden page that anybody may know: the secure side tells it by emulating loads of it. */
enum { PUBLIC_WORD = 511 };
#define PUBLIC_VALUE 0x7075626c69636c79ull
struct random_choice {
    uint64_t watched; /* registers */
    int hidden;       /* whether anything is */
};
void secure_begin_random(void *choice); /* a job, on each processor */
/* What the normal side may read and not write: entries of tables that have not been used. */
extern uint8_t shown_page[PAGE];
