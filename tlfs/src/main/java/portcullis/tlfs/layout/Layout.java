package portcullis.tlfs.layout;

import java.util.ArrayList;
import java.util.List;

/**
 * How a structure of the specification lies in memory: named fields with offsets and sizes in bytes, and the bits in
 * them. Everything is little endian.
 *
 * <p>Fields are declared in order and follow each other without gaps: the specification pads explicitly, and so do
 * declarations ({@link Builder#reserved}). A field that its size does not align, up to 8 bytes, is refused unless it is
 * declared as bytes. Members of a union are declared one after the other from the same offset ({@link Builder#at}).
 *
 * @param name as the specification spells it
 * @param size in bytes
 * @param fields in order of declaration, without the reserved ones
 */
public record Layout(String name, int size, List<Field> fields) {
    /**
     * A field.
     *
     * @param name as the specification spells it
     * @param offset in bytes from the beginning of the structure
     * @param size in bytes, of all elements together where it is an array
     * @param elements 1, or the number of elements of an array
     * @param bits what is in it, where it has named bits
     * @param structure what it consists of, or null
     */
    public record Field(String name, int offset, int size, int elements, List<Bits> bits, Layout structure) {
        /** Size in bytes of one element. */
        public int elementSize() {
            return size / elements;
        }
    }

    /**
     * Bits of a field.
     *
     * @param name as the specification spells it
     * @param shift number of the lowest bit
     * @param width number of bits
     */
    public record Bits(String name, int shift, int width) {
        /** The bits, where they are. */
        public long mask() {
            return (-1L >>> (Long.SIZE - width)) << shift;
        }
    }

    /** A single bit of a field. */
    public static Bits bit(String name, int shift) {
        return new Bits(name, shift, 1);
    }

    /** Bits {@code shift + width - 1} to {@code shift} of a field. */
    public static Bits bits(String name, int shift, int width) {
        return new Bits(name, shift, width);
    }

    /** Begins the declaration of a structure. */
    public static Builder of(String name) {
        return new Builder(name);
    }

    /**
     * The field with this name.
     *
     * @throws IllegalArgumentException where the structure has none
     */
    public Field field(String fieldName) {
        for (Field field : fields) {
            if (field.name().equals(fieldName)) {
                return field;
            }
        }
        throw new IllegalArgumentException(name + " has no field " + fieldName);
    }

    /** Collects the fields of a structure. */
    public static final class Builder {
        private final String name;
        private final List<Field> fields = new ArrayList<>();
        private int offset;
        private int end;

        private Builder(String name) {
            this.name = name;
        }

        public Builder u8(String field, Bits... bits) {
            return add(field, 1, 1, List.of(bits), null);
        }

        public Builder u16(String field, Bits... bits) {
            return add(field, 2, 1, List.of(bits), null);
        }

        public Builder u32(String field, Bits... bits) {
            return add(field, 4, 1, List.of(bits), null);
        }

        public Builder u64(String field, Bits... bits) {
            return add(field, 8, 1, List.of(bits), null);
        }

        /** An array of numbers. */
        public Builder array(String field, int elementSize, int elements) {
            return add(field, elementSize, elements, List.of(), null);
        }

        /** Bytes, at any offset. */
        public Builder bytes(String field, int size) {
            return add(field, 1, size, List.of(), null);
        }

        public Builder structure(String field, Layout structure) {
            return structures(field, structure, 1);
        }

        /** An array of structures. */
        public Builder structures(String field, Layout structure, int elements) {
            return add(field, structure.size(), elements, List.of(), structure);
        }

        /** Bytes without a meaning: reserved, or padding. */
        public Builder reserved(int size) {
            return advance(size);
        }

        /** The next field begins at this offset: the next member of a union, or what follows the union. */
        public Builder at(int unionOffset) {
            offset = unionOffset;
            return this;
        }

        /**
         * Ends the declaration.
         *
         * @param size in bytes, as declared elsewhere
         * @throws IllegalStateException where the fields add up to something else
         */
        public Layout build(int size) {
            if (end != size) {
                throw new IllegalStateException(name + " has " + end + " bytes, not " + size);
            }
            return new Layout(name, size, List.copyOf(fields));
        }

        private Builder add(String field, int elementSize, int elements, List<Bits> bits, Layout structure) {
            int alignment = structure != null ? 1 : Math.min(elementSize, Long.BYTES);
            if (offset % alignment != 0) {
                throw new IllegalStateException(name + "." + field + " is not aligned at " + offset);
            }
            fields.add(new Field(field, offset, elementSize * elements, elements, bits, structure));
            return advance(elementSize * elements);
        }

        private Builder advance(int bytes) {
            offset += bytes;
            end = Math.max(end, offset);
            return this;
        }
    }
}
