/* Interrupt descriptor table and the local APIC in xAPIC mode. */
#pragma once

#include <stdint.h>

/* What the processor pushed, and the vector. A hook may change it: the processor goes on as it says. */
struct interrupt_frame {
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Builds the table shared by all processors; vectors without a handler report and end the machine. */
void interrupts_prepare(void);
/* Loads the table and software-enables the local APIC of this processor. */
void interrupts_enable_here(void);
/* The handler runs with interrupts off; the end of interrupt is signalled after it returns. */
void interrupts_handle(uint8_t vector, void (*handler)(void));
/* The same for a handler that signals the end of interrupt itself, or has none to signal. */
void interrupts_handle_without_end(uint8_t vector, void (*handler)(void));
/* Sees exceptions without a handler first; returns whether it has dealt with one. */
typedef int (*exception_hook)(struct interrupt_frame *);
/* Returns the one that was there before, or null. */
exception_hook interrupts_hook(exception_hook hook);
/* Signals the end of the interrupt to the local APIC. */
void apic_end_of_interrupt(void);

uint32_t apic_id(void);
/* Sends an interprocessor interrupt: `command` is the low half of the interrupt command register (SDM 10.6.1). */
void apic_send(uint32_t apic_id, uint32_t command);
enum {
    APIC_FIXED = 0x4000,
    APIC_INIT = 0x4500,
    APIC_STARTUP = 0x4600,
    APIC_ALL_BUT_SELF = 0xc0000,
};
/* Periodic timer, divided by 16; a count of 0 stops it. */
void apic_timer(uint8_t vector, uint32_t count);

/* Waits for an interrupt, without a gap in which one could slip by: call with interrupts off, returns with them off. */
static inline void wait_for_interrupt(void) {
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}
