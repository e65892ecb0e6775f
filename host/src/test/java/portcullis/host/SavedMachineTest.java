package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import portcullis.engine.ExitDetails;
import portcullis.engine.Register;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.machine.bus.PortDevice;
import portcullis.state.Saved;
import portcullis.state.StateException;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.SyntheticMsr;

@Timeout(60)
class SavedMachineTest {
    @TempDir
    private Path folder;

    /** Counts writes. */
    private static final class Counter implements PortDevice, Saved {
        private int count;

        @Override
        public int read(int port, int size) {
            return count;
        }

        @Override
        public void write(int port, int size, int value) {
            count++;
        }

        @Override
        public void save(StateWriter out) {
            out.putInt(count);
        }

        @Override
        public void restore(StateReader in) {
            count = in.getInt();
        }
    }

    /** {@code mov $0x5000, %edx; 1: inc %eax; out %al, %dx; jmp 1b} */
    private static final String CODE = "ba00500000 ffc0 ee ebfb";

    @Test
    void shouldGoOnWhereItWasSaved() throws IOException {
        Path file = folder.resolve("state");
        Counter counter = new Counter();
        long rax;
        int count;
        try (Machine machine = Guests.flat(CODE).ports(0x5000, 1, counter).build()) {
            machine.run(Until.instructions(1000));
            assertEquals(machine.save(file), Files.size(file));
            machine.run(Until.instructions(1000));
            rax = machine.vp(0).register(Register.RAX);
            count = counter.count;
        }
        Counter restored = new Counter();
        try (Machine machine = Machine.builder().ports(0x5000, 1, restored).restore(file)) {
            assertEquals(1, machine.seed().orElseThrow());
            assertTrue(restored.count > 0 && restored.count < count);
            machine.run(Until.instructions(1000));
            assertEquals(rax, machine.vp(0).register(Register.RAX));
            assertEquals(count, restored.count);
            machine.reset();
            machine.run(Until.instructions(100));
            assertTrue(machine.vp(0).register(Register.RAX) < 100, "the flat image is in the file");
        }
    }

    @Test
    @Timeout(60)
    void shouldSaveARunningMachineWhichGoesOn() throws IOException {
        Path file = folder.resolve("state");
        try (Machine machine = Guests.flat(Guests.COUNT).hostTime().start()) {
            machine.save(file);
            machine.run(Until.time(java.time.Duration.ofMillis(1)));
        }
        try (Machine machine = Machine.builder().hostTime().restore(file)) {
            // By the host's time nobody knows when its thread comes to run.
            do {
                machine.run(Until.time(java.time.Duration.ofMillis(1)));
            } while (machine.vp(0).register(Register.RAX) == 0);
        }
    }

    @Test
    void shouldKeepSuspensions() throws IOException {
        Path file = folder.resolve("state");
        try (Machine machine = Machine.builder()
                .cpus(2)
                .memory("32M")
                .hyperv("on")
                .virtualTime(4)
                .multiboot(Guests.built("flushstorm"), "paced", "0")
                .build()) {
            machine.run(Until.event(Set.of(Kind.FLUSH), event -> true));
            machine.vp(1).inhibitFlushes();
            machine.run(Until.suspended());
            machine.save(file);
        }
        try (Machine machine = Machine.builder().restore(file)) {
            Suspension suspension = machine.vp(0).suspension().orElseThrow();
            assertEquals(1, suspension.waitingOn());
            assertEquals(machine.time(), suspension.since(), "when it was restored: the file does not say");
            machine.vp(1).liftFlushInhibit();
            machine.run(Until.event(Set.of(Kind.FLUSH), event -> true));
        }
    }

    /** What a guest might write to a synthetic register; 0 where it is not to be written, or keeps nothing. */
    private static long sample(int msr) {
        return switch (msr) {
            case HvMsr.GUEST_OS_ID -> 0x8100_0001_0002_0003L;
            case HvMsr.HYPERCALL -> 0x20_0003L;
            case HvMsr.REFERENCE_TSC -> 0x20_1ffdL;
            case HvMsr.NPIEP_CONFIG -> 0xd;
            case HvMsr.TPR -> 0x35;
            case HvMsr.VP_ASSIST_PAGE -> 0x20_2001L;
            case HvMsr.SCONTROL -> 0x123_0001L;
            case HvMsr.SIEFP -> 0x20_3801L;
            case HvMsr.SIMP -> 0x20_4801L;
            case HvMsr.DEBUG_OPTIONS -> 0x1234_5678_9abcL;
            case HvMsr.REENLIGHTENMENT_CONTROL -> 0x5_0001_0041L;
            case HvMsr.TSC_EMULATION_CONTROL -> 1;
            default -> {
                if (msr >= HvMsr.SINT0 && msr <= HvMsr.SINT15) {
                    yield 0x7_0040 + msr - HvMsr.SINT0;
                }
                if (msr >= HvMsr.STIMER0_CONFIG && msr <= HvMsr.STIMER3_COUNT) {
                    yield (msr & 1) == 0 ? 0x3_0000 | 1 << (msr >> 1 & 3) & 0xe : 0x7fff_0000_0000_0000L + msr;
                }
                yield msr >= HvMsr.CRASH_P0 && msr <= HvMsr.CRASH_P4 ? 0x1111L * msr : 0;
            }
        };
    }

