package portcullis.machine.config;

import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.memory.GuestMemory;

/** Makes the engine that a machine's processors run on: the machine knows none. */
public interface EngineFactory {
    /**
     * @param processors how many CPUs will be made
     * @param addressBits width of guest physical addresses
     */
    Engine create(GuestMemory memory, Clock clock, int processors, int addressBits);

    /** What the CPUs' CPUID will say of local APICs. */
    ApicFeatures apicFeatures(int addressBits);
}
