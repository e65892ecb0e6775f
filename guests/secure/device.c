#include "device.h"
#include "memory.h"
#include "workers.h"

enum { VENDOR = 0x1af4, FIRST_ID = 0x1040, SLOTS = 32, COMMAND = 4, BAR_0 = 0x10, MEMORY_AND_MASTER = 6 };
/* In the window: common configuration and notification. */
enum { DRIVER_FEATURE_SELECT = 8, DRIVER_FEATURE = 12, STATUS = 20, QUEUE_SELECT = 22, SIZE = 24, ENABLE = 28, AREAS = 32, NOTIFY = 0x3000 };
enum { SEEN = 1, DRIVER = 2, READY = 4, AGREED = 8, VERSION_1 = 1 };

static volatile uint32_t *configuration(int slot, int offset) {
    return (volatile uint32_t *)(0xe0000000ull + (uint64_t)slot * 0x8000 + (uint64_t)offset);
}

struct device device_find(uint32_t type, uint64_t window) {
    for (int slot = 0; slot < SLOTS; slot++) {
        if (*configuration(slot, 0) != (VENDOR | (FIRST_ID + type) << 16)) {
            continue;
        }
        *configuration(slot, COMMAND) &= ~(uint32_t)MEMORY_AND_MASTER;
        *configuration(slot, BAR_0) = (uint32_t)window;
        *configuration(slot, BAR_0 + 4) = (uint32_t)(window >> 32);
        *configuration(slot, COMMAND) |= MEMORY_AND_MASTER;
        return (struct device){window, 0};
    }
    return (struct device){0, 0};
}

static void put_8(const struct device *device, int offset, uint8_t value) {
    *(volatile uint8_t *)(device->window + (uint64_t)offset) = value;
}

static void put_16(const struct device *device, int offset, uint16_t value) {
    *(volatile uint16_t *)(device->window + (uint64_t)offset) = value;
}

static void put_32(const struct device *device, int offset, uint32_t value) {
    *(volatile uint32_t *)(device->window + (uint64_t)offset) = value;
}

static uint8_t status(const struct device *device) {
    return *(volatile uint8_t *)(device->window + STATUS);
}

int device_broken(const struct device *device) {
    return (status(device) & DEVICE_BROKEN) != 0;
}

int device_begin(struct device *device, struct ring *ring, const struct areas *areas) {
    struct areas own = {ring->buffers, &ring->available, &ring->used};
    memset(ring, 0, sizeof(*ring));
    device->ring = ring;
    put_8(device, STATUS, 0);
    put_8(device, STATUS, SEEN | DRIVER);
    put_32(device, DRIVER_FEATURE_SELECT, 0);
    put_32(device, DRIVER_FEATURE, INDIRECT_DESCRIPTORS);
    put_32(device, DRIVER_FEATURE_SELECT, 1);
    put_32(device, DRIVER_FEATURE, VERSION_1);
    put_8(device, STATUS, SEEN | DRIVER | AGREED);
    if (!areas) {
        areas = &own;
    }
    uint64_t places[] = {(uint64_t)areas->descriptors, (uint64_t)areas->available, (uint64_t)areas->used};
    put_16(device, QUEUE_SELECT, 0);
    put_16(device, SIZE, QUEUE_SIZE);
    for (int i = 0; i < 3; i++) {
        put_32(device, AREAS + 8 * i, (uint32_t)places[i]);
        put_32(device, AREAS + 8 * i + 4, (uint32_t)(places[i] >> 32));
    }
    put_16(device, ENABLE, 1);
    put_8(device, STATUS, SEEN | DRIVER | AGREED | READY);
    return !device_broken(device);
}

void device_submit(struct device *device) {
    struct ring *ring = device->ring;
    ring->available.ring[ring->available.index % QUEUE_SIZE] = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring->available.index++;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    put_16(device, NOTIFY, 0);
}

int device_wait(struct device *device) {
    AWAIT(device->ring->used.index == device->ring->available.index || device_broken(device));
    return device->ring->used.index == device->ring->available.index;
}
