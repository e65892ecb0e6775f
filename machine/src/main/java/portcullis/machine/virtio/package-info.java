/**
 * Virtio 1.2 over PCI, without the legacy interface: transport, split virtqueues, and the block, console and entropy devices.
 *
 * <p>The rings are in guest memory and whatever a guest puts there is answered with bounded work: what the specification
 * forbids ends in DEVICE_NEEDS_RESET, never in an exception on somebody else's thread. Devices implement {@link
 * portcullis.machine.virtio.VirtioDevice} and know nothing of PCI; {@link portcullis.machine.virtio.VirtioFunction} puts one on
 * the bus. Start reading there.
 */
package portcullis.machine.virtio;