    /** All that can be read but clocks, and what is no question but an order. */
    private static Map<Integer, Long> syntheticRegisters(Machine machine) {
        Map<Integer, Long> values = new TreeMap<>();
        VirtualProcessor vp = machine.partition().processors().getFirst();
        vp.call(() -> {
            ExitDetails exit = new ExitDetails();
            for (SyntheticMsr each : SyntheticMsr.all()) {
                exit.msr = each.number();
                boolean asked = SyntheticMsrs.owns(exit.msr)
                        && exit.msr != HvMsr.VP_RUNTIME
                        && exit.msr != HvMsr.TIME_REF_COUNT
                        && exit.msr != HvMsr.GUEST_IDLE;
                if (asked) {
                    vp.context().syntheticMsrs().read(exit);
                    if (!exit.fault) {
                        values.put(exit.msr, exit.value);
                    }
                }
            }
        });
        return values;
    }

    @Test
    void shouldKeepEverySyntheticRegister() throws IOException {
        Path file = folder.resolve("state");
        Map<Integer, Long> before;
        try (Machine machine = Guests.flat(Guests.COUNT).hyperv("on,+syndbg").build()) {
            machine.run(Until.instructions(1000));
            Map<Integer, Long> fresh = syntheticRegisters(machine);
            VirtualProcessor vp = machine.partition().processors().getFirst();
            vp.call(() -> fresh.keySet().stream()
                    .filter(msr -> sample(msr) != 0)
                    .forEach(msr -> assertTrue(
                            vp.context().syntheticMsrs().write(msr, sample(msr)), Integer.toHexString(msr))));
            before = syntheticRegisters(machine);
            before.forEach((msr, value) -> {
                if (sample(msr) != 0) {
                    assertNotEquals(fresh.get(msr), value, "the sample for %x is no other value".formatted(msr));
                }
            });
            machine.save(file);
        }
        try (Machine machine = Machine.builder().restore(file)) {
            assertEquals(before, syntheticRegisters(machine));
        }
    }

    @Test
    void shouldRefuseDamagedAndForeignFilesAndStartNothing() throws IOException {
        Path file = folder.resolve("state");
        try (Machine machine = Guests.flat(CODE).ports(0x5000, 1, new Counter()).build()) {
            machine.run(Until.instructions(1000));
            machine.save(file);
        }
        Set<Thread> before = new HashSet<>(Thread.getAllStackTraces().keySet());
        refused(file, with(), "the saved machine has host's ports 0x5000, and this one has not");
        MachineBuilder same = Machine.builder().ports(0x5000, 1, new Counter());
        refused(file, with().cpus(2), "processors: 1 there, 2 here");
        refused(file, with().memory("64M"), "memory: 16384 KiB there, 65536 KiB here");
        refused(file, with().hostTime(), "time: virtual");
        refused(file, with().hyperv("on"), "hyperv: off there, on");
        byte[] good = Files.readAllBytes(file);
        for (int at : new int[] {20, good.length / 2, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            refused(Files.write(folder.resolve("bad"), bad), same, "is damaged");
            refused(Files.write(folder.resolve("bad"), Arrays.copyOf(good, at)), same, "is damaged");
        }
        refused(Files.writeString(folder.resolve("bad"), "something else"), same, "is no saved machine");
        refused(folder.resolve("nowhere"), same, "does not exist");
        Set<Thread> left = new HashSet<>(Thread.getAllStackTraces().keySet());
        left.removeAll(before);
        left.removeIf(thread -> !thread.getName().contains("vp"));
        assertEquals(Set.of(), left);
    }

    private static MachineBuilder with() {
        return Machine.builder();
    }

    private static void refused(Path file, MachineBuilder builder, String why) {
        StateException refused = assertThrows(StateException.class, () -> builder.restore(file));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
        assertEquals(1, refused.getMessage().lines().count(), refused.getMessage());
    }

    @Test
    void shouldRefuseToSaveAMachineThatHasEnded() {
        try (Machine machine = Guests.flat(Guests.EXIT_7).build()) {
            machine.run(Until.ended());
            assertThrows(IllegalStateException.class, () -> machine.save(folder.resolve("state")));
        }
    }
}
