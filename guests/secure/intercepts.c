/* Control registers, MSRs and descriptor tables that the secure side watches: rules, answers, masks, who is told. */
#include "watched.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

enum { KEPT_MESSAGES = 2, PENDING = 1 };

/* Does for the other side what it was about to do. */
static void do_for(const struct message *seen, uint8_t target) {
    const struct watched *watched = behind_header(seen);
    const struct watched_msr *msr = behind_header(seen);
    if (seen->type == MESSAGE_REGISTER) {
        set_register(HV_SELF_VP, target, watched->name, watched->value);
    } else if (msr->number == 0xc0000082) {
        set_register(HV_SELF_VP, target, REG_LSTAR, msr->rdx << 32 | (msr->rax & 0xffffffff));
    }
    set_register(HV_SELF_VP, target, REG_RIP, seen->rip + (seen->length & 0xf));
}

static void check_ts(void) {
    struct access access = {0};
    const uint64_t cr0 = read_cr0();
    topic("CLTS");
    access.value = cr0 | CR0_TS;
    move_cr0(&access);
    watch(CR0_WRITE);
    in_secure(secure_set_policy, (void *)ANSWER);
    clear_ts(&access);
    const struct watched *watched = behind_header(&mailbox()->seen);
    check_equal("is a write of CR0 without TS", watched->value, cr0 & ~(uint64_t)CR0_TS);
    check_equal("which the secure side can do for it", read_cr0(), cr0 & ~(uint64_t)CR0_TS);
    watch(0);
    access.value = cr0;
    move_cr0(&access);
}

static void check_answers(void) {
    struct access access = {.value = rdmsr(0xc0000082) ^ 0x1000, .msr = 0xc0000082};
    topic("done by the secure side");
    in_secure(secure_set_policy, (void *)ANSWER);
    watch(CR0_WRITE | LSTAR_WRITE);
    write_msr(&access);
    check_equal("a write of LSTAR is one", rdmsr(0xc0000082), access.value);
    access.value = read_cr0() ^ CR0_MP;
    move_cr0(&access);
    check_equal("and one of CR0", read_cr0(), access.value);
    __asm__ volatile("mov %0, %%cr8" : : "r"(5ull));
    access.value ^= CR0_MP;
    move_cr0(&access);
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
    check_equal("at a higher priority, too", read_cr0(), access.value);
    topic("message at a higher priority");
    check_header(&mailbox()->seen, &access, ACCESS_WRITE, STATE_KERNEL, 0, 5);
    watch(0);
}

static void check_masks(void) {
    const uint64_t cr0 = read_cr0();
    uint64_t before;
    struct access access = {.value = read_cr4()};
    topic("a mask");
    in_secure(secure_set_policy, (void *)SKIP);
    struct setting first = {HV_SELF_VP, REG_CR_INTERCEPT_CR0_MASK, TARGET_CALLER, CR0_TS, 0, 0};
    in_secure(set_there, &first);
    check_status("of CR0", first.result, HV_SUCCESS);
    check_equal("reads as it was written", first.read, CR0_TS);
    watch(CR0_WRITE | CR4_WRITE | 1 << 4);
    check_equal("lets bits change that are not in it", told_of_cr0(cr0 ^ CR0_MP), 0);
    check_equal("and back", told_of_cr0(cr0), 0);
    check_equal("not one that is", told_of_cr0(cr0 ^ CR0_TS), 1);
    check_equal("nor with others", told_of_cr0(cr0 ^ (CR0_TS | CR0_MP)), 1);
    check_status("without bits", watch_bits(REG_CR_INTERCEPT_CR0_MASK, 0), HV_SUCCESS);
    check_equal("lets everything pass", told_of_cr0(cr0), 0);
    watch_bits(REG_CR_INTERCEPT_CR0_MASK, ~0ull);
    check_equal("with all bits nothing, changed or not", told_of_cr0(cr0), 1);
    check_status("of CR4", watch_bits(REG_CR_INTERCEPT_CR4_MASK, CR4_TSD), HV_SUCCESS);
    before = mailbox()->intercepts;
    move_cr4(&access);
    check_equal("lets pass what changes nothing", mailbox()->intercepts - before, 0);
    access.value ^= CR4_TSD;
    move_cr4(&access);
    check_equal("and not what does", mailbox()->intercepts - before, 1);
    watch_bits(REG_CR_INTERCEPT_CR4_MASK, ~0ull);
    check_status("of MISC_ENABLE", watch_bits(REG_CR_INTERCEPT_MISC_ENABLE_MASK, 1), HV_SUCCESS);
    access = (struct access){.value = rdmsr(MISC_ENABLE), .msr = MISC_ENABLE};
    before = mailbox()->intercepts;
    write_msr(&access);
    check_equal("does the same", mailbox()->intercepts - before, 0);
    access.value ^= 1;
    write_msr(&access);
    check_equal("for that register", mailbox()->intercepts - before, 1);
    watch_bits(REG_CR_INTERCEPT_MISC_ENABLE_MASK, ~0ull);
    watch(0);
}

