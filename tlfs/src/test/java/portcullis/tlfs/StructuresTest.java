package portcullis.tlfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.tlfs.layout.Layout;

/**
 * Every structure, against offsets and sizes in structures.csv. Those were not made from the definitions: they are a C
 * compiler's for the specification's own declarations, and the numbers in its tables where it has no declaration.
 */
class StructuresTest {
    private static final Map<String, Layout> BY_NAME = new HashMap<>();

    static Stream<Class<?>> structures() {
        List<Class<?>> structures = new ArrayList<>();
        for (Class<?> type : DataClasses.STRUCTURES) {
            structures.addAll(withLayout(type));
        }
        return structures.stream();
    }

    @BeforeAll
    static void collectLayouts() {
        structures().forEach(type -> {
            Layout layout = layout(type);
            assertNull(BY_NAME.put(layout.name(), layout), layout.name());
        });
    }

    @ParameterizedTest
    @CsvFileSource(resources = "structures.csv")
    void shouldLieInMemoryAsTheSpecificationSays(String structure, String field, int offset, int size) {
        Layout layout = BY_NAME.get(structure);
        assertNotNull(layout, structure);
        if (field == null) {
            assertEquals(size, layout.size());
        } else {
            assertEquals(offset, layout.field(field).offset());
            assertEquals(size, layout.field(field).size());
        }
    }

    @ParameterizedTest
    @MethodSource("structures")
    void shouldHaveAConstantForEveryFieldAndBit(Class<?> type) throws ReflectiveOperationException {
        Layout layout = layout(type);
        assertEquals(layout.size(), type.getField("SIZE").getInt(null));
        for (Layout.Field field : layout.fields()) {
            String constant = field.name().equals("Size") ? "SIZE_FIELD" : DataClasses.constant(field.name());
            assertEquals(field.offset(), type.getField(constant).getInt(null), constant);
            for (Layout.Bits bits : field.bits()) {
                DataClasses.checkBits(
                        type, constant + "_" + DataClasses.constant(bits.name()), bits.shift(), bits.width());
            }
        }
    }

    @Test
    void shouldBeCheckedAgainstTheSpecificationFieldByField() {
        // The rows of the other test, again: it does not matter which of the two runs first.
        Set<String> rows = new HashSet<>();
        for (String line : DataClasses.resource("structures.csv")) {
            String[] columns = line.split(",");
            rows.add(columns[1].isEmpty() ? columns[0] : columns[0] + "." + columns[1]);
        }
        for (Layout layout : BY_NAME.values()) {
            assertTrue(rows.contains(layout.name()), layout.name());
            for (Layout.Field field : layout.fields()) {
                assertTrue(rows.contains(layout.name() + "." + field.name()), layout.name() + "." + field.name());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldAgreeWithTheFormOfTheCall(HypercallCode call) {
        CallShape shape = call.shape();
        checkSize(call.specName() + " input", shape.inputHeader());
        checkSize(call.specName() + " element", shape.inputElement());
        checkSize(call.specName() + " output", shape.outputHeader());
        checkSize(call.specName() + " output element", shape.outputElement());
    }

    private static void checkSize(String structure, int size) {
        Layout layout = BY_NAME.get(structure);
        if (layout != null) { // some calls share a structure, and some have none
            assertEquals(size, layout.size(), structure);
        }
    }

    private static List<Class<?>> withLayout(Class<?> type) {
        List<Class<?>> found = new ArrayList<>();
        if (Stream.of(type.getFields()).anyMatch(field -> field.getName().equals("LAYOUT"))) {
            found.add(type);
        }
        for (Class<?> nested : type.getClasses()) {
            found.addAll(withLayout(nested));
        }
        return found;
    }

    private static Layout layout(Class<?> type) {
        try {
            Field layout = type.getField("LAYOUT");
            return (Layout) layout.get(null);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(type.getName(), e);
        }
    }
}
