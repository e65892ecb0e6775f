/* Devices have the normal side's rights (TLFS vsm.md, "DMA and Devices"): pointed at a page that is hidden from it, they find nothing. */
#include "checks.h"
#include "device.h"
#include "guest.h"
#include "secure.h"

enum { READ_SECTOR = 0, WRITE_SECTOR = 1, SECTOR = 512, ENTROPY_WINDOW = 0xc8000000, BLOCK_WINDOW = 0xc8100000 };
enum { FW_CFG_DMA = 0x514, FW_CFG_ERROR = 1, FW_CFG_READ = 2, FW_CFG_SELECT = 8 };

static struct device disk, entropy;
static struct ring ring __attribute__((aligned(PAGE)));
static struct {
    uint32_t type, reserved;
    uint64_t sector;
    volatile uint8_t status;
} request __attribute__((aligned(PAGE)));
static uint8_t data[2 * PAGE] __attribute__((aligned(PAGE))), read_only[PAGE] __attribute__((aligned(PAGE)));
static struct buffer indirect[3];

static void hide(void *unused) {
    (void)unused;
    secure.secret[0] = SECRET_WORDS[0];
    secure.secret[1] = SECRET_WORDS[1];
    protect(secret_page, 1, ALLOW_NOTHING);
    protect(read_only, 1, ALLOW_READ);
}

static void compare(void *same) {
    int *result = same;
    *result = SECRET_WORDS[0] == secure.secret[0] && SECRET_WORDS[1] == secure.secret[1];
    for (unsigned i = 2; i < PAGE / 8; i++) {
        *result &= SECRET_WORDS[i] == 0;
    }
}

static void fill(uint8_t *to, uint8_t value, unsigned length) {
    for (unsigned i = 0; i < length; i++) {
        to[i] = value;
    }
}

/* The three buffers of a request: header, data, status. */
static void prepare(struct buffer *buffers, uint32_t type, const void *where, uint32_t length) {
    request.type = type;
    request.sector = 0;
    request.status = 0xff;
    uint16_t writes = type == READ_SECTOR ? BUFFER_WRITE : 0;
    buffers[0] = (struct buffer){(uint64_t)&request, 16, BUFFER_NEXT, 1};
    buffers[1] = (struct buffer){(uint64_t)where, length, BUFFER_NEXT | writes, 2};
    buffers[2] = (struct buffer){(uint64_t)&request.status, 1, BUFFER_WRITE, 0};
}

/* Returns whether the device did it. */
static int transfer(uint32_t type, const void *where, uint32_t length) {
    if (!device_begin(&disk, &ring, 0)) {
        return 0;
    }
    prepare(ring.buffers, type, where, length);
    device_submit(&disk);
    return device_wait(&disk) && request.status == 0;
}

static int sector_is(uint8_t value) {
    fill(data, (uint8_t)~value, SECTOR);
    int same = transfer(READ_SECTOR, data, SECTOR);
    for (unsigned i = 0; i < SECTOR; i++) {
        same &= data[i] == value;
    }
    return same;
}

enum part { HEADER, DATA_OUT, DATA_IN, STATUS, ACROSS_OUT, ACROSS_IN, TABLE_OUT, RING_TABLE, RING_AVAILABLE, RING_USED, LENT };

/* Returns whether the device went through with it. */
static int attack(enum part part) {
    struct areas areas = {ring.buffers, &ring.available, &ring.used};
    const void *where = near_secret(0);
    switch (part) {
    case RING_TABLE: areas.descriptors = near_secret(0); break;
    case RING_AVAILABLE: areas.available = near_secret(0); break;
    case RING_USED: areas.used = near_secret(0); break;
    default: break;
    }
    if (!device_begin(&disk, &ring, &areas)) {
        return 0;
    }
    prepare(ring.buffers, part == DATA_IN || part == ACROSS_IN || part == STATUS || part == LENT ? READ_SECTOR : WRITE_SECTOR, data, SECTOR);
    switch (part) {
    case HEADER: ring.buffers[0].address = (uint64_t)where; break;
    case DATA_OUT: case DATA_IN: ring.buffers[1].address = (uint64_t)where; break;
    case STATUS: ring.buffers[2].address = (uint64_t)where + 8; break;
    case ACROSS_OUT: case ACROSS_IN: ring.buffers[1].address = (uint64_t)where - SECTOR / 2; break;
    case TABLE_OUT: ring.buffers[0] = (struct buffer){(uint64_t)where, 48, BUFFER_INDIRECT, 0}; break;
    case LENT: /* a table of the normal side's own that names it */
        prepare(indirect, READ_SECTOR, where, SECTOR);
        ring.buffers[0] = (struct buffer){(uint64_t)indirect, sizeof(indirect), BUFFER_INDIRECT, 0};
        break;
    default: break;
    }
    device_submit(&disk);
    return device_wait(&disk);
}

