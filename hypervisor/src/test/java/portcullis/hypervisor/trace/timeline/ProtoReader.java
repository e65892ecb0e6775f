package portcullis.hypervisor.trace.timeline;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A protobuf message taken apart, without knowing what it means: the test's own opinion of the wire format. */
final class ProtoReader {
    /** @param value of numbers; {@code bytes} of the rest */
    record Field(int number, long value, byte[] bytes) {
        String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        ProtoReader message() {
            return new ProtoReader(bytes);
        }
    }

    private final List<Field> fields = new ArrayList<>();

    ProtoReader(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            long tag = varint(in);
            int number = (int) (tag >>> 3);
            fields.add(
                    switch ((int) tag & 7) {
                        case 0 -> new Field(number, varint(in), null);
                        case 1 -> new Field(number, in.getLong(), null);
                        case 2 -> {
                            byte[] content = new byte[Math.toIntExact(varint(in))];
                            in.get(content);
                            yield new Field(number, 0, content);
                        }
                        default -> throw new AssertionError("wire type of tag " + tag);
                    });
        }
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte part = in.get();
            value |= (part & 0x7fL) << shift;
            if (part >= 0) {
                return value;
            }
        }
    }

    List<Field> all(int number) {
        return fields.stream().filter(field -> field.number == number).toList();
    }

    boolean has(int number) {
        return !all(number).isEmpty();
    }

    /** The only one. */
    Field one(int number) {
        List<Field> found = all(number);
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " fields " + number);
        }
        return found.getFirst();
    }

    long number(int number, long otherwise) {
        return has(number) ? one(number).value() : otherwise;
    }
}
