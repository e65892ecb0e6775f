package portcullis.hypervisor.apic;

/** Takes message-signalled interrupts (SDM 11.11): I/O APIC and PCI devices write here. Thread-safe. */
@FunctionalInterface
public interface MsiSink {
    /**
     * @param address 0xFEExxxxx: destination id and mode
     * @param data vector, delivery mode, level and trigger mode
     */
    void deliver(long address, int data);
}
