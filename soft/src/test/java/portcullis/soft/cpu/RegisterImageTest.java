package portcullis.soft.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.memory.host.HostMemory;
import portcullis.soft.LongMode;
import portcullis.soft.state.State;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

class RegisterImageTest {
    /** What is no register: constants that are no offsets, requests of other threads, and the TLB, which {@code Tlb} saves. */
    private static final Set<String> NO_REGISTER = Set.of("ZERO", "POLL", "VECTOR_STRIDE", "SIZE");

    static Stream<Field> fields() {
        return Arrays.stream(State.class.getFields())
                .filter(field -> !NO_REGISTER.contains(field.getName()))
                .filter(field -> !field.getName().startsWith("TLB"));
    }

    private static byte[] saved(Registers cpu) {
        StateWriter out = new StateWriter();
        RegisterImage.save((Flags) cpu, out);
        return out.toBytes();
    }

    @ParameterizedTest
    @MethodSource("fields")
    void shouldSaveEveryFieldOfTheStateBlock(Field field) throws IllegalAccessException {
        int offset = field.getInt(null);
        try (LongMode machine = new LongMode()) {
            Registers cpu = (Registers) machine.cpu;
            byte[] before = saved(cpu);
            // One of these two bits counts in every field.
            HostMemory.putInt(cpu.state + offset, HostMemory.getInt(cpu.state + offset) ^ 0x201);
            assertFalse(Arrays.equals(before, saved(cpu)), field.getName());
        }
    }

    @Test
    void shouldGiveBackWhatItSaved() {
        Random random = new Random(3);
        try (LongMode one = new LongMode();
                LongMode two = new LongMode()) {
            Registers from = (Registers) one.cpu;
            Registers to = (Registers) two.cpu;
            for (int at = 0; at < State.TLB; at += 4) {
                if (at != State.ZERO && at != State.ZERO + 4 && at != State.POLL && at != State.RFLAGS + 4) {
                    HostMemory.putInt(from.state + at, random.nextInt() & (at == State.RFLAGS ? 0x3f_7700 : -1));
                }
            }
            byte[] saved = saved(from);
            StateReader in = new StateReader("vp", 1, saved);
            RegisterImage.restore((Flags) to, in);
            in.finish();
            assertArrayEquals(saved, saved(to));
            assertTrue(saved.length > 1000);
        }
    }
}
