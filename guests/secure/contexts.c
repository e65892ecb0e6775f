/* Initial contexts that no processor would be in (SDM 27.3.1): refused, and nothing enabled. */
#include "secure.h"
#include "checks.h"

/* HV_INITIAL_VP_CONTEXT in the call's input, in eights of bytes; a segment is its base, then limit, selector and attributes. */
enum { RIP = 2, RFLAGS = 4, CS = 5, DS = 7, ES = 9, FS = 11, GS = 13, SS = 15, TR = 17, LDTR = 19, IDTR = 21, GDTR = 23 };
enum { EFER = 25, CR0 = 26, CR3 = 27, CR4 = 28, PAT = 29 };

/* Bits of a segment's second word: attributes begin at 48. */
#define ATTRIBUTE(bit) (1ull << (48 + (bit)))
#define TYPE ATTRIBUTE(0) * 0xf
#define ACCESSED ATTRIBUTE(0)
#define READABLE ATTRIBUTE(1)
#define NO_SYSTEM ATTRIBUTE(4)
#define LEVEL_3 ATTRIBUTE(5) * 3
#define PRESENT ATTRIBUTE(7)
#define LONG ATTRIBUTE(13)
#define BIG ATTRIBUTE(14)
#define GRANULAR ATTRIBUTE(15)
#define SELECTOR(bits) ((uint64_t)(bits) << 32)
#define NOT_CANONICAL (1ull << 62)

static const struct {
    const char *name;
    int field;
    uint64_t set, clear;
} wrong[] = {
    {"in real mode", CR0, 0, 0x80000001},
    {"with paging but no protection", CR0, 0, 1},
    {"with a reserved bit in CR0", CR0, 1ull << 40, 0},
    {"with a CR3 beyond all memory", CR3, 1ull << 60, 0},
    {"with a reserved bit in CR4", CR4, 1ull << 40, 0},
    {"with VMX in CR4", CR4, 1 << 13, 0},
    {"without PAE", CR4, 0, 1 << 5},
    {"with a reserved bit in EFER", EFER, 1ull << 50, 0},
    {"active in EFER and not enabled", EFER, 0, 1 << 8},
    {"enabled in EFER and not active", EFER, 0, 1 << 10},
    {"of neither, with 64-bit code", EFER, 0, 1 << 8 | 1 << 10},
    {"active in EFER without paging", CR0, 0, 1ull << 31},
    {"with a bad memory type", PAT, 2, 0xff},
    {"with another", PAT, 3ull << 56, 0xffull << 56},
    {"with a reserved bit of one", PAT, 1ull << 15, 0},
    {"in virtual-8086 mode", RFLAGS, 1 << 17, 0},
    {"with reserved flags", RFLAGS, 1 << 15, 0},
    {"with high flags", RFLAGS, 1ull << 32, 0},
    {"at an address that is none", RIP, 1ull << 63, 0},
    {"at one beyond the bits there are", RIP, 1ull << 57, 0},
    {"with a code segment that is not there", CS + 1, 0, PRESENT},
    {"that is data", CS + 1, 0, ATTRIBUTE(3)},
    {"that has not been accessed", CS + 1, 0, ACCESSED},
    {"that is the system's", CS + 1, 0, NO_SYSTEM},
    {"of user code", CS + 1, LEVEL_3, 0},
    {"of user code that conforms", CS + 1, LEVEL_3 | ATTRIBUTE(2), 0},
    {"64-bit and 32-bit at once", CS + 1, BIG, 0},
    {"with a high base", CS, 1ull << 32, 0},
    {"with a limit in pages that is none", CS + 1, 0, 1},
    {"with a limit in bytes that is none", CS + 1, 0, GRANULAR},
    {"with a stack segment of user code", SS + 1, LEVEL_3, 0},
    {"that cannot be written", SS + 1, 0, READABLE},
    {"that is code", SS + 1, ATTRIBUTE(3), 0},
    {"that has not been accessed as a stack", SS + 1, 0, ACCESSED},
    {"that is a system's stack", SS + 1, 0, NO_SYSTEM},
    {"with a high stack base", SS, 1ull << 40, 0},
    {"with data that has not been accessed", DS + 1, 0, ACCESSED},
    {"with data of the system's", ES + 1, 0, NO_SYSTEM},
    {"with a high data base", DS, 1ull << 32, 0},
    {"with code that cannot be read as data", FS + 1, ATTRIBUTE(3), READABLE},
    {"with a bad limit of data", GS + 1, 0, GRANULAR},
    {"with an FS base that is no address", FS, NOT_CANONICAL, 0},
    {"with a GS base that is no address", GS, NOT_CANONICAL, 0},
    {"without a task", TR + 1, 0, PRESENT},
    {"with a task that is not busy", TR + 1, 0, ATTRIBUTE(1)},
    {"with a 16-bit task in long mode", TR + 1, 0, ATTRIBUTE(3)},
    {"with a task that is no system's", TR + 1, NO_SYSTEM, 0},
    {"with a task of a local table", TR + 1, SELECTOR(4), 0},
    {"with a task at no address", TR, NOT_CANONICAL, 0},
    {"with a local table of a local table", LDTR + 1, SELECTOR(4), 0},
    {"with a local table that is something else", LDTR + 1, ATTRIBUTE(0), 0},
    {"with a local table at no address", LDTR, NOT_CANONICAL, 0},
    {"with a descriptor table at no address", GDTR + 1, NOT_CANONICAL, 0},
    {"with an interrupt table at no address", IDTR + 1, NOT_CANONICAL, 0},
};

void check_bad_contexts(void) {
    uint64_t value = 0;
    topic("a context");
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t *input = secure_context(0, input_here());
        input[wrong[i].field] = (input[wrong[i].field] & ~wrong[i].clear) | wrong[i].set;
        check_status(wrong[i].name, call_here(HV_ENABLE_VP_VTL, input, 0), HV_INVALID_REGISTER_VALUE);
    }
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_VP_STATUS, &value);
    check_equal("enables nothing", value >> 16 & 0xffff, 1);
    topic("");
}
