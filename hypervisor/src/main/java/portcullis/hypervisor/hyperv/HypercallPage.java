package portcullis.hypervisor.hyperv;

import portcullis.engine.Engine;

/** The code in the hypercall page (TLFS, "Establishing the Hypercall Interface"). The same bytes serve 32- and 64-bit callers. */
public final class HypercallPage {
    private static final byte[] VMCALL_RET = {0x0f, 0x01, (byte) 0xc1, (byte) 0xc3};
    private static final byte[] VMMCALL_RET = {0x0f, 0x01, (byte) 0xd9, (byte) 0xc3};

    private HypercallPage() {}

    /** What the page begins with on {@code engine}'s processors; the rest of it is zero. */
    public static byte[] code(Engine engine) {
        return (engine.capabilities().vmmcall() ? VMMCALL_RET : VMCALL_RET).clone();
    }
}
