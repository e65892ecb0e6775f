/*
 * The story of trust levels, told by a guest that lives it: level 0 enables level 1, which hides a key from it, refuses what level 0
 * tries, reads for it once with its translations locked, and signs with the key. Lines on the serial port say what comes next ("# "),
 * what is tried ("- ") and what came of it ("= "); each outcome is checked, and the first that is not as it must be ends the guest
 * with "! " and a status that is not 0. Needs --hyperv vsm.
 */
#include "secure.h"
#include "guest.h"
#include "interrupts.h"
#include "siphash.h"
#include "workers.h"

enum { VALIDATE_READ = 1, INHIBIT = 32, NO_ACCESS = 5, PATIENCE = 4000 };
enum { FW_CFG_DMA = 0x514, FW_CFG_ERROR = 1, FW_CFG_READ = 2, FW_CFG_SELECT = 8 };
#define ALIAS (SPACE_OWN + 0x5000)
#define AS_TABLE (SPACE_OWN + 0x40000000ull)

uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));
static uint32_t vps[SECURE_CPUS];
static int cpus, attempts;
static uint64_t got; /* what level 0 has got hold of */

static void say(const char *kind, const char *text) {
    put(kind);
    put(text);
    put("\n");
}

static void say_number(const char *before, uint64_t number, const char *behind) {
    put(before);
    put_hex(number);
    put(behind);
    put("\n");
}

static void must(int holds, const char *otherwise) {
    if (!holds) {
        say("! ", otherwise);
        exit_vm(1);
    }
}

/* ---- Chapter 1: levels ---- */

static void ask_index(void *unused) {
    (void)unused;
    vps[this_cpu()->index] = (uint32_t)rdmsr(HV_MSR_VP_INDEX);
}

static void enable_vp(void *p) { /* of the processor with that index; a level that is there may do it for another */
    int index = *(int *)p;
    uint8_t *input = secure_context(index, input_here());
    *(uint32_t *)(input + 8) = vps[index];
    must(HV_STATUS(call_here(HV_ENABLE_VP_VTL, input, 0)) == HV_SUCCESS, "level 1 was not enabled on a processor");
}

static void first_call(void *unused) {
    (void)unused;
    in_secure(secure_set_policy, REFUSE);
}

static void enable(void) {
    uint64_t offsets = 0;
    int first = 0;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_CODE_PAGE_OFFSETS, &offsets);
    vtl_call_entry = (uint64_t)hypercall_page + (offsets & 0xfff);
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = 1;
    must(HV_STATUS(call_here(HV_ENABLE_PARTITION_VTL, input, 0)) == HV_SUCCESS, "the partition was refused level 1");
    enable_vp(&first);
    in_secure(secure_set_policy, REFUSE);
    say("- ", "on the other processors level 1 itself does that: level 0 may not any more");
    for (int i = 1; i < cpus; i++) {
        in_secure(enable_vp, &i);
        run_on(i, first_call, 0);
    }
}

/* ---- Chapter 2: a secret ---- */

static void hide(void *unused) {
    (void)unused;
    secure.secret[0] = SECRET_WORDS[0];
    secure.secret[1] = SECRET_WORDS[1];
    protect(secret_page, 1, ALLOW_NOTHING);
}

/* ---- Chapter 3: what level 0 tries ---- */

static void read_it(void *at) {
    got = *(volatile uint64_t *)at;
}

static void write_it(void *unused) {
    (void)unused;
    SECRET_WORDS[0] = 0;
}

static void run_it(void *unused) {
    (void)unused;
    __asm__ volatile("call *%0" : : "r"(secret_page) : "memory");
}

static void as_input(void *unused) {
    (void)unused;
    got = hypercall(HV_FLUSH_SPACE, secret_page, 0);
}

static void as_output(void *unused) {
    (void)unused;
    uint64_t *input = (uint64_t *)input_here();
    input[0] = HV_SELF_PARTITION;
    input[1] = HV_SELF_VP;
    input[2] = REG_LSTAR;
    hypercall(HV_GET_VP_REGISTERS | HV_REPS(1), input, secret_page);
}

static void refused(const char *what, void (*run)(void *), void *argument) {
    struct fault fault;
    say("- ", what);
    attempts++;
    got = 0;
    uint64_t told = mailbox()->intercepts;
    attempt(&fault, run, argument);
    must(fault.vector == FAULT_GP && !got, "level 0 got at the key");
    must(mailbox()->intercepts > told, "level 1 was not told");
    say("= ", "level 1 is told, and answers with #GP");
}