static void check_disk(void) {
    static const struct {
        const char *name;
        enum part part;
    } attacks[] = {
        {"as the header", HEADER},
        {"as what is written to the disk", DATA_OUT},
        {"as what is read from it", DATA_IN},
        {"as the status", STATUS},
        {"as the second half of what is written", ACROSS_OUT},
        {"as the second half of what is read", ACROSS_IN},
        {"as a table of descriptors", TABLE_OUT},
        {"as the descriptors of the queue", RING_TABLE},
        {"as what is available", RING_AVAILABLE},
        {"as what is used", RING_USED},
        {"by a table that names it", LENT},
    };
    fill(data, 0x5a, SECTOR);
    check("a sector is written", transfer(WRITE_SECTOR, data, SECTOR));
    check("and read", sector_is(0x5a));
    for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        fill(data, 0xa5, sizeof(data));
        topic(attacks[i].name);
        uint64_t told = mailbox()->intercepts;
        check("the device does not do it", !attack(attacks[i].part));
        check("and asks for a reset", device_broken(&disk));
        check_equal("nobody was told, as no processor did it", mailbox()->intercepts - told, 0);
        int same = 0;
        in_secure(compare, &same);
        check("the page is as it was", same);
        check("and so is the sector", sector_is(0x5a));
    }
    topic("a page that may be read");
    check("can be written to the disk", transfer(WRITE_SECTOR, read_only, SECTOR));
    check("and is", sector_is(0));
    check("cannot be read into", !transfer(READ_SECTOR, read_only, SECTOR));
}

static void check_entropy(void) {
    topic("the entropy device");
    entropy = device_find(VIRTIO_ENTROPY, ENTROPY_WINDOW);
    if (!entropy.window) {
        skip("does not write there", "there is none");
        return;
    }
    check("takes a queue", device_begin(&entropy, &ring, 0));
    ring.buffers[0] = (struct buffer){(uint64_t)data, 64, BUFFER_WRITE, 0};
    device_submit(&entropy);
    check("fills a page", device_wait(&entropy));
    device_begin(&entropy, &ring, 0);
    ring.buffers[0] = (struct buffer){(uint64_t)near_secret(0), 64, BUFFER_WRITE, 0};
    device_submit(&entropy);
    check("does not write there", !device_wait(&entropy));
    int same = 0;
    in_secure(compare, &same);
    check("the page is as it was", same);
}

/* The firmware configuration's DMA: numbers are big-endian, the second half of the address starts it. */
struct order {
    uint32_t control, length;
    uint64_t address;
};

static void start(const volatile void *order) {
    outl(FW_CFG_DMA, __builtin_bswap32((uint32_t)((uint64_t)order >> 32)));
    outl(FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)(uint64_t)order));
}

static void check_firmware(void) {
    static volatile struct order order;
    int same = 0;
    topic("the firmware's device");
    order = (struct order){__builtin_bswap32(FW_CFG_SELECT | FW_CFG_READ), __builtin_bswap32(4), __builtin_bswap64((uint64_t)data)};
    fill(data, 0, 8);
    start(&order);
    check_equal("copies its signature", *(volatile uint32_t *)data, 0x554d4551);
    check_equal("without an error", order.control, 0);
    order = (struct order){__builtin_bswap32(FW_CFG_SELECT | FW_CFG_READ), __builtin_bswap32(4), __builtin_bswap64((uint64_t)near_secret(0))};
    start(&order);
    check_equal("says that it does not write there", order.control, __builtin_bswap32(FW_CFG_ERROR));
    start(near_secret(0));
    in_secure(compare, &same);
    check("nor finds orders there", same);
}

void check_dma(void) {
    in_secure(hide, 0);
    topic("a disk");
    disk = device_find(VIRTIO_BLOCK, BLOCK_WINDOW);
    if (disk.window) {
        check_disk();
    } else {
        skip("reads and writes nothing hidden", "there is none");
    }
    check_entropy();
    check_firmware();
    topic("");
}
