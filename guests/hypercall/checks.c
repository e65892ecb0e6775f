#include "checks.h"
#include "cpu.h"
#include "guest.h"
#include "hyperv.h"

static const char *current = "", *current_topic = "";
static int made, failed, skipped;

void group(const char *name) {
    current = name;
    current_topic = "";
}

void topic(const char *name) {
    current_topic = name;
}

static void put_group(void) {
    put(current);
    if (*current_topic) {
        put(" ");
        put(current_topic);
    }
    put(": ");
}

static void begin(const char *name, int holds, int numbered, uint64_t number) {
    made++;
    failed += !holds;
    put(holds ? "ok " : "not ok ");
    put_decimal((uint64_t)made);
    put(" - ");
    put_group();
    put(name);
    if (numbered) {
        put(" ");
        put_hex(number);
    }
}

static void end(void) {
    put("\n");
}

static void put_vector(int vector) {
    if (vector == NO_FAULT) {
        put("no fault");
    } else {
        put("vector ");
        put_decimal((uint64_t)vector);
    }
}

void check(const char *name, int holds) {
    begin(name, holds, 0, 0);
    end();
}

void check_exactly(const char *name, int holds) {
    begin(name, holds, 0, 0);
    put(", exactly");
    end();
}

static void equal(const char *name, int numbered, uint64_t number, uint64_t got, uint64_t expected) {
    begin(name, got == expected, numbered, number);
    if (got != expected) {
        put(" # got ");
        put_hex(got);
        put(", not ");
        put_hex(expected);
    }
    end();
}

void check_equal(const char *name, uint64_t got, uint64_t expected) {
    equal(name, 0, 0, got, expected);
}

void check_equal_at(const char *name, uint64_t number, uint64_t got, uint64_t expected) {
    equal(name, 1, number, got, expected);
}

static void put_result(uint64_t result) {
    put(" # got ");
    put(hv_status_name(HV_STATUS(result)));
    put(" (");
    put_hex(result);
    put(")");
}

static void status(const char *name, int numbered, uint64_t number, uint64_t result, uint16_t expected) {
    int holds = HV_STATUS(result) == expected;
    begin(name, holds, numbered, number);
    if (!holds) {
        put_result(result);
        put(", not ");
        put(hv_status_name(expected));
    }
    end();
}

void check_status(const char *name, uint64_t result, uint16_t expected) {
    status(name, 0, 0, result, expected);
}

void check_status_at(const char *name, uint64_t number, uint64_t result, uint16_t expected) {
    status(name, 1, number, result, expected);
}

void check_reps(const char *name, uint64_t result, uint16_t expected, unsigned done) {
    int holds = HV_STATUS(result) == expected && HV_REPS_DONE(result) == done;
    begin(name, holds, 0, 0);
    if (!holds) {
        put_result(result);
        put(", not ");
        put(hv_status_name(expected));
        put(" with ");
        put_decimal(done);
        put(" done");
    }
    end();
}

void check_denied(const char *name, uint64_t result) {
    int holds = HV_STATUS(result) == HV_ACCESS_DENIED || HV_STATUS(result) == HV_INVALID_CODE;
    begin(name, holds, 0, 0);
    if (!holds) {
        put_result(result);
    }
    end();
}

void check_refused(const char *name, uint64_t result) {
    int holds = HV_STATUS(result) != HV_SUCCESS;
    begin(name, holds, 0, 0);
    put_result(result);
    end();
}

static void fault(const char *name, int numbered, uint64_t number, int got, int expected) {
    begin(name, got == expected, numbered, number);
    if (got != expected) {
        put(" # got ");
        put_vector(got);
        put(", not ");
        put_vector(expected);
    }
    end();
}

void check_fault(const char *name, int got, int expected) {
    fault(name, 0, 0, got, expected);
}

void check_fault_at(const char *name, uint64_t number, int got, int expected) {
    fault(name, 1, number, got, expected);
}

void skip(const char *name, const char *why) {
    begin(name, 1, 0, 0);
    skipped++;
    put(" # SKIP ");
    put(why);
    end();
}

void note(const char *name, uint64_t value) {
    put("# ");
    put_group();
    put(name);
    put(" ");
    put_decimal(value);
    put("\n");
}

int checks_end(void) {
    put("1..");
    put_decimal((uint64_t)made);
    put("\n# ");
    put_decimal((uint64_t)(made - failed - skipped));
    put(" hold, ");
    put_decimal((uint64_t)failed);
    put(" fail, ");
    put_decimal((uint64_t)skipped);
    put(" skipped\n");
    return failed;
}
