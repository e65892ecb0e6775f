package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A new field of something with saved state does not get by unnoticed: either {@code save} and {@code restore} use it, or {@code
 * not-saved.txt} says why not.
 */
class SavedFieldsTest {
    private static final String ROOT = "portcullis.";

    private static JavaClasses classes;
    private static Set<String> excused;

    @BeforeAll
    static void read() throws IOException {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("portcullis");
        try (InputStream in = SavedFieldsTest.class.getResourceAsStream("not-saved.txt")) {
            excused = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(ROOT::concat)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void shouldSaveAndRestoreEveryField() {
        Set<JavaCodeUnit> saves = methods("save", StateWriter.class);
        Set<JavaCodeUnit> restores = methods("restore", StateReader.class);
        Set<JavaClass> families = saves.stream()
                .map(JavaCodeUnit::getOwner)
                .flatMap(owner -> Stream.concat(Stream.of(owner), owner.getAllRawSuperclasses().stream()))
                .filter(owner -> owner.getPackageName().startsWith(ROOT))
                .map(SavedFieldsTest::outermost)
                .collect(Collectors.toSet());
        Set<String> saved = accessed(saves);
        Set<String> restored = accessed(restores);
        Set<String> forgotten = new TreeSet<>();
        for (JavaClass type : classes) {
            if (families.contains(outermost(type)) && !type.isRecord() && !type.isEnum()) {
                type.getFields().stream()
                        .filter(SavedFieldsTest::mayChange)
                        .map(JavaField::getFullName)
                        .filter(field -> !(saved.contains(field) && restored.contains(field)))
                        .forEach(forgotten::add);
            }
        }
        Set<String> unexcused = new TreeSet<>(forgotten);
        unexcused.removeAll(excused);
        assertEquals("", String.join("\n", unexcused), "neither saved and restored nor in not-saved.txt");
        Set<String> gone = new TreeSet<>(excused);
        gone.removeAll(forgotten);
        assertEquals("", String.join("\n", gone), "in not-saved.txt without need");
    }

    private static Set<JavaCodeUnit> methods(String name, Class<?> argument) {
        return classes.stream()
                .flatMap(type -> type.getCodeUnits().stream())
                .filter(method -> method.getName().equals(name)
                        && method.getRawParameterTypes().stream().anyMatch(type -> type.isEquivalentTo(argument)))
                .collect(Collectors.toSet());
    }

    private static JavaClass outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer;
    }

    /** Fields that these methods use, or methods of the same class that they call. */
    private static Set<String> accessed(Collection<JavaCodeUnit> from) {
        Set<String> fields = new HashSet<>();
        Set<JavaCodeUnit> seen = new HashSet<>(from);
        Deque<JavaCodeUnit> left = new ArrayDeque<>(from);
        while (!left.isEmpty()) {
            JavaCodeUnit method = left.remove();
            method.getFieldAccesses()
                    .forEach(access ->
                            access.getTarget().resolveMember().ifPresent(field -> fields.add(field.getFullName())));
            method.getCallsFromSelf()
                    .forEach(call -> call.getTarget().resolveMember().ifPresent(called -> {
                        if (called instanceof JavaCodeUnit unit
                                && outermost(unit.getOwner()).equals(outermost(method.getOwner()))
                                && seen.add(unit)) {
                            left.add(unit);
                        }
                    }));
        }
        return fields;
    }

    /** Final fields of other types than arrays have classes of their own to look at, or are wires. */
    private static boolean mayChange(JavaField field) {
        Set<JavaModifier> modifiers = field.getModifiers();
        return !modifiers.contains(JavaModifier.STATIC)
                && !modifiers.contains(JavaModifier.SYNTHETIC)
                && (!modifiers.contains(JavaModifier.FINAL)
                        || field.getRawType().isArray());
    }
}
