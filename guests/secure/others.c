/*
 * What a normal side can do about another processor that is on a higher side: nothing about the registers that the sides share, nor
 * about flushes that are held up. And where a device's interrupt goes while the secure side runs.
 */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "interrupts.h"
#include "workers.h"

enum { VALIDATE_READ = 1, INHIBIT = 32, INHIBITED = 2 };

static const struct {
    const char *name;
    uint32_t code, count;
    int shared;
} rows[] = {
    {"RAX to RBX", 0x20000, 4, 1},
    {"RBP to R15", 0x20005, 11, 1},
    {"XMM", 0x30000, 16, 1},
    {"x87 and its control", 0x30010, 9, 1},
    {"MXCSR", 0x30019, 1, 1},
    {"CR2", 0x40001, 1, 1},
    {"XCR0", 0x40005, 1, 1},
    {"DR0 to 3", 0x50000, 4, 1},
    {"MTRR default", 0x8000e, 1, 1},
    {"MTRR base", 0x80010, 8, 1},
    {"MTRR fixed", 0x80070, 11, 1},
    {"YMM, low", 0xc0000, 16, 1},
    {"YMM, high", 0xc0010, 16, 1},
    {"RSP", 0x20004, 1, 0},
    {"RIP and RFLAGS", 0x20010, 2, 0},
    {"CR3", 0x40002, 1, 0},
    {"DR6 and DR7", 0x50004, 2, 0},
    {"GDTR", 0x70001, 1, 0},
    {"LSTAR", 0x80009, 1, 0},
};

static struct {
    void (*side)(void (*)(void *), void *);
    int inhibits;
    volatile int inside, leave;
    volatile uint64_t held;
} stay;

static void stay_inside(void *unused) {
    (void)unused;
    if (stay.inhibits) {
        struct translation wanted = {TARGET_VTL0, HV_SELF_VP, (uint64_t)&stay, VALIDATE_READ | INHIBIT, 0, 0, 0};
        translate(&wanted);
        stay.held = wanted.result;
    }
    stay.inside = 1;
    AWAIT(stay.leave);
}

static void go_inside(void *unused) {
    stay.side(stay_inside, unused);
}

/* Processor 1 goes to a higher side, and stays there. */
static void begin(void (*side)(void (*)(void *), void *), int inhibits) {
    stay.side = side;
    stay.inhibits = inhibits;
    stay.inside = stay.leave = 0;
    worker_begin(1, go_inside, 0);
    AWAIT(stay.inside);
}

static void end(void) {
    stay.leave = 1;
    worker_wait(1);
}

/* How many of all rows can be read, with bad news of those that should be and cannot. */
struct looking {
    uint16_t expected;
    int wrong;
};

static void look_at_shared(void *p) {
    struct looking *looking = p;
    uint64_t value;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t n = 0; n < rows[i].count; n++) {
            uint16_t status = HV_STATUS(get_register(machine.vps[1], TARGET_VTL0, rows[i].code + n, &value));
            looking->wrong += status != (rows[i].shared ? looking->expected : HV_SUCCESS);
        }
    }
}

static void check_registers_of_other(void) {
    uint64_t value = 0;
    topic("registers of a processor on its secure side");
    begin(in_secure, 0);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t expected = rows[i].shared ? HV_ACCESS_DENIED : HV_SUCCESS;
        for (uint32_t n = 0; n < rows[i].count; n++) {
            value = 0;
            check_status_at(rows[i].name, n, get_register(machine.vps[1], TARGET_VTL0, rows[i].code + n, &value), expected);
            if (rows[i].shared) {
                check_status_at("which cannot be set", n, set_register(machine.vps[1], TARGET_VTL0, rows[i].code + n, value), HV_ACCESS_DENIED);
            }
        }
    }
    check_status("a page fault, which would set CR2", set_register(machine.vps[1], TARGET_VTL0, REG_PENDING_EVENT0, 1 | 1 << 8 | 14 << 16), HV_ACCESS_DENIED);
    struct looking looking = {HV_SUCCESS, 0};
    in_secure(look_at_shared, &looking);
    check_equal("another secure side reads them", (uint64_t)looking.wrong, 0);
    end();
    looking.wrong = 0;
    look_at_shared(&looking);
    check_equal("as the normal side does when it is left", (uint64_t)looking.wrong, 0);
}

struct clearing {
    uint64_t result, left;
};

