/*
 * Test guest: plays with every device at random. Its command line's last word is the seed. Whatever the devices make of it, the
 * machine must live: the guest ends with status 0x55 << 1 | 1, unless its own accesses end it before (a reset, an INIT to itself).
 */
#include "guest.h"
#include "interrupts.h"

enum { ACCESSES = 60000, NMI = 2 };

static uint64_t state;

static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Ports where somebody answers, first and last. */
static const uint16_t ranges[][2] = {
    {0x20, 0x21},   {0xa0, 0xa1},   {0x4d0, 0x4d1}, {0x40, 0x43},     {0x61, 0x61}, {0x60, 0x60},     {0x70, 0x71},     {0xe0, 0xe9},
    {0x3f8, 0x3ff}, {0x510, 0x51b}, {0x600, 0x60b}, {0x2000, 0x2017}, {0xcf8, 0xcff}, {0xc000, 0xc0ff}, {0xcf8, 0xcff},
};

/* Windows where somebody answers: base and size. */
static const uint64_t windows[][2] = {
    {0xfec00000, 0x100}, {0xfee00000, 0x400}, {0xe0000000, 0x20000}, {0xc0000000, 0x40000}, {0xff000000, 0x10000}, {0xd0000000, 0x1000},
};

/* The interrupt command register: an INIT to itself sends the guest to firmware that is not there. */
enum { COMMAND = 0xfee00300, COMMAND_END = COMMAND + 16 };

/* Ports that end the run; 0xcf8 only as a whole, for 0xcf9 resets. */
static int deadly(uint16_t port) {
    return (port >= 0xf4 && port <= 0xf7) || (port >= 0xcf8 && port <= 0xcfb) || port == 0x64 || port == 0x92 || (port >= 0x601 && port <= 0x607);
}

static void on_port(uint64_t r) {
    const uint16_t *range = ranges[(r >> 8) % (sizeof(ranges) / sizeof(ranges[0]))];
    uint16_t port = (uint16_t)(range[0] + (r >> 16) % (uint64_t)(range[1] - range[0] + 1));
    if ((r & 15) == 0) {
        port = (uint16_t)(r >> 20);
    }
    uint32_t value = (uint32_t)(r >> 32);
    if ((r >> 40 & 7) == 0) {
        value &= 0xff;
    }
    if (port >= 0xcf8 && port <= 0xcfb && (r >> 4 & 3) != 0) {
        __asm__ volatile("outl %0, %1" : : "a"(value | 0x80000000), "Nd"((uint16_t)0xcf8));
    }
    if (deadly(port)) {
        return;
    }
    switch (r >> 4 & 7) {
        case 0: __asm__ volatile("inb %1, %b0" : "+a"(value) : "Nd"(port)); break;
        case 1: __asm__ volatile("inw %1, %w0" : "+a"(value) : "Nd"(port)); break;
        case 2: __asm__ volatile("inl %1, %0" : "+a"(value) : "Nd"(port)); break;
        case 3: __asm__ volatile("outw %w0, %1" : : "a"(value), "Nd"(port)); break;
        case 4: __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); break;
        default: __asm__ volatile("outb %b0, %1" : : "a"(value), "Nd"(port)); break;
    }
}

static void on_window(uint64_t r) {
    const uint64_t *window = windows[(r >> 8) % (sizeof(windows) / sizeof(windows[0]))];
    uint64_t at = window[0] + (r >> 16 & 0xffffff) % window[1];
    if (at + 8 > COMMAND && at < COMMAND_END) {
        return;
    }
    uint64_t value = next_random();
    if ((r & 7) != 0) {
        at &= ~3ull;
    }
    if ((r >> 40 & 3) == 0) {
        value &= 0xffff;
    }
    switch (r >> 4 & 7) {
        case 0: value += *(volatile uint8_t *)at; break;
        case 1: value += *(volatile uint16_t *)at; break;
        case 2: value += *(volatile uint32_t *)at; break;
        case 3: value += *(volatile uint64_t *)at; break;
        case 4: *(volatile uint8_t *)at = (uint8_t)value; break;
        case 5: *(volatile uint16_t *)at = (uint16_t)value; break;
        case 6: *(volatile uint64_t *)at = value; break;
        default: *(volatile uint32_t *)at = (uint32_t)value; break;
    }
}

static void ignore(void) {
}

int guest_main(const char *command_line) {
    state = 0x9e3779b97f4a7c15u ^ (count_argument(command_line, 1) << 32);
    interrupts_prepare();
    interrupts_handle(NMI, ignore); /* the one that comes with interrupts off, as they stay: a storm would be the guest's own fault */
    interrupts_enable_here();
    for (int i = 0; i < ACCESSES; i++) {
        uint64_t r = next_random();
        if (r >> 63) {
            on_port(r);
        } else {
            on_window(r);
        }
    }
    return 0x55;
}
