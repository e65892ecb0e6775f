package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;

/** Hardware task switches (SDM volume 3, chapter 7). */
final class TaskSwitch {
    private TaskSwitch() {}

    /** Through a task gate of the IDT. */
    static void interrupt(
            Cpu cpu, int selector, int ext, boolean hasErrorCode, int errorCode, long returnRip, long flags) {
        throw Descriptors.fault(cpu, Fault.GP, selector, ext);
    }

    /** IRET with NT set. */
    static void back(Cpu cpu, long returnRip) {
        throw cpu.fault(Fault.TS, 0);
    }
}
