/* A third level that watches both others. */
#include "watched.h"
#include "checks.h"
#include "guest.h"

static struct mailbox *third_box(void) {
    return &third_boxes[this_cpu()->index];
}

static void write_own_cr0(void *p) {
    struct access *access = p;
    access->value = read_cr0();
    move_cr0(access);
}

static void set_normal_cr0(void *p) {
    struct setting *s = p;
    get_register(HV_SELF_VP, TARGET_VTL0, REG_CR0, &s->value);
    set_there(s);
}

void check_third_registers(void) {
    uint64_t value = 0;
    struct access access = {0};
    topic("");
    get_register(HV_SELF_VP, TARGET_CALLER, REG_VSM_PARTITION_STATUS, &value);
    if (!(value >> 2 & 1)) {
        skip("a level above the secure one that watches", "it is not enabled");
        return;
    }
    struct mailbox *box = mailbox(), *top = third_box();
    in_secure(secure_set_policy, (void *)SKIP);
    in_third(secure_set_policy, (void *)SKIP);
    uint64_t before = box->intercepts, above = top->intercepts;
    check_status("the third level watches CR0", watch_by(in_third, CR0_WRITE), HV_SUCCESS);
    told_of_cr0(read_cr0());
    check_equal("of the normal side", top->intercepts - above, 1);
    check_equal("which the secure side does not notice", box->intercepts - before, 0);
    check_equal("from where it is", top->seen.state, STATE_KERNEL);
    in_secure(write_own_cr0, &access);
    check_equal("of the secure side", top->intercepts - above, 2);
    check_equal("from where that is", top->seen.state, STATE_OF_1);
    check_equal("at its instruction", top->seen.rip, access.rip);
    watch(CR0_WRITE);
    told_of_cr0(read_cr0());
    check_equal("where both watch, the secure side is told", box->intercepts - before, 1);
    check_equal("and not the third", top->intercepts - above, 2);
    in_secure(write_own_cr0, &access);
    check_equal("the secure side does not watch itself", box->intercepts - before, 1);
    check_equal("the third does", top->intercepts - above, 3);
    struct setting s = {HV_SELF_VP, REG_CR0, TARGET_VTL0, 0, 0, 0};
    in_secure(set_normal_cr0, &s);
    check_status("the secure side may not write it for the normal one then", s.result, HV_ACCESS_DENIED);
    watch_by(in_third, 0);
    in_secure(set_normal_cr0, &s);
    check_status("but when the third does not watch", s.result, HV_SUCCESS);
    watch(0);
    in_secure(secure_set_policy, (void *)REFUSE);
    in_third(secure_set_policy, (void *)REFUSE);
    topic("");
}
