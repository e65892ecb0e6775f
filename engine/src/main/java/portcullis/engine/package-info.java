/**
 * The contract between whoever owns virtual processors (hypervisor, machine) and whatever executes guest instructions.
 *
 * <p>An {@link portcullis.engine.Engine} makes {@link portcullis.engine.VirtualCpu}s; {@link
 * portcullis.engine.VirtualCpu#run} executes until it needs something and says what in an {@link
 * portcullis.engine.Exit}. Nothing here depends on how instructions are executed: no exit needs an instruction to be
 * decoded or emulated by the caller. Depends on {@code memory} only.
 */
package portcullis.engine;
