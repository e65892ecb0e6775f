/*
 * Benchmark guest: SSE and SSE2. Planets by Newton's law in scalar double (with square roots and divisions), the Mandelbrot
 * set in packed float, a hash in packed 32-bit integers. The checksum is over the bits: every rounding counts.
 */
#include "guest.h"

typedef float floats __attribute__((vector_size(16)));
typedef int32_t ints __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));

enum { BODIES = 5, STEPS = 4000, WIDTH = 128, HEIGHT = 64, DEPTH = 100, HASH_ROUNDS = 100000 };

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

static uint64_t bits(double value) {
    union {
        double value;
        uint64_t bits;
    } u = {value};
    return u.bits;
}

static void reset_bodies(void) {
    for (int i = 0; i < BODIES; i++) {
        bodies[i] = (struct body){1.5 * i, 2.0 - 0.7 * i, 0.1 * i * i, 0.3 - 0.1 * i, 0.05 * i, 0.2, 1.0 / (1 + i)};
    }
}

static void step(double dt) {
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double distance2 = dx * dx + dy * dy + dz * dz + 0.01;
            double pull = dt / (distance2 * __builtin_sqrt(distance2));
            a->vx -= dx * b->mass * pull;
            a->vy -= dy * b->mass * pull;
            a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull;
            b->vy += dy * a->mass * pull;
            b->vz += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

static uint64_t planets(void) {
    reset_bodies();
    for (int i = 0; i < STEPS; i++) {
        step(0.001);
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = sum * 31 + (bits(bodies[i].x) ^ bits(bodies[i].vy));
    }
    return sum;
}

static uint64_t mandelbrot(void) {
    ints total = {0, 0, 0, 0};
    const floats lanes = {0, 1, 2, 3};
    for (int row = 0; row < HEIGHT; row++) {
        floats cy = (floats){0, 0, 0, 0} + (-1.0f + 2.0f * (float)row / HEIGHT);
        for (int column = 0; column < WIDTH; column += 4) {
            floats cx = (lanes + (float)column) * (3.0f / WIDTH) - 2.0f;
            floats x = cx, y = cy;
            for (int i = 0; i < DEPTH; i++) {
                floats x2 = x * x, y2 = y * y;
                ints inside = x2 + y2 < 4.0f;
                total -= inside;
                y = (x + x) * y + cy;
                x = x2 - y2 + cx;
                /* Lanes that are out stay where they are: infinities would not harm, but make the work uneven. */
                x = (floats)((ints)x & inside);
                y = (floats)((ints)y & inside);
            }
        }
    }
    return (uint64_t)(uint32_t)(total[0] ^ total[1] << 8 ^ total[2] << 16 ^ total[3] << 24);
}

static uint64_t packed_hash(words state) {
    for (int i = 0; i < HASH_ROUNDS; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state += __builtin_shuffle(state, (words){1, 2, 3, 0});
    }
    return (uint64_t)(state[0] ^ state[2]) << 32 | (state[1] ^ state[3]);
}

int guest_main(const char *command_line) {
    uint64_t count = count_argument(command_line, 30);
    uint64_t checksum = 0;
    for (uint64_t i = 0; i < count; i++) {
        checksum = checksum * 31 + planets();
        checksum = checksum * 31 + mandelbrot();
        checksum = checksum * 31 + packed_hash((words){(uint32_t)checksum | 1, 2, 3, 4});
    }
    put("sse x ");
    put_decimal(count);
    put(": ");
    put_hex(checksum);
    put("\n");
    return 0;
}
