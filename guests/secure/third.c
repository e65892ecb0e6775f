/* The third side, where the partition may have one: trust level 2, above the secure one. It does what it is asked to. */
#include "secure.h"

enum { THIRD_OS_ID = 0x3344 };

struct secure_cpu third_cpus[SECURE_CPUS] __attribute__((aligned(PAGE)));
struct mailbox third_boxes[SECURE_CPUS];
struct ways third_ways;
static uint8_t third_hypercall_page[PAGE] __attribute__((aligned(PAGE)));

void third_main(int index) {
    side_prepare(&third_cpus[index], index, &third_ways, third_hypercall_page, THIRD_OS_ID);
    run_side(&third_cpus[index], &third_boxes[index], third_leave);
}
