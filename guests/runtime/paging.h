/* Address spaces besides the one that boot.S makes: all share its identity mapping of the low 4 GiB, and have more above it. */
#pragma once

#include <stdint.h>

enum { PAGE = 4096 };
#define PAGE_PRESENT 0x1ull
#define PAGE_WRITE 0x2ull
#define PAGE_USER 0x4ull
#define PAGE_LARGE 0x80ull
#define PAGE_GLOBAL 0x100ull

/* Addresses from here on are a space's own. */
#define SPACE_OWN 0x8000000000ull

/* A new space with no mappings of its own; its address is the CR3 value. Ends the machine where memory for tables runs out. */
uint64_t *space_new(void);
/* The level 1 entry of an address; tables above it are made, writable and open to users. */
uint64_t *space_entry(uint64_t *space, uint64_t address);
/* The level 2 entry of an address, for 2 MiB pages. */
uint64_t *space_large_entry(uint64_t *space, uint64_t address);

/* One store: other processors' walks see the old entry or the new one. */
static inline void set_entry(uint64_t *entry, uint64_t value) {
    __atomic_store_n(entry, value, __ATOMIC_SEQ_CST);
}
