package portcullis.hypervisor.hypercall;

import portcullis.tlfs.HypercallCode;

/** One hypercall that is offered: what the specification says of it, and who carries it out. */
public record Hypercall(HypercallCode code, HypercallHandler handler) {
    public Hypercall {
        if (!code.shape().published()) {
            throw new IllegalArgumentException(code + " has no published form");
        }
    }
}
