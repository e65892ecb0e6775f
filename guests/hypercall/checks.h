/* Checks that report themselves, a line each, in the manner of the Test Anything Protocol: "ok 12 - flush: one page of a list". */
#pragma once

#include <stdint.h>

/* What the names of the checks that follow begin with: a group, and what of it is looked at or "". */
void group(const char *name);
void topic(const char *name);

void check(const char *name, int holds);
/* The same with ", exactly" behind the name. */
void check_exactly(const char *name, int holds);
void check_equal(const char *name, uint64_t got, uint64_t expected);
/* A hypercall's status. */
void check_status(const char *name, uint64_t result, uint16_t expected);
/* A hypercall's status and how many repetitions are done. */
void check_reps(const char *name, uint64_t result, uint16_t expected, unsigned done);
/* That it was refused to somebody without the privilege, who need not be told that it exists. */
void check_denied(const char *name, uint64_t result);
/* That it failed, in whatever way: where the specification leaves open how. */
void check_refused(const char *name, uint64_t result);
/* A vector, or NO_FAULT. */
void check_fault(const char *name, int got, int expected);
/* The same for one of a row of checks, with a number after the name. */
void check_fault_at(const char *name, uint64_t number, int got, int expected);
void check_equal_at(const char *name, uint64_t number, uint64_t got, uint64_t expected);
void check_status_at(const char *name, uint64_t number, uint64_t result, uint16_t expected);
/* A check that cannot be made here, and why. */
void skip(const char *name, const char *why);
/* A figure that nothing depends on. */
void note(const char *name, uint64_t value);

/* Prints the plan and the sum; returns how many checks failed. */
int checks_end(void);

/* The groups. Each is called on processor 0, with the others waiting for jobs. */
struct machine {
    int cpus;         /* that run */
    uint32_t vps[64]; /* their VP indices */
};
extern struct machine machine;
extern uint8_t hypercall_page[4096], input_page[4096], output_page[4096], spare_page[4096];

void check_identity(void);     /* leaves, the two MSRs, the page as an overlay; establishes the interface */
void check_registers_of_msr(void); /* each synthetic MSR */
void check_convention(void);   /* control words, parameters, modes */
void check_environment(void);  /* user mode, 32-bit code, real mode */
void check_flush(void);
void check_flush_spaces(void);
void check_ipi(void);
void check_time(void);
void check_synic(void);
void check_connections(void);
void check_vp_registers(void); /* registers, VP index, translation */
void check_start(void);        /* starts the last processor by hypercall */
void check_hostile(void);      /* input that changes while it is read, random words */
