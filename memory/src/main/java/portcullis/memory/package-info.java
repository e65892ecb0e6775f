/**
 * Guest physical memory: RAM and ROM segments, how the host reaches them, dirty and code-page tracking.
 *
 * <p>Depends on nothing but the JDK. Start reading at {@link portcullis.memory.GuestMemory}; every raw access to host
 * memory in the whole project goes through {@link portcullis.memory.HostMemory}.
 */
package portcullis.memory;
