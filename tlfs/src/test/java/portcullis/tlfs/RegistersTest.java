package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/** Every register and set of flags, against the bits in registers.csv, which come from the specification's tables. */
class RegistersTest {
    @ParameterizedTest
    @CsvFileSource(resources = "registers.csv")
    void shouldHaveItsBitsWhereTheSpecificationHasThem(String register, String field, int shift, int width)
            throws ReflectiveOperationException {
        Class<?> type = Class.forName("portcullis.tlfs." + register);
        DataClasses.checkBits(type, DataClasses.constant(field), shift, width);

        if (type.isRecord()) {
            long mask = mask(shift, width);
            String accessor = accessor(field);
            assertEquals(width == 1 ? 1 : (1L << width) - 1, value(type, accessor, mask));
            assertEquals(0, value(type, accessor, ~mask));
        }
    }

    @Test
    void shouldReserveWhatTheSpecificationDoesNotName() throws ReflectiveOperationException {
        Map<String, Long> named = new HashMap<>();
        for (String line : DataClasses.resource("registers.csv")) {
            String[] columns = line.split(",");
            long mask = mask(Integer.parseInt(columns[2]), Integer.parseInt(columns[3]));
            named.merge(columns[0], mask, (a, b) -> {
                assertEquals(0, a & b, line);
                return a | b;
            });
        }
        Set<String> registers = new TreeSet<>();
        for (Class<?> holder : DataClasses.REGISTERS) {
            for (Class<?> register : holder.getClasses()) {
                String name = register.getName().substring("portcullis.tlfs.".length());
                if (!named.containsKey(name) && !register.isRecord()) {
                    continue; // codes, not bits
                }
                assertTrue(registers.add(name));
                long mask = named.get(name);
                if (mask != -1L) {
                    Field reserved = register.getField("RESERVED");
                    long all = reserved.getType() == int.class ? 0xFFFF_FFFFL : -1L;
                    assertEquals(~mask & all, reserved.getLong(null) & all, name);
                }
            }
        }
        assertEquals(registers, new TreeSet<>(named.keySet()));
    }

    private static long value(Class<?> type, String accessor, long raw) throws ReflectiveOperationException {
        boolean wide = type.getRecordComponents()[0].getType() == long.class;
        Object register = wide
                ? type.getConstructor(long.class).newInstance(raw)
                : type.getConstructor(int.class).newInstance((int) raw);
        Object value = type.getMethod(accessor).invoke(register);
        return value instanceof Boolean set ? (set ? 1 : 0) : ((Number) value).longValue();
    }

    private static long mask(int shift, int width) {
        return (-1L >>> (Long.SIZE - width)) << shift;
    }

    /** AutoEoi: autoEoi, IA32MiscEnableRead: ia32MiscEnableRead. Object has a final wait already. */
    private static String accessor(String field) {
        if (field.equals("Wait")) {
            return "waits";
        }
        int capitals = field.startsWith("IA32") ? 4 : 1;
        return field.substring(0, capitals).toLowerCase(Locale.ROOT) + field.substring(capitals);
    }
}
