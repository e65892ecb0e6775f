package portcullis.machine.config;

import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.memory.GuestMemory;

/** Makes the engine that a machine's processors run on: the machine knows none. */
public interface EngineFactory {
    /**
     * @param processors how many CPUs will be made
     * @param addressBits width of guest physical addresses
     * @param entropy what the processors' random number instructions give; seeded where runs are reproducible
     */
    Engine create(GuestMemory memory, Clock clock, int processors, int addressBits, Supplier<RandomGenerator> entropy);

    /** What the CPUs' CPUID will say of local APICs. */
    ApicFeatures apicFeatures(int addressBits);
}
