/*
 * The secure side of a random run: it hides a page that is full of its secret, works with that, has flushes of the normal side wait while
 * it does what it permits, and brings out a normal side that has lost its way.
 */
#include "random.h"
#include "cage.h"
#include "checks.h"
#include "guest.h"
#include "siphash.h"

enum { GS_BASE = 0xc0000101, EFER = 0xc0000080, STAR = 0xc0000081, LSTAR, CSTAR, FMASK, KERNEL_GS_BASE = 0xc0000102, SYSENTER_ESP = 0x175, SYSENTER_EIP };
enum { PERIODIC = 2, AUTO_ENABLE = 8, DIRECT = 1 << 12, TICK = 1000 /* 100 ns */, NO_EVENT = 0, VALIDATE_READ = 1, INHIBIT = 32, LONG_MODE = 1 << 4 };
enum { REG_ACTIVITY = 4, REG_INTERRUPT_STATE = 0x10003, REG_RSP = 0x20004, REG_CR0 = 0x40000, REG_CR4 = 0x40003, REG_CS = 0x60001, REG_SS = 0x60002,
       REG_LDTR = 0x60006, REG_TR, REG_IDTR = 0x70000, REG_GDTR, REG_EFER = 0x80001 };
enum { CODE_RIGHTS = 0xa09b, DATA_RIGHTS = 0xc093, TASK_RIGHTS = 0x8b, TABLE_RIGHTS = 0x82, WORDS = PAGE / 8 };

/* What it keeps for itself. */
static struct kept {
    uint64_t signatures[RANDOM_CPUS], step[RANDOM_CPUS], answered[RANDOM_CPUS], watched_step[RANDOM_CPUS];
    uint64_t efer, page_sum;
    int filled;
} __attribute__((aligned(PAGE))) kept;
uint8_t shown_page[PAGE] __attribute__((aligned(PAGE)));
#define SHOWN_WORDS ((volatile uint64_t *)shown_page)

static uint64_t mixed(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Whatever the processor might take the page for, its contents say more than one thing by the secret. */
static void fill(volatile uint64_t *page, uint64_t salt) {
    uint64_t state = (SECRET_WORDS[0] ^ SECRET_WORDS[1] * 0x9e3779b97f4a7c15ull ^ salt) | 1ull << 40;
    for (unsigned i = page == SECRET_WORDS ? 2 : 0; i < WORDS; i++) {
        uint64_t word = mixed(&state) * 0x2545f4914f6cdd1dull;
        uint64_t entry = ((uint64_t)programs[0].buffers + (word >> 20 & 3) * PAGE) | 6 | (word >> 8 & 1) | (word >> 9 & 1) << 5;
        entry = i % 64 < 32 ? entry : entry & ~0x26ull; /* fit for PDPTEs */
        uint64_t descriptor = (0x00af9b000000ffff ^ (word & 0x0040600000ff00ff)) | (word & 0xff) << 24;
        uint64_t code = 0xcccccccccccc00b0 | (word & 0xff) << 8; /* mov $secret, %al */
        uint64_t kinds[4] = {word, entry, descriptor, code};
        page[i] = kinds[i / 64 % 4];
        if (i % 256 == 3) {
            page[i] = word & 0xffff; /* MXCSR, for FXRSTOR and XRSTOR of either half of the page: no reserved bits */
        } else if (i % 256 / 8 == 8) {
            page[i] = i % 8 ? 0 : word & 7; /* XSAVE's header */
        }
    }
}

static uint64_t page_sum(void) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        sum = (sum ^ SECRET_WORDS[i] ^ SHOWN_WORDS[i] << 7) * 0x100000001b3ull;
    }
    return sum;
}

void random_answer(const struct message *seen, uint8_t target);
void random_alarm(void);
void random_work(struct shared *shared);

