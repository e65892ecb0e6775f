/* Linux system calls of x86-64, without a C library: Documentation and numbers are the kernel's (arch/x86/entry/syscalls/syscall_64.tbl). */
#pragma once

#include <stdint.h>

enum {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_MMAP = 9,
    CALL_MPROTECT = 10,
    CALL_MUNMAP = 11,
    CALL_SCHED_YIELD = 24,
    CALL_MREMAP = 25,
    CALL_MADVISE = 28,
    CALL_EXIT = 60,
    CALL_FTRUNCATE = 77,
    CALL_FUTEX = 202,
    CALL_SCHED_SETAFFINITY = 203,
    CALL_SCHED_GETAFFINITY = 204,
    CALL_CLOCK_GETTIME = 228,
    CALL_EXIT_GROUP = 231,
    CALL_GETRANDOM = 318,
    CALL_MEMFD_CREATE = 319,
};
enum { ERROR_FAULT = -14, ERROR_INTERRUPTED = -4 };
enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { MREMAP_MAYMOVE = 1, MADV_DONTNEED = 4, CLOCK_MONOTONIC = 1 };

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long call3(long number, long a, long b, long c) {
    return call6(number, a, b, c, 0, 0, 0);
}

static inline int failed(long result) {
    return result < 0 && result > -4096;
}

static inline void *map(void *at, uint64_t length, int protection, int flags, int file, uint64_t offset) {
    return (void *)call6(CALL_MMAP, (long)at, (long)length, protection, flags, file, (long)offset);
}
