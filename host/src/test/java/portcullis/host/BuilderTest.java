package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.Register;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortDevice;
import portcullis.machine.loader.FlatImage.Mode;

@Timeout(60)
class BuilderTest {
    @TempDir
    private Path folder;

    /** Counts what it is asked, and remembers what it was told last. */
    private static final class Device implements PortDevice, MmioDevice {
        private final List<String> log = new ArrayList<>();

        @Override
        public int read(int port, int size) {
            log.add("in 0x%x/%d".formatted(port, size));
            return 0x55;
        }

        @Override
        public void write(int port, int size, int value) {
            log.add("out 0x%x/%d 0x%x".formatted(port, size, value));
        }

        @Override
        public long read(long offset, int size) {
            log.add("load 0x%x/%d".formatted(offset, size));
            return 0x66;
        }

        @Override
        public void write(long offset, int size, long value) {
            log.add("store 0x%x/%d 0x%x".formatted(offset, size, value));
        }
    }

    @Test
    void shouldPlugInDevices() {
        Device device = new Device();
        // mov $0x5002, %edx; in %dx, %al; out %eax, %dx; mov $0xf0000000, %ebx; mov 8(%rbx), %ecx; mov %cx, 16(%rbx);
        // hlt
        String code = "ba02500000 31c0 ec ef bb000000f0 8b4b08 66894b10 f4";
        try (Machine machine = Guests.flat(code)
                .ports(0x5000, 4, device)
                .window(0xf000_0000L, 0x1000, device)
                .build()) {
            machine.run(Until.halted());
            assertEquals(0x55, machine.vp(0).register(Register.RAX));
            assertEquals(0x66, machine.vp(0).register(Register.RCX));
        }
        assertEquals(List.of("in 0x5002/1", "out 0x5002/4 0x55", "load 0x8/4", "store 0x10/2 0x66"), device.log);
    }

    @Test
    void shouldTakeItsShape() {
        try (Machine machine = Guests.flat(Guests.HALT)
                .cpus(3)
                .memory("24M")
                .hyperv("on,-stimer,-stimer-direct")
                .virtualTime(9)
                .build()) {
            assertEquals(3, machine.vps().size());
            assertEquals(RunState.WAIT_FOR_STARTUP, machine.vp(2).state());
            assertEquals(9, machine.seed().orElseThrow());
            assertEquals(0, machine.memory().getByte((24 << 20) - 1));
            assertTrue(machine.partition().hyperv().offered());
            assertEquals("machine with 3 vps, 24 MiB, virtual time, seed 9, at 0.000000000 s", machine.toString());
        }
        try (Machine machine =
                Guests.flat(Guests.HALT).hostTime().hyperv(HypervConfig.OFF).build()) {
            assertTrue(machine.seed().isEmpty());
        }
    }

    @Test
    void shouldBootABootSectorAndSendItsOutputToTheSink() throws IOException {
        // mov $0x3f8, %dx; mov $'!', %al; out %al, %dx; hlt
        byte[] sector = new byte[512];
        byte[] code = Guests.code("baf803 b021 ee f4");
        System.arraycopy(code, 0, sector, 0, code.length);
        sector[510] = 0x55;
        sector[511] = (byte) 0xaa;
        List<Integer> sent = new ArrayList<>();
        Path file = Files.write(folder.resolve("sector"), sector);
        try (Machine machine =
                Machine.builder().virtualTime(0).kernel(file).serial(sent::add).build()) {
            machine.run(Until.halted());
            assertEquals(0x7c00 + code.length, machine.vp(0).register(Register.RIP));
        }
        assertEquals(List.of((int) '!'), sent);
    }

    @Test
    void shouldPassWordsToMultibootKernelsAndMakeSeveralMachines() {
        MachineBuilder builder =
                Machine.builder().multiboot(Guests.built("integer"), "1").virtualTime(0);
        for (int i = 0; i < 2; i++) {
            try (Machine machine = builder.build()) {
                machine.run(Until.exit(1));
                assertEquals("integer x 1: 0xabca1f654b011d3e\n", machine.serialText());
            }
        }
    }

    static Stream<Arguments> refusals() {
        Map<String, Consumer<MachineBuilder>> table = Map.ofEntries(
                Map.entry("what does the machine boot? Say multiboot", MachineBuilder::build),
                Map.entry("a machine has 1 to 255 processors, not 0", b -> b.cpus(0)),
                Map.entry("'lots' is no memory size; write 512M or 2G", b -> b.memory("lots")),
                Map.entry(
                        "a machine has 1 MiB to 64 GiB of memory in steps of 4 KiB, not 5000 bytes",
                        b -> flat(b).memory(5000).build()),
                Map.entry("'maybe': say on, off, identity or vsm", b -> b.hyperv("maybe")),
                Map.entry("there is no enlightenment 'wings'; there are: ", b -> b.hyperv("on,-wings")),
                Map.entry("a flat image of no bytes does nothing", b -> b.flat(new byte[0], Guests.ADDRESS, Mode.LONG)),
                Map.entry(
                        "a flat image in real mode begins at 0x1000 to 0xffff, not at 0x100000",
                        b -> b.flat(new byte[1], Guests.ADDRESS, Mode.REAL)),
                Map.entry(
                        "the flat image does not fit: it needs memory from 0x2000000",
                        b -> b.flat(new byte[1], 32 << 20, Mode.LONG)
                                .memory("16M")
                                .build()),
                Map.entry(
                        "nowhere.elf does not exist; check the path",
                        b -> b.multiboot(Path.of("nowhere.elf")).build()),
                Map.entry(
                        "no.img does not exist",
                        b -> flat(b).disk(Path.of("no.img")).build()),
                Map.entry(
                        "there are ports 0 to 0xffff, not 2 from 0xffff on",
                        b -> flat(b).ports(0xffff, 2, new Device()).build()),
                Map.entry(
                        "port 0x3f8 is taken; choose others",
                        b -> flat(b).ports(0x3f8, 1, new Device()).build()),
                Map.entry(
                        "windows of devices lie from 0xf0000000 to 0xfebfffff, not at 0x1000",
                        b -> flat(b).window(0x1000, 1, new Device()).build()),
                Map.entry(
                        "window 0xf0000800+0x10 overlaps another; choose another address",
                        b -> flat(b).window(0xf000_0000L, 0x1000, new Device())
                                .window(0xf000_0800L, 0x10, new Device())
                                .build()),
                Map.entry("a diagnosis shows 0 to 1000000 events, not -1", b -> b.history(-1)),
                Map.entry("no kind of event never happens", b -> b.trace(Set.of(), event -> {})),
                Map.entry("leave multiboot, linux, kernel and flat out", b -> flat(b).restore(Path.of("x"))));
        return table.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    private static MachineBuilder flat(MachineBuilder builder) {
        return builder.flat(Guests.code(Guests.HALT), Guests.ADDRESS, Mode.LONG);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void shouldSayWhatWouldDo(String message, Consumer<MachineBuilder> wrong) {
        RuntimeException refused = assertThrows(RuntimeException.class, () -> wrong.accept(Machine.builder()));
        assertTrue(
                refused instanceof IllegalArgumentException || refused instanceof MachineException,
                () -> refused.getClass().toString());
        assertTrue(refused.getMessage().contains(message), refused.getMessage());
        assertEquals(1, refused.getMessage().lines().count());
    }
}
