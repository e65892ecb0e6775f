/* The random normal side's devices: their registers, and the addresses that they are given. */
#include "random.h"
#include "guest.h"

enum { SECTOR = 512, REQUESTS = 14 };

/* Any address, and any descriptors. */
static void random_queue(struct device *device) {
    struct program *p = own();
    struct ring *ring = &p->ring;
    struct areas areas = {ring->buffers, &ring->available, &ring->used};
    if (draw() % 8 == 0) {
        areas.descriptors = (void *)(some_address() & ~15ull);
    }
    if (draw() % 8 == 0) {
        areas.available = (void *)(some_address() & ~3ull);
    }
    if (draw() % 8 == 0) {
        areas.used = (void *)(some_target() & ~3ull);
    }
    see((uint64_t)device_begin(device, ring, &areas));
    for (int i = 0; i < QUEUE_SIZE; i++) {
        uint64_t address = draw() % 2 ? some_target() : some_address();
        ring->buffers[i] = (struct buffer){address, (uint32_t)(1 + draw() % 48), (uint16_t)(draw() % 4 == 0 ? draw() % 8 : BUFFER_WRITE), (uint16_t)(draw() % QUEUE_SIZE)};
    }
    if (device == &p->disk && draw() % 4) { /* a request that a disk might do: header, data, status */
        p->request.type = (uint32_t)(draw() % 4 ? draw() % 2 : draw() % REQUESTS);
        p->request.sector = draw() % 8;
        uint16_t writes = p->request.type == 1 ? 0 : BUFFER_WRITE;
        uint64_t data = some_address() - draw() % SECTOR;
        if (writes) {
            data = draw() % 2 ? (uint64_t)&secret_area + draw() % (sizeof(secret_area) - SECTOR) : (uint64_t)p->buffers[2] + draw() % (2 * PAGE - SECTOR);
        }
        ring->buffers[0] = (struct buffer){draw() % 8 ? (uint64_t)&p->request : some_address(), 16, BUFFER_NEXT, 1};
        ring->buffers[1] = (struct buffer){data, SECTOR, BUFFER_NEXT | writes, 2};
        ring->buffers[2] = (struct buffer){draw() % 8 ? (uint64_t)&p->request.status : some_target(), 1, BUFFER_WRITE, 0};
    }
    device_submit(device);
    see((uint64_t)device_broken(device));
    see(ring->used.index);
    see(ring->used.ring[0].length);
    see(p->request.status);
}

static void random_firmware(void) {
    volatile struct program *p = own();
    uint64_t address = draw() % 2 ? some_target() : (uint64_t)near_secret(0) - 8 + draw() % 64;
    p->order.control = __builtin_bswap32((uint32_t)(draw() % 0x30) << 16 | (uint32_t)(draw() % 32));
    p->order.length = __builtin_bswap32((uint32_t)(draw() % 48));
    p->order.address = __builtin_bswap64(address);
    uint64_t where = draw() % 4 ? (uint64_t)&p->order : some_address() & ~15ull;
    outl(0x514, __builtin_bswap32((uint32_t)(where >> 32)));
    outl(0x518, __builtin_bswap32((uint32_t)where));
    see(p->order.control);
}

static void random_registers(void) {
    /* First and last port; not those that end or silence the machine. */
    static const uint16_t ports[][2] = {{0x40, 0x43}, {0x61, 0x61}, {0x71, 0x71}, {0xe0, 0xe3}, {0x510, 0x511}, {0x2000, 0x2017}, {0x4d0, 0x4d1}};
    static const uint64_t windows[] = {0xe0008000, 0xe0010000, 0xc8000000, 0xc8001000, 0xc8002000, 0xc8100000, 0xfec00000, 0xff000000};
    const uint16_t *range = ports[draw() % 7];
    uint16_t port = (uint16_t)(range[0] + draw() % (uint64_t)(range[1] - range[0] + 1));
    uint64_t at = windows[draw() % 8] + (draw() % 0x80 & ~3ull);
    switch (draw() % 4) {
    case 0: see(inb(port)); break;
    case 1: outb(port, (uint8_t)draw()); break;
    case 2: see(*(volatile uint32_t *)at); break;
    default:
        if (at >= 0xc8000000 && at < 0xc8103000) {
            *(volatile uint32_t *)at = (uint32_t)(draw() % 2 ? some_address() : draw() % 16);
        }
        break;
    }
}

void random_device(void) {
    struct program *p = own();
    switch (draw() % 4) {
    case 0:
        if (p->entropy.window) {
            random_queue(&p->entropy);
        }
        break;
    case 1:
        if (p->disk.window) {
            random_queue(&p->disk);
        }
        break;
    case 2: random_firmware(); break;
    default: random_registers(); break;
    }
}
