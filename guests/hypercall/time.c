/* The reference counter, the reference TSC page, timers in direct mode. */
#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"
#include "interrupts.h"
#include "workers.h"

enum { READS = 200, ROUNDS = 300, VECTOR = 0x58, UNITS_A_SECOND = 10000000, MILLISECOND = UNITS_A_SECOND / 1000, PATIENCE = 30000000, TRIES = 10 };
enum { TIMER_ENABLED = 1, TIMER_PERIODIC = 2, TIMER_LAZY = 4, TIMER_AUTO = 8, TIMER_DIRECT = 1 << 12, TICKS = 5 };

static volatile struct {
    uint32_t sequence, reserved;
    uint64_t scale;
    int64_t offset;
} *const tsc_page = (void *)spare_page;

static uint64_t counter(void) {
    return rdmsr(HV_MSR_TIME_REF_COUNT);
}

/* TLFS, "Partition Reference TSC Mechanism". */
static uint64_t page_time(void) {
    uint32_t before;
    uint64_t time;
    do {
        before = tsc_page->sequence;
        if (!before) {
            return counter();
        }
        uint64_t tsc = rdtsc();
        time = (uint64_t)((unsigned __int128)tsc * tsc_page->scale >> 64) + (uint64_t)tsc_page->offset;
    } while (tsc_page->sequence != before);
    return time;
}

static uint64_t measure_frequency(void) {
    uint64_t start = counter(), tsc = rdtsc(), now;
    do {
        now = counter();
    } while (now - start < 20 * MILLISECOND);
    return (rdtsc() - tsc) * UNITS_A_SECOND / (now - start);
}

static void check_counter(void) {
    int back = 0;
    uint64_t first = counter(), last = first;
    for (int i = 0; i < READS; i++) {
        uint64_t now = counter();
        back += now < last;
        last = now;
    }
    check_equal("the reference counter never goes back", (uint64_t)back, 0);
    check("it grows", last > first);
    if (hv_may(HV_HAS_FREQUENCIES)) {
        uint64_t told = rdmsr(HV_MSR_TSC_FREQUENCY), measured = 0;
        /* The host may let us wait between two readings: the best of some. */
        for (int i = 0; i < TRIES && !(measured > told / 100 * 97 && measured < told / 100 * 103); i++) {
            measured = measure_frequency();
        }
        note("TSC ticks a second, measured", measured);
        note("TSC ticks a second, told", told);
        check("the TSC's frequency is as told, within 3 %", measured > told / 100 * 97 && measured < told / 100 * 103);
    }
}

static void check_page(void) {
    memset(spare_page, 0x66, 4096);
    wrmsr(HV_MSR_REFERENCE_TSC, (uint64_t)spare_page | 1);
    check_equal("reference TSC MSR reads back", rdmsr(HV_MSR_REFERENCE_TSC), (uint64_t)spare_page | 1);
    check("the page says that it is valid", tsc_page->sequence != 0 && tsc_page->scale != 0);
    uint64_t early = 0, late = 0;
    for (int i = 0; i < READS; i++) {
        uint64_t before = counter(), time = page_time(), after = counter();
        early += time + 1 < before; /* the counter may run ahead by one, to grow with every read */
        late += time > after + 1;
    }
    check_equal("the page's time is never before the counter's", early, 0);
    check_equal("nor after it", late, 0);
}

struct exchange {
    volatile uint64_t turn, time, wrong;
    uint64_t (*clock)(void);
};

/* Two processors hand each other the time: it never goes back. */
static void exchange_with(struct exchange *exchange, uint64_t mine) {
    for (uint64_t round = mine; round < ROUNDS; round += 2) {
        AWAIT(exchange->turn == round);
        uint64_t now = exchange->clock();
        exchange->wrong += now < exchange->time;
        exchange->time = now;
        __atomic_store_n(&exchange->turn, round + 1, __ATOMIC_RELEASE);
    }
}

static void exchange_there(void *p) {
    exchange_with(p, 1);
}

