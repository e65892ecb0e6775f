package portcullis.soft.protect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.memory.GuestMemory;
import portcullis.soft.model.CpuModel;
import portcullis.state.StateException;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** A processor that takes up another's state cannot be told from it, whatever either had been doing. */
class SavedStateTest {
    /** Beside the garbage: loops, strings, memory without RAM, stores into tables and code, x87, SSE and AVX, shadows. */
    private static final String[] MORE = {
        "48ffc0ebf9",
        "40e2fd",
        "b8ff000000",
        "b900010000",
        "f3a4",
        "f3ab",
        "f2ae",
        "a5",
        "48a5",
        "8803",
        "488b03",
        "48890b",
        "8b0425000050f0",
        "a3000050f0",
        "871c2500000060",
        "f0480fc103",
        "f0480fc70b",
        "d9e8",
        "d9eb",
        "dec1",
        "d9fe",
        "dd1b",
        "dbe3",
        "0fefc0",
        "0f10c1",
        "f20f58c1",
        "660f6fc8",
        "c5fd6fc1",
        "c5fc58ca",
        "c5f877",
        "fbf4",
        "fb90f4",
        "8ed090",
        "0f31",
        "0f01f9",
        "9c80cc01",
        "9d",
        "6a0058",
        "50",
        "58",
        "c3",
        "e800000000",
        "0f0138",
        "0f22d8",
        "0f20d8",
        "48c1e003",
        "0fb6c0",
        "0fa3c8",
        "0fc8",
        "90",
        "f390",
        "e4f4",
        "e6f4",
        "f36e",
        "f36c",
        "ed",
        "0fc7f8",
        "f4",
        "cd80",
        "0f0b",
    };

    private static byte[] saved(Guest g) {
        StateWriter out = new StateWriter();
        g.cpu.save(out);
        return out.toBytes();
    }

    private static byte[] memory(Guest g) {
        byte[] bytes = new byte[4 << 20];
        g.memory.read(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** A new processor with the memory, the time and the state of {@code from}. */
    private static Guest successor(Guest from) {
        Guest g = new Guest(from.vendor);
        byte[] bytes = memory(from);
        g.memory.write(0, bytes, 0, bytes.length);
        for (long page = 0; page < bytes.length; page += GuestMemory.PAGE_SIZE) {
            if ((from.memory.pageFlags(page) & GuestMemory.PAGE_DIRTY) == 0) {
                g.memory.updatePageFlags(page, 0, GuestMemory.PAGE_DIRTY);
            }
        }
        g.ticks = from.ticks;
        StateReader in = new StateReader("vp", 1, saved(from));
        g.cpu.restore(in);
        in.finish();
        return g;
    }

    /** Something that happens to a processor: the same for the same random numbers. */
    private static String act(Guest g, Random random) {
        switch (random.nextInt(10)) {
            case 0 -> g.cpu.postNmi();
            case 1 -> g.cpu.requestInterruptWindow(random.nextBoolean());
            case 2 -> {
                if (g.cpu.interruptible()) {
                    g.cpu.injectInterrupt(32 + random.nextInt(200));
                }
            }
            case 3 -> {
                long page = Guest.PAGE_TABLES + 0x3000 + random.nextInt(512) * 8L;
                g.memory.putLong(page, g.memory.getLong(page) ^ 1L << random.nextInt(13));
            }
            case 4 -> {
                if (random.nextInt(4) == 0) {
                    g.cpu.flushTlb(random.nextInt(4 << 20));
                }
            }
            case 5 -> g.set(Register.RIP, Guest.CODE + random.nextInt(8));
            default -> {
                // Only runs.
            }
        }
        g.cpu.setBudget(random.nextInt(1, 40));
        ExitReason reason = g.cpu.run();
        String told = g.cpu.exit().readable().toString();
        long answer = random.nextLong();
        boolean fault = random.nextInt(4) == 0;
        switch (reason) {
            case PORT_READ, MMIO_READ -> g.cpu.exit().value = answer;
            case MSR_READ, MSR_WRITE -> {
                g.cpu.exit().value = answer;
                g.cpu.exit().fault = fault;
            }
            case HYPERCALL -> g.cpu.completeInstruction(g.cpu.exit().instructionLength);
            default -> {
                // Needs no answer.
            }
        }
        return told;
    }

    private static String code(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            String[] menu = random.nextInt(3) == 0 ? GarbageTest.CODE : MORE;
            text.append(menu[random.nextInt(menu.length)]);
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                32, 33, 34, 35, 36, 37
            })
    void shouldGoOnLikeTheProcessorThatWasSaved(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 25; round++) {
            try (Guest first = GarbageTest.guest(random)) {
                if (random.nextInt(3) == 0) {
                    GarbageTest.scramble(first, random);
                }
                first.rewind();
                for (int i = 0; i < 8; i++) {
                    first.code(code(random));
                }
                for (int i = random.nextInt(30); i > 0; i--) {
                    act(first, random);
                }
                try (Guest second = successor(first)) {
                    goOnAlike(first, second, random.nextLong(), "seed %d round %d".formatted(seed, round));
                }
            }
        }
    }

    @Test
    void shouldRefuseWhatNoProcessorSaved() {
        try (Guest first = new Guest(CpuModel.Vendor.INTEL).longMode();
                Guest second = new Guest(CpuModel.Vendor.INTEL)) {
            byte[] good = saved(first);
            Random random = new Random(7);
            for (int i = 0; i < 500; i++) {
                byte[] bad = good.clone();
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
                StateReader in = new StateReader("vp", 1, java.util.Arrays.copyOf(bad, random.nextInt(bad.length + 1)));
                try {
                    second.cpu.restore(in);
                    in.finish();
                } catch (StateException refused) {
                    continue;
                }
            }
            assertThrows(StateException.class, () -> second.cpu.restore(new StateReader("vp", 1, new byte[0])));
        }
    }

    private static void goOnAlike(Guest first, Guest second, long seed, String which) {
        assertArrayEquals(saved(first), saved(second), which);
        Random one = new Random(seed);
        Random two = new Random(seed);
        for (int step = 0; step < 40; step++) {
            String at = which + " step " + step;
            assertEquals(act(first, one), act(second, two), at);
            assertEquals(state(first), state(second), at);
            // Not all of the saved state: which pages may be written quickly depends on which hold decoded code.
            assertArrayEquals(first.cpu.extendedState(), second.cpu.extendedState(), at);
            assertEquals(first.cpu.retired(), second.cpu.retired(), at);
            assertEquals(first.cpu.interruptible(), second.cpu.interruptible(), at);
        }
        assertArrayEquals(memory(first), memory(second), which);
    }

    /** Without what led there, which a triple fault's report goes on with: that is not saved. */
    private static String state(Guest g) {
        return g.cpu.describe().replaceFirst("(?s)last exceptions:.*", "");
    }
}
