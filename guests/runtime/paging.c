#include "paging.h"
#include "cpu.h"
#include "guest.h"

enum { TABLES = 96, ENTRIES = 512 };

static uint64_t tables[TABLES][ENTRIES] __attribute__((aligned(PAGE)));
static int used;

static uint64_t *new_table(void) {
    if (used == TABLES) {
        put("no memory for page tables\n");
        exit_vm(124);
    }
    return tables[used++];
}

uint64_t *space_new(void) {
    const uint64_t *boot = (const uint64_t *)(read_cr3() & ~0xfffull);
    uint64_t *space = new_table();
    space[0] = boot[0];
    return space;
}

static uint64_t *entry(uint64_t *table, uint64_t address, int level) {
    for (int at = 4; at > level; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * (at - 1)) & (ENTRIES - 1)];
        if (!(*entry & PAGE_PRESENT)) {
            set_entry(entry, (uint64_t)new_table() | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
        }
        table = (uint64_t *)(*entry & ~0xfffull);
    }
    return &table[address >> (12 + 9 * (level - 1)) & (ENTRIES - 1)];
}

uint64_t *space_entry(uint64_t *space, uint64_t address) {
    return entry(space, address, 1);
}

uint64_t *space_large_entry(uint64_t *space, uint64_t address) {
    return entry(space, address, 2);
}
