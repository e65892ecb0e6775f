package portcullis.soft.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import portcullis.soft.cpu.Op;
import portcullis.soft.state.State;

/** Every vector instruction in every form, on the same inputs as a Zen 4 had; a digest says whether all results are the same. */
class MeasuredInstructionsTest {
    private static final int RUNS = 50;
    private static final long MEMORY = 0x200100;
    private static final int RSI = 6;
    private static final int RDI = 7;
    private static final int STATUS = 0x8d5;

    private static final long[] CORNERS64 = {
        0,
        1L << 63,
        0x3ff0000000000000L,
        0xbff0000000000000L,
        0x7ff0000000000000L,
        0xfff0000000000000L,
        0x7ff8000000000001L,
        0x7ff0000000000123L,
        1,
        0x000fffffffffffffL,
        0x0010000000000000L,
        0x7fefffffffffffffL,
        0x41dfffffffc00000L,
        0xc1e0000000200000L,
        0x43e0000000000000L,
        0x3fe0000000000000L
    };
    private static final int[] CORNERS32 = {
        0,
        0x80000000,
        0x3f800000,
        0xbf800000,
        0x7f800000,
        0xff800000,
        0x7fc00001,
        0x7f800123,
        1,
        0x007fffff,
        0x00800000,
        0x7f7fffff,
        0x4effffff,
        0xcf000000,
        0x3f000000,
        0xc0490fdb
    };
    private static final int[] CORNERS8 = {0, 1, 0x7f, 0x80, 0x81, 0xff, 0xfe, 0x61};

    /** State of SplitMix64. */
    private long random;

    private long next() {
        random += 0x9e3779b97f4a7c15L;
        long z = (random ^ random >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    private long value() {
        int kind = (int) (next() >>> 61);
        long r = next();
        return switch (kind) {
            case 0, 1 -> r;
            case 2 -> {
                long bytes = 0;
                for (int i = 0; i < 8; i++) {
                    bytes = bytes << 8 | CORNERS8[(int) (r >>> 8 * i) & 7];
                }
                yield bytes;
            }
            case 3 -> CORNERS64[(int) r & 15];
            case 4 -> CORNERS32[(int) r & 15] & 0xffff_ffffL | (long) CORNERS32[(int) (r >>> 8) & 15] << 32;
            case 5 -> r & 0x800fffffffffffffL | 0x3f0 + (r >>> 52 & 31) << 52;
            case 6 -> r & 0x807fffff807fffffL | 0x70 + (r >>> 24 & 31) << 23 | 0x70 + (r >>> 56 & 31) << 55;
            default -> r & 0x3f;
        };
    }

    @Test
    void shouldDoWhatHardwareDid() throws IOException {
        List<String> differences = new ArrayList<>();
        List<String> rows;
        try (InputStream in = MeasuredInstructionsTest.class.getResourceAsStream("zen4.digests")) {
            String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            rows = text.lines().filter(line -> !line.startsWith("#")).toList();
        }
        assertTrue(rows.size() > 1800);
        try (VectorMachine vectors = new VectorMachine()) {
            for (String row : rows) {
                String[] columns = row.split(" ");
                Op op = vectors.decode(HexFormat.of().parseHex(columns[0]));
                if (op == null) {
                    differences.add(columns[0] + " is not decoded");
                } else if (!columns[1].equals("%08x".formatted(digest(vectors, op)))) {
                    differences.add(columns[0] + " " + op.in);
                }
            }
        }
        assertEquals(List.of(), differences);
    }

    private long digest(VectorMachine vectors, Op op) {
        CRC32 crc = new CRC32();
        random = 0x5eed;
        for (int run = 0; run < RUNS; run++) {
            prepare(vectors);
            op.execute(vectors.cpu);
            for (int i = 0; i < 4; i++) {
                update(crc, vectors.cpu.r64(i));
            }
            for (int i = 0; i < 3; i++) {
                update(crc, vectors.cpu.field(State.X87 + i * 16));
            }
            for (int i = 0; i < 16; i++) {
                update(crc, vectors.cpu.vector(i / 4, i % 4));
            }
            for (int i = 0; i < 16; i++) {
                update(crc, vectors.machine.memory.getLong(MEMORY + i * 8));
            }
            update(crc, vectors.cpu.field32(State.MXCSR));
            update(crc, vectors.cpu.status());
        }
        return crc.getValue();
    }

    private void prepare(VectorMachine vectors) {
        for (int i = 0; i < 4; i++) {
            vectors.cpu.r64(i, value());
        }
        vectors.cpu.r64(RSI, MEMORY + 32);
        vectors.cpu.r64(RDI, MEMORY + 43);
        for (int i = 0; i < 3; i++) {
            vectors.cpu.field(State.X87 + i * 16, value());
        }
        for (int i = 0; i < 16; i++) {
            vectors.cpu.vector(i / 4, i % 4, value());
        }
        for (int i = 0; i < 16; i++) {
            vectors.machine.memory.putLong(MEMORY + i * 8, value());
        }
        long control = next();
        int mxcsr = 0x1f80 | (int) (control & 3) << 13;
        mxcsr |= (control & 4) != 0 ? 0x8000 : 0;
        mxcsr |= (control & 8) != 0 ? 0x40 : 0;
        vectors.cpu.field32(State.MXCSR, mxcsr);
        vectors.cpu.status(control >>> 8 & STATUS);
    }

    private static void update(CRC32 crc, long value) {
        for (int i = 0; i < 8; i++) {
            crc.update((int) (value >>> 8 * i) & 0xff);
        }
    }
}
