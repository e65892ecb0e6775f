/* The secure kernel: trust level 1. */
#include "secure.h"
#include "guest.h"
#include "interrupts.h"
#include "siphash.h"

enum { GS_BASE = 0xc0000101, EFER = 0xc0000080, PAT = 0x277, SECURE_OS_ID = 0x5345 };
enum { MASKED = 1 << 16, FIRST_INTERRUPT = 32, SINT_TIMER = 2 };

struct secure_cpu secure_cpus[SECURE_CPUS] __attribute__((aligned(PAGE)));
struct secure_globals secure;
struct mailbox mailboxes[SECURE_CPUS];
uint8_t secure_hypercall_page[PAGE] __attribute__((aligned(PAGE)));
void (*secure_answer)(const struct message *, uint8_t target);
void (*secure_alarm)(void);
void (*secure_work)(struct shared *);
static uint64_t taken; /* interrupts, on all sides */
static uint64_t tables[6][512] __attribute__((aligned(PAGE)));
struct secret_area secret_area __attribute__((aligned(PAGE))) = {.secret = "THE SECRET VALUE"};

struct segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector, attributes;
};

struct table {
    uint16_t padding[3], limit;
    uint64_t base;
};

struct start { /* HV_INITIAL_VP_CONTEXT behind its header */
    uint64_t partition;
    uint32_t vp;
    uint8_t vtl, padding[3];
    uint64_t rip, rsp, rflags;
    struct segment cs, ds, es, fs, gs, ss, tr, ldtr;
    struct table idtr, gdtr;
    uint64_t efer, cr0, cr3, cr4, pat;
};
_Static_assert(sizeof(struct start) == 16 + 224, "the context has 224 bytes");

/* Identity-maps the low 4 GiB, in tables that the normal side does not have. */
static void build_tables(void) {
    for (uint64_t i = 0; i < 4 * 512; i++) {
        tables[2 + i / 512][i % 512] = i << 21 | PAGE_LARGE | PAGE_WRITE | PAGE_PRESENT;
    }
    for (int i = 0; i < 4; i++) {
        tables[1][i] = (uint64_t)tables[2 + i] | PAGE_WRITE | PAGE_PRESENT;
    }
    tables[0][0] = (uint64_t)tables[1] | PAGE_WRITE | PAGE_PRESENT;
}

static void build_gates(void) {
    for (int vector = 0; vector < 256; vector++) {
        uint64_t entry = (uint64_t)&secure_entries[16 * vector];
        secure.gates[vector] = (struct gate_64){
            .low = (uint16_t)entry,
            .selector = KERNEL_CODE,
            .attributes = 0x8e,
            .middle = (uint16_t)(entry >> 16),
            .high = (uint32_t)(entry >> 32),
        };
    }
}

static void *context(int level, int index, void *input, void (*entry)(void)) {
    struct start *start = input;
    struct secure_cpu *cpu = level == 1 ? &secure_cpus[index] : &third_cpus[index];
    uint64_t cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    if (!tables[0][0]) {
        build_tables();
        build_gates();
    }
    cpu->gdt[1] = 0x00af9b000000ffff;
    cpu->gdt[2] = 0x00cf93000000ffff;
    uint64_t *top = (uint64_t *)(cpu->stack + SECURE_STACK);
    top[-2] = (uint64_t)index;
    struct segment code = {0, 0xffffffff, KERNEL_CODE, 0xa09b}, data = {0, 0xffffffff, KERNEL_DATA, 0xc093};
    memset(start, 0, sizeof(*start));
    start->partition = HV_SELF_PARTITION;
    start->vp = (uint32_t)index;
    start->vtl = (uint8_t)level;
    start->rip = (uint64_t)entry;
    start->rsp = (uint64_t)&top[-2];
    start->rflags = 2;
    start->cs = code;
    start->ds = start->es = start->fs = start->gs = start->ss = data;
    start->tr = (struct segment){0, 0xffff, 0, 0x8b};
    start->ldtr = (struct segment){0, 0xffff, 0, 0x82};
    start->gdtr = (struct table){{0}, sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt};
    start->idtr = (struct table){{0}, sizeof(secure.gates) - 1, (uint64_t)secure.gates};
    start->efer = rdmsr(EFER);
    start->cr0 = cr0;
    start->cr3 = (uint64_t)tables;
    start->cr4 = read_cr4();
    start->pat = rdmsr(PAT);
    return start;
}

void *secure_context(int index, void *input) {
    return context(1, index, input, secure_start);
}

void *third_context(int index, void *input) {
    return context(2, index, input, third_start);
}

static struct mailbox *box_of(const struct secure_cpu *self) {
    return is_third() ? &third_boxes[self->cpu.index] : &mailboxes[self->cpu.index];
}

void secure_set_policy(void *policy) {
    secure_self()->policy = (enum policy)(uint64_t)policy;
}

void secure_seal(void *unused) {
    (void)unused;
    secure.sealed = 1;
}

static void protect_own(void) {
    protect(secure_cpus, sizeof(secure_cpus) / PAGE, ALLOW_NOTHING);
    protect(&secure, sizeof(secure) / PAGE, ALLOW_NOTHING);
    protect(tables, sizeof(tables) / PAGE, ALLOW_NOTHING);
    protect(secure_hypercall_page, 1, ALLOW_NOTHING);
}

uint64_t protect(const void *from, uint64_t pages, uint32_t allowed) {
    return protect_from(TARGET_VTL0, from, pages, allowed);
}

