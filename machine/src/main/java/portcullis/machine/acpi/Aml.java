package portcullis.machine.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Writes ACPI machine language (ACPI 6.5, chapter 20). Every method returns one encoded term; terms nest as arguments, so that
 * code that uses this class reads like ASL.
 */
final class Aml {
    private static final int EXT = 0x5B;

    private Aml() {}

    /** Terms one after the other. */
    static byte[] concat(byte[]... terms) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] term : terms) {
            out.writeBytes(term);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] result = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (byte) values[i];
        }
        return result;
    }

    private static byte[] littleEndian(long value, int size) {
        byte[] result = new byte[size];
        for (int i = 0; i < size; i++) {
            result[i] = (byte) (value >>> 8 * i);
        }
        return result;
    }

    /** 20.2.4: one byte up to 63, else a lead byte with four bits of length and one to three bytes; counts itself. */
    static byte[] packageLength(int contentLength) {
        if (contentLength + 1 < 1 << 6) {
            return bytes(contentLength + 1);
        }
        for (int extra = 1; extra <= 3; extra++) {
            int length = contentLength + 1 + extra;
            if (length < 1 << 4 + 8 * extra) {
                return concat(bytes(extra << 6 | length & 0xf), littleEndian(length >>> 4, extra));
            }
        }
        throw new IllegalArgumentException("AML term of %d bytes is too long".formatted(contentLength));
    }

    private static byte[] sized(byte[] opcode, byte[]... content) {
        byte[] body = concat(content);
        return concat(opcode, packageLength(body.length), body);
    }

    /** 20.2.2. {@code path} as in ASL: segments with dots, perhaps a leading backslash. */
    static byte[] path(String path) {
        boolean root = path.startsWith("\\");
        String rest = root ? path.substring(1) : path;
        byte[] prefix = root ? bytes('\\') : bytes();
        if (rest.isEmpty()) {
            return concat(prefix, bytes(0));
        }
        String[] segments = rest.split("\\.");
        byte[] count = switch (segments.length) {
            case 1 -> bytes();
            case 2 -> bytes(0x2E);
            default -> bytes(0x2F, segments.length);
        };
        byte[] result = concat(prefix, count);
        for (String segment : segments) {
            if (!segment.matches("[A-Z_][A-Z0-9_]{0,3}")) {
                throw new IllegalArgumentException("not an ACPI name: " + path);
            }
            result = concat(result, (segment + "___").substring(0, 4).getBytes(StandardCharsets.US_ASCII));
        }
        return result;
    }

    static byte[] scope(String path, byte[]... terms) {
        return sized(bytes(0x10), path(path), concat(terms));
    }

    static byte[] device(String name, byte[]... terms) {
        return sized(bytes(EXT, 0x82), path(name), concat(terms));
    }

    static byte[] name(String name, byte[] value) {
        return concat(bytes(0x08), path(name), value);
    }

    /** A method of {@code arguments} arguments, not serialized. */
    static byte[] method(String name, int arguments, byte[]... terms) {
        return sized(bytes(0x14), path(name), bytes(arguments), concat(terms));
    }

    /** As {@link #method}; one caller at a time, as methods that create names must be. */
    static byte[] serializedMethod(String name, int arguments, byte[]... terms) {
        return sized(bytes(0x14), path(name), bytes(arguments | 8), concat(terms));
    }

    /** 20.2.3: the shortest encoding of an unsigned integer. */
    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return bytes((int) value);
        }
        if (value >= 0 && value < 1L << 8) {
            return concat(bytes(0x0A), littleEndian(value, 1));
        }
        if (value >= 0 && value < 1L << 16) {
            return concat(bytes(0x0B), littleEndian(value, 2));
        }
        if (value >= 0 && value < 1L << 32) {
            return concat(bytes(0x0C), littleEndian(value, 4));
        }
        return concat(bytes(0x0E), littleEndian(value, 8));
    }

    static byte[] string(String value) {
        return concat(bytes(0x0D), value.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    static byte[] buffer(byte[] content) {
        return sized(bytes(0x11), integer(content.length), content);
    }

    static byte[] pkg(byte[]... elements) {
        if (elements.length > 255) {
            throw new IllegalArgumentException("more than 255 elements");
        }
        return sized(bytes(0x12), bytes(elements.length), concat(elements));
    }

    /** EISAID(): three letters in five bits each, four hexadecimal digits, big-endian in a DWord. */
    static byte[] eisaId(String id) {
        int letters = (id.charAt(0) - 0x40) << 10 | (id.charAt(1) - 0x40) << 5 | (id.charAt(2) - 0x40);
        int bigEndian = letters << 16 | Integer.parseInt(id.substring(3), 16);
        return integer(Integer.toUnsignedLong(Integer.reverseBytes(bigEndian)));
    }

    /** ToUUID(): the first three groups little-endian, the rest in order. */
    static byte[] uuid(String text) {
        UUID uuid = UUID.fromString(text);
        long high = uuid.getMostSignificantBits();
        return buffer(concat(
                littleEndian(high >>> 32, 4),
                littleEndian(high >>> 16, 2),
                littleEndian(high, 2),
                littleEndian(Long.reverseBytes(uuid.getLeastSignificantBits()), 8)));
    }

    static byte[] arg(int index) {
        return bytes(0x68 + index);
    }

    static byte[] store(byte[] source, byte[] target) {
        return concat(bytes(0x70), source, target);
    }

    static byte[] and(byte[] left, byte[] right, byte[] target) {
        return concat(bytes(0x7B), left, right, target);
    }

    static byte[] or(byte[] left, byte[] right, byte[] target) {
        return concat(bytes(0x7D), left, right, target);
    }

    static byte[] equal(byte[] left, byte[] right) {
        return concat(bytes(0x93), left, right);
    }

    static byte[] notEqual(byte[] left, byte[] right) {
        return concat(bytes(0x92), equal(left, right));
    }

    static byte[] createDWordField(byte[] buffer, int index, String name) {
        return concat(bytes(0x8A), buffer, integer(index), path(name));
    }

    static byte[] when(byte[] condition, byte[]... terms) {
        return sized(bytes(0xA0), condition, concat(terms));
    }

    static byte[] otherwise(byte[]... terms) {
        return sized(bytes(0xA1), terms);
    }

    static byte[] giveBack(byte[] value) {
        return concat(bytes(0xA4), value);
    }
}
