/*
 * While one processor computes on its secure side, another's normal side meddles with it: random registers of it set by name, and other
 * calls about it. The secure side keeps looking whether everything it has is as it left it. A run of its own: what becomes of
 * that processor's normal side, which never runs again, is nobody's business.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { CALLS = 3000, ROUND = 200, LSTAR = 0xc0000082, KERNEL_GS_BASE = 0xc0000102, EFER = 0xc0000080, VALIDATE_READ = 1 };
#define PATTERN 0x1b2c3d4e5f607182ull

static struct {
    volatile int inside, leave, left;
    volatile uint64_t rounds, general, kept;
} secure_side;

/* General and vector registers with a pattern in them for a while. Returns whether it is still there. */
static int hold_general(void) {
    uint64_t bad;
    __asm__ volatile("movabs %1, %%rbx\n\t"
                     ".byte 0x66, 0x48, 0x0f, 0x6e, 0xeb\n\t" /* movq %rbx, %xmm5 */
                     "mov %%rbx, %%rdx; mov %%rbx, %%rsi; mov %%rbx, %%rdi; mov %%rbx, %%r8; mov %%rbx, %%r9; mov %%rbx, %%r10\n\t"
                     "mov %%rbx, %%r11; mov %%rbx, %%r12; mov %%rbx, %%r13; mov %%rbx, %%r14; mov %%rbx, %%r15\n\t"
                     "mov %2, %%ecx\n1: dec %%ecx; jnz 1b\n\t"
                     ".byte 0x66, 0x48, 0x0f, 0x7e, 0xe9\n\t" /* movq %xmm5, %rcx */
                     "movabs %1, %%rax; cmp %%rax, %%rcx; jne 2f; cmp %%rax, %%rbx; jne 2f; cmp %%rax, %%rdx; jne 2f\n\t"
                     "cmp %%rax, %%rsi; jne 2f; cmp %%rax, %%rdi; jne 2f; cmp %%rax, %%r8; jne 2f; cmp %%rax, %%r9; jne 2f\n\t"
                     "cmp %%rax, %%r10; jne 2f; cmp %%rax, %%r11; jne 2f; cmp %%rax, %%r12; jne 2f; cmp %%rax, %%r13; jne 2f\n\t"
                     "cmp %%rax, %%r14; jne 2f; cmp %%rax, %%r15; jne 2f\n\t"
                     "xor %%eax, %%eax; jmp 3f\n2: mov $1, %%eax\n3:"
                     : "=&a"(bad)
                     : "i"(PATTERN), "i"(ROUND)
                     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
    return !bad;
}

struct kept {
    uint64_t registers[16];
};

static void look(struct kept *kept) {
    uint64_t *at = kept->registers;
    __asm__ volatile("mov %%cr0, %0" : "=r"(*at++));
    __asm__ volatile("mov %%cr2, %0" : "=r"(*at++));
    *at++ = read_cr3();
    *at++ = read_cr4();
    __asm__ volatile("mov %%cr8, %0" : "=r"(*at++));
    __asm__ volatile("mov %%db0, %0" : "=r"(*at++));
    __asm__ volatile("mov %%db3, %0" : "=r"(*at++));
    __asm__ volatile("mov %%db7, %0" : "=r"(*at++));
    __asm__ volatile("pushfq; popq %0" : "=r"(*at));
    *at++ &= ~0x8d5ull; /* but for the flags of arithmetic */
    *at++ = rdmsr(LSTAR);
    *at++ = rdmsr(KERNEL_GS_BASE);
    *at++ = rdmsr(EFER);
    *at++ = rdmsr(HV_MSR_VP_ASSIST_PAGE);
    *at++ = rdmsr(HV_MSR_SIMP);
    *at++ = rdmsr(HV_MSR_SINT0);
    *at++ = rdmsr(0x250); /* MTRRs */
}

static void compute(void *unused) {
    (void)unused;
    struct kept before, now;
    __asm__ volatile("mov %0, %%cr2" : : "r"(PATTERN));
    __asm__ volatile("mov %0, %%db0" : : "r"(0x1234ull));
    __asm__ volatile("mov %0, %%db3" : : "r"(0x4321ull));
    memset(&before, 0, sizeof(before));
    memset(&now, 0, sizeof(now));
    look(&before);
    secure_side.inside = 1;
    while (!secure_side.leave) {
        secure_side.general += !hold_general();
        look(&now);
        for (unsigned i = 0; i < sizeof(now.registers) / sizeof(now.registers[0]); i++) {
            secure_side.kept += now.registers[i] != before.registers[i];
        }
        secure_side.rounds++;
    }
    secure_side.left = 1;
    for (;;) { /* its normal side is in ruins */
        relax();
    }
}

static void go_and_compute(void *unused) {
    in_secure(compute, unused);
}

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t pick(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Registers by name, but for those by which the meddler would harm itself: pages that lie in all processors' memory, its way to call. */
static const struct {
    uint32_t first, count;
} names[] = {
    {0x0, 5}, {0x10002, 8}, {0x20000, 18}, {0x30000, 26}, {0x40000, 6}, {0x50000, 6}, {0x60000, 8}, {0x70000, 2}, {0x80000, 15},
    {0x80010, 8}, {0x80040, 8}, {0x80070, 12}, {0x80095, 2}, {0x800a0, 1}, {0x90012, 1}, {0xa0000, 17}, {0xb0000, 8}, {0xc0000, 32},
    {0xd0002, 6}, {0xd0010, 3}, {0xd0020, 1}, {0xe0000, 4},
};

static uint64_t some_value(void) {
    switch (pick(4)) {
    case 0: return pick(16);
    case 1: return 1ull << pick(64);
    case 2: return 1 | 1 << 8 | pick(32) << 16; /* an event */
    default: return pick(~0ull);
    }
}

static void meddle(uint32_t vp) {
    unsigned row = (unsigned)pick(sizeof(names) / sizeof(names[0]));
    uint32_t name = names[row].first + (uint32_t)pick(names[row].count);
    uint64_t value, *input = (uint64_t *)input_here();
    uint8_t target = pick(4) ? TARGET_VTL0 : TARGET_VTL1;
    switch (pick(12)) {
    case 0:
        get_register(vp, target, name, &value);
        break;
    case 1: {
        struct translation wanted = {target, vp, pick(1ull << 32), pick(64), 0, 0, 0};
        translate(&wanted);
        break;
    }
    case 2:
        *(struct hv_flush *)input = (struct hv_flush){0, HV_ALL_SPACES, 1ull << vp};
        call_here(HV_FLUSH_SPACE, input, 0);
        break;
    case 3:
        send_interrupt(0x30 + (uint32_t)pick(0xc0), target, 1ull << vp);
        break;
    case 4:
        memset(input, 0, 240);
        input[0] = HV_SELF_PARTITION;
        input[1] = vp | pick(3) << 32;
        call_here(pick(2) ? HV_START_VP : HV_ENABLE_VP_VTL, input, 0);
        break;
    default:
        set_register(vp, target, name, some_value());
        break;
    }
}

void check_meddling(void) {
    if (machine.cpus < 2) {
        skip("a processor that another meddles with", "it takes a second one");
        return;
    }
    worker_begin(1, go_and_compute, 0);
    AWAIT(secure_side.inside);
    for (int i = 0; i < CALLS; i++) {
        meddle(machine.vps[1]);
    }
    secure_side.leave = 1;
    AWAIT(secure_side.left);
    check("the secure side has been at it", secure_side.rounds > 0);
    note("rounds of it", secure_side.rounds);
    check_equal("has found its general registers as they were", secure_side.general, 0);
    check_equal("and all others", secure_side.kept, 0);
}
