/* A random normal side, for a run that is compared with another one that has another secret: whatever it sees goes into a sum. */
#include "random.h"
#include "cage.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { LONGEST = 80 /* of what a step writes */, STEPS = 1500, REPORT = 250, FIRST_FREE_VECTOR = 22, LAST_VECTOR = 0xfe, WAKE_VECTOR = 0xf0 /* workers.c */, EMULATED = 8 };
struct program programs[RANDOM_CPUS];

uint64_t draw(void) {
    struct program *p = own();
    p->state ^= p->state << 13;
    p->state ^= p->state >> 7;
    p->state ^= p->state << 17;
    return p->state;
}

void see(uint64_t value) {
    struct program *p = own();
    p->sum = (p->sum ^ value) * 0x100000001b3ull;
    p->sum ^= p->sum >> 29;
}

static uint64_t some_victim(void) {
    return (uint64_t)programs[draw() % (uint64_t)machine.cpus].victim;
}

uint64_t some_address(void) {
    static const uint64_t sizes[] = {sizeof(secret_area), sizeof(secure_cpus[0]) * RANDOM_CPUS, RANDOM_BUFFERS * PAGE, sizeof(struct secure_globals)};
    uint64_t bases[] = {(uint64_t)&secret_area, (uint64_t)secure_cpus, (uint64_t)own()->buffers, (uint64_t)&secure};
    switch (draw() % 8) {
    case 0: case 1: return (uint64_t)secret_page + draw() % PAGE;
    case 2: return some_victim() + draw() % PAGE;
    case 3: return ((uint64_t)(draw() % 4 ? secret_page : shown_page)) + draw() % 4 * 8;
    default: {
        unsigned which = draw() % 4;
        return bases[which] + draw() % (sizes[which] - 16);
    }
    }
}

/* Not its calls' input. */
uint64_t some_target(void) {
    if (draw() % 16 == 0) {
        return (uint64_t)shown_page + draw() % (PAGE - LONGEST);
    }
    return draw() % 2 ? (uint64_t)&secret_area + draw() % (sizeof(secret_area) - LONGEST) : (uint64_t)own()->buffers[2] + draw() % (2 * PAGE - LONGEST);
}

uint64_t some_hidden_page(void) {
    switch (draw() % 7) {
    case 6: return (uint64_t)shown_page;
    case 0: return (uint64_t)&secure;
    case 1: return (uint64_t)&secure_cpus[draw() % RANDOM_CPUS] & ~0xfffull;
    case 2: return some_victim();
    default: return (uint64_t)secret_page;
    }
}

uint64_t some_own_page(void) {
    return (uint64_t)own()->buffers[2 + draw() % 2];
}

struct step {
    unsigned kind;
    uint64_t from, to, value;
};

static void do_step(void *p) {
    struct step *step = p;
    uint64_t value = 0;
    switch (step->kind) {
    case 0: value = *(volatile uint64_t *)step->from; break;
    case 1: value = *(volatile uint8_t *)step->from; break;
    case 2: *(volatile uint64_t *)step->to = step->value; break;
    case 3: memcpy((void *)step->to, (void *)step->from, step->value % LONGEST); break;
    case 4: __asm__ volatile("lock xadd %0, %1" : "+r"(value), "+m"(*(uint64_t *)step->to)); break;
    case 5: __asm__ volatile("repe cmpsb; setz %b0" : "+a"(value), "+S"(step->from), "+D"(step->to) : "c"(16) : "memory"); break;
    case 6: __asm__ volatile("lock cmpxchg %2, %1" : "+a"(value), "+m"(*(uint64_t *)step->to) : "r"(step->value)); break;
    case EMULATED: value = (uint64_t)&SECRET_WORDS[PUBLIC_WORD]; __asm__ volatile(".byte 0x48, 0x8b, 0x00" : "+a"(value) : : "memory"); break; /* mov (%rax), %rax */
    default: __asm__ volatile("prefetcht0 %0; clflush %0" : : "m"(*(uint8_t *)step->from)); break;
    }
    see(value);
}

