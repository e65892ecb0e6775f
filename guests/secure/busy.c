/* Intercepts whose messages find the slot in use, masked or not there. */
#include "secure.h"
#include "checks.h"
#include "guest.h"

enum { PENDING = 1, KEPT = 4, MANY = 8, MASKED = 1 << 16 };
static uint8_t shut[PAGE] __attribute__((aligned(PAGE)));

static void hide(void *unused) {
    (void)unused;
    protect(shut, 1, ALLOW_NOTHING);
}

/* An access of its own each: three bytes of code, as the secure side knows. */
static void reach(int times) {
    for (int i = 0; i < times; i++) {
        uint8_t *at = shut + 8 * i;
        __asm__ volatile(".byte 0x48, 0x8b, 0x00" : "+a"(at) : : "memory"); /* mov (%rax), %rax */
    }
}

struct slot {
    uint64_t first_gpa, gpas[MANY];
    uint32_t first_type;
    int first_flags, messages, in_order, last_flags;
};

/* Empties the slot again and again, as the rules say: the type, then the end of message where more is pending. */
static void drain(void *p) {
    struct slot *slot = p;
    volatile struct message *message = (volatile struct message *)secure_self()->messages;
    slot->first_type = message->type;
    slot->first_flags = message->flags;
    slot->in_order = 1;
    while (message->type && slot->messages < MANY) {
        int more = message->flags & PENDING;
        slot->gpas[slot->messages] = message->gpa;
        slot->in_order &= message->type == MESSAGE_GPA_INTERCEPT && message->gpa == (uint64_t)shut + 8 * (uint64_t)slot->messages;
        slot->last_flags = message->flags;
        slot->messages++;
        message->type = 0;
        if (more) {
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            wrmsr(HV_MSR_EOM, 0);
        }
    }
}

static struct slot drained(void) {
    struct slot slot = {0};
    in_secure(drain, &slot);
    return slot;
}

static void check_busy_slot(void) {
    uint64_t before = mailbox()->intercepts;
    topic("several intercepts, with the slot in use");
    reach(3);
    check_equal("each enters the secure side", mailbox()->intercepts - before, 3);
    struct slot slot = drained();
    check_equal("the first is in the slot", slot.first_type, MESSAGE_GPA_INTERCEPT);
    check_equal("which says that more wait", (uint64_t)slot.first_flags & PENDING, PENDING);
    check_equal("all come, one after the other", (uint64_t)slot.messages, 3);
    check("in their order", slot.in_order);
    check_equal("the last says that it is the last", (uint64_t)slot.last_flags & PENDING, 0);
    topic("more than can wait");
    before = mailbox()->intercepts;
    reach(MANY);
    check_equal("each enters the secure side", mailbox()->intercepts - before, MANY);
    slot = drained();
    check_equal("so many messages are kept", (uint64_t)slot.messages, 1 + KEPT);
    check("the first ones, in their order", slot.in_order);
    topic("afterwards");
    reach(1);
    slot = drained();
    check_equal("one intercept is one message", (uint64_t)slot.messages, 1);
    check_equal("with nothing behind it", (uint64_t)slot.first_flags & PENDING, 0);
}

static void write_into_slot(void *type) {
    ((volatile struct message *)secure_self()->messages)->type = (uint32_t)(uint64_t)type;
}

static void end_without_message(void *unused) {
    (void)unused;
    wrmsr(HV_MSR_EOM, 0);
}

static void check_misuse(void) {
    topic("a slot that the secure side has filled itself");
    in_secure(write_into_slot, (void *)1);
    reach(1);
    struct slot slot = drained();
    check_equal("is left alone", slot.first_type, 1);
    check_equal("the message comes behind it", (uint64_t)slot.messages, 2);
    topic("an end of message");
    in_secure(end_without_message, 0);
    slot = drained();
    check_equal("with nothing there does nothing", (uint64_t)slot.messages, 0);
}

static void set_source(void *value) {
    wrmsr(HV_MSR_SINT0, (uint64_t)value);
}

static void set_control(void *value) {
    wrmsr(HV_MSR_SCONTROL, (uint64_t)value);
}

static void check_source(void) {
    struct mailbox *box = mailbox();
    topic("with its interrupt not masked");
    box->ipis = 0;
    uint64_t before = box->intercepts;
    in_secure(set_source, (void *)IPI_VECTOR);
    reach(1);
    check_equal("an intercept is one", box->intercepts - before, 1);
    check_equal("and its interrupt comes", box->ipis, 1);
    in_secure(set_source, (void *)(MASKED | 0x50));
    check_equal("the message is there", (uint64_t)drained().messages, 1);
    topic("without messages");
    in_secure(set_control, (void *)0);
    before = box->intercepts;
    reach(2);
    check_equal("intercepts enter the secure side all the same", box->intercepts - before, 2);
    in_secure(set_control, (void *)1);
    check_equal("and nothing is in the slot", (uint64_t)drained().messages, 0);
    reach(1);
    check_equal("until there are messages again", (uint64_t)drained().messages, 1);
}

void check_busy(void) {
    in_secure(hide, 0);
    in_secure(secure_set_policy, (void *)LEAVE);
    check_busy_slot();
    check_misuse();
    check_source();
    in_secure(secure_set_policy, (void *)REFUSE);
    topic("");
}
