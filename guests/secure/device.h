/* A virtio device on PCI (virtio 1.2, 4.1) with one queue in use, one request at a time: enough to point it at any memory. */
#pragma once

#include <stdint.h>
#include "paging.h"

enum { VIRTIO_ENTROPY = 4, VIRTIO_BLOCK = 2 };
enum { QUEUE_SIZE = 8, DEVICE_BROKEN = 1 << 6, INDIRECT_DESCRIPTORS = 1 << 28 };
enum { BUFFER_NEXT = 1, BUFFER_WRITE = 2, BUFFER_INDIRECT = 4 };

struct buffer { /* a descriptor */
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct ring {
    struct buffer buffers[QUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags;
        volatile uint16_t index;
        uint16_t ring[QUEUE_SIZE];
    } available __attribute__((aligned(2)));
    struct {
        uint16_t flags;
        volatile uint16_t index;
        struct {
            uint32_t id, length;
        } ring[QUEUE_SIZE];
    } used __attribute__((aligned(4)));
};

struct device {
    uint64_t window; /* 0 where there is none */
    struct ring *ring;
};

/* Where a queue's three parts lie. */
struct areas {
    void *descriptors, *available, *used;
};

/* Looks for a device of this type, and puts its window where it can be reached. */
struct device device_find(uint32_t type, uint64_t window);
/* Resets it and sets its first queue up; `areas` null means the ring's own. Returns whether the device takes that. */
int device_begin(struct device *device, struct ring *ring, const struct areas *areas);
/* Submits the chain that begins with the ring's first buffer. */
void device_submit(struct device *device);
/* Waits until the request is done, which is 1, or the device has given up, 0. */
int device_wait(struct device *device);
int device_broken(const struct device *device);
