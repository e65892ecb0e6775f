/* The last processor waits to be started: how, and what higher sides are told of that. */
#pragma once

#include "secure.h"

enum { STARTUP_VECTOR = 8, NOT_SO_SOON = 20 /* milliseconds */, IN_TIME = 5000 };
enum { MESSAGE_HYPERCALL = 0x80000050, MESSAGE_SIPI = 0x80010009, MESSAGE_INIT_SIPI = 0x8001000d };
enum { STATE_OF_LEVEL_0 = 0x14, STATE_OF_LEVEL_1 = 0x94 };
/* HV_INITIAL_VP_CONTEXT in the calls' input, in eights of bytes. */
enum { START_VP = 1, START_RIP = 2, START_RSP = 3, START_GDTR = 23, START_CR3 = 27, START_CONTEXT = 30 };

extern int last;         /* its number */
extern uint32_t last_vp; /* and index */
/* By the normal side, first of all. Returns whether there is one that waits. */
int last_find(void);
/* Gives the first processor its secure side. */
void secure_first(void);
/* Starts are made from what secure sides begin with: a job of the secure side, where secure_first has not been. */
void remember_start(void *unused);

/* A start of it on the normal side, in the input page of whoever runs. */
uint64_t *start_input(void);
uint64_t start_last(void);
/* A job of a higher side: which bits of its configuration are about starts. */
void configure_starts(void *bits);
/* Calls by number, about the last processor: all registers are given. Jobs of the side that runs; the normal side can, too. */
struct raw_call {
    uint64_t control;
    struct hv_registers given, back;
};
void call_raw(void *raw_call);

/* What a message says. The side that is told has it in its mailbox. */
struct start_message {
    uint32_t target, vector;
};
struct call_message {
    uint64_t rax, rbx, rcx, rdx, r8, rsi, rdi, xmm[12], flags, reserved;
};
void check_told_of_init(const struct message *seen, uint16_t state, uint32_t destination);
void check_told_of_startup(const struct message *seen, uint16_t state, uint8_t vector);
void check_told_of_call(const struct message *seen, uint16_t state, const struct hv_registers *given);
/* A higher side's answer (secure_answer): it makes the call in the other's place. */
void start_for(const struct message *seen, uint8_t target);
