package portcullis.hypervisor;

import portcullis.engine.ExitDetails;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.apic.InterruptFabric;

/**
 * What VMCALL and VMMCALL do while no other hypercall interface is offered: KVM's calling convention (Linux,
 * Documentation/virt/kvm/x86/hypercalls.rst). Number in RAX, arguments in RBX, RCX, RDX and RSI, result in RAX. Nothing
 * advertises it; test guests call it unasked. One call exists, all others answer that they do not.
 */
final class KvmHypercalls {
    private static final int SEND_IPI = 10;

    /** KVM_ENOSYS. */
    private static final long NOT_IMPLEMENTED = -1000;
    /** KVM_EPERM: the caller is not at privilege level 0. */
    private static final long NOT_PERMITTED = -1;

    private static final int BITMAP_BITS = 64;

    private final InterruptFabric fabric;

    KvmHypercalls(InterruptFabric fabric) {
        this.fabric = fabric;
    }

    /** Carries out the call under the CPU's RIP and moves behind it. */
    void call(VirtualCpu cpu, ExitDetails exit) {
        boolean wide = cpu.executes64BitCode();
        long mask = wide ? -1L : 0xffff_ffffL;
        long result;
        if (cpu.privilegeLevel() != 0) {
            result = NOT_PERMITTED;
        } else if ((cpu.get(Register.RAX) & mask) == SEND_IPI) {
            result = sendIpi(
                    cpu.get(Register.RBX) & mask,
                    cpu.get(Register.RCX) & mask,
                    cpu.get(Register.RDX) & 0xffff_ffffL,
                    (int) cpu.get(Register.RSI),
                    wide ? 64 : 32);
        } else {
            result = NOT_IMPLEMENTED;
        }
        cpu.set(Register.RAX, result & mask);
        cpu.set(Register.RIP, cpu.get(Register.RIP) + exit.instructionLength & mask);
    }

    /** @return how many local APICs the message reached */
    private long sendIpi(long low, long high, long firstId, int command, int bitsEach) {
        long reached = 0;
        for (int i = 0; i < BITMAP_BITS; i++) {
            if ((low >>> i & 1) != 0 && i < bitsEach && fabric.send(command, firstId + i)) {
                reached++;
            }
            if ((high >>> i & 1) != 0 && i < bitsEach && fabric.send(command, firstId + bitsEach + i)) {
                reached++;
            }
        }
        return reached;
    }
}
