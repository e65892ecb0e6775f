package portcullis.memory.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Zero-filled host memory at a fixed address, committed by the host as it is touched, given back by {@link #close()}.
 *
 * <p>On Linux and macOS an anonymous private mapping without swap reservation; elsewhere a sparse temporary file.
 */
public final class HostMapping implements AutoCloseable {
    private static final boolean LINUX = System.getProperty("os.name").startsWith("Linux");
    private static final boolean MAC = System.getProperty("os.name").startsWith("Mac");

    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int PROT_EXEC = 4;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = LINUX ? 0x20 : 0x1000;
    private static final int MAP_NORESERVE = LINUX ? 0x4000 : 0x40;

    private final long address;
    private final long size;
    private final Arena fileArena;
    private boolean closed;

    private HostMapping(long address, long size, Arena fileArena) {
        this.address = address;
        this.size = size;
        this.fileArena = fileArena;
    }

    /**
     * Reserves {@code size} bytes of zeroes, readable and writable.
     *
     * @throws OutOfMemoryError when the host refuses the address space
     */
    public static HostMapping reserve(long size) {
        if (LINUX || MAC) {
            return map(0, size, PROT_READ | PROT_WRITE);
        }
        return mapSparseFile(size);
    }

    /** Whether {@link #reserveExecutable} can work here: an x86-64 Linux host. */
    public static boolean executableSupported() {
        return LINUX && System.getProperty("os.arch").equals("amd64");
    }

    /**
     * Reserves {@code size} bytes of zeroes, readable, writable and executable, for machine code.
     *
     * @throws UnsupportedOperationException on a host without {@link #executableSupported()}
     * @throws OutOfMemoryError when the host forbids executable memory
     */
    public static HostMapping reserveExecutable(long size) {
        return reserveExecutableNear(0, size);
    }

    /**
     * As {@link #reserveExecutable}, at {@code wanted} if those addresses are free, else wherever the host likes.
     *
     * @param wanted page aligned; below 2 GiB, code can use 32-bit absolute addresses
     */
    public static HostMapping reserveExecutableNear(long wanted, long size) {
        if (!executableSupported()) {
            throw new UnsupportedOperationException("executable memory needs an x86-64 Linux host");
        }
        return map(wanted, size, PROT_READ | PROT_WRITE | PROT_EXEC);
    }

    private static HostMapping map(long wanted, long size, int protection) {
        try {
            // SAFETY: without MAP_FIXED the wanted address is a hint, so the mapping replaces nothing.
            long address = (long) Mmap.MMAP.invokeExact(
                    wanted, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
            if (address == -1L) {
                throw new OutOfMemoryError("the host refused to map " + size + " bytes");
            }
            return new HostMapping(address, size, null);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError("mmap declares no checked exception", t);
        }
    }

    private static HostMapping mapSparseFile(long size) {
        try {
            Path file = Files.createTempFile("portcullis", ".ram");
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                Arena arena = Arena.ofShared();
                MemorySegment segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
                return new HostMapping(segment.address(), size, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot map guest memory from a temporary file", e);
        }
    }

    public long address() {
        return address;
    }

    public long size() {
        return size;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (fileArena != null) {
            fileArena.close();
            return;
        }
        try {
            // SAFETY: exactly the range that map() made, once; owners close only after their last access.
            int ignored = (int) Mmap.MUNMAP.invokeExact(address, size);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError("munmap declares no checked exception", t);
        }
    }

    /** Holds the downcall handles, so that hosts without mmap never look it up. */
    private static final class Mmap {
        static final MethodHandle MMAP = downcall(
                "mmap",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        static final MethodHandle MUNMAP = downcall(
                "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

        // SAFETY: the signatures are those of POSIX mmap and munmap with 64-bit size_t and off_t.
        @SuppressWarnings("restricted")
        private static MethodHandle downcall(String name, FunctionDescriptor descriptor) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
        }
    }
}
