#include "interrupts.h"
#include "guest.h"

enum { VECTORS = 256, EXCEPTIONS = 32 };
enum { APIC_BASE = 0xfee00000u, ID = 0x20, EOI = 0xb0, SPURIOUS = 0xf0, COMMAND_LOW = 0x300, COMMAND_HIGH = 0x310 };
enum { TIMER = 0x320, TIMER_COUNT = 0x380, TIMER_DIVIDER = 0x3e0 };
enum { SPURIOUS_VECTOR = 0xff, SOFTWARE_ENABLE = 0x100, DELIVERY_PENDING = 0x1000, PERIODIC = 0x20000, DIVIDE_BY_16 = 3 };

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack_table, attributes;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

static struct gate table[VECTORS];
static void (*handlers[VECTORS])(void);
static uint8_t ends_itself[VECTORS];
static exception_hook hooked;
extern uint8_t interrupt_entries[]; /* 16 bytes each */

static volatile uint32_t *apic(uint32_t reg) {
    return (volatile uint32_t *)(uint64_t)(APIC_BASE + reg);
}

void interrupt_taken(struct interrupt_frame *frame) {
    if (frame->vector == SPURIOUS_VECTOR) {
        return;
    }
    if (!handlers[frame->vector]) {
        if (frame->vector < EXCEPTIONS && hooked && hooked(frame)) {
            return;
        }
        put("unexpected vector ");
        put_decimal(frame->vector);
        put(", error ");
        put_hex(frame->error);
        put(", at ");
        put_hex(frame->rip);
        put("\n");
        exit_vm(127);
    }
    handlers[frame->vector]();
    if (frame->vector >= EXCEPTIONS && !ends_itself[frame->vector]) {
        *apic(EOI) = 0;
    }
}

void interrupts_prepare(void) {
    for (int vector = 0; vector < VECTORS; vector++) {
        uint64_t entry = (uint64_t)&interrupt_entries[16 * vector];
        table[vector] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = 0x08,
            .attributes = 0x8e,
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
    outb(0x21, 0xff); /* the 8259 pair is not used */
    outb(0xa1, 0xff);
}

void interrupts_enable_here(void) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof(table) - 1, (uint64_t)table};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    *apic(SPURIOUS) = SOFTWARE_ENABLE | SPURIOUS_VECTOR;
}

void interrupts_handle(uint8_t vector, void (*handler)(void)) {
    handlers[vector] = handler;
    ends_itself[vector] = 0;
}

void interrupts_handle_without_end(uint8_t vector, void (*handler)(void)) {
    handlers[vector] = handler;
    ends_itself[vector] = 1;
}

exception_hook interrupts_hook(exception_hook hook) {
    exception_hook before = hooked;
    hooked = hook;
    return before;
}

void apic_end_of_interrupt(void) {
    *apic(EOI) = 0;
}

uint32_t apic_id(void) {
    return *apic(ID) >> 24;
}

void apic_send(uint32_t id, uint32_t command) {
    while (*apic(COMMAND_LOW) & DELIVERY_PENDING) {
        __asm__ volatile("pause");
    }
    *apic(COMMAND_HIGH) = id << 24;
    *apic(COMMAND_LOW) = command;
}

void apic_timer(uint8_t vector, uint32_t count) {
    *apic(TIMER_DIVIDER) = DIVIDE_BY_16;
    *apic(TIMER) = PERIODIC | vector;
    *apic(TIMER_COUNT) = count;
}
