package portcullis.machine.loader;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.memory.GuestMemory;

/** Damaged images: whatever is in the file, it loads or a LoadException comes out, and nothing else. */
class LoaderFuzzTest {
    private static final long RAM = 24L << 20;
    private static final int ROUNDS = 4000;
    private static final int[] INTERESTING = {0, 1, 0x7f, 0x80, 0xff};

    private static final List<byte[]> IMAGES = List.of(
            SyntheticKernels.bzImage(true),
            SyntheticKernels.bzImage(false),
            SyntheticKernels.multibootElf(false),
            SyntheticKernels.multibootElf(true),
            SyntheticKernels.multibootFlat(),
            SyntheticKernels.pvhElf(true),
            SyntheticKernels.pvhElf(false),
            SyntheticKernels.bootSector());

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void shouldLoadOrRefuseWhateverTheFileHolds(int which) {
        Random random = new Random(which);
        try (GuestMemory memory = SyntheticKernels.memory(RAM)) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] image = damage(IMAGES.get(which), random);
                byte[][] modules =
                        random.nextInt(4) == 0 ? new byte[][] {new byte[random.nextInt(9000)]} : new byte[0][];
                BootRequest request = SyntheticKernels.request(memory, RAM, image, "words", modules);
                KernelLoader.Format format = KernelLoader.Format.values()[random.nextInt(2)];
                try {
                    KernelLoader.load(request, format);
                } catch (LoadException e) {
                    assertFalse(e.getMessage().contains("\n"));
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("image " + which + ", round " + round, e);
                }
            }
        }
    }

    private static byte[] damage(byte[] image, Random random) {
        byte[] copy = random.nextInt(8) == 0 ? Arrays.copyOf(image, random.nextInt(image.length + 1)) : image.clone();
        if (copy.length == 0) {
            return new byte[1];
        }
        // Most damage goes to the headers, which are at the start of every format.
        int headers = Math.min(copy.length, image.length == 3 * 512 + 4096 ? 0x270 : 256);
        for (int hits = 1 + random.nextInt(6); hits > 0; hits--) {
            int from = image.length == 3 * 512 + 4096 && random.nextInt(4) > 0 ? Math.min(0x1f1, headers - 1) : 0;
            int at = from + random.nextInt(headers - from);
            int run = 1 + random.nextInt(8);
            boolean interesting = random.nextBoolean();
            int value = INTERESTING[random.nextInt(INTERESTING.length)];
            for (int i = at; i < Math.min(at + run, copy.length); i++) {
                copy[i] = (byte) (interesting ? value : random.nextInt(256));
            }
        }
        return copy;
    }
}
