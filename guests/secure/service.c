/* What the secure side is there for: it signs challenges with a key that nobody else can have. */
#include "secure.h"
#include "checks.h"
#include "guest.h"
#include "siphash.h"
#include "workers.h"

static void known_answer(void *p) {
    *(uint64_t *)p = sip_hash(0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
}

/* RDX and R8 go up, RDX comes down. */
uint64_t ask_service(uint64_t operation, uint64_t argument) {
    struct hv_registers registers;
    memset(&registers, 0, sizeof(registers));
    registers.flags = 2;
    registers.rdx = operation;
    registers.r8 = argument;
    uint64_t entry = hypercall_entry;
    hypercall_entry = vtl_call_entry;
    hypercall_raw(&registers);
    hypercall_entry = entry;
    return registers.rdx;
}

static void hide(void *unused) {
    (void)unused;
    secure.secret[0] = SECRET_WORDS[0];
    secure.secret[1] = SECRET_WORDS[1];
    protect(secret_page, 1, ALLOW_NOTHING);
}

static void open_all(void *unused) {
    (void)unused;
    protect(secret_page, 1, ALLOW_ALL);
}

void check_service(void) {
    uint64_t answer = 0, value;
    in_secure(known_answer, &answer);
    check_equal("the hash's known answer", answer, 0x93f5f5799a932462);
    in_secure(hide, 0);
    in_secure(secure_seal, 0);
    uint64_t refused = mailbox()->refused;
    mailbox()->job = open_all;
    ask_service(0, 0);
    check("it does nothing for the normal side any more", mailbox()->refused > refused);
    check_fault("its secret stays hidden", try_read((uint64_t)secret_page, &value), FAULT_GP);
    uint64_t first = ask_service(SERVICE_SIGN, 0x1111), second = ask_service(SERVICE_SIGN, 0x2222);
    check("it signs", first && second && first != second);
    check_equal("the same challenge in the same way", ask_service(SERVICE_SIGN, 0x1111), first);
    put("# service: signature of 0x1111 is ");
    put_hex(first);
    put("\n");
    check_equal("an unknown request", ask_service(77, 0), SERVICE_REFUSED);
}
