package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.soft.model.CpuModel;

/** Guests that fill their tables and registers with nonsense get faults and shutdowns, never an exception of the host. */
class GarbageTest {
    static final String[] CODE = {
        "ea",
        "9a",
        "ff1b",
        "ff2b",
        "cb",
        "ca0800",
        "cf",
        "48cf",
        "66cf",
        "cd",
        "cc",
        "ce",
        "f1",
        "0f05",
        "480f07",
        "0f07",
        "0f34",
        "0f35",
        "480f35",
        "8ed0",
        "8ed8",
        "8ee8",
        "17",
        "1f",
        "0fa1",
        "0fb203",
        "c503",
        "0f00d0",
        "0f00d8",
        "0f00e0",
        "0f02c1",
        "0f03c1",
        "63c8",
        "6203",
        "fa",
        "fb",
        "9c",
        "9d",
        "669d",
        "0f22c0",
        "0f22d8",
        "0f22e0",
        "440f22c0",
        "0f01f0",
        "0f06",
        "0f23f8",
        "0f23f0",
        "0f21c0",
        "0f30",
        "0f32",
        "0fa2",
        "0f0113",
        "0f011b",
        "0f0103",
        "0f013b",
        "660f388203",
        "ec",
        "ef",
        "6c",
        "f36d",
        "6e",
        "f36f",
        "0fae03",
        "0fae0b",
        "0fae23",
        "0fae2b",
        "0fae33",
        "0f01d1",
        "0f01d0",
        "0f01ef",
        "0f01f8",
        "f3480faed0",
        "0f01cb",
        "0fc7f0",
        "0fae3b",
        "f4",
        "0f01f9",
        "0f33"
    };

    private static final int[] MODES = {0, 1, 2, 3, 4, 5, 6};

    static Guest guest(Random random) {
        Guest g = new Guest(random.nextBoolean() ? CpuModel.Vendor.INTEL : CpuModel.Vendor.AMD);
        switch (MODES[random.nextInt(MODES.length)]) {
            case 0 -> g.realMode();
            case 1 -> g.protectedMode();
            case 2 -> g.protectedMode().level(3);
            case 3 -> g.protectedMode().virtual8086(random.nextInt(4), 0);
            case 4 -> g.longMode();
            case 5 -> g.longMode().level64(3);
            default -> g.longMode().level(3);
        }
        return g;
    }

    private static long value(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt() & 0xffffffffL;
            case 2 -> -1L << random.nextInt(64);
            case 3 -> 0xc0000080L + random.nextInt(8);
            case 4 -> 0xfffff000L + random.nextInt(0x1000);
            default -> Guest.DATA + random.nextInt(0x2000);
        };
    }

    /** System descriptors and gates are more likely than chance has it. */
    private static long descriptor(Random random) {
        long raw = random.nextLong();
        if (random.nextBoolean()) {
            raw = raw & ~(0x1fL << 40) | (long) random.nextInt(16) << 40 | 1L << 47;
        }
        return random.nextBoolean() ? raw & ~0xffff0000L | (long) random.nextInt(0x200) << 16 : raw;
    }

    static void scramble(Guest g, Random random) {
        for (long at = Guest.GDT; at < Guest.GDT + 0x200; at += 8) {
            if (random.nextInt(4) == 0) {
                g.memory.putLong(at, descriptor(random));
            }
        }
        for (long at = Guest.IDT; at < Guest.IDT + 0x800; at += 8) {
            if (random.nextInt(4) == 0) {
                g.memory.putLong(at, descriptor(random));
            }
        }
        for (long at = Guest.TSS; at < Guest.TSS + 0x70; at += 4) {
            if (random.nextInt(3) == 0) {
                g.memory.putInt(at, random.nextBoolean() ? random.nextInt(0x200) : random.nextInt());
            }
        }
        for (long at = Guest.DATA; at < Guest.DATA + 0x2000; at += 8) {
            g.memory.putLong(at, random.nextBoolean() ? random.nextInt(0x200) : random.nextLong());
        }
        for (int i = 0; i < 16; i++) {
            g.set(Register.values()[i], value(random));
        }
        if (random.nextInt(4) == 0) {
            g.cpu.setIdt(new portcullis.engine.DescriptorTable(value(random), random.nextInt(0x10000)));
        }
        if (random.nextInt(4) == 0) {
            g.cpu.setGdt(new portcullis.engine.DescriptorTable(value(random), random.nextInt(0x10000)));
        }
        if (random.nextInt(4) == 0) {
            int attributes = random.nextBoolean() ? 0x8b : 0x83;
            g.segment(SegmentRegister.TR, random.nextInt(0x200), value(random), random.nextInt(0x200), attributes);
        }
        if (random.nextInt(4) == 0) {
            g.set(Register.DR7, random.nextInt() & 0xffffffffL).set(Register.DR0, value(random));
        }
        if (random.nextInt(4) == 0) {
            g.set(Register.CR4, g.get(Register.CR4) | random.nextInt() & 0x4707ef);
        }
        if (random.nextInt(3) == 0) {
            long kept = g.get(Register.RFLAGS) & 0x20000;
            g.set(Register.RFLAGS, random.nextInt() & 0x3d7fd5 | 2 | kept);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldAlwaysEndInAnExit(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 12; round++) {
            try (Guest g = guest(random)) {
                for (int i = 0; i < 60; i++) {
                    g.memory.fill(Guest.CODE, 0x1000, (byte) random.nextInt());
                    String text = "";
                    for (int n = 0; n < 4; n++) {
                        text += CODE[random.nextInt(CODE.length)];
                    }
                    scramble(g, random);
                    g.rewind().code(text);
                    String tried = "seed %d round %d: %s".formatted(seed, round, text);
                    assertDoesNotThrow(() -> runSome(g, random), tried);
                }
            }
        }
    }

    private static void runSome(Guest g, Random random) {
        g.cpu.setBudget(200);
        for (int exits = 0; exits < 20; exits++) {
            ExitReason reason = g.run();
            g.cpu.exit().value = random.nextLong();
            g.cpu.exit().fault = random.nextBoolean();
            if (reason == ExitReason.BUDGET || reason == ExitReason.SHUTDOWN || reason == ExitReason.HALT) {
                break;
            }
        }
        g.cpu.describe();
    }
}
