/* Random code in the cage: any bytes in user mode and in the kernel's, and pieces of kernel code that reach for memory. */
#include "random.h"
#include "cage.h"
#include "checks.h"
#include "guest.h"

enum { LONGEST = 15, TRAP = 1 << 8, FIXED = 2, WINDOW_PAGES = 20, GAME_PAGES = 8, RAX = 0, RCX, RDX, RBX, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum { PAGE_ACCESSED = 0x20, PAGE_DIRTY = 0x40, HIDDEN_AT = 3, OPEN_AT = 5, VICTIM_AT = 14, PDPTES = 0xf00, IMAGE = 0x800, CODE_WORDS = 0x600 };
#define WINDOW (SPACE_OWN + 0x80020000ull) /* not where the kernel's code lies, in caches that go by low bits of page numbers */
#define GAME (2 * SPACE_OWN)
#define DEFAULT_RIGHTS (PAGE_PRESENT | PAGE_WRITE | PAGE_USER)

static void show(struct cage *cage, int at, const void *page) {
    if (page) {
        set_entry(space_entry((uint64_t *)cage->space, WINDOW + (uint64_t)at * PAGE), (uint64_t)page | DEFAULT_RIGHTS);
    }
}

/* Tables that lie as they should: each shows the next, the last one some pages. */
static void set_game(struct program *p) {
    for (int level = 0; level < 3; level++) {
        set_entry(&p->game[level][level ? 0 : GAME / SPACE_OWN], (uint64_t)p->game[level + 1] | DEFAULT_RIGHTS);
    }
    const uint8_t *pages[GAME_PAGES] = {
        p->buffers[2], secret_page, secret_area.after, p->victim, programs[0].victim, (uint8_t *)&secure, p->buffers[3], (uint8_t *)secure_cpus,
    };
    for (int i = 0; i < GAME_PAGES; i++) {
        set_entry(&p->game[3][i], (uint64_t)pages[i] | DEFAULT_RIGHTS);
    }
}

void random_prepare(void) {
    struct program *p = own();
    struct cage *cage = cage_prepare();
    uint64_t *root = (uint64_t *)cage->space;
    p->entropy = device_find(VIRTIO_ENTROPY, 0xc8000000);
    p->disk = device_find(VIRTIO_BLOCK, 0xc8100000);
    p->game[3] = (uint64_t *)((uint64_t)space_entry(root, GAME) & ~0xfffull);
    p->game[0] = root;
    for (int level = 1; level < 3; level++) {
        p->game[level] = (uint64_t *)(p->game[level - 1][level == 1 ? GAME / SPACE_OWN : 0] & ~0xfffull);
    }
    set_game(p);
    /* Open pages and hidden ones next to each other: HIDDEN_AT, OPEN_AT and VICTIM_AT are places here. */
    const void *pages[WINDOW_PAGES] = {
        p->code[0], p->code[1], secret_area.before, secret_page, secret_area.after, p->buffers[2], p->buffers[3], &secure,
        secure_cpus, (uint8_t *)secure_cpus + PAGE, p->buffers[2], secure_hypercall_page, secret_page, p->buffers[3], p->victim, p->buffers[3],
        programs[(this_cpu()->index + 1) % machine.cpus].victim, shown_page, p->game[3], p->game[2],
    };
    for (int i = 0; i < WINDOW_PAGES; i++) {
        show(cage, i, pages[i]);
    }
}

/* Bytes that are an instruction more often than not: prefixes, an opcode that reaches into memory, ModRM, whatever follows. */
static void draw_bytes(uint8_t *bytes) {
    static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3, 0xf0, 0x64, 0x65, 0x67};
    int length = 0;
    while (draw() % 4 == 0 && length < 3) {
        bytes[length++] = prefixes[draw() % sizeof(prefixes)];
    }
    if (draw() % 2) {
        bytes[length++] = 0x40 | draw() % 16;
    }
    if (draw() % 3 == 0) {
        bytes[length++] = 0x0f;
        if (draw() % 4 == 0) {
            bytes[length++] = draw() % 2 ? 0x38 : 0x3a;
        }
    } else if (draw() % 8 == 0) {
        bytes[length++] = draw() % 2 ? 0xc4 : 0xc5;
    }
    while (length < LONGEST) {
        bytes[length++] = (uint8_t)draw();
    }
}

