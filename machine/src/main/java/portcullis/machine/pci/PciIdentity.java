package portcullis.machine.pci;

/**
 * What a function says it is.
 *
 * @param classCode base class, subclass and programming interface: 24 bits
 */
public record PciIdentity(
        int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystemDevice) {}