void secure_begin_random(void *p) {
    struct random_choice *choice = p;
    struct secure_cpu *self = secure_self();
    if (!kept.filled) {
        kept.filled = 1;
        kept.efer = rdmsr(EFER);
        fill(SECRET_WORDS, 0);
        SECRET_WORDS[PUBLIC_WORD] = PUBLIC_VALUE;
        for (unsigned i = 0; i < WORDS; i++) {
            SHOWN_WORDS[i] = ((uint64_t)programs[0].buffers + i % RANDOM_BUFFERS * PAGE) | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
        }
        kept.page_sum = page_sum();
        protect(shown_page, 1, ALLOW_READ);
        protect(secret_page, 1, choice->hidden ? ALLOW_NOTHING : ALLOW_ALL);
        protect(&kept, sizeof(kept) / PAGE, ALLOW_NOTHING);
    }
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, choice->watched);
    secure_answer = random_answer;
    secure_alarm = random_alarm;
    secure_work = random_work;
    self->policy = ANSWER;
    wrmsr(HV_MSR_STIMER0_CONFIG, DIRECT | TIMER_VECTOR << 4 | AUTO_ENABLE | PERIODIC);
    wrmsr(HV_MSR_STIMER0_COUNT, TICK);
}

static void set_wide(uint32_t name, uint64_t low, uint64_t high) {
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP | (uint64_t)TARGET_VTL0 << 32;
    input[2] = name;
    input[3] = 0;
    input[4] = low;
    input[5] = high;
    call_here(HV_SET_VP_REGISTERS | HV_REPS(1), input, 0);
}

static void set_segment(uint32_t name, uint64_t selector, uint64_t base, uint64_t limit, uint64_t rights) {
    set_wide(name, base, limit | selector << 32 | rights << 48);
}

/* Out of the cage, whatever the processor has come to there: as if an exception had brought it out. */
static void rescue(int index) {
    struct cage *cage = &cages[index];
    uint64_t rip = 0, flags = 0;
    get_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, &rip);
    get_register(HV_SELF_VP, TARGET_VTL0, REG_RFLAGS, &flags);
    cage->out = (struct cage_frame){CAGE_RESCUED, 0, rip, 0, flags, 0, 0};
    set_wide(REG_PENDING_EVENT0, NO_EVENT, 0);
    set_wide(REG_INTERRUPT_STATE, 0, 0);
    set_wide(REG_ACTIVITY, 0, 0);
    set_wide(REG_EFER, kept.efer, 0);
    set_wide(REG_CR4, cage->cr4, 0);
    set_wide(REG_CR0, cage->cr0, 0);
    set_wide(REG_CR3, cage->kernel_cr3, 0);
    set_wide(REG_GDTR, (uint64_t)cage->gdtr.limit << 48, cage->gdtr.base);
    set_wide(REG_IDTR, (uint64_t)cage->idtr.limit << 48, cage->idtr.base);
    set_segment(REG_TR, CAGE_TASK, (uint64_t)&cage->task, sizeof(cage->task) - 1, TASK_RIGHTS);
    set_segment(REG_LDTR, 0, 0, 0xffff, TABLE_RIGHTS);
    set_segment(REG_CS, KERNEL_CODE, 0, 0xffffffff, CODE_RIGHTS);
    set_segment(REG_SS, KERNEL_DATA, 0, 0xffffffff, DATA_RIGHTS);
    set_wide(REG_RFLAGS, 2, 0);
    set_wide(REG_RSP, (uint64_t)&cage->out, 0);
    set_wide(REG_RIP, (uint64_t)cage_out, 0);
}

static int emulated(const struct message *seen) {
    uint64_t word = seen->gpa & ~7ull;
    int load = seen->access == ACCESS_READ && seen->bytes >= 3 && seen->instruction[0] == 0x48 && seen->instruction[1] == 0x8b && seen->instruction[2] == 0;
    if (!load || word != (uint64_t)&SECRET_WORDS[PUBLIC_WORD] || seen->gpa != word) {
        return 0;
    }
    struct translation wanted = {TARGET_VTL0, HV_SELF_VP, seen->gva, VALIDATE_READ | INHIBIT, 0, 0, 0};
    translate(&wanted);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, CONFIG_TLB_LOCKED);
    for (int i = 0; i < 20; i++) {
        relax();
    }
    ((struct vtl_control *)(secure_self()->assist + 8))->rax = *(volatile uint64_t *)word;
    set_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, seen->rip + 3);
    return 1;
}