static int is_prefix(uint8_t byte) {
    return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0 || (byte & 0xfe) == 0x64 || (byte & 0xe7) == 0x26 || (byte & 0xf0) == 0x40;
}

/*
 * What kernel code would only end the machine, or lose this program, by: tables and page tables of any address, any MSR, ports given in
 * the instruction. The pieces have all of these with sensible operands.
 */
static int wrecks(const uint8_t *bytes) {
    int i = 0;
    while (is_prefix(bytes[i]) && i < LONGEST - 3) {
        i++;
    }
    if (bytes[i] != 0x0f) {
        return bytes[i] == 0xe6 || bytes[i] == 0xe7;
    }
    int reg = bytes[i + 2] >> 3 & 7, memory = bytes[i + 2] < 0xc0;
    switch (bytes[i + 1]) {
    case 0x00: return reg == 3;
    case 0x01: return memory && (reg == 2 || reg == 3);
    case 0x22: return reg == 3;
    case 0x30: return 1;
    default: return 0;
    }
}

static uint64_t draw_register(void) {
    switch (draw() % 8) {
    case 0: return draw() % 64;
    case 1: return draw();
    case 2: return GAME + draw() % (GAME_PAGES * PAGE);
    case 3: return WINDOW + HIDDEN_AT * PAGE + draw() % PAGE;
    case 4: return WINDOW + (HIDDEN_AT + draw() % 2) * PAGE - 8 + draw() % 16; /* its edges */
    default: return WINDOW + draw() % (WINDOW_PAGES * PAGE);
    }
}

/* Ports where kernel code may do what it likes. */
static uint64_t draw_port(void) {
    static const uint16_t ports[] = {0x40, 0x42, 0x61, 0x71, 0x80, 0xe0, 0x3ff, 0x510, 0x511, 0x514, 0x518, 0x2000, 0x2004};
    return ports[draw() % (sizeof(ports) / sizeof(ports[0]))];
}

static uint64_t hidden_window(void) {
    return WINDOW + (draw() % 4 ? HIDDEN_AT : VICTIM_AT) * PAGE;
}

/* Where a table may begin so that what is needed of it is hidden: the machine would end by any other. */
static uint64_t hidden_table(void) {
    return WINDOW + HIDDEN_AT * PAGE - 8 + (draw() % 4 ? 8 : 8 * (draw() % 256));
}

/* One entry of the cage's tables leads elsewhere, or says something else. */
static void play_game(struct program *p) {
    unsigned level = (unsigned)(draw() % 4);
    uint64_t rights = DEFAULT_RIGHTS;
    switch (draw() % 4) {
    case 0: rights = draw() & 0xfff; break;
    case 1: rights |= PAGE_LARGE; break;
    case 2: rights |= PAGE_GLOBAL | PAGE_ACCESSED | PAGE_DIRTY; break;
    default: break;
    }
    uint64_t page = draw() % 4 ? some_hidden_page() : some_own_page();
    unsigned which = level == 0 ? GAME / SPACE_OWN : level == 3 ? (unsigned)(draw() % GAME_PAGES) : 0;
    set_entry(&p->game[level][which], page | rights | (draw() % 16 == 0 ? 1ull << 63 : 0));
}

static void draw_registers(struct cage *cage, int kernel) {
    uint64_t *r = cage->registers;
    for (int i = 0; i < CAGE_REGISTERS; i++) {
        r[i] = draw_register();
    }
    cage->in[1] = USER_CODE;
    cage->in[2] = FIXED | TRAP | (draw() & 0x8d5);
    cage->in[3] = draw_register();
    cage->in[4] = USER_DATA;
    if (kernel) {
        r[RDX] = draw_port();
        cage->in[1] = KERNEL_CODE;
        cage->in[4] = KERNEL_DATA;
        uint64_t where[4];
        for (int i = 0; i < 4; i++) {
            where[i] = hidden_table();
        }
        cage_describe(cage, where);
    }
}

