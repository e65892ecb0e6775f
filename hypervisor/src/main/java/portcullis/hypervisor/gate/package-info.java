/**
 * The flush gate: a VP's TLB flushes can be inhibited, and who asks for one meanwhile is suspended until the inhibit is lifted.
 *
 * <p>Pure concurrency: atomic words and who waits for whom. It knows nothing of VPs, hypercalls or TLBs and depends on {@code
 * state} only. Start reading at {@link portcullis.hypervisor.gate.FlushGate}, the shut and the opened, then {@link
 * portcullis.hypervisor.gate.FlushPass}, who passes or waits; {@link portcullis.hypervisor.gate.FlushGates} holds those of one
 * trust level of a partition, {@link portcullis.hypervisor.gate.WaitGraph} finds waits that go in a circle.
 *
 * <p>The protocol is proved: model/gate.pml is its model, stress/ and this package's tests check the code. docs/gate.md is the
 * manual page.
 */
package portcullis.hypervisor.gate;
