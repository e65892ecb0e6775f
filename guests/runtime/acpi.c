#include "acpi.h"

struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct pointer { /* RSDP, ACPI 5.2.5.3 */
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
} __attribute__((packed));

enum { LOCAL_APIC = 0, LOCAL_X2APIC = 9, ENABLED = 1, ENTRIES = 44 };

static int sums_to_zero(const void *start, uint32_t length) {
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        sum += ((const uint8_t *)start)[i];
    }
    return sum == 0;
}

static int same(const char *a, const char *b, int length) {
    for (int i = 0; i < length; i++) {
        if (a[i] != b[i]) {
            return 0;
        }
    }
    return 1;
}

static const struct pointer *find_pointer(void) {
    for (uint64_t at = 0xe0000; at < 0x100000; at += 16) {
        if (same((const char *)at, "RSD PTR ", 8) && sums_to_zero((const void *)at, 20)) {
            return (const struct pointer *)at;
        }
    }
    return 0;
}

static const struct header *find_table(const char *signature) {
    const struct pointer *root = find_pointer();
    if (!root) {
        return 0;
    }
    int wide = root->revision >= 2 && root->xsdt;
    const struct header *list = (const struct header *)(wide ? root->xsdt : (uint64_t)root->rsdt);
    const uint8_t *entry = (const uint8_t *)(list + 1);
    const uint8_t *end = (const uint8_t *)list + list->length;
    for (; entry < end; entry += wide ? 8 : 4) {
        uint64_t address = wide ? *(const uint64_t *)entry : *(const uint32_t *)entry;
        const struct header *table = (const struct header *)address;
        if (same(table->signature, signature, 4) && sums_to_zero(table, table->length)) {
            return table;
        }
    }
    return 0;
}

int acpi_processors(uint32_t *apic_ids, int capacity) {
    const struct header *madt = find_table("APIC");
    if (!madt) {
        return 0;
    }
    int count = 0;
    const uint8_t *end = (const uint8_t *)madt + madt->length;
    for (const uint8_t *entry = (const uint8_t *)madt + ENTRIES; entry + 2 <= end && entry[1] >= 2; entry += entry[1]) {
        uint32_t id = 255;
        if (entry[0] == LOCAL_APIC && *(const uint32_t *)(entry + 4) & ENABLED) {
            id = entry[3];
        } else if (entry[0] == LOCAL_X2APIC && *(const uint32_t *)(entry + 8) & ENABLED) {
            id = *(const uint32_t *)(entry + 4);
        }
        if (id < 255 && count < capacity) {
            apic_ids[count++] = id;
        }
    }
    return count;
}
