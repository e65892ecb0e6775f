/* Mode based execute control: user code and the kernel's, each by a right of its own. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "workers.h"

#define CODE_AT (SPACE_OWN + 0x401000)
#define STACK_AT (SPACE_OWN + 0x402000)
enum { SMEP = 1 << 20, ACTIVE_MBEC = 1 << 4, MBEC = 1, STATE_KERNEL = 0x14, STATE_USER = 0x17 };
static uint8_t code[PAGE] __attribute__((aligned(PAGE))), stack[PAGE] __attribute__((aligned(PAGE)));
static uint64_t *space;
int mbec_wanted;

struct setting {
    uint64_t config, result, read, status;
    uint32_t allowed;
};

static void set_config(void *p) {
    struct setting *setting = p;
    setting->result = set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, setting->config);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_SECURE_CONFIG_VTL0, &setting->read);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &setting->status);
}

static struct setting configure(uint64_t config) {
    struct setting setting = {.config = config};
    in_secure(set_config, &setting);
    return setting;
}

static void set_allowed(void *p) {
    protect(code, 1, ((struct setting *)p)->allowed);
}

static void allow(uint32_t allowed) {
    struct setting setting = {.allowed = allowed};
    in_secure(set_allowed, &setting);
}

static void run_kernel(void *unused) {
    (void)unused;
    __asm__ volatile("call *%0" : : "r"(code) : "memory"); /* ret */
}

static void run_user(void *unused) {
    (void)unused;
    enter_user(CODE_AT + 1, STACK_AT + PAGE - 16, 0, 0, 0); /* ud2 */
}

static int kernel_executes(void) {
    return attempt(0, run_kernel, 0) == NO_FAULT;
}

static int user_executes(void) {
    uint64_t kernel = read_cr3();
    write_cr3((uint64_t)space);
    int vector = attempt(0, run_user, 0);
    write_cr3(kernel);
    return vector == FAULT_UD;
}

static const struct {
    const char *name;
    uint64_t config, smep;
    uint32_t allowed;
    int kernel, user;
} rows[] = {
    {"on: all", MBEC, SMEP, ALLOW_ALL, 1, 1},
    {"on: user code", MBEC, SMEP, ALLOW_READ | ALLOW_USER_EXECUTE, 0, 1},
    {"on: none", MBEC, SMEP, ALLOW_READ | ALLOW_WRITE, 0, 0},
    {"on, without SMEP: all", MBEC, 0, ALLOW_ALL, 1, 1},
    {"on, without SMEP: user code, by the kernel's right", MBEC, 0, ALLOW_READ | ALLOW_USER_EXECUTE, 0, 0},
    {"on, without SMEP: none", MBEC, 0, ALLOW_READ, 0, 0},
    {"off: all", 0, SMEP, ALLOW_ALL, 1, 1},
    {"off: user code, by the kernel's right", 0, SMEP, ALLOW_READ | ALLOW_USER_EXECUTE, 0, 0},
    {"off: the kernel's code", 0, SMEP, ALLOW_READ | ALLOW_KERNEL_EXECUTE, 1, 1},
    {"off, without SMEP: user code, by the kernel's right", 0, 0, ALLOW_READ | ALLOW_USER_EXECUTE, 0, 0},
    {"off, without SMEP: the kernel's code", 0, 0, ALLOW_READ | ALLOW_KERNEL_EXECUTE, 1, 1},
    {"on again: user code", MBEC, SMEP, ALLOW_READ | ALLOW_USER_EXECUTE, 0, 1},
};

static void check_rows(void) {
    uint64_t cr4 = read_cr4();
    int has_smep;
    uint32_t ebx = 0, eax = 7, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    has_smep = ebx >> 7 & 1;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        topic(rows[i].name);
        if (rows[i].smep && !has_smep) {
            skip("who executes", "the processor has no SMEP");
            continue;
        }
        write_cr4((cr4 & ~(uint64_t)SMEP) | rows[i].smep);
        configure(rows[i].config);
        allow(rows[i].allowed);
        check_equal("the kernel executes", (uint64_t)kernel_executes(), (uint64_t)rows[i].kernel);
        check_equal("user code executes", (uint64_t)user_executes(), (uint64_t)rows[i].user);
    }
    write_cr4(cr4 | (has_smep ? SMEP : 0));
}

static void check_messages_of_fetches(void) {
    const struct message *seen = &mailbox()->seen;
    topic("a fetch by the kernel");
    configure(MBEC);
    allow(ALLOW_READ | ALLOW_USER_EXECUTE);
    kernel_executes();
    check_equal("its access", seen->access, ACCESS_EXECUTE);
    check_equal("its mode", seen->state, STATE_KERNEL);
    topic("a fetch by user code");
    allow(ALLOW_READ);
    user_executes();
    check_equal("its access", seen->access, ACCESS_EXECUTE);
    check_equal("its mode", seen->state, STATE_USER);
    check_equal("its address", seen->gpa, (uint64_t)code + 1);
}

static void on_other(void *executes) {
    *(int *)executes = user_executes();
}

static void check_each_processor(void) {
    int executes = -1;
    topic("on one processor");
    if (machine.cpus < 2) {
        skip("is not on for another", "it takes a second processor");
        return;
    }
    configure(MBEC);
    allow(ALLOW_READ | ALLOW_USER_EXECUTE);
    check("user code executes there", user_executes());
    run_on(1, on_other, &executes);
    check_equal("and not on another", (uint64_t)executes, 0);
}

void check_mbec(void) {
    uint64_t value = 0;
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value);
    if (!mbec_wanted) {
        check_equal("levels with it", value >> 20 & 0xffff, 0);
        skip("more", "level 1 has been enabled without it: say mbec");
        return;
    }
    check_equal("levels with it", value >> 20 & 0xffff, 2);
    space = space_new();
    set_entry(space_entry(space, CODE_AT), (uint64_t)code | PAGE_PRESENT | PAGE_USER);
    set_entry(space_entry(space, STACK_AT), (uint64_t)stack | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    code[0] = 0xc3;
    code[1] = 0x0f;
    code[2] = 0x0b;
    in_secure(secure_set_policy, (void *)REFUSE);
    struct setting setting = configure(MBEC);
    check_status("is switched on", setting.result, HV_SUCCESS);
    check_equal("reads so", setting.read, MBEC);
    check_equal("is not for the secure side", setting.status & ACTIVE_MBEC, 0);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &value);
    check_equal("but for the normal one", value & ACTIVE_MBEC, ACTIVE_MBEC);
    check_rows();
    check_messages_of_fetches();
    check_each_processor();
    allow(ALLOW_ALL);
    setting = configure(0);
    check_equal("is switched off", setting.read, 0);
    topic("");
}
