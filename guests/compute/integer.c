/*
 * Benchmark guest: integer arithmetic and branches. A sieve (byte stores), Collatz chains (unpredictable branches), a CRC
 * (table look-ups), heap sort (data-dependent branches and moves), a small byte-code machine (indirect jumps).
 */
#include "guest.h"

enum { SIEVE_SIZE = 1 << 18, COLLATZ_LIMIT = 20000, CRC_SIZE = 1 << 18, SORT_SIZE = 1 << 14, CODE_STEPS = 400000 };

static uint8_t composite[SIEVE_SIZE];
static uint8_t message[CRC_SIZE];
static uint32_t crc_table[256];
static uint32_t numbers[SORT_SIZE];
static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static uint64_t sieve(void) {
    uint64_t primes = 0;
    for (int i = 2; i < SIEVE_SIZE; i++) {
        composite[i] = 0;
    }
    for (int i = 2; i < SIEVE_SIZE; i++) {
        if (!composite[i]) {
            primes++;
            for (int j = i + i; j < SIEVE_SIZE; j += i) {
                composite[j] = 1;
            }
        }
    }
    return primes;
}

static uint64_t collatz(void) {
    uint64_t steps = 0;
    for (uint64_t start = 1; start < COLLATZ_LIMIT; start++) {
        for (uint64_t n = start; n != 1; steps++) {
            n = n & 1 ? 3 * n + 1 : n >> 1;
        }
    }
    return steps;
}

static void crc_prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        }
        crc_table[i] = value;
    }
    for (int i = 0; i < CRC_SIZE; i++) {
        message[i] = (uint8_t)next_random();
    }
}

static uint32_t crc(uint32_t value) {
    value = ~value;
    for (int i = 0; i < CRC_SIZE; i++) {
        value = value >> 8 ^ crc_table[(value ^ message[i]) & 0xff];
    }
    return ~value;
}

static void sift(int root, int end) {
    for (int child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && numbers[child] < numbers[child + 1]) {
            child++;
        }
        if (numbers[root] >= numbers[child]) {
            return;
        }
        uint32_t swap = numbers[root];
        numbers[root] = numbers[child];
        numbers[child] = swap;
    }
}

static uint64_t heap_sort(void) {
    for (int i = 0; i < SORT_SIZE; i++) {
        numbers[i] = (uint32_t)next_random();
    }
    for (int i = SORT_SIZE / 2 - 1; i >= 0; i--) {
        sift(i, SORT_SIZE);
    }
    for (int end = SORT_SIZE - 1; end > 0; end--) {
        uint32_t swap = numbers[0];
        numbers[0] = numbers[end];
        numbers[end] = swap;
        sift(0, end);
    }
    for (int i = 1; i < SORT_SIZE; i++) {
        if (numbers[i - 1] > numbers[i]) {
            return 0;
        }
    }
    return numbers[SORT_SIZE / 2];
}

static uint64_t op_add(uint64_t a) {
    return a + 0x9e3779b97f4a7c15u;
}

static uint64_t op_rotate(uint64_t a) {
    return a << 23 | a >> 41;
}

static uint64_t op_multiply(uint64_t a) {
    return a * 0xd1342543de82ef95u;
}

static uint64_t op_divide(uint64_t a) {
    return a / 7 + (a % 1013);
}

static uint64_t (*const operations[])(uint64_t) = {op_add, op_rotate, op_multiply, op_divide};

static uint64_t machine(uint64_t a) {
    for (int step = 0; step < CODE_STEPS; step++) {
        switch (a >> 61) {
            case 0: a ^= 0x5555555555555555u; break;
            case 1: a -= step; break;
            case 2: a = ~a; break;
            case 3: a = a >> 1 | a << 63; break;
            default: break;
        }
        a = operations[a & 3](a);
    }
    return a;
}

int guest_main(const char *command_line) {
    uint64_t count = count_argument(command_line, 40);
    uint64_t checksum = 0;
    crc_prepare();
    for (uint64_t i = 0; i < count; i++) {
        checksum = checksum * 31 + sieve();
        checksum = checksum * 31 + collatz();
        checksum = checksum * 31 + crc((uint32_t)checksum);
        checksum = checksum * 31 + heap_sort();
        checksum = checksum * 31 + machine(checksum);
    }
    put("integer x ");
    put_decimal(count);
    put(": ");
    put_hex(checksum);
    put("\n");
    return 0;
}
