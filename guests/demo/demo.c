/*
 * The demonstration guest: every processor comes up, computes its share, passes a token by interprocessor interrupts, wakes
 * on a broadcast, and counts its own timer's ticks. It checks each result and says so; the exit status is 0 << 1 | 1 when
 * all are right.
 */
#include "guest.h"
#include "interrupts.h"
#include "smp.h"

enum { TOKEN_VECTOR = 0x41, WAKE_VECTOR = 0x42, TIMER_VECTOR = 0x43, MEET_VECTOR = 0x44 };
enum { NUMBERS = 200000, PRIMES_BELOW_NUMBERS = 17984, ADDITIONS = 2000, ROUNDS = 25, TICKS = 5, TIMER_COUNT = 500000 };

struct processor {
    volatile uint32_t tokens, wakes, ticks;
    uint64_t primes;
} __attribute__((aligned(64)));

static struct processor processors[MAX_CPUS];
static uint32_t apic_ids[MAX_CPUS];
static int count;
static struct lock console, counter_lock;
static volatile uint64_t counter;
static volatile int phase_arrivals[8];

/* By APIC id, so that a handler needs no per-processor register. */
static struct processor *here(void) {
    uint32_t id = apic_id();
    for (int i = 0; i < count; i++) {
        if (apic_ids[i] == id) {
            return &processors[i];
        }
    }
    put("a processor that nobody knows\n");
    exit_vm(126);
}

static void token_arrived(void) {
    here()->tokens++;
}

static void woken(void) {
    here()->wakes++;
}

static void met(void) {
}

static void ticked(void) {
    here()->ticks++;
}

static void say(int index, const char *before, uint64_t value, const char *after) {
    lock(&console);
    put("cpu ");
    put_decimal((uint64_t)index);
    put(before);
    put_decimal(value);
    put(after);
    put("\n");
    unlock(&console);
}

/* Everybody waits asleep for the last one, who wakes them. Called, like all here, with interrupts off. */
static void meet(int phase) {
    if (__atomic_add_fetch(&phase_arrivals[phase], 1, __ATOMIC_SEQ_CST) == count) {
        apic_send(0, APIC_ALL_BUT_SELF | APIC_FIXED | MEET_VECTOR);
        return;
    }
    while (__atomic_load_n(&phase_arrivals[phase], __ATOMIC_ACQUIRE) < count) {
        wait_for_interrupt();
    }
}

static int is_prime(uint32_t n) {
    if (n < 4) {
        return n >= 2;
    }
    if (n % 2 == 0) {
        return 0;
    }
    for (uint32_t d = 3; d * d <= n; d += 2) {
        if (n % d == 0) {
            return 0;
        }
    }
    return 1;
}

static void count_primes(int index) {
    uint32_t from = (uint32_t)((uint64_t)NUMBERS * (uint64_t)index / (uint64_t)count);
    uint32_t to = (uint32_t)((uint64_t)NUMBERS * (uint64_t)(index + 1) / (uint64_t)count);
    uint64_t primes = 0;
    for (uint32_t n = from; n < to; n++) {
        primes += (uint64_t)is_prime(n);
    }
    processors[index].primes = primes;
    say(index, ": ", primes, " primes in its share");
}

static void add_under_lock(void) {
    for (int i = 0; i < ADDITIONS; i++) {
        lock(&counter_lock);
        counter = counter + 1;
        unlock(&counter_lock);
    }
}

/* The token goes round: each waits for it, asleep, and sends it on. */
static void pass_token(int index) {
    int next = (index + 1) % count;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        if (index != 0 || round > 1) {
            while (processors[index].tokens < (index == 0 ? round - 1 : round)) {
                wait_for_interrupt();
            }
        }
        apic_send(apic_ids[next], APIC_FIXED | TOKEN_VECTOR);
    }
    while (index == 0 && processors[0].tokens < ROUNDS) {
        wait_for_interrupt();
    }
}

static void count_ticks(int index) {
    apic_timer(TIMER_VECTOR, TIMER_COUNT);
    while (processors[index].ticks < TICKS) {
        wait_for_interrupt();
    }
    apic_timer(TIMER_VECTOR, 0);
    say(index, ": woke for ", TICKS, " ticks of its timer");
}

static void work(int index) {
    count_primes(index);
    meet(0);
    add_under_lock();
    meet(1);
    pass_token(index);
    meet(2);
    if (index == 0) {
        apic_send(0, APIC_ALL_BUT_SELF | APIC_FIXED | WAKE_VECTOR);
    } else {
        while (!processors[index].wakes) {
            wait_for_interrupt();
        }
    }
    meet(3);
    count_ticks(index);
    meet(4);
}

void smp_main(int index) {
    lock(&console);
    put("cpu ");
    put_decimal((uint64_t)index);
    put(": up, APIC id ");
    put_decimal(apic_id());
    put("\n");
    unlock(&console);
    meet(5);
    work(index);
}

static int check(const char *what, uint64_t value, uint64_t expected) {
    put(value == expected ? "  ok  " : "WRONG ");
    put(what);
    put(": ");
    put_decimal(value);
    if (value != expected) {
        put(", not ");
        put_decimal(expected);
    }
    put("\n");
    return value != expected;
}

int guest_main(const char *command_line) {
    (void)command_line;
    const char *source;
    interrupts_prepare();
    interrupts_handle(TOKEN_VECTOR, token_arrived);
    interrupts_handle(WAKE_VECTOR, woken);
    interrupts_handle(TIMER_VECTOR, ticked);
    interrupts_handle(MEET_VECTOR, met);
    interrupts_enable_here();
    count = smp_discover(apic_ids, &source);
    put("Portcullis demonstration guest, ");
    put_decimal((uint64_t)count);
    put(count == 1 ? " processor (" : " processors (");
    put(source);
    put(")\n");
    int missing = smp_start(apic_ids, count);
    if (missing) {
        say(missing, " did not start; APIC id ", apic_ids[missing], "");
        return 1;
    }
    smp_main(0);
    uint64_t primes = 0, tokens = 0, wakes = 0;
    for (int i = 0; i < count; i++) {
        primes += processors[i].primes;
        tokens += processors[i].tokens;
        wakes += processors[i].wakes;
    }
    int wrong = check("primes below 200000, counted by all", primes, PRIMES_BELOW_NUMBERS);
    wrong += check("additions under one lock", counter, (uint64_t)count * ADDITIONS);
    wrong += check("hops of a token passed by interrupts", tokens, (uint64_t)count * ROUNDS);
    wrong += check("processors woken by a broadcast", wakes, (uint64_t)count - 1);
    put(wrong ? "Some of it is wrong.\n" : "All of it is right.\n");
    return wrong != 0;
}
