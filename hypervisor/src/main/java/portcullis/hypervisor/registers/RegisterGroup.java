package portcullis.hypervisor.registers;

import portcullis.tlfs.HvRegister;

/**
 * Registers that are reached the same way. On the VP's thread, outside guest mode, with the engine's context on the level
 * concerned.
 */
public interface RegisterGroup {
    /** @return an HV_STATUS: INVALID_PARAMETER for a register that is not here */
    int read(HvRegister name, RegisterValue into);

    /** @return an HV_STATUS: INVALID_REGISTER_VALUE where the register cannot hold it */
    int write(HvRegister name, RegisterValue value);

    /** The same where it matters which level writes. @param caller that one */
    default int write(HvRegister name, RegisterValue value, int caller) {
        return write(name, value);
    }
}
