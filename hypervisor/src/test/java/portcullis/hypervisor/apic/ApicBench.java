package portcullis.hypervisor.apic;

import java.util.ArrayList;
import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.hypervisor.apic.ApicOwner.Signal;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;

/** Local APICs on a clock that moves by hand. */
final class ApicBench {
    static final ApicFeatures EVERYTHING = new ApicFeatures(true, true, 40);

    final VirtualClock clock = new VirtualClock(1);
    final VirtualAlarms alarms = new VirtualAlarms(clock);
    final InterruptFabric fabric = new InterruptFabric();
    final List<LocalApic> apics = new ArrayList<>();
    final List<List<Signal>> signals = new ArrayList<>();
    final List<Integer> broadcasts = new ArrayList<>();

    ApicBench(ApicFeatures features, int... ids) {
        for (int id : ids) {
            List<Signal> heard = new ArrayList<>();
            signals.add(heard);
            apics.add(new LocalApic(id, apics.isEmpty(), features, alarms, fabric, heard::add));
        }
        fabric.setEoiListener(broadcasts::add);
    }

    /** One software-enabled xAPIC with id 0. */
    static ApicBench single() {
        ApicBench bench = new ApicBench(EVERYTHING, 0);
        bench.enable();
        return bench;
    }

    /** {@code count} software-enabled APICs with ids from 0. */
    static ApicBench several(int count, boolean x2apic) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = i;
        }
        ApicBench bench = new ApicBench(EVERYTHING, ids);
        if (x2apic) {
            bench.apics.forEach(apic -> apic.writeBase(apic.base() | LocalApic.BASE_X2APIC));
            bench.apics.forEach(apic -> apic.writeMsr(0x80f, 0x1ff));
        } else {
            bench.enable();
        }
        return bench;
    }

    void enable() {
        apics.forEach(apic -> write(apic, 0xf0, 0x1ff));
    }

    LocalApic apic() {
        return apics.getFirst();
    }

    void write(int register, int value) {
        write(apic(), register, value);
    }

    static void write(LocalApic apic, int register, int value) {
        apic.writePage(register, 4, value);
    }

    int read(int register) {
        return read(apic(), register);
    }

    static int read(LocalApic apic, int register) {
        return (int) apic.readPage(register, 4);
    }

    /** The value of an x2APIC MSR; null for #GP. */
    static Long readMsr(LocalApic apic, int msr) {
        ExitDetails exit = new ExitDetails();
        exit.msr = msr;
        apic.readMsr(exit);
        return exit.fault ? null : exit.value;
    }

    void passTime(long ticks) {
        clock.advanceTo(clock.ticks() + ticks);
        alarms.fireDue();
    }

    /** Takes the deliverable interrupt into service. */
    int take(LocalApic apic) {
        return apic.deliverable() == LocalApic.NONE ? LocalApic.NONE : apic.acknowledge();
    }

    /** Indexes of the APICs that have {@code vector} requested; takes it back. */
    List<Integer> receivers(int vector) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < apics.size(); i++) {
            LocalApic apic = apics.get(i);
            if (apic.deliverable() == vector) {
                apic.acknowledge();
                apic.endOfInterrupt();
                found.add(i);
            }
        }
        return found;
    }
}
