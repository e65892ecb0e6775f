/* What every guest has: the console, its command line, the way out. */
#pragma once

#include <stdint.h>
#include "memory.h"

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* The guest's own part. Returns 0 for success; the process ends with status (value << 1) | 1. */
int guest_main(const char *command_line);

/* Ends the virtual machine through the isa-debug-exit port. */
_Noreturn void exit_vm(int value);

void put_char(char c);
void put(const char *text);
void put_decimal(uint64_t value);
void put_hex(uint64_t value);

/* The last word of the command line as a decimal number, or `otherwise` where it is none. */
uint64_t count_argument(const char *command_line, uint64_t otherwise);
