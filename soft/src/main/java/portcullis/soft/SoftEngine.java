package portcullis.soft;

import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import portcullis.engine.Clock;
import portcullis.engine.CpuidLeaf;
import portcullis.engine.Engine;
import portcullis.engine.EngineCapabilities;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.soft.block.EngineShared;
import portcullis.soft.block.SoftCpu;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.CpuModel;

/** The software engine: x86-64 processors in Java, on any host. */
public final class SoftEngine implements Engine {
    private final GuestMemory memory;
    private final Clock clock;
    private final CpuModel model;
    private final OpcodeTable opcodes = InstructionSet.table();
    private final EngineShared shared;
    private final Supplier<RandomGenerator> entropy;
    private RandomGenerator random;

    /** With the host's random numbers. */
    public SoftEngine(GuestMemory memory, Clock clock, CpuModel model) {
        this(memory, clock, model, SecureRandom::new);
    }

    /** @param entropy source of what RDRAND gives, asked for once, at the first use; a seeded one for reproducible runs */
    public SoftEngine(GuestMemory memory, Clock clock, CpuModel model, Supplier<RandomGenerator> entropy) {
        this.entropy = entropy;
        this.memory = memory;
        this.clock = clock;
        this.model = model;
        shared = new EngineShared(memory);
    }

    @Override
    public String name() {
        return "soft";
    }

    @Override
    public EngineCapabilities capabilities() {
        return new EngineCapabilities(true, true, GuestMemory.LEVELS, true, !model.isIntel());
    }

    @Override
    public Map<String, String> description() {
        return model.description();
    }

    @Override
    public void setBreakpoints(Set<Long> addresses) {
        shared.setBreakpoints(addresses);
    }

    @Override
    public void setHypervisorLeaves(List<CpuidLeaf> leaves) {
        model.setHypervisorLeaves(leaves);
    }

    @Override
    public VirtualCpu createCpu(int index, int apicId) {
        return SoftCpu.create(this, shared, index, apicId);
    }

    public GuestMemory memory() {
        return memory;
    }

    public Clock clock() {
        return clock;
    }

    public CpuModel model() {
        return model;
    }

    public OpcodeTable opcodes() {
        return opcodes;
    }

    /** 64 random bits. Any thread. */
    public synchronized long random() {
        if (random == null) {
            random = entropy.get();
        }
        return random.nextLong();
    }

    @Override
    public void close() {
        memory.setCodeWriteListener((gpa, length) -> {});
    }
}
