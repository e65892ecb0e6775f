/**
 * The one fence around what is unsafe: raw host addresses, the host's mmap, executable memory, downcalls.
 *
 * <p>Nothing outside this package reinterprets a segment or makes a downcall. Addresses are plain longs; whoever passes one
 * vouches that it lies in a live mapping made by {@link portcullis.memory.host.HostMapping}.
 */
package portcullis.memory.host;