static void random_access(unsigned kind) {
    struct step step = {kind, some_address(), some_target(), draw()};
    struct fault fault;
    see((uint64_t)attempt(&fault, do_step, &step));
    see(fault.error ^ fault.rip ^ fault.address);
}

static void read_back(uint64_t at) {
    uint64_t value;
    see((uint64_t)try_read(at, &value));
    see(value);
}

static void in_moved_page(void *at) {
    uint64_t entry = hypercall_entry;
    hypercall_entry = (uint64_t)at;
    random_call();
    hypercall_entry = entry;
}

/* Every register that tells the hypervisor, or the processor, where something is to lie. Some of these the secure side watches. */
static void random_page_register(void) {
    static const uint32_t msrs[] = {HV_MSR_SIMP, HV_MSR_SIEFP, HV_MSR_VP_ASSIST_PAGE, HV_MSR_REFERENCE_TSC, HV_MSR_HYPERCALL, 0x1b, HV_MSR_CRASH_P0 + 3};
    uint32_t msr = msrs[draw() % 7];
    uint64_t at = (draw() % 2 ? some_hidden_page() : some_target()) & ~0xfffull, value, enabled = draw() % 3 ? 1 : 0;
    see((uint64_t)try_rdmsr(msr, &value));
    see(value);
    switch (msr) {
    case HV_MSR_HYPERCALL:
        if (machine.cpus > 1) {
            return; /* the others call through it */
        }
        see((uint64_t)try_wrmsr(msr, at | 1));
        read_back(at + 8 * (draw() % 64));
        if (rdmsr(msr) == (at | 1)) {
            see((uint64_t)attempt(0, in_moved_page, (void *)at));
            see((uint64_t)try_write(at, draw()));
        }
        wrmsr(msr, value);
        break;
    case 0x1b: /* the local APIC's page and how it is switched on */
        see((uint64_t)try_wrmsr(msr, at | 0x800 | (value & 0x100)));
        read_back(at + 0x20);
        read_back(at + 16 * (draw() % 64));
        see((uint64_t)try_wrmsr(msr, value));
        break;
    default:
        see((uint64_t)try_wrmsr(msr, at | enabled));
        read_back(at + 8 * (draw() % 512));
        break;
    }
    read_back(at + 8 * (draw() % 512));
}

static void random_register(void) {
    static const uint32_t msrs[] = {0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000103, 0x174, 0x175, 0x176, 0x277, 0x600};
    uint32_t msr = msrs[draw() % 11];
    uint64_t value = 0;
    see((uint64_t)try_rdmsr(msr, &value));
    see(value);
    if (msr != 0x277) {
        see((uint64_t)try_wrmsr(msr, msr == 0xc0000080 ? value : draw() % 2 ? some_address() : (uint64_t)(int64_t)(int32_t)draw()));
    }
}

/* A table that maps what it likes, the hidden page as a table among it. */
static void random_walk(void) {
    struct program *p = own();
    if (!p->walk) {
        p->walk = space_new();
        space_entry(p->walk, SPACE_OWN);
    }
    uint64_t kernel = read_cr3(), value;
    uint64_t *directory = (uint64_t *)(p->walk[1] & ~0xfffull);
    directory = (uint64_t *)(directory[0] & ~0xfffull);
    directory[1] = ((draw() % 2 ? some_hidden_page() : some_target()) & ~0xfffull) | 7;
    write_cr3((uint64_t)p->walk);
    see((uint64_t)try_read(SPACE_OWN + 0x200000 + draw() % 0x200000, &value));
    see(value);
    see((uint64_t)try_write(SPACE_OWN + 0x200000 + draw() % 0x200000, draw()));
    write_cr3(kernel);
}

struct asked {
    uint64_t operation, argument, result;
};

static void ask(void *p) {
    struct asked *asked = p;
    asked->result = call_service(asked->operation, asked->argument);
}

struct watch {
    uint64_t at, left;
};

static void do_watch(void *p) {
    struct watch *watch = p;
    while (watch->left) {
        see(*(volatile uint64_t *)(watch->at + watch->left % 512 * 8));
        watch->left--;
    }
}

