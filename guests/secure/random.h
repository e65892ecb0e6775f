/* What the parts of the random normal side share. */
#pragma once

#include <stdint.h>
#include "paging.h"

enum { RANDOM_BUFFERS = 4 };
/* The program's own pages: 0 and 1 are its calls' input and output. */
extern uint8_t buffers[RANDOM_BUFFERS][PAGE];

uint64_t draw(void);
/* Whatever the program sees goes into a sum. */
void see(uint64_t value);
/* One that it may look at: the secret's, the secure side's, its own. */
uint64_t some_address(void);
/* One that it may write, or cover with other pages, without breaking itself. */
uint64_t some_target(void);

void random_prepare(void);
/* One instruction, of any bytes and with any registers, in user mode. */
void random_instruction(void);
/* Something of a device: its registers, or its reach into memory. */
void random_device(void);