/* The normal side finds #GP. Where it cannot even take that, it is brought out. */
void random_answer(const struct message *seen, uint8_t target) {
    int index = secure_self()->cpu.index;
    struct cage *cage = &cages[index];
    if (seen->type == MESSAGE_GPA_INTERCEPT && emulated(seen)) {
        return;
    }
    int again = kept.step[index] == cage->steps && kept.answered[index];
    if (cage->inside && (again || !(seen->state & LONG_MODE))) {
        kept.answered[index] = 0;
        rescue(index);
        return;
    }
    kept.step[index] = cage->steps;
    kept.answered[index] = cage->inside;
    set_register(HV_SELF_VP, target, REG_PENDING_EVENT0, 1 | 1 << 8 | FAULT_GP << 16);
}

/* Ticks, to see whether a processor is where it was. */
void random_alarm(void) {
    int index = secure_self()->cpu.index;
    struct cage *cage = &cages[index];
    if (cage->inside && kept.watched_step[index] == cage->steps) {
        rescue(index);
    }
    kept.watched_step[index] = cage->inside ? cage->steps : 0;
}

static uint64_t canonical(uint64_t value) {
    return (uint64_t)((int64_t)(value << 17) >> 17);
}

/* The secret goes through registers that are the secure side's own, and through its calls' pages. */
static void handle(int index) {
    static const uint32_t msrs[] = {LSTAR, CSTAR, KERNEL_GS_BASE, SYSENTER_ESP, SYSENTER_EIP, STAR};
    volatile uint64_t *events = (volatile uint64_t *)output_here();
    uint64_t *input = (uint64_t *)input_here();
    uint64_t value, state = SECRET_WORDS[0] ^ SECRET_WORDS[1] ^ 1ull << 40;
    kept.signatures[index] ^= sip_hash(SECRET_WORDS[0], SECRET_WORDS[1], kept.signatures[index]);
    for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
        wrmsr(msrs[i], canonical(mixed(&state)));
    }
    wrmsr(FMASK, mixed(&state) & 0xffffffff);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_LSTAR, canonical(mixed(&state)));
    get_register(HV_SELF_VP, TARGET_CALLER, REG_KERNEL_GS_BASE, &value);
    wrmsr(HV_MSR_SIEFP, (uint64_t)events | 1); /* a page that it gives back with the secret in it */
    for (unsigned i = 0; i < WORDS; i++) {
        input[i] = events[i] = mixed(&state);
    }
    wrmsr(HV_MSR_SIEFP, 0);
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = VALIDATE_READ;
    call_here(HV_TRANSLATE, input, output_here()); /* of an address that the secret says */
    call_here(HV_POST_MESSAGE, input + 8, 0);
    call_here(HV_SEND_IPI_EX | HV_HEADER(2), input + 64, 0);
    input[0] = 0;
    input[1] = HV_ALL_SPACES;
    input[2] = 1ull << machine.vps[index];
    for (unsigned i = 3; i < 7; i++) {
        input[i] &= ~0xfffull;
    }
    call_here(HV_FLUSH_LIST | HV_REPS(4), input, 0);
}

void random_work(struct shared *shared) {
    int index = secure_self()->cpu.index;
    uint8_t *victim = programs[index].victim;
    uint64_t result = SERVICE_REFUSED;
    switch (shared->rdx) {
    case SERVICE_WORK: handle(index); break;
    case SERVICE_HIDE:
        protect(victim, 1, ALLOW_NOTHING);
        fill((volatile uint64_t *)victim, 77);
        break;
    case SERVICE_OPEN:
        for (unsigned i = 0; i < WORDS; i++) {
            ((volatile uint64_t *)victim)[i] = i;
        }
        protect(victim, 1, ALLOW_ALL);
        break;
    case SERVICE_CHECK: result = kept.page_sum == page_sum(); break;
    default:
        mailboxes[index].refused++;
        break;
    }
    shared->rdx = result;
}
