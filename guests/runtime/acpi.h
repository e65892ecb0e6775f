/* The processors that the firmware's tables list. */
#pragma once

#include <stdint.h>

/* Fills in APIC ids below 255 of enabled processors from the MADT; returns how many, or 0 where there is no such table. */
int acpi_processors(uint32_t *apic_ids, int capacity);
