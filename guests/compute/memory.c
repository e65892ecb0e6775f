/*
 * Benchmark guest: memory. Copies (eight bytes at a time, and an eighth by REP MOVSB), a sum with a page-sized stride, and a chase
 * through a random cycle of pointers that no cache holds.
 */
#include "guest.h"

enum { WORDS = 1 << 20, CHASE = 1 << 20, HOPS = 1 << 21 };

static uint64_t source[WORDS], target[WORDS];
static uint64_t *cycle[CHASE];
static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* Sattolo's shuffle: one cycle through all the elements, so that a chase visits every one. */
static void prepare(void) {
    for (int i = 0; i < WORDS; i++) {
        source[i] = next_random();
    }
    for (int i = 0; i < CHASE; i++) {
        cycle[i] = (uint64_t *)&cycle[i];
    }
    for (int i = CHASE - 1; i > 0; i--) {
        int j = (int)(next_random() % (uint64_t)i);
        uint64_t *swap = cycle[i];
        cycle[i] = cycle[j];
        cycle[j] = swap;
    }
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) static void copy_words(void) {
    for (int i = 0; i < WORDS; i++) {
        target[i] = source[i];
    }
}

static void copy_bytes(void) {
    void *to = source;
    const void *from = target;
    uint64_t length = sizeof(source) / 8;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static uint64_t strided_sum(void) {
    uint64_t sum = 0;
    for (int start = 0; start < 512; start += 8) {
        for (int i = start; i < WORDS; i += 512) {
            sum += target[i];
            target[i] = sum;
        }
    }
    return sum;
}

static uint64_t chase(void) {
    uint64_t **at = cycle;
    for (int i = 0; i < HOPS; i++) {
        at = (uint64_t **)*at;
    }
    return (uint64_t)(at - cycle);
}

int guest_main(const char *command_line) {
    uint64_t count = count_argument(command_line, 3);
    uint64_t checksum = 0;
    prepare();
    for (uint64_t i = 0; i < count; i++) {
        copy_words();
        checksum = checksum * 31 + strided_sum();
        copy_bytes();
        checksum = checksum * 31 + chase();
    }
    put("memory x ");
    put_decimal(count);
    put(": ");
    put_hex(checksum);
    put("\n");
    return 0;
}
