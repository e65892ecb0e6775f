package portcullis.soft.litmus;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.soft.LongMode;

/**
 * Runs one small program a CPU, all at once, over many independent slots of memory, 64 bytes apart. The programs wait for
 * a common flag, so that they start together, and end in an endless loop; a budget of instructions ends the run.
 */
final class TwoCpus implements AutoCloseable {
    static final int SLOTS = 20_000;
    static final int STRIDE = 64;
    static final long X = 0x400000;
    static final long Y = 0x600000;
    private static final long GO = 0x1ff000;
    private static final long RESULTS = 0x800000;
    private static final long CODE = 0x100000;

    final LongMode machine = new LongMode();
    private final List<VirtualCpu> cpus = new ArrayList<>();

    /** Adds a CPU that runs {@code code}: RBX is X, RCX is Y, RDX its results, RSI the flag, RDI the number of slots. */
    TwoCpus cpu(String code) {
        return cpu(code, X, Y);
    }

    TwoCpus cpu(String code, long rbx, long rcx) {
        int index = cpus.size();
        VirtualCpu cpu = index == 0 ? machine.cpu : machine.engine.createCpu(index, index);
        if (index > 0) {
            copyState(machine.cpu, cpu);
        }
        byte[] bytes = HexFormat.of().parseHex(code);
        long at = CODE + index * 0x1000L;
        machine.memory.write(at, bytes, 0, bytes.length);
        cpu.set(Register.RIP, at);
        cpu.set(Register.RBX, rbx);
        cpu.set(Register.RCX, rcx);
        cpu.set(Register.RDX, results(index));
        cpu.set(Register.RSI, GO);
        cpu.set(Register.RDI, SLOTS);
        cpus.add(cpu);
        return this;
    }

    private static void copyState(VirtualCpu from, VirtualCpu to) {
        for (Register register : new Register[] {Register.CR4, Register.CR3, Register.EFER, Register.CR0}) {
            to.set(register, from.get(register));
        }
        for (SegmentRegister register : SegmentRegister.values()) {
            Segment segment = from.segment(register);
            to.setSegment(register, segment);
        }
    }

    private static long results(int index) {
        return RESULTS + index * 0x200000L;
    }

    /** The {@code word}th result of a CPU in a slot. */
    int result(int cpu, int slot, int word) {
        return machine.memory.getInt(results(cpu) + (long) slot * STRIDE + word * 4L);
    }

    /** Runs all programs to their ends. */
    void run() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (VirtualCpu cpu : cpus) {
            threads.add(Thread.ofPlatform().name("litmus-" + cpu.index()).unstarted(() -> {
                try {
                    runToEnd(cpu);
                } catch (Throwable t) {
                    synchronized (failures) {
                        failures.add(t);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        machine.memory.putInt(GO, 1);
        for (Thread thread : threads) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError(failures.getFirst());
        }
    }

    private static void runToEnd(VirtualCpu cpu) {
        while (cpu.get(Register.RDI) != 0) {
            cpu.setBudget(10_000);
            ExitReason reason = cpu.run();
            if (reason != ExitReason.BUDGET) {
                throw new AssertionError(reason + "\n" + cpu.describe());
            }
        }
    }

    @Override
    public void close() {
        cpus.stream().skip(1).forEach(VirtualCpu::close);
        machine.close();
    }
}
