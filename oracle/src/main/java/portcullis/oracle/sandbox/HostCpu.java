package portcullis.oracle.sandbox;

import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;
import portcullis.memory.host.NativeCall;

/**
 * The host's own processor, running test cases through executable memory: the oracle.
 *
 * <p>A fault in a test case would end the JVM, so whoever writes the cases makes sure that none is possible.
 */
public final class HostCpu implements Processor {
    private static final int OSXSAVE = 1 << 27;

    private final HostMapping mapping;
    private Trampoline trampoline;

    private HostCpu(HostMapping mapping) {
        this.mapping = mapping;
    }

    /** Whether this host can be an oracle: x86-64 Linux that lets a process write and execute the same memory. */
    public static boolean supported() {
        if (!HostMapping.executableSupported()) {
            return false;
        }
        try {
            HostMapping.reserveExecutable(Layout.SIZE).close();
            return true;
        } catch (OutOfMemoryError refused) {
            return false; // SELinux and its like
        }
    }

    /** @throws UnsupportedOperationException where {@link #supported} is false */
    public static HostCpu open() {
        HostCpu cpu = new HostCpu(reserveLow());
        cpu.install(new Trampoline(Trampoline.Extent.GENERAL));
        return cpu;
    }

    /** Below 2 GiB if there is room: a JVM may have put something of its own at any one address. */
    private static HostMapping reserveLow() {
        for (long wanted : Layout.PREFERRED_BASES) {
            HostMapping mapping = HostMapping.reserveExecutableNear(wanted, Layout.SIZE);
            if (mapping.address() == wanted) {
                return mapping;
            }
            mapping.close();
        }
        return HostMapping.reserveExecutable(Layout.SIZE);
    }

    @Override
    public void install(Trampoline wanted) {
        trampoline = wanted;
        byte[] code = wanted.bytes();
        HostMemory.copy(code, 0, memory() + Layout.TRAMPOLINE, code.length);
    }

    public Trampoline trampoline() {
        return trampoline;
    }

    /** The stack pointer that {@link Trampoline#run} was last entered with; before the first time, one that might have been. */
    public long entryStackPointer() {
        long stored = HostMemory.getLong(memory() + Layout.CONTEXT_HOST_RSP);
        // Six registers were pushed before the trampoline stored it.
        return stored == 0 ? 0x7fff_0000_0008L : stored + 6 * 8;
    }

    @Override
    public long memory() {
        return mapping.address();
    }

    @Override
    public void codeChanged() {
        // x86 processors see stores to code without being told (SDM 11.6).
    }

    @Override
    public int run(int first, int count) {
        // SAFETY: run() keeps the C convention and its stack pointer in this thread's stack; the cases raise no fault.
        NativeCall.call(memory() + trampoline.run(), memory() + Layout.TABLE + 16L * first, count, 0);
        return count;
    }

    @Override
    public String problem() {
        return "";
    }

    @Override
    public int[] cpuid(int leaf, int subleaf) {
        long result = memory() + Layout.CONTEXT_PROBE;
        NativeCall.call(memory() + trampoline.cpuid(), leaf, subleaf, result);
        return new int[] {
            HostMemory.getInt(result),
            HostMemory.getInt(result + 4),
            HostMemory.getInt(result + 8),
            HostMemory.getInt(result + 12)
        };
    }

    @Override
    public long xcr0() {
        if ((cpuid(1, 0)[2] & OSXSAVE) == 0) {
            return 0;
        }
        return NativeCall.call(memory() + trampoline.xgetbv(), 0, 0, 0);
    }

    @Override
    public void close() {
        mapping.close();
    }
}
