package portcullis.engine;

/**
 * What an engine can do. What it cannot is not advertised to the guest.
 *
 * @param executeProtection access protections can refuse execution apart from reading
 * @param virtualTime {@link VirtualCpu#setBudget} counts instructions exactly and runs are reproducible
 * @param maxContexts contexts (one a VTL) that a virtual CPU can have
 * @param registerIntercepts {@link VirtualCpu#interceptRegisters} does something
 * @param vmmcall the processors' instruction for hypercalls is VMMCALL (AMD), not VMCALL
 */
public record EngineCapabilities(
        boolean executeProtection, boolean virtualTime, int maxContexts, boolean registerIntercepts, boolean vmmcall) {}
