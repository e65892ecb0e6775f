/**
 * Puts a kernel and what belongs to it into guest memory and says with what processor state it starts.
 *
 * <p>Formats: Linux bzImage and ELF (64-bit, 32-bit and PVH boot protocols), multiboot 1, boot sectors. Files are untrusted: every field is
 * checked before it is used, nothing is placed over the guest's own segments, and all that is wrong comes out as {@link
 * portcullis.machine.loader.LoadException}, one line with the remedy. Depends on {@code memory}, on the processor state of {@code engine}
 * and on {@link portcullis.machine.MemoryMap}. Start reading at {@link portcullis.machine.loader.KernelLoader}.
 */
package portcullis.machine.loader;