uint64_t protect_from(uint8_t target, const void *from, uint64_t pages, uint32_t allowed) {
    uint64_t result = 0;
    for (uint64_t done = 0; done < pages && !HV_STATUS(result);) {
        uint64_t count = pages - done < 256 ? pages - done : 256;
        uint64_t *input = (uint64_t *)input_here();
        input[0] = HV_SELF_PARTITION;
        input[1] = allowed | (uint64_t)target << 32;
        for (uint64_t i = 0; i < count; i++) {
            input[2 + i] = ((uint64_t)from >> 12) + done + i;
        }
        result = call_here(HV_MODIFY_PROTECTION | HV_REPS(count), input, 0);
        done += count;
    }
    return result;
}

int side_prepare(struct secure_cpu *self, int index, struct ways *ways, uint8_t *page, uint64_t os_id) {
    int first = !ways->call;
    self->cpu.self = &self->cpu;
    self->cpu.index = index;
    self->policy = REFUSE;
    wrmsr(GS_BASE, (uint64_t)self);
    if (first) {
        wrmsr(HV_MSR_GUEST_OS_ID, HV_OUR_OS_ID + os_id);
        wrmsr(HV_MSR_HYPERCALL, (uint64_t)page | 1);
        ways->call = (uint64_t)page;
    }
    wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)self->assist | 1);
    wrmsr(HV_MSR_SCONTROL, 1);
    wrmsr(HV_MSR_SIMP, (uint64_t)self->messages | 1);
    wrmsr(HV_MSR_SINT0, MASKED | 0x50);
    if (first) {
        uint64_t offsets = 0;
        get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets);
        ways->down = (uint64_t)page + (offsets >> 12 & 0xfff);
        ways->up = (uint64_t)page + (offsets & 0xfff);
        set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_CONFIG, CONFIG_PROTECT | CONFIG_ALLOW_ALL);
    }
    return first;
}

/* An access that this side refuses: the other one finds #GP there, unless a test wants otherwise. */
static void intercepted(struct secure_cpu *self) {
    struct mailbox *box = box_of(self);
    volatile struct message *message = (volatile struct message *)self->messages;
    if (self->policy == LEAVE) {
        uint64_t at = 0;
        box->intercepts++;
        get_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, &at);
        set_register(HV_SELF_VP, TARGET_VTL0, REG_RIP, at + 3);
        return;
    }
    memcpy(&box->seen, self->messages, sizeof(struct message));
    uint64_t rip = message->rip, length = message->length & 0xf, gpa = message->gpa;
    uint8_t target = TARGET_VTL0 | (message->state >> 7 & 0xf);
    int more = message->flags & 1;
    message->type = 0;
    if (more) {
        wrmsr(HV_MSR_EOM, 0);
    }
    box->intercepts++;
    switch (self->policy) {
    case REFUSE:
        set_register(HV_SELF_VP, target, REG_PENDING_EVENT0, 1 | 1 << 8 | FAULT_GP << 16);
        break;
    case EMULATE: /* mov (...), %rax: the tests have no other */
        ((struct vtl_control *)(self->assist + 8))->rax = *(volatile uint64_t *)gpa;
        /* falls through */
    case SKIP:
        set_register(HV_SELF_VP, target, REG_RIP, rip + length);
        break;
    case LEAVE: /* above */
        break;
    case ANSWER:
        secure_answer(&box->seen, target);
        break;
    case PERMIT:
        protect_from(target, (void *)(gpa & ~0xfffull), 1, ALLOW_ALL);
        break;
    }
}

static void serve(struct secure_cpu *self, struct mailbox *box) {
    if (self->shared.rdx == SERVICE_SIGN) {
        self->shared.rdx = sip_hash(SECRET_WORDS[0], SECRET_WORDS[1], self->shared.r8);
    } else if (secure_work) {
        secure_work(&self->shared);
    } else {
        box->refused++;
        self->shared.rdx = SERVICE_REFUSED;
    }
}

static void called(struct secure_cpu *self) {
    struct mailbox *box = box_of(self);
    void (*job)(void *) = box->job;
    if (secure.sealed && !is_third()) {
        serve(self, box);
        return;
    }
    if (!job) {
        return;
    }
    job(box->argument);
}

void secure_main(int index) {
    if (side_prepare(&secure_cpus[index], index, &secure.ways, secure_hypercall_page, SECURE_OS_ID)) {
        protect_own();
    }
    run_side(&secure_cpus[index], &mailboxes[index], secure_leave);
}

void run_side(struct secure_cpu *self, struct mailbox *box, void (*leave)(struct shared *, uint64_t)) {
    struct vtl_control *control = (struct vtl_control *)(self->assist + 8);
    box->calls++;
    box->last_reason = control->reason; /* as it was before there was a page: 0 */
    called(self);
    uint64_t how = FAST_RETURN;
    for (;;) {
        leave(&self->shared, how);
        box->last_reason = control->reason;
        switch (control->reason) {
        case REASON_CALL:
            box->calls++;
            called(self);
            how = FAST_RETURN;
            break;
        case REASON_INTERRUPT:
            box->interrupts++;
            __asm__ volatile("sti; nop; cli" : : : "memory");
            how = 0;
            break;
        case REASON_INTERCEPT:
            intercepted(self);
            how = 0;
            break;
        default:
            put("Bail out! the secure side was entered for no known reason\n");
            exit_vm(122);
        }
    }
}

void secure_interrupt(struct interrupt_frame *frame) {
    if (frame->vector < FIRST_INTERRUPT) {
        interrupt_taken(frame); /* the net under attempts, or the end */
        return;
    }
    struct mailbox *box = box_of(secure_self());
    box->when = __atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
    switch (frame->vector) {
    case TIMER_VECTOR:
        box->timer_ticks++;
        if (secure_alarm) {
            secure_alarm();
        }
        break;
    case IPI_VECTOR:
        box->ipis++;
        break;
    case VINA_VECTOR:
        box->vinas++;
        break;
    default:
        break;
    }
    wrmsr(HV_MSR_EOI, 0);
}
