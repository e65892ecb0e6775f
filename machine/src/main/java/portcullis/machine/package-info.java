/**
 * A PC around the processors: memory map, buses, interrupt controllers, devices, firmware tables, loaders.
 *
 * <p>Depends on {@code memory}, {@code engine} and {@code hypervisor}; knows nothing of how instructions are executed. Start
 * reading at {@link portcullis.machine.MemoryMap}, which says what lies where.
 */
package portcullis.machine;
