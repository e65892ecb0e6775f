package portcullis.machine.loader;

import java.util.HexFormat;
import java.util.Map;
import portcullis.engine.Register;

/**
 * Machine code without a header: where it goes, and in which mode it is entered, at its first byte. Interrupts are off, general
 * registers are 0 but for RSP: in real mode that is the address itself, so that a stack grows down from the code; in the others it is
 * the end of 16 KiB that are free. In protected and long mode there is no interrupt table: an exception shuts the processor down.
 *
 * @param bytes not changed by anybody any more; 1 or more
 * @param address guest physical, of the first byte: in real mode 0x1000 to 0xffff, in the others below 3 GiB; all of the image must be RAM
 *     that firmware leaves free (0x1000 to 0x9fbff, and from 1 MiB)
 */
public record FlatImage(byte[] bytes, long address, Mode mode) {
    /** What the first processor is in when it comes to the code. */
    public enum Mode {
        /** 16 bits, all segments 0. */
        REAL,
        /** 32 bits, flat segments, no paging. */
        PROTECTED,
        /** 64 bits, flat segments; pages of 2 MiB map the low 4 GiB to themselves, writable and executable, for the kernel only. */
        LONG
    }

    private static final String NAME = "the flat image";
    private static final long FIRST = 0x1000;
    private static final long REAL_END = 0x1_0000;
    private static final long END = 3L << 30;
    private static final long STACK = 16 << 10;

    /** @throws IllegalArgumentException for no bytes, and for an address that the mode does not reach */
    public FlatImage {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("a flat image of no bytes does nothing; give some code");
        }
        long end = mode == Mode.REAL ? REAL_END : END;
        if (address < FIRST || address >= end) {
            throw new IllegalArgumentException("a flat image in %s mode begins at 0x%x to 0x%x, not at 0x%x"
                    .formatted(mode.name().toLowerCase(java.util.Locale.ROOT), FIRST, end - 1, address));
        }
    }

    /** As an image that loaders and firmware read. */
    public Image image() {
        return Image.of(NAME, bytes);
    }

    /** As text, for {@link #parse}. */
    public String spell() {
        return mode + " " + Long.toHexString(address) + " " + HexFormat.of().formatHex(bytes);
    }

    /** @throws IllegalArgumentException for what {@link #spell} has not made */
    public static FlatImage parse(String text) {
        String[] words = text.split(" ");
        if (words.length != 3) {
            throw new IllegalArgumentException("its flat image has " + words.length + " parts, not 3");
        }
        return new FlatImage(
                HexFormat.of().parseHex(words[2]), Long.parseUnsignedLong(words[1], 16), Mode.valueOf(words[0]));
    }

    /**
     * Puts it into guest memory.
     *
     * @return the state that the first processor starts in
     * @throws LoadException where it does not fit
     */
    public EntryState load(BootRequest request) throws LoadException {
        Placement placement = new Placement(request.memory(), request.map(), request.progress());
        placement.claim(NAME, address, bytes.length);
        placement.put(address, bytes);
        return switch (mode) {
            case REAL -> EntryState.realMode((int) address, Map.of(Register.RSP, address));
            case PROTECTED -> EntryState.protectedMode(address, BootTables.flat(placement), stack(placement));
            case LONG -> EntryState.longMode(address, BootTables.identity(placement), stack(placement));
        };
    }

    private static Map<Register, Long> stack(Placement placement) throws LoadException {
        return Map.of(Register.RSP, placement.low("a stack", STACK, 16) + STACK);
    }
}
