package portcullis.hypervisor.apic;

/** Hears the EOI broadcasts of level-triggered interrupts (SDM 10.8.5): the I/O APIC. Called without locks, on VP threads. */
@FunctionalInterface
public interface EoiListener {
    void endOfInterrupt(int vector);
}