static void by_page_tables(void) {
    uint64_t kernel = read_cr3(), *space = space_new();
    set_entry(space_entry(space, ALIAS), (uint64_t)secret_page | PAGE_PRESENT | PAGE_WRITE);
    space_entry(space, AS_TABLE);
    write_cr3((uint64_t)space);
    refused("maps it at another address, and reads there", read_it, (void *)ALIAS);
    uint64_t *directory = (uint64_t *)(space[1] & ~0xfffull);
    directory = (uint64_t *)(directory[1] & ~0xfffull);
    set_entry(&directory[0], (uint64_t)secret_page | PAGE_PRESENT | PAGE_WRITE);
    refused("has the processor take it for a page table", read_it, (void *)AS_TABLE);
    write_cr3(kernel);
}

static void by_translation(void) {
    say("- ", "asks the hypervisor whether it may read it");
    attempts++;
    struct translation own = {TARGET_CALLER, HV_SELF_VP, (uint64_t)secret_page, VALIDATE_READ, 0, 0, 0};
    translate(&own);
    must(HV_STATUS(own.result) == HV_SUCCESS && own.code == NO_ACCESS, "the hypervisor said yes");
    say("= ", "HvTranslateVirtualAddress says: GpaNoReadAccess");
}

/* A device has the rights of level 0. The firmware configuration's numbers are big-endian. */
static void by_device(void) {
    static volatile struct {
        uint32_t control, length;
        uint64_t address;
    } order;
    say("- ", "has a device write over it");
    attempts++;
    order.control = __builtin_bswap32(FW_CFG_SELECT | FW_CFG_READ);
    order.length = __builtin_bswap32(4);
    order.address = __builtin_bswap64((uint64_t)secret_page);
    outl(FW_CFG_DMA, __builtin_bswap32((uint32_t)((uint64_t)&order >> 32)));
    outl(FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)(uint64_t)&order));
    must(order.control == __builtin_bswap32(FW_CFG_ERROR), "the device wrote there");
    say("= ", "the device reports an error: devices have level 0's rights");
}

static void by_overlay(void) {
    uint64_t value = 0, msr = rdmsr(HV_MSR_SIMP);
    say("- ", "moves its message page over it, writes there, and moves that away again");
    attempts++;
    if (try_wrmsr(HV_MSR_SIMP, (uint64_t)secret_page | 1) == NO_FAULT) {
        must(try_read((uint64_t)secret_page, &value) != NO_FAULT || value == 0, "the key showed through");
        try_write((uint64_t)secret_page, 0x5555);
        wrmsr(HV_MSR_SIMP, msr);
    }
    must(try_read((uint64_t)secret_page, &value) == FAULT_GP, "the key lies open");
    say("= ", "level 1 refuses the address, whatever lies there, and is told; the key below is as it was");
}

static void unchanged(void *same) {
    *(int *)same = SECRET_WORDS[0] == secure.secret[0] && SECRET_WORDS[1] == secure.secret[1];
}

/* ---- Chapter 4: one access that level 1 does for level 0 ---- */

static volatile struct {
    int go, calling, done, early;
} flush;

static void flush_first_vp(void *unused) {
    (void)unused;
    AWAIT(flush.go);
    flush.calling = 1;
    struct hv_flush *input = (struct hv_flush *)input_here();
    *input = (struct hv_flush){0, HV_ALL_SPACES, 1ull << vps[0]};
    must(HV_STATUS(call_here(HV_FLUSH_SPACE, input, 0)) == HV_SUCCESS, "the flush was refused");
    flush.done = 1;
}

/* Level 1: mov (%rdx), %rax it is. Where does that address lead for level 0? That must not change while the access is done for it. */
static void emulate(const struct message *seen, uint8_t target) {
    struct secure_cpu *self = secure_self();
    must(seen->bytes >= 3 && seen->instruction[0] == 0x48 && seen->instruction[1] == 0x8b && seen->instruction[2] == 0x02, "that is another instruction");
    struct translation wanted = {TARGET_VTL0, HV_SELF_VP, self->shared.rdx, INHIBIT, 0, 0, 0};
    translate(&wanted);
    must(HV_STATUS(wanted.result) == HV_SUCCESS && !wanted.code, "the hypervisor does not translate");
    if (cpus > 1) {
        flush.go = 1;
        AWAIT(flush.calling);
        for (int i = 0; i < PATIENCE; i++) {
            relax();
        }
        flush.early = flush.done;
    }
    ((struct vtl_control *)(self->assist + 8))->rax = *(volatile uint64_t *)(wanted.page << 12 | (wanted.address & 0xfff));
    set_register(HV_SELF_VP, target, REG_RIP, seen->rip + (seen->length & 0xf));
}

static void read_by_rax(void *p) {
    uint64_t value;
    __asm__ volatile("mov (%1), %0" : "=a"(value) : "d"(near_secret(16)) : "memory", "rcx");
    *(uint64_t *)p = value;
}

static void public_part(void *unused) {
    (void)unused;
    SECRET_WORDS[2] = 0x7ab1e; /* the key's number, which anybody may know */
}

/* ---- Chapter 5: registers ---- */

