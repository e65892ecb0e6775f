package portcullis.hypervisor;

import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.hypercall.HypercallInterface;
import portcullis.hypervisor.hyperv.SyntheticMsrs;

/** Answers the exits of one VP. */
final class ExitDispatcher {
    private static final int MSR_TSC = 0x10;

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final ExitDetails exit;
    private final KvmHypercalls kvmHypercalls;
    /** Null where Microsoft's interface is not offered. */
    private final HypercallInterface hypercalls;

    ExitDispatcher(Partition partition, VirtualProcessor vp) {
        this.partition = partition;
        this.vp = vp;
        cpu = vp.cpu();
        exit = cpu.exit();
        kvmHypercalls = new KvmHypercalls(partition.fabric());
        boolean offered = partition.hyperv().offered();
        hypercalls = offered ? new HypercallInterface(partition, vp, partition.hypercallTable()) : null;
    }

    /** Deals with the last exit. @return whether it may have changed what the local APIC has for the processor */
    boolean dispatch(ExitReason reason) {
        return switch (reason) {
            case PORT_READ -> {
                exit.value = low(partition.io().portRead(exit.port, exit.size), exit.size);
                yield false;
            }
            case PORT_WRITE -> {
                partition.io().portWrite(exit.port, exit.size, (int) low(exit.value, exit.size));
                yield false;
            }
            case MMIO_READ -> {
                mmioRead();
                yield false;
            }
            case MMIO_WRITE -> mmioWrite();
            case MSR_READ -> {
                readMsr(vp.apic());
                yield false;
            }
            case MSR_WRITE -> writeMsr(vp.apic());
            case HYPERCALL -> {
                if (hypercalls != null) {
                    hypercalls.call(exit);
                } else {
                    kvmHypercalls.call(cpu, exit);
                }
                yield false;
            }
            case HALT -> {
                vp.context().setActivity(Activity.HALTED);
                yield true;
            }
            case TASK_PRIORITY, INTERRUPT_WINDOW -> true;
            case TIME_STAMP -> {
                vp.apic().timeStampMoved(cpu.msr(MSR_TSC));
                yield true;
            }
            case ACCESS_DENIED -> {
                vp.memoryIntercept().refused(exit);
                yield true;
            }
            case REGISTER_INTERCEPT -> {
                vp.registerIntercept().intercepted(exit);
                yield true;
            }
            case SHUTDOWN -> {
                partition.end(new Outcome.TripleFault(vp.index(), cpu.describe()));
                yield false;
            }
            case KICKED, BUDGET -> false;
            case BREAKPOINT -> {
                partition.breakpointReached(vp);
                yield false;
            }
        };
    }

    private static long low(long value, int size) {
        return size >= 8 ? value : value & (1L << size * 8) - 1;
    }

    private void mmioRead() {
        LocalApic apic = vp.apic();
        long value = apic.covers(exit.gpa)
                ? apic.readPage((int) exit.gpa & 0xfff, exit.size)
                : partition.io().mmioRead(exit.gpa, exit.size);
        exit.value = low(value, exit.size);
    }

    private boolean mmioWrite() {
        LocalApic apic = vp.apic();
        if (apic.covers(exit.gpa)) {
            apic.writePage((int) exit.gpa & 0xfff, exit.size, exit.value);
            vp.startupIntercept().deliver();
            return true;
        }
        if (partition.memory().view(vp.context().level()).isOverlaid(exit.gpa)) {
            // TLFS, "Establishing the Hypercall Interface": a write to an overlay that the guest may not write raises
            // #GP.
            exit.fault = true;
            return false;
        }
        partition.io().mmioWrite(exit.gpa, exit.size, low(exit.value, exit.size));
        return false;
    }

    private void readMsr(LocalApic apic) {
        exit.fault = false;
        if (hypercalls != null && SyntheticMsrs.owns(exit.msr)) {
            vp.context().syntheticMsrs().read(exit);
        } else if (LocalApic.ownsMsr(exit.msr)) {
            apic.readMsr(exit);
        } else if (exit.msr == LocalApic.MSR_APIC_BASE) {
            exit.value = apic.base();
        } else if (exit.msr == LocalApic.MSR_TSC_DEADLINE && apic.hasTscDeadline()) {
            exit.value = apic.tscDeadline();
        } else {
            exit.fault = true;
        }
    }

    private boolean writeMsr(LocalApic apic) {
        exit.fault = false;
        if (hypercalls != null && SyntheticMsrs.owns(exit.msr)) {
            exit.fault = !vp.context().syntheticMsrs().write(exit.msr, exit.value);
        } else if (LocalApic.ownsMsr(exit.msr)) {
            exit.fault = !apic.writeMsr(exit.msr, exit.value);
        } else if (exit.msr == LocalApic.MSR_APIC_BASE) {
            exit.fault = !apic.writeBase(exit.value);
            cpu.setApicBase(apic.base());
        } else if (exit.msr == LocalApic.MSR_TSC_DEADLINE && apic.hasTscDeadline()) {
            apic.writeTscDeadline(exit.value, cpu.msr(MSR_TSC));
        } else {
            exit.fault = true;
        }
        vp.startupIntercept().deliver();
        return !exit.fault;
    }
}
