/* SipHash-2-4 (Aumasson, Bernstein): a keyed hash of 64 bits, from its description. */
#pragma once

#include <stdint.h>

static inline void sip_round(uint64_t v[4]) {
#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))
    v[0] += v[1];
    v[2] += v[3];
    v[1] = ROTATE(v[1], 13) ^ v[0];
    v[3] = ROTATE(v[3], 16) ^ v[2];
    v[0] = ROTATE(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = ROTATE(v[1], 17) ^ v[2];
    v[3] = ROTATE(v[3], 21) ^ v[0];
    v[2] = ROTATE(v[2], 32);
#undef ROTATE
}

/* Of a message of 8 bytes. */
static inline uint64_t sip_hash(uint64_t key0, uint64_t key1, uint64_t message) {
    uint64_t v[4] = {
        key0 ^ 0x736f6d6570736575,
        key1 ^ 0x646f72616e646f6d,
        key0 ^ 0x6c7967656e657261,
        key1 ^ 0x7465646279746573,
    };
    uint64_t words[2] = {message, 8ull << 56};
    for (int i = 0; i < 2; i++) {
        v[3] ^= words[i];
        sip_round(v);
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