enum { REG_CR0 = 0x40000, CR0_WP = 1 << 16, WATCH_CR0 = 1, WATCH_LSTAR = 1 << 6, LSTAR = 0xc0000082 };

static uint64_t read_cr0(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static void write_cr0(void *value) {
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static void write_lstar(void *value) {
    wrmsr(LSTAR, (uint64_t)value);
}

/* Level 1: of CR0 the one bit that it pins, of LSTAR all. */
static void watch(void *unused) {
    (void)unused;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CR0_MASK, CR0_WP);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_CR_INTERCEPT_CONTROL, WATCH_CR0 | WATCH_LSTAR);
}

static void pinned(void) {
    uint64_t cr0 = read_cr0();
    in_secure(watch, 0);
    refused("switches write protection off in CR0", write_cr0, (void *)(cr0 ^ CR0_WP));
    refused("has system calls lead elsewhere, in LSTAR", write_lstar, (void *)0x1000);
    say("- ", "writes CR0 by hypercall instead");
    attempts++;
    must(HV_STATUS(set_register(HV_SELF_VP, TARGET_CALLER, REG_CR0, cr0 ^ CR0_WP)) == HV_ACCESS_DENIED, "that did not help level 1");
    must(read_cr0() == cr0 && rdmsr(LSTAR) != 0x1000, "a register has changed");
    say("= ", "HvCallSetVpRegisters says: access denied");
}

/* ---- Chapter 6: the service ---- */

static uint64_t sign(uint64_t challenge) {
    struct hv_registers registers;
    memset(&registers, 0, sizeof(registers));
    registers.flags = 2;
    registers.rdx = SERVICE_SIGN;
    registers.r8 = challenge;
    uint64_t entry = hypercall_entry;
    hypercall_entry = vtl_call_entry;
    hypercall_raw(&registers);
    hypercall_entry = entry;
    return registers.rdx;
}

static void give_away(void *unused) {
    (void)unused;
    protect(secret_page, 1, ALLOW_ALL);
}

int guest_main(const char *command_line) {
    (void)command_line;
    interrupts_prepare();
    interrupts_enable_here();
    cpu_prepare_here(0);
    must(hyperv_detect() && hyperv_establish(hypercall_page) && hv_may(HV_HAS_VSM), "no trust levels here; start it with --hyperv vsm");
    cpus = workers_start(0);
    must(cpus <= SECURE_CPUS, "more processors than this guest has stacks for");
    for (int i = 0; i < cpus; i++) {
        run_on(i, ask_index, 0);
    }

    say("# ", "A kernel boots in trust level 0, and gives the partition and its first processor a level 1");
    enable();

    say_number("# Level 1 takes all rights to the page at ", (uint64_t)secret_page, ", which holds a key, from level 0");
    in_secure(public_part, 0);
    in_secure(hide, 0);

    say("# ", "Level 0 tries to get at the key");
    refused("reads it", read_it, secret_page);
    refused("writes over it", write_it, 0);
    refused("jumps into it", run_it, 0);
    refused("names it as a hypercall's input", as_input, 0);
    refused("names it as a hypercall's output", as_output, 0);
    by_page_tables();
    by_translation();
    by_device();
    by_overlay();
    int same = 0;
    in_secure(unchanged, &same);
    must(same, "somebody has changed the key");

    say("# ", "Level 1 reads for level 0 what anybody may know, with level 0's translations locked meanwhile");
    secure_answer = emulate;
    if (cpus > 1) {
        worker_begin(1, flush_first_vp, 0);
        say("- ", "level 0 reads the key's number; just then another processor asks for a flush of this one");
    } else {
        say("- ", "level 0 reads the key's number");
    }
    in_secure(secure_set_policy, (void *)ANSWER);
    uint64_t value = 0;
    read_by_rax(&value);
    in_secure(secure_set_policy, REFUSE);
    if (cpus > 1) {
        worker_wait(1);
        must(!flush.early, "the flush passed while the translation was locked");
    }
    must(value == 0x7ab1e, "level 1 has read something else");
    say_number("= it has got ", value, cpus > 1 ? ", and the flush has come after that" : "");

    say("# ", "Level 1 watches registers that level 0's own protection hangs on");
    pinned();

    say("# ", "From now on level 1 only signs challenges with the key");
    in_secure(secure_seal, 0);
    uint64_t told = mailbox()->refused;
    say("- ", "level 0 asks it to open the page");
    mailbox()->job = give_away;
    vtl_call(0);
    must(mailbox()->refused > told && try_read((uint64_t)secret_page, &value) == FAULT_GP, "it did");
    say("= ", "it does not");
    say("- ", "level 0 asks for a signature of 0x1111");
    uint64_t first = sign(0x1111);
    must(first && first == sign(0x1111) && first != sign(0x2222), "that is no signature");
    say_number("= ", first, "");
    put("# The end: ");
    put_decimal((uint64_t)attempts);
    put(" attempts, and the key is where it was\n");
    return 0;
}
