/* The random normal side: instructions of any bytes, and devices. */
#include "random.h"
#include "device.h"
#include "guest.h"
#include "interrupts.h"
#include "secure.h"

enum { GS_BASE = 0xc0000101, REGISTERS = 15, LONGEST = 15, TRAP = 1 << 8, FIXED = 2, FX_WORDS = 64, WINDOW_PAGES = 16 };
#define WINDOW (SPACE_OWN + 0x80000000ull)

struct single { /* single.S knows it */
    uint64_t registers[REGISTERS], rip, rsp, rflags, cs, ss, stack, unused;
    uint64_t fx[FX_WORDS] __attribute__((aligned(16)));
};
_Static_assert(__builtin_offsetof(struct single, stack) == 160 && __builtin_offsetof(struct single, fx) == 176, "as single.S has it");
void single_step(struct single *single);
extern const uint8_t single_landing[];

static struct single single;
static struct fault last;
static int stepping;
static exception_hook before;
static uint64_t *space;
static uint8_t code[2][PAGE] __attribute__((aligned(PAGE)));
static uint64_t gs_base;
static struct device entropy;
static struct ring ring __attribute__((aligned(PAGE)));

static int take_step(struct interrupt_frame *frame) {
    if (!stepping) {
        return before(frame);
    }
    stepping = 0;
    wrmsr(GS_BASE, gs_base); /* a selector may have been loaded */
    __asm__ volatile("mov %%cr2, %0" : "=r"(last.address));
    last.vector = (int)frame->vector;
    last.error = frame->error;
    last.rip = frame->rip;
    single.rsp = frame->rsp;
    single.rflags = frame->rflags;
    frame->rip = (uint64_t)single_landing;
    frame->rsp = single.stack;
    frame->cs = KERNEL_CODE;
    frame->ss = KERNEL_DATA;
    frame->rflags = FIXED;
    return 1;
}

/* Pages that user code finds one behind the other. */
static void open_to_users(void) {
    const uint8_t *pages[WINDOW_PAGES] = {
        code[0], code[1], secret_area.before, near_secret(0), secret_area.after, buffers[2], buffers[3], (uint8_t *)&secure,
        (uint8_t *)secure_cpus, (uint8_t *)secure_cpus + PAGE, buffers[2], secure_hypercall_page, near_secret(0), buffers[3],
    };
    space = space_new();
    for (int i = 0; i < WINDOW_PAGES; i++) {
        if (pages[i]) {
            set_entry(space_entry(space, WINDOW + (uint64_t)i * PAGE), (uint64_t)pages[i] | PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
        }
    }
}

void random_prepare(void) {
    before = interrupts_hook(take_step);
    gs_base = rdmsr(GS_BASE);
    open_to_users();
    entropy = device_find(VIRTIO_ENTROPY, 0xc8000000);
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

static uint64_t draw_register(void) {
    switch (draw() % 6) {
    case 0: return draw() % 64;
    case 1: return draw();
    default: return WINDOW + draw() % (WINDOW_PAGES * PAGE);
    }
}

/* User code: the kernel's, with any displacement, would not leave much of this program. */
void random_instruction(void) {
    uint8_t bytes[LONGEST];
    draw_bytes(bytes);
    for (int i = 0; i < REGISTERS; i++) {
        single.registers[i] = draw_register();
    }
    /* Now and then across the end of the page, or whatever lies anywhere. */
    uint64_t at = draw() % 8 == 0 ? PAGE - 1 - draw() % LONGEST : draw() % (PAGE - LONGEST);
    memcpy(&code[0][0] + at, bytes, LONGEST);
    single.rip = draw() % 16 == 0 ? draw_register() : WINDOW + at;
    single.rsp = draw_register();
    single.rflags = FIXED | TRAP | (draw() & 0x8d5);
    single.cs = USER_CODE;
    single.ss = USER_DATA;
    uint64_t kernel = read_cr3();
    write_cr3((uint64_t)space);
    stepping = 1;
    single_step(&single);
    write_cr3(kernel);
    for (int i = 0; i < REGISTERS; i++) {
        see(single.registers[i]);
    }
    for (int i = 0; i < FX_WORDS; i++) {
        see(single.fx[i]);
    }
    see((uint64_t)last.vector << 32 ^ last.error);
    see(last.rip ^ last.address);
    see(single.rsp ^ single.rflags);
}

/* Any address, and any descriptors, for the one device that is always there. */
static void random_queue(void) {
    struct areas areas = {ring.buffers, &ring.available, &ring.used};
    if (draw() % 8 == 0) {
        areas.descriptors = (void *)(some_address() & ~15ull);
    }
    if (draw() % 8 == 0) {
        areas.available = (void *)(some_address() & ~3ull);
    }
    if (draw() % 8 == 0) {
        areas.used = (void *)(some_target() & ~3ull);
    }
    see((uint64_t)device_begin(&entropy, &ring, &areas));
    for (int i = 0; i < QUEUE_SIZE; i++) {
        uint64_t address = draw() % 2 ? some_target() : some_address();
        ring.buffers[i] = (struct buffer){address, (uint32_t)(1 + draw() % 48), (uint16_t)(draw() % 4 == 0 ? draw() % 8 : BUFFER_WRITE), (uint16_t)(draw() % QUEUE_SIZE)};
    }
    device_submit(&entropy);
    see((uint64_t)device_broken(&entropy));
    see(ring.used.index);
    see(ring.used.ring[0].length);
}

static void random_firmware(void) {
    static volatile struct {
        uint32_t control, length;
        uint64_t address;
    } order;
    uint64_t address = draw() % 2 ? some_target() : (uint64_t)near_secret(0) - 8 + draw() % 64;
    order.control = __builtin_bswap32((uint32_t)(draw() % 0x30) << 16 | (uint32_t)(draw() % 32));
    order.length = __builtin_bswap32((uint32_t)(draw() % 48));
    order.address = __builtin_bswap64(address);
    uint64_t where = draw() % 4 ? (uint64_t)&order : some_address() & ~15ull;
    outl(0x514, __builtin_bswap32((uint32_t)(where >> 32)));
    outl(0x518, __builtin_bswap32((uint32_t)where));
    see(order.control);
}

static void random_registers(void) {
    /* First and last port; not those that end or silence the machine. */
    static const uint16_t ports[][2] = {{0x40, 0x43}, {0x61, 0x61}, {0x71, 0x71}, {0xe0, 0xe3}, {0x510, 0x511}, {0x2000, 0x2017}, {0x4d0, 0x4d1}};
    static const uint64_t windows[] = {0xe0008000, 0xe0010000, 0xc8000000, 0xc8001000, 0xc8002000, 0xfec00000, 0xff000000};
    const uint16_t *range = ports[draw() % 7];
    uint16_t port = (uint16_t)(range[0] + draw() % (uint64_t)(range[1] - range[0] + 1));
    uint64_t at = windows[draw() % 7] + (draw() % 0x80 & ~3ull);
    switch (draw() % 4) {
    case 0: see(inb(port)); break;
    case 1: outb(port, (uint8_t)draw()); break;
    case 2: see(*(volatile uint32_t *)at); break;
    default:
        if (at >= 0xc8000000 && at < 0xc8003000) {
            *(volatile uint32_t *)at = (uint32_t)(draw() % 2 ? some_address() : draw() % 16);
        }
        break;
    }
}

void random_device(void) {
    switch (draw() % 3) {
    case 0:
        if (entropy.window) {
            random_queue();
        }
        break;
    case 1: random_firmware(); break;
    default: random_registers(); break;
    }
}