/* Reads a page again and again, without a flush of its own, until the secure side of another processor hides it. */
static void watch_victim(void) {
    struct watch watch = {some_victim(), 40 + draw() % 160};
    see((uint64_t)attempt(0, do_watch, &watch));
    see(watch.left);
}

static void random_service(void) {
    static const uint64_t operations[] = {SERVICE_WORK, SERVICE_WORK, SERVICE_HIDE, SERVICE_OPEN, 100};
    struct asked asked = {operations[draw() % 5], draw(), 0};
    see((uint64_t)attempt(0, ask, &asked));
    see(asked.result);
    for (int i = 0; i < 3; i++) {
        read_back(some_victim() + draw() % 512 * 8);
    }
}

static void report(int steps) {
    put("# random: ");
    put_hex(own()->sum);
    put(" after ");
    put_decimal((uint64_t)steps);
    put(", intercepts ");
    put_decimal(mailbox()->intercepts);
    put(", brought out ");
    put_decimal(own()->rescues);
    put(" of ");
    put_decimal(own()->runs);
    put("\n");
}

static void run_steps(void *unused) {
    (void)unused;
    int steps = STEPS / machine.cpus;
    for (int i = 1; i <= steps; i++) {
        switch (draw() % 16) {
        case 0: case 1: case 2: random_call(); break;
        case 3: random_page_register(); break;
        case 4: random_walk(); break;
        case 5: case 6: case 7: case 8: case 9: random_code(); break;
        case 10: random_device(); break;
        case 11: random_service(); break;
        case 12: random_register(); break;
        case 13: watch_victim(); break;
        default: random_access((unsigned)(draw() % 9)); break;
        }
        see(rdtsc()); /* by virtual time the same in both runs */
        see(rdmsr(HV_MSR_TIME_REF_COUNT));
        see(mailbox()->intercepts);
        if (i % REPORT == 0 && this_cpu()->index == 0) {
            report(i);
        }
    }
    for (unsigned i = 0; i < sizeof(own()->buffers); i += 8) {
        read_back((uint64_t)own()->buffers + i);
    }
}

static void prepare(void *choice) {
    random_prepare();
    in_secure(secure_begin_random, choice);
}

static void ignore(void) {
}

void run_random(uint64_t seed, int hidden) {
    if (machine.cpus > RANDOM_CPUS) {
        put("Bail out! more processors than random programs are for\n");
        exit_vm(2);
    }
    for (int i = 0; i < machine.cpus; i++) {
        programs[i].state = seed * 0x9e3779b97f4a7c15ull + 1 + (uint64_t)i * 0x2545f4914f6cdd1dull;
    }
    for (int vector = FIRST_FREE_VECTOR; vector <= LAST_VECTOR; vector++) {
        if (vector != WAKE_VECTOR) {
            interrupts_handle((uint8_t)vector, ignore);
        }
    }
    /* Sometimes nothing is watched, so that code that changes what may be watched comes further. */
    struct random_choice choice = {draw() % 2 ? draw() & 0x1ffffff : 0, hidden};
    for (int i = 0; i < machine.cpus; i++) {
        run_on(i, prepare, &choice);
    }
    in_secure(secure_seal, 0);
    for (int i = 1; i < machine.cpus; i++) {
        worker_begin(i, run_steps, 0);
    }
    run_steps(0);
    for (int i = 1; i < machine.cpus; i++) {
        worker_wait(i);
    }
    put(call_service(SERVICE_CHECK, 0) == 1 ? "# random: the secure side's pages are as they were\n" : "# random: the secure side's pages have been written\n");
    for (int i = 0; i < machine.cpus; i++) {
        put("# random: in the end ");
        put_hex(programs[i].sum);
        put(" on processor ");
        put_decimal((uint64_t)i);
        put(", intercepts ");
        put_decimal(mailboxes[i].intercepts);
        put(", brought out ");
        put_decimal(programs[i].rescues);
        put(" of ");
        put_decimal(programs[i].runs);
        put("\n");
    }
}
