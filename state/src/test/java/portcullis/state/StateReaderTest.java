package portcullis.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class StateReaderTest {
    private static StateReader reader(StateWriter out) {
        return new StateReader("the part", 1, out.toBytes());
    }

    @Test
    void shouldGiveBackEveryKindOfValue() {
        StateWriter out = new StateWriter();
        out.putBoolean(true);
        out.putByte(0x1ff);
        out.putInt(-2);
        out.putLong(Long.MIN_VALUE);
        out.putBytes(new byte[] {1, 2, 3});
        out.putInts(new int[] {4, 5});
        out.putLongs(new long[] {6});
        out.putString("größer");
        out.putEnum(StandardOpenOption.SYNC);
        StateReader in = reader(out);
        assertTrue(in.getBoolean());
        assertEquals(0xff, in.getByte());
        assertEquals(-2, in.getInt());
        assertEquals(Long.MIN_VALUE, in.getLong());
        assertArrayEquals(new byte[] {1, 2, 3}, in.getBytes());
        int[] ints = new int[2];
        in.getInts(ints);
        assertArrayEquals(new int[] {4, 5}, ints);
        long[] longs = new long[1];
        in.getLongs(longs);
        assertEquals(6, longs[0]);
        assertEquals("größer", in.getString());
        assertEquals(StandardOpenOption.SYNC, in.getEnum(StandardOpenOption.class));
        in.finish();
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        Map<Consumer<StateWriter>, Consumer<StateReader>> cases = Map.of(
                out -> out.putByte(2), StateReader::getBoolean,
                out -> out.putByte(2), StateReader::getInt,
                out -> out.putInt(1 << 30), StateReader::getBytes,
                out -> out.putInt(-1), StateReader::getString,
                out -> out.putInts(new int[3]), in -> in.getInts(new int[2]),
                out -> out.putInt(7), in -> in.getInt(0, 6),
                out -> out.putString("NONE"), in -> in.getEnum(StandardOpenOption.class),
                out -> out.putInt(0), StateReader::finish);
        cases.forEach((write, read) -> {
            StateWriter out = new StateWriter();
            write.accept(out);
            StateReader in = reader(out);
            String line =
                    assertThrows(StateException.class, () -> read.accept(in)).getMessage();
            assertTrue(line.startsWith("the saved state of the part "), line);
        });
    }

    @Test
    void shouldSurviveGarbage() {
        Random random = new Random(5);
        for (int i = 0; i < 2000; i++) {
            byte[] garbage = new byte[random.nextInt(40)];
            random.nextBytes(garbage);
            StateReader in = new StateReader("garbage", 1, garbage);
            try {
                while (true) {
                    switch (random.nextInt(6)) {
                        case 0 -> in.getBytes();
                        case 1 -> in.getString();
                        case 2 -> in.getLongs(new long[1]);
                        case 3 -> in.getBoolean();
                        case 4 -> in.getEnum(StandardOpenOption.class);
                        default -> in.getInt();
                    }
                }
            } catch (StateException expected) {
                continue;
            }
        }
    }

    private static final class Part implements Saved {
        private final int version;
        private int value;

        Part(int version, int value) {
            this.version = version;
            this.value = value;
        }

        @Override
        public int stateVersion() {
            return version;
        }

        @Override
        public void save(StateWriter out) {
            out.putInt(value);
        }

        @Override
        public void restore(StateReader in) {
            value = in.getInt();
        }
    }

    private static StateReader state(String name, int version, int... values) {
        StateWriter out = new StateWriter();
        Arrays.stream(values).forEach(out::putInt);
        return new StateReader(name, version, out.toBytes());
    }

    @Test
    void shouldGiveEachPartItsOwnState() {
        SavedParts parts = new SavedParts();
        Part one = new Part(1, 0);
        Part two = new Part(2, 0);
        parts.add("one", one);
        parts.add("two", two);
        parts.restore(Map.of("two", state("two", 1, 22), "one", state("one", 1, 11)));
        assertEquals(11, one.value);
        assertEquals(22, two.value);
    }

    @Test
    void shouldRefuseStatesThatDoNotFitTheParts() {
        SavedParts parts = new SavedParts();
        parts.add("one", new Part(1, 0));
        refuses(parts, Map.of(), "has no one");
        refuses(parts, Map.of("one", state("one", 1, 1), "two", state("two", 1, 1)), "has two");
        refuses(parts, Map.of("one", state("one", 2, 1)), "version 2");
        refuses(parts, Map.of("one", state("one", 0, 1)), "version 0");
        refuses(parts, Map.of("one", state("one", 1, 1, 1)), "4 bytes more");
        refuses(parts, Map.of("one", state("one", 1)), "ends too early");
    }

    private static void refuses(SavedParts parts, Map<String, StateReader> states, String why) {
        String line =
                assertThrows(StateException.class, () -> parts.restore(states)).getMessage();
        assertTrue(line.contains(why), line);
    }
}
