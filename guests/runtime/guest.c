#include "guest.h"

enum { SERIAL = 0x3f8, LINE_STATUS = SERIAL + 5, TRANSMITTER_EMPTY = 0x20, DEBUG_EXIT = 0xf4 };

/* Multiboot 1 information, the first fields. */
struct multiboot_info {
    uint32_t flags, memory_lower, memory_upper, boot_device, command_line;
};
enum { HAS_COMMAND_LINE = 1 << 2 };

int guest_start(uint64_t info_address) {
    const struct multiboot_info *info = (const struct multiboot_info *)info_address;
    const char *line = "";
    if (info->flags & HAS_COMMAND_LINE) {
        line = (const char *)(uint64_t)info->command_line;
    }
    return guest_main(line);
}

_Noreturn void exit_vm(int value) {
    outl(DEBUG_EXIT, (uint32_t)value);
    for (;;) {
        __asm__ volatile("cli; hlt"); /* no such device here: stop anyway */
    }
}

void put_char(char c) {
    /* Bounded: a machine without a serial port reads 0xff here, one whose port is stuck must not stop the guest. */
    for (int i = 0; i < 100000 && !(inb(LINE_STATUS) & TRANSMITTER_EMPTY); i++) {
        __asm__ volatile("pause");
    }
    outb(SERIAL, (uint8_t)c);
}

void put(const char *text) {
    while (*text) {
        put_char(*text++);
    }
}

static void put_number(uint64_t value, uint64_t base) {
    char digits[20];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n) {
        put_char(digits[--n]);
    }
}

void put_decimal(uint64_t value) {
    put_number(value, 10);
}

void put_hex(uint64_t value) {
    put("0x");
    put_number(value, 16);
}

uint64_t count_argument(const char *line, uint64_t otherwise) {
    uint64_t value = 0;
    int number = 0;
    for (; *line; line++) {
        if (*line == ' ') {
            if (line[1] && line[1] != ' ') {
                value = 0;
                number = 1;
            }
        } else if (*line >= '0' && *line <= '9') {
            value = value * 10 + (uint64_t)(*line - '0');
        } else {
            number = 0;
        }
    }
    return number && value ? value : otherwise;
}
