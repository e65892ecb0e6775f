/* A random normal side, for a run that is compared with another one that has another secret: whatever it sees goes into a sum. */
#include "random.h"
#include "guest.h"
#include "secure.h"
#include "workers.h"

enum { LONGEST = 64 }; /* of what a step writes */
static uint64_t state, sum;
uint8_t buffers[RANDOM_BUFFERS][PAGE] __attribute__((aligned(PAGE)));
uint64_t ask_service(uint64_t operation, uint64_t argument);

uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

void see(uint64_t value) {
    sum = (sum ^ value) * 0x100000001b3ull;
    sum ^= sum >> 29;
}

uint64_t some_address(void) {
    static const uint64_t sizes[] = {sizeof(secret_area), sizeof(secure_cpus), sizeof(buffers), sizeof(struct secure_globals)};
    uint64_t bases[] = {(uint64_t)&secret_area, (uint64_t)secure_cpus, (uint64_t)buffers, (uint64_t)&secure};
    switch (draw() % 8) {
    case 0: case 1: case 2: return (uint64_t)secret_page + draw() % PAGE;
    case 3: return ((uint64_t)secret_page & ~0xfffull) + draw() % 4 * 8;
    default: {
        unsigned which = draw() % 4;
        return bases[which] + draw() % (sizes[which] - 16);
    }
    }
}

/* One that the program may write, or cover with other pages, without breaking itself: not its calls' input. */
uint64_t some_target(void) {
    return draw() % 2 ? (uint64_t)&secret_area + draw() % (sizeof(secret_area) - LONGEST) : (uint64_t)buffers[2] + draw() % (2 * PAGE - LONGEST);
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
    default: __asm__ volatile("prefetcht0 %0; clflush %0" : : "m"(*(uint8_t *)step->from)); break;
    }
    see(value);
}

struct call {
    uint64_t control, input, output;
};

static void do_call(void *p) {
    struct call *call = p;
    see(hypercall(call->control, (void *)call->input, (void *)call->output));
}

static void random_call(void) {
    static const uint16_t codes[] = {
        HV_FLUSH_SPACE, HV_FLUSH_LIST, HV_SEND_IPI_EX, HV_GET_VP_REGISTERS, HV_TRANSLATE, HV_TRANSLATE_EX, HV_MODIFY_PROTECTION,
        HV_ENABLE_PARTITION_VTL, HV_ENABLE_VP_VTL, HV_VP_INDEX_FROM_APIC_ID, HV_POST_MESSAGE, HV_SIGNAL_EVENT, 0x4444,
    };
    uint16_t code = codes[draw() % (sizeof(codes) / sizeof(codes[0]))];
    uint64_t *input = (uint64_t *)buffers[0];
    for (int i = 0; i < 16; i++) {
        input[i] = draw() % 4 ? draw() % 5 : draw();
    }
    if (draw() % 4) {
        input[0] = HV_SELF_PARTITION;
        input[1] = HV_SELF_VP | (draw() % 2 ? (0x10ull | draw() % 3) << 32 : 0);
        static const uint32_t names[] = {REG_RAX, REG_RIP, REG_LSTAR, REG_CR3, REG_VSM_VP_STATUS, REG_VSM_PARTITION_CONFIG};
        input[2] = code == HV_TRANSLATE || code == HV_TRANSLATE_EX ? draw() % 8 : names[draw() % 6];
        input[3] = (uint64_t)secret_page >> 12;
    }
    uint64_t reps = code == HV_GET_VP_REGISTERS || code == HV_MODIFY_PROTECTION || code == HV_FLUSH_LIST || code == HV_VP_INDEX_FROM_APIC_ID;
    struct call call = {
        code | HV_REPS(reps ? 1 + draw() % 3 : 0),
        draw() % 4 ? (uint64_t)input : some_address() & ~7ull,
        draw() % 4 ? (uint64_t)buffers[1] : some_address() & ~7ull,
    };
    struct fault fault;
    see((uint64_t)attempt(&fault, do_call, &call));
    see(fault.error);
}

static void random_msr(void) {
    static const uint32_t msrs[] = {HV_MSR_SIMP, HV_MSR_SIEFP, HV_MSR_VP_ASSIST_PAGE, HV_MSR_REFERENCE_TSC};
    uint32_t msr = msrs[draw() % 4];
    uint64_t value;
    see((uint64_t)try_rdmsr(msr, &value));
    see(value);
    static const uint64_t enables[] = {0, 1, 1};
    see((uint64_t)try_wrmsr(msr, (some_target() & ~0xfffull) | enables[draw() % 3]));
}

/* Some of these the secure side watches. None that would give random instructions a way into the kernel: not SYSENTER_CS. */
static void random_register(void) {
    static const uint32_t msrs[] = {0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000103, 0x175, 0x176};
    uint32_t msr = msrs[draw() % 8];
    uint64_t value = 0;
    see((uint64_t)try_rdmsr(msr, &value));
    see(value);
    see((uint64_t)try_wrmsr(msr, msr == 0xc0000080 ? value : (uint64_t)(int64_t)(int32_t)draw()));
}

/* A table that maps what it likes, the hidden page as a table among it. */
static void random_walk(void) {
    static uint64_t *space;
    if (!space) {
        space = space_new();
        space_entry(space, SPACE_OWN);
    }
    uint64_t kernel = read_cr3(), value;
    uint64_t *directory = (uint64_t *)(space[1] & ~0xfffull);
    directory = (uint64_t *)(directory[0] & ~0xfffull);
    directory[1] = (some_target() & ~0xfffull) | 7;
    write_cr3((uint64_t)space);
    see((uint64_t)try_read(SPACE_OWN + 0x200000 + draw() % 0x200000, &value));
    write_cr3(kernel);
}

static void hide(void *watched) {
    protect(secret_page, 1, ALLOW_NOTHING);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, (uint64_t)watched);
}

void run_random(uint64_t seed, int hidden) {
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    if (hidden) {
        in_secure(hide, (void *)(draw() & 0x1ffffff));
    }
    random_prepare();
    in_secure(secure_seal, 0);
    for (int i = 0; i < 4000; i++) {
        struct step step = {draw() % 8, some_address(), some_target(), draw()};
        struct fault fault;
        switch (draw() % 16) {
        case 0: case 1: case 2: random_call(); break;
        case 3: random_msr(); break;
        case 4: random_walk(); break;
        case 5: case 6: case 7: case 8: random_instruction(); break;
        case 9: case 10: random_device(); break;
        case 11: see(ask_service(100 + draw() % 10, draw())); break;
        case 12: random_register(); break;
        default:
            see((uint64_t)attempt(&fault, do_step, &step));
            see(fault.error ^ fault.rip ^ fault.address);
            break;
        }
        see(rdtsc()); /* by virtual time the same in both runs */
        see(mailbox()->intercepts);
        if (i % 500 == 499) {
            put("# random: ");
            put_hex(sum);
            put(" after ");
            put_decimal((uint64_t)i + 1);
            put(", intercepts ");
            put_decimal(mailbox()->intercepts);
            put("\n");
        }
    }
    for (unsigned i = 0; i < sizeof(buffers); i += 8) {
        uint64_t value;
        see((uint64_t)try_read((uint64_t)buffers + i, &value));
        see(value);
    }
    put("# random: in the end ");
    put_hex(sum);
    put("\n");
}
