package portcullis.hypervisor.trace;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields of events by name, for formats that show them all alike. Slow: for who reads traces, not for who emits. */
public final class EventFields {
    private EventFields() {}

    /** Names and values, without {@link TraceEvent#at}; strings where people read hexadecimal or a word, else numbers and booleans. */
    public static Map<String, Object> of(TraceEvent event) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (RecordComponent component : event.getClass().getRecordComponents()) {
            if (component.getType() != At.class) {
                fields.put(component.getName(), readable(component, value(component, event)));
            }
        }
        return fields;
    }

    private static Object value(RecordComponent component, TraceEvent event) {
        try {
            return component.getAccessor().invoke(event);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component + " cannot be read", e);
        }
    }

    private static Object readable(RecordComponent component, Object value) {
        if (component.isAnnotationPresent(Hex.class)) {
            return switch (value) {
                case Integer number -> "0x" + Integer.toHexString(number);
                case Long number -> "0x" + Long.toHexString(number);
                default -> value;
            };
        }
        return value instanceof Enum<?> constant ? constant.name() : value;
    }

    /** Where the fields of an event to be made come from. */
    @FunctionalInterface
    public interface Source {
        /** @return of the boxed type that belongs to {@code type}; for an enum its constant's name */
        Object get(String name, Class<?> type);
    }

    /** The record with this simple name, say {@code Suspend}; null where there is none. */
    public static Class<?> named(String name) {
        for (Class<?> type : TraceEvent.class.getPermittedSubclasses()) {
            if (type.getSimpleName().equals(name)) {
                return type;
            }
        }
        return null;
    }

    /**
     * Makes an event.
     *
     * @param type from {@link #named}
     * @throws IllegalArgumentException where {@code source} gives what does not fit
     */
    public static TraceEvent make(Class<?> type, At at, Source source) {
        List<Class<?>> types = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            types.add(component.getType());
            values.add(
                    component.getType() == At.class
                            ? at
                            : typed(source.get(component.getName(), component.getType()), component.getType()));
        }
        try {
            return (TraceEvent)
                    type.getDeclaredConstructor(types.toArray(Class<?>[]::new)).newInstance(values.toArray());
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("no " + type.getSimpleName() + " can be made of " + values, e);
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
