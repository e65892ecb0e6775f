/*
 * Answers letters: says "ready" to connection 0x10, then sends back each message that comes on SINT 2, in capitals and with its type.
 * A message of type 2 ends that: the processor halts for good, the number of answers in RAX. Event flags that are set on SINT 3 are cleared
 * and signalled to connection 0x11, under their numbers. For tests that talk to a guest.
 */
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"

enum { CONNECTION = 0x10, SINT = 2, VECTOR = 0x62, SLOT = 256, PAYLOAD = 240, READY = 1, STOP = 2 };
enum { EVENT_CONNECTION = 0x11, EVENT_SINT = 3, EVENT_VECTOR = 0x63, EVENT_WORDS = 32 };

struct post {
    uint32_t connection, reserved, type, size;
    uint8_t payload[PAYLOAD];
};

struct message {
    uint32_t type;
    uint8_t size, flags;
    uint16_t reserved;
    uint64_t origin;
    uint8_t payload[PAYLOAD];
};

static uint8_t hypercall_page[4096] __attribute__((aligned(4096))), message_page[4096] __attribute__((aligned(4096)));
static uint8_t event_page[4096] __attribute__((aligned(4096)));
static struct post letter __attribute__((aligned(4096)));

static void rang(void) {
}

static int post(uint32_t type, uint32_t size) {
    letter.connection = CONNECTION;
    letter.type = type;
    letter.size = size;
    return HV_STATUS(hypercall(HV_POST_MESSAGE, &letter, 0)) == HV_SUCCESS;
}

static uint8_t capital(uint8_t c) {
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* Returns how many. */
static int answer_events(void) {
    uint64_t *flags = (uint64_t *)(event_page + EVENT_SINT * SLOT);
    int answered = 0;
    for (uint32_t word = 0; word < EVENT_WORDS; word++) {
        uint64_t set = __atomic_exchange_n(&flags[word], 0, __ATOMIC_SEQ_CST);
        for (; set; set &= set - 1) {
            uint64_t flag = word * 64 + (uint64_t)__builtin_ctzll(set);
            hypercall_fast(HV_SIGNAL_EVENT, EVENT_CONNECTION | flag << 32, 0);
            answered++;
        }
    }
    return answered;
}

_Noreturn static void halt(uint64_t answers) {
    for (;;) {
        __asm__ volatile("cli; hlt" : : "a"(answers));
    }
}

int guest_main(const char *command_line) {
    (void)command_line;
    interrupts_prepare();
    interrupts_enable_here();
    interrupts_handle(VECTOR, rang);
    interrupts_handle(EVENT_VECTOR, rang);
    cpu_prepare_here(0);
    if (!hyperv_detect() || !hyperv_establish(hypercall_page)) {
        put("postman: no hypervisor with the interface Hv#1 here; start it with --hyperv on\n");
        return 2;
    }
    wrmsr(HV_MSR_SIMP, (uint64_t)message_page | 1);
    wrmsr(HV_MSR_SIEFP, (uint64_t)event_page | 1);
    wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
    wrmsr(HV_MSR_SINT0 + EVENT_SINT, EVENT_VECTOR);
    wrmsr(HV_MSR_SCONTROL, 1);
    memcpy(letter.payload, "ready", 5);
    if (!post(READY, 5)) {
        put("postman: nobody is connected at 0x10\n");
        return 3;
    }
    volatile struct message *slot = (volatile struct message *)(message_page + SINT * SLOT);
    for (uint64_t answers = 0;; answers++) {
        while (!__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE)) {
            if (!answer_events()) {
                wait_for_interrupt();
            }
        }
        uint32_t type = slot->type, size = slot->size;
        if (type == STOP) {
            halt(answers);
        }
        for (uint32_t i = 0; i < size; i++) {
            letter.payload[i] = capital(slot->payload[i]);
        }
        __atomic_store_n(&slot->type, 0, __ATOMIC_SEQ_CST);
        wrmsr(HV_MSR_EOM, 0);
        post(type, size);
    }
}