static void check_rules(void) {
    struct setting s = {HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 0x1ffffff, 0, 0};
    uint64_t value;
    topic("the control register");
    in_secure(set_there, &s);
    check_status("takes all 25 bits", s.result, HV_SUCCESS);
    check_equal("reads as it was written", s.read, 0x1ffffff);
    watch(GDTR_WRITE);
    for (int bit = 25; bit < 64; bit += 13) {
        s = (struct setting){HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 1ull << bit | CR0_WRITE, 0, 0};
        in_secure(set_there, &s);
        check_status_at("refuses bit", (uint64_t)bit, s.result, HV_INVALID_REGISTER_VALUE);
        check_equal_at("and stays as it is, bit", (uint64_t)bit, s.read, GDTR_WRITE);
    }
    for (uint32_t name = REG_CR_INTERCEPT_CONTROL; name <= REG_CR_INTERCEPT_MISC_ENABLE_MASK; name++) {
        check_refused("the normal side has none to write", set_register(HV_SELF_VP, TARGET_CALLER, name, 0));
        check_refused("nor to read", get_register(HV_SELF_VP, TARGET_CALLER, name, &value));
        check_refused("nor one of the secure side's to write", set_register(HV_SELF_VP, TARGET_VTL1, name, 0));
        check_refused("or to read", get_register(HV_SELF_VP, TARGET_VTL1, name, &value));
        s = (struct setting){HV_SELF_VP, name, TARGET_VTL0, 0, 0, 0};
        in_secure(set_there, &s);
        check_refused("the secure side finds none below", s.result);
    }
    s = (struct setting){HV_SELF_VP, REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, 0, 0, 0};
    in_secure(set_there, &s);
    check_status("the secure side clears it", s.result, HV_SUCCESS);
}

/* What it may not do by instruction, the normal side may not do by hypercall. */
static void check_calls(void) {
    static const struct {
        const char *name;
        uint32_t reg;
        int bit;
    } cases[] = {
        {"CR0", REG_CR0, 0},
        {"CR4", REG_CR4, 1},
        {"XCR0", REG_XCR0, 2},
        {"LSTAR", REG_LSTAR, 6},
        {"STAR", 0x80008, 8},
        {"CSTAR", 0x8000a, 10},
        {"APIC base", 0x80003, 12},
        {"EFER", 0x80001, 14},
        {"GDTR", REG_GDTR, 15},
        {"IDTR", REG_IDTR, 16},
        {"LDTR", REG_LDTR, 17},
        {"TR", REG_TR, 18},
        {"SYSENTER_CS", 0x80005, 19},
        {"SYSENTER_EIP", 0x80006, 20},
        {"SYSENTER_ESP", 0x80007, 21},
        {"SFMASK", 0x8000b, 22},
        {"TSC_AUX", 0x8007b, 23},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t before = 0, after = 1, entries = mailbox()->intercepts;
        topic("written by hypercall");
        watch(1ull << cases[i].bit);
        get_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, &before);
        check_status(cases[i].name, set_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, before), HV_ACCESS_DENIED);
        get_register(HV_SELF_VP, TARGET_CALLER, cases[i].reg, &after);
        check_equal("leaves it as it is", after, before);
        check_equal("and is no intercept", mailbox()->intercepts - entries, 0);
        struct setting above = {HV_SELF_VP, cases[i].reg, TARGET_VTL0, before, 0, 0};
        if (cases[i].reg < REG_LDTR || cases[i].reg > REG_GDTR) { /* those have two halves */
            in_secure(set_there, &above);
            check_status("the secure side may", above.result, HV_SUCCESS);
        }
    }
    topic("written by hypercall");
    watch(~(uint64_t)CR0_WRITE & 0x1ffffff);
    check_status("what is not watched", set_register(HV_SELF_VP, TARGET_CALLER, REG_CR0, read_cr0()), HV_SUCCESS);
    watch(0);
}