static void clear(void *p) {
    struct clearing *clearing = p;
    clearing->result = set_register(machine.vps[1], TARGET_VTL0, REG_INTERCEPT_SUSPEND, 0);
    get_register(machine.vps[1], TARGET_VTL0, REG_INTERCEPT_SUSPEND, &clearing->left);
}

static void check_inhibit(void) {
    struct clearing clearing;
    topic("an inhibit of a secure side");
    begin(in_secure, 1);
    check_status("is set", stay.held, HV_SUCCESS);
    clear(&clearing);
    check_status("by another processor's normal side", clearing.result, HV_ACCESS_DENIED);
    check_equal("stays", clearing.left, INHIBITED);
    in_secure(clear, &clearing);
    check_status("by another's secure side", clearing.result, HV_SUCCESS);
    check_equal("is over", clearing.left, 0);
    end();
    check_status("nor of one's own", set_register(HV_SELF_VP, TARGET_CALLER, REG_INTERCEPT_SUSPEND, 0), HV_ACCESS_DENIED);
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &clearing.left);
    if (!(clearing.left >> 18 & 1)) {
        return;
    }
    topic("an inhibit of a third side");
    begin(in_third, 1);
    check_status("is set", stay.held, HV_SUCCESS);
    in_secure(clear, &clearing);
    check_status("by a secure side", clearing.result, HV_SUCCESS);
    check_equal("stays", clearing.left, INHIBITED);
    struct looking looking = {HV_ACCESS_DENIED, 0};
    in_secure(look_at_shared, &looking);
    check_equal("its registers are not the secure side's to read", (uint64_t)looking.wrong, 0);
    in_third(clear, &clearing);
    check_equal("by a third, is over", clearing.left, 0);
    end();
}

/* The 8259 pair, which the runtime leaves alone, and the line that the test device drives. */
enum { LINE = 5, LINE_PORT = 0x2000 + LINE, PIC_COMMAND = 0x20, PIC_DATA = 0x21, PIC_VECTOR = 0x28, END_OF_INTERRUPT = 0x20 };
enum { EXTERNAL = 0x700, LVT_MASKED = 1 << 16 };
#define LVT_LINT0 (*(volatile uint32_t *)0xfee00350ull)
static volatile int taken;

static void from_device(void) {
    taken++;
    outb(LINE_PORT, 0);
    outb(PIC_COMMAND, END_OF_INTERRUPT);
}

static void raise_line(void *unused) {
    (void)unused;
    outb(LINE_PORT, 1);
}

static void check_device(void) {
    topic("a device's interrupt by the 8259, while the secure side runs");
    interrupts_handle_without_end(PIC_VECTOR + LINE, from_device);
    outb(PIC_COMMAND, 0x11);
    outb(PIC_DATA, PIC_VECTOR);
    outb(PIC_DATA, 4);
    outb(PIC_DATA, 1);
    outb(PIC_DATA, (uint8_t)~(1 << LINE));
    LVT_LINT0 = EXTERNAL;
    taken = 0;
    in_secure(raise_line, 0);
    __asm__ volatile("sti; nop; cli" : : : "memory");
    check_equal("comes to the normal side behind the return", (uint64_t)taken, 1);
    outb(LINE_PORT, 0);
    outb(PIC_DATA, 0xff);
    LVT_LINT0 = LVT_MASKED;
}

static void nothing_to_do(void) {
}

static void ask_late(void *p) {
    struct mailbox *box = mailbox();
    volatile uint32_t *vina = &((struct vtl_control *)(secure_self()->assist + 8))->vina;
    *vina = 0;
    box->vinas = 0;
    send_interrupt(NORMAL_VECTOR + 3, TARGET_VTL0, 1ull << machine.vps[0]);
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, VINA_VECTOR | 1 << 8);
    __asm__ volatile("sti; nop; cli" : : : "memory");
    *(uint64_t *)p = box->vinas;
    set_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VINA, 0);
    *vina = 0;
}

static void check_late_notification(void) {
    uint64_t notified = 99;
    topic("notification that is asked for when the normal side's interrupt is there");
    interrupts_handle(NORMAL_VECTOR + 3, nothing_to_do);
    __asm__ volatile("sti" : : : "memory");
    in_secure(ask_late, &notified);
    __asm__ volatile("nop; cli" : : : "memory");
    check_equal("comes", notified, 1);
}

void check_other_processors(void) {
    check_device();
    check_late_notification();
    topic("");
    if (machine.cpus < 2) {
        skip("a processor on its secure side", "it takes a second processor");
        return;
    }
    check_registers_of_other();
    check_inhibit();
    topic("");
}
