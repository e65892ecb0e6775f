/**
 * The processor's state and the services that instructions are written against.
 *
 * <p>{@link portcullis.soft.cpu.Cpu} is what an operation ({@link portcullis.soft.cpu.Op}) gets: registers and lazy flags
 * ({@link portcullis.soft.cpu.Registers}, {@link portcullis.soft.cpu.Flags}), linear memory through the TLB ({@link
 * portcullis.soft.cpu.LinearMemory}), faults ({@link portcullis.soft.cpu.Fault}) and exits. See docs/processor.md.
 */
package portcullis.soft.cpu;