struct kept {
    uint32_t type[KEPT_MESSAGES], name[KEPT_MESSAGES];
    int flags[KEPT_MESSAGES];
};

static void drain(void *p) {
    struct kept *kept = p;
    volatile struct message *message = (volatile struct message *)secure_self()->messages;
    for (int i = 0; i < KEPT_MESSAGES && message->type; i++) {
        kept->type[i] = message->type;
        kept->name[i] = *(volatile uint32_t *)((volatile uint8_t *)message + 60);
        kept->flags[i] = message->flags;
        message->type = 0;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        wrmsr(HV_MSR_EOM, 0);
    }
}

/* Accesses of three bytes: the secure side knows no more where it leaves the message alone. */
static void check_queue(void) {
    struct kept kept = {0};
    uint64_t before = mailbox()->intercepts;
    topic("with the slot in use");
    in_secure(secure_set_policy, (void *)LEAVE);
    watch(CR0_WRITE | CR4_WRITE);
    __asm__ volatile(".byte 0x0f, 0x22, 0xc0" : : "a"(read_cr0()) : "memory"); /* mov %rax, %cr0 */
    __asm__ volatile(".byte 0x0f, 0x22, 0xe0" : : "a"(read_cr4()) : "memory"); /* mov %rax, %cr4 */
    check_equal("each enters the secure side", mailbox()->intercepts - before, 2);
    in_secure(drain, &kept);
    check_equal("the first message is there", kept.type[0], MESSAGE_REGISTER);
    check_equal("it is the first's", kept.name[0], REG_CR0);
    check_equal("and says that one waits", (uint64_t)kept.flags[0] & PENDING, PENDING);
    check_equal("the second comes behind it", kept.type[1], MESSAGE_REGISTER);
    check_equal("it is the second's", kept.name[1], REG_CR4);
    check_equal("and says that none waits", (uint64_t)kept.flags[1] & PENDING, 0);
    watch(0);
    in_secure(secure_set_policy, (void *)REFUSE);
}

struct elsewhere {
    struct access access;
    struct fault fault;
    uint64_t told;
};

static void write_cr0_there(void *p) {
    struct elsewhere *there = p;
    uint64_t before = mailbox()->intercepts;
    there->access.value = read_cr0();
    attempt(&there->fault, move_cr0, &there->access);
    there->told = mailbox()->intercepts - before;
}

static void refuse_there(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, (void *)REFUSE);
}

static void check_others(void) {
    struct elsewhere there = {0};
    topic("on another processor");
    if (machine.cpus < 2) {
        skip("is another processor's", "it takes a second processor");
        return;
    }
    run_on(1, refuse_there, 0);
    watch(CR0_WRITE);
    run_on(1, write_cr0_there, &there);
    check_equal("nothing is watched that is watched here", there.told, 0);
    watch(0);
    struct setting s = {machine.vps[1], REG_CR_INTERCEPT_CONTROL, TARGET_CALLER, CR0_WRITE, 0, 0};
    in_secure(set_there, &s);
    check_status("what this one's secure side asks for", s.result, HV_SUCCESS);
    run_on(1, write_cr0_there, &there);
    check_equal("is told there", there.told, 1);
    check_fault("and refused", there.fault.vector, FAULT_GP);
    check_header(&mailboxes[1].seen, &there.access, ACCESS_WRITE, STATE_KERNEL, 1, 0);
    in_secure(secure_set_policy, (void *)SKIP);
    check_equal("and not here", told_of_cr0(read_cr0()), 0);
    s.value = 0;
    in_secure(set_there, &s);
    run_on(1, write_cr0_there, &there);
    check_equal("until it asks no more", there.told, 0);
}

void check_registers(void) {
    uint32_t features = cpuid(1).ecx;
    const uint64_t cr4 = read_cr4();
    secure_answer = do_for;
    write_cr4(cr4 | (features >> 26 & 1 ? CR4_OSXSAVE : 0));
    check_rules();
    check_kinds();
    in_secure(secure_set_policy, (void *)ANSWER);
    check_ts();
    check_answers();
    check_masks();
    check_calls();
    check_queue();
    check_others();
    in_secure(secure_set_policy, (void *)REFUSE);
    write_cr4(cr4);
    topic("");
}