static void check_together(const char *name, uint64_t (*clock)(void)) {
    uint64_t wrong = 0;
    for (int cpu = 1; cpu < machine.cpus; cpu++) {
        struct exchange exchange = {0, 0, 0, clock};
        worker_begin(cpu, exchange_there, &exchange);
        exchange_with(&exchange, 0);
        worker_wait(cpu);
        wrong += exchange.wrong;
    }
    check_equal(name, wrong, 0);
}

static volatile uint32_t ticks;
static volatile uint64_t ticked_at;

static void ticked(void) {
    ticked_at = counter();
    ticks++;
}

static void take_pending(void) {
    __asm__ volatile("sti; nop; pause; cli" : : : "memory");
}

static uint32_t await_ticks(uint32_t wanted) {
    uint64_t until = counter() + UNITS_A_SECOND;
    for (int i = 0; i < PATIENCE && ticks < wanted && counter() < until; i++) {
        take_pending();
    }
    return ticks;
}

static void check_timer(uint32_t timer) {
    uint32_t config = HV_MSR_STIMER0_CONFIG + 2 * timer, count = config + 1;
    uint64_t direct = TIMER_DIRECT | VECTOR << 4;
    ticks = 0;
    uint64_t due = counter() + MILLISECOND;
    wrmsr(count, due);
    wrmsr(config, direct | TIMER_ENABLED);
    uint64_t told = rdmsr(config);
    check("enabled", told & TIMER_ENABLED || counter() >= due);
    check_equal("one shot: it comes", await_ticks(1), 1);
    check("not before its time", ticked_at >= due);
    check_equal("one shot: it is disabled then", rdmsr(config) & TIMER_ENABLED, 0);
    ticks = 0;
    wrmsr(config, direct | TIMER_AUTO);
    wrmsr(count, counter() - 1);
    check_equal("enabled by its count, in the past: it comes at once", await_ticks(1), 1);
    ticks = 0;
    wrmsr(config, 0);
    wrmsr(count, MILLISECOND);
    uint64_t start = counter();
    wrmsr(config, direct | TIMER_PERIODIC | TIMER_ENABLED);
    check("periodic: it comes again and again", await_ticks(TICKS) >= TICKS);
    check("not faster than it should", ticked_at - start >= TICKS * MILLISECOND);
    check("periodic: it stays enabled", rdmsr(config) & TIMER_ENABLED);
    wrmsr(count, 0);
    check_equal("a count of zero disables it", rdmsr(config) & TIMER_ENABLED, 0);
    wrmsr(config, 0);
    take_pending(); /* a period may have ended before */
    ticks = 0;
    do { /* again where the host let us wait for so long */
        due = counter() + 20 * MILLISECOND;
        wrmsr(count, due);
        wrmsr(config, direct | TIMER_ENABLED);
        wrmsr(config, direct);
        if (counter() >= due) {
            take_pending();
            ticks = 0;
            due = 0;
        }
    } while (!due);
    while (counter() < due + 5 * MILLISECOND) {
        take_pending();
    }
    check_equal("disabled in time, it does not come", ticks, 0);
    wrmsr(config, 0);
}

void check_time(void) {
    if (!hv_may(HV_HAS_REFERENCE_COUNTER)) {
        skip("reference counter", "not offered");
        return;
    }
    check_counter();
    check_together("the counter never goes back between processors", counter);
    if (hv_may(HV_HAS_REFERENCE_TSC)) {
        check_page();
        check_together("nor does the page's time", page_time);
        wrmsr(HV_MSR_REFERENCE_TSC, 0);
        check_equal("memory comes back below the page", *(volatile uint64_t *)spare_page, 0x6666666666666666);
    } else {
        skip("reference TSC page", "not offered");
    }
    if (hv_may(HV_HAS_TIMERS) && hv_has(HV_FEATURE_DIRECT_TIMERS)) {
        interrupts_handle(VECTOR, ticked);
        for (uint32_t timer = 0; timer < 4; timer++) {
            static const char *const names[] = {"timer 0", "timer 1", "timer 2", "timer 3"};
            topic(names[timer]);
            check_timer(timer);
        }
    } else {
        skip("timers in direct mode", "not offered");
    }
    topic("");
}
