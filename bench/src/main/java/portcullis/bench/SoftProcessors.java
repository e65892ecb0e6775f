package portcullis.bench;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.machine.config.EngineFactory;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;

/**
 * Software processors with everything that there is.
 *
 * @param wrapper what the hypervisor gets in place of each
 */
public record SoftProcessors(UnaryOperator<VirtualCpu> wrapper) implements EngineFactory {
    private static final Set<Feature> FEATURES = EnumSet.copyOf(CpuModel.available());

    @Override
    public Engine create(
            GuestMemory memory, Clock clock, int processors, int addressBits, Supplier<RandomGenerator> entropy) {
        CpuModel model = new CpuModel(CpuModel.Vendor.INTEL, FEATURES, addressBits, processors, clock.frequency());
        return wrapping(new SoftEngine(memory, clock, model, entropy));
    }

    @Override
    public ApicFeatures apicFeatures(int addressBits) {
        return new ApicFeatures(
                FEATURES.contains(Feature.X2APIC), FEATURES.contains(Feature.TSC_DEADLINE), addressBits);
    }

    /** By reflection, so that this needs no change when the contract gets another method. */
    private Engine wrapping(Engine engine) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            try {
                Object result = method.invoke(engine, arguments);
                return result instanceof VirtualCpu cpu ? wrapper.apply(cpu) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (Engine)
                Proxy.newProxyInstance(SoftProcessors.class.getClassLoader(), new Class<?>[] {Engine.class}, handler);
    }
}