static void draw_piece(void *program) {
    struct program *p = program;
    struct cage *cage = &cages[this_cpu()->index];
    static const uint8_t inputs[] = {0xec, 0xee, 0x6c, 0x6e}; /* IN, OUT, INS, OUTS of a byte: by the I/O map */
    uint64_t *r = cage->registers;
    struct cage_table *image = (struct cage_table *)(p->buffers[3] + IMAGE);
    *image = (struct cage_table){0xfff, hidden_table(), {0}};
    r[RCX] = draw() % 40;
    r[RBX] = draw() % 2 ? hidden_window() + draw() % PAGE : r[RBX];
    r[R9] = WINDOW + (OPEN_AT + 1) * PAGE + IMAGE;
    r[R11] = WINDOW;
    r[R12] = hidden_window() + (draw() % 4 ? (draw() % 64 - 16) * 64 : draw() % 2 * (PAGE / 2));
    r[R13] = WINDOW + OPEN_AT * PAGE + draw() % 32 * 64;
    r[R8] = WINDOW + HIDDEN_AT * PAGE + (draw() % 4 ? draw() % (PAGE - 16) : -1 - draw() % 8);
    r[R14] = draw() % 4 ? (uint64_t)secret_page : (uint64_t)&secure;
    r[R15] = some_own_page();
    *(volatile uint64_t *)r[R15] = r[R14] | DEFAULT_RIGHTS; /* as a root, it leads to the hidden page */
    for (int i = 0; i < 4; i++) { /* PDPTEs */
        ((volatile uint64_t *)(r[R15] + PDPTES))[i] = r[R14] | PAGE_PRESENT;
    }
    p->code[0][0] = inputs[draw() % sizeof(inputs)];
    p->code[0][1] = 0xcc;
    cage->in[0] = cage_snippets[draw() % (uint64_t)(cage_snippets_end - cage_snippets)];
    cage->in[2] = FIXED | (draw() % 8 ? 0 : TRAP) | (draw() & 0x8d5);
    cage->in[3] = (uint64_t)cage->scratch_stack + sizeof(cage->scratch_stack) - 64;
}

/* Now and then across the end of a page, the last one before the hidden page among them, or whatever lies anywhere. */
static void draw_code(void *program) {
    struct program *p = program;
    struct cage *cage = &cages[this_cpu()->index];
    int kernel = cage->in[1] == KERNEL_CODE;
    uint8_t bytes[LONGEST];
    do {
        draw_bytes(bytes);
    } while (kernel && wrecks(bytes));
    uint64_t at = draw() % (PAGE - LONGEST), page = 0;
    uint8_t *to = p->code[0];
    if (draw() % 8 == 0) {
        at = PAGE - 1 - draw() % LONGEST;
        if (draw() % 2) {
            page = 2 * PAGE;
            to = secret_area.before;
        }
    }
    for (unsigned i = 0; i < LONGEST && (page == 0 || at + i < PAGE); i++) {
        to[at + i] = bytes[i];
    }
    cage->in[0] = WINDOW + page + at;
    if (draw() % 8 == 0) { /* where the secret will be code, when the secure side hides it there */
        cage->in[0] = draw() % 2 ? draw_register() : WINDOW + VICTIM_AT * PAGE + CODE_WORDS + draw() % 64 * 8;
    }
}

void random_code(void) {
    struct program *p = own();
    struct cage *cage = &cages[this_cpu()->index];
    unsigned kind = (unsigned)(draw() % 4);
    int game = draw() % 2;
    draw_registers(cage, kind);
    /* A page that nobody may write may lie over its own ones. */
    int fault = attempt(0, kind < 2 ? draw_code : draw_piece, p);
    see((uint64_t)fault);
    if (fault != NO_FAULT) {
        return;
    }
    if (game) {
        play_game(p);
    }
    cage_run(cage);
    if (game) {
        set_game(p);
    }
    p->runs++;
    p->rescues += cage->out.vector == CAGE_RESCUED;
    for (int i = 0; i < CAGE_REGISTERS; i++) {
        see(cage->registers[i]);
    }
    for (int i = 0; i < XSAVE_WORDS; i++) {
        see(cage->vectors[i]);
    }
    see(cage->out.vector << 32 ^ cage->out.error);
    see(cage->out.rip ^ cage->cr2);
    see(cage->out.rsp ^ cage->out.rflags);
    see(cage->out.cs << 16 ^ cage->out.ss);
    see(cage->seen_cr0 ^ cage->seen_cr3);
    see(cage->seen_cr4 << 32 ^ cage->seen_xcr0);
}
