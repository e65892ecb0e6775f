package portcullis.hypervisor.trace;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The fields of events by name, for formats that show them all alike. Slow: for who reads traces, not for who emits. */
public final class EventFields {
    /** Of one kind of events: looked up once, since that is what is slow. */
    private record Shape(List<Field> fields, Constructor<?> constructor) {
        static Shape of(Class<?> type) {
            RecordComponent[] components = type.getRecordComponents();
            Class<?>[] types =
                    Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            try {
                return new Shape(Stream.of(components).map(Field::of).toList(), type.getDeclaredConstructor(types));
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(type + " is no record", e);
            }
        }
    }

    private record Field(String name, Class<?> type, boolean hex, Method accessor) {
        static Field of(RecordComponent component) {
            return new Field(
                    component.getName(),
                    component.getType(),
                    component.isAnnotationPresent(Hex.class),
                    component.getAccessor());
        }

        boolean isPlace() {
            return type == At.class;
        }

        Object readable(TraceEvent event) {
            Object value;
            try {
                value = accessor.invoke(event);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(name + " cannot be read", e);
            }
            if (hex) {
                return "0x"
                        + (value instanceof Integer number
                                ? Integer.toHexString(number)
                                : Long.toHexString((Long) value));
            }
            return value instanceof Enum<?> constant ? constant.name() : value;
        }
    }

    private static final ClassValue<Shape> SHAPES = new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
            return Shape.of(type);
        }
    };

    private static final Map<String, Class<?>> BY_NAME = Stream.of(TraceEvent.class.getPermittedSubclasses())
            .collect(Collectors.toUnmodifiableMap(Class::getSimpleName, type -> type));

    private EventFields() {}

    /** Names and values, without {@link TraceEvent#at}; strings where people read hexadecimal or a word, else numbers and booleans. */
    public static Map<String, Object> of(TraceEvent event) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Field field : SHAPES.get(event.getClass()).fields) {
            if (!field.isPlace()) {
                values.put(field.name, field.readable(event));
            }
        }
        return values;
    }

    /** Where the fields of an event to be made come from. */
    @FunctionalInterface
    public interface Source {
        /** @return of the boxed type that belongs to {@code type}; for an enum its constant's name */
        Object get(String name, Class<?> type);
    }

    /** The record with this simple name, say {@code Suspend}; null where there is none. */
    public static Class<?> named(String name) {
        return BY_NAME.get(name);
    }

    /**
     * Makes an event.
     *
     * @param type from {@link #named}
     * @throws IllegalArgumentException where {@code source} gives what does not fit
     */
    public static TraceEvent make(Class<?> type, At at, Source source) {
        Shape shape = SHAPES.get(type);
        Object[] values = new Object[shape.fields.size()];
        for (int i = 0; i < values.length; i++) {
            Field field = shape.fields.get(i);
            values[i] = field.isPlace() ? at : typed(source.get(field.name, field.type), field.type);
        }
        try {
            return (TraceEvent) shape.constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(
                    "no " + type.getSimpleName() + " can be made of " + Arrays.toString(values), e);
        }
    }

    private static Object typed(Object value, Class<?> type) {
        if (value == null) {
            throw new IllegalArgumentException("a " + type.getSimpleName() + " is missing");
        }
        if (!type.isEnum()) {
            return value;
        }
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(value)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(value + " is no " + type.getSimpleName());
    }
}
